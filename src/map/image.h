/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * An image: one program, translated for one target. This is all that maps (prog arrays, devmap
 * programs) and the packet path know of a program.
 *
 * How long an image lives. A worker may run an image that it reached through a map (tail call,
 * devmap program) without taking a reference. So whoever takes an image out of a place where
 * workers find it does three steps in this order: unpublish it, quiesce_wait() (quiesce.h) until
 * no worker can still be inside, image_put(). Maps do so themselves on update, delete and
 * destruction. Workers keep their side of the bargain with quiesce_point() between bursts.
 */
#ifndef SKEP_MAP_IMAGE_H
#define SKEP_MAP_IMAGE_H

#include <stdatomic.h>

#include "base/types.h"
#include "skep/hook.h"
#include "skep/map.h"

struct image;

struct image_ops {
	const char *target; /* "interp", "x86_64", ... */
	/* Release what translate() made, the struct image itself included. */
	void (*free)(struct image *image);
};

struct image {
	/*
	 * Run the program on a context of its hook. Called by the worker whose helper_env is set.
	 * Returns r0. Never blocks, never allocates.
	 */
	u64 (*run)(const struct image *image, void *ctx);
	/*
	 * Run it on n contexts, in order; verdicts[i] is r0 of ctxs[i]. Stays hot over a burst;
	 * image_init() sets it to calls of run(). Whoever wants to know about single runs (aborts,
	 * redirects) calls run().
	 */
	void (*run_batch)(const struct image *image, void *const *ctxs, u64 *verdicts, u32 n);
	const struct image_ops *ops;
	atomic_int refs; /* starts at 1 */
	u32 id;          /* process-wide, never 0, never reused */
	enum skep_hook hook;
	/*
	 * expected_attach_type of the uapi, 0 unless the target sets it after image_init(). A
	 * devmap takes programs with BPF_XDP_DEVMAP only, a prog array only such as its first.
	 */
	u32 attach_type;
	bool frags; /* xdp.frags: takes multi-buffer packets */
	char name[SKEP_NAME_MAX];
	struct image *next; /* of the table behind image_find() */
};

/* Set the common fields: refs 1, a fresh id, and the image is findable by id until it is freed. */
void image_init(struct image *image, const struct image_ops *ops, enum skep_hook hook,
		const char *name);
struct image *image_get(struct image *image);
/* Drop a reference; frees with the last. NULL allowed. */
void image_put(struct image *image);
/* A new reference to the image with this id, NULL when there is none (any more). */
struct image *image_find(u32 id);

#endif
