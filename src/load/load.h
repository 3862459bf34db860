/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * From an object to maps and images. load_object() is the whole path on one page; it never sees
 * a packet.
 */
#ifndef SKEP_LOAD_LOAD_H
#define SKEP_LOAD_LOAD_H

#include "base/types.h"
#include "object/object.h"
#include "target/target.h"

struct load_options {
	const struct target *target; /* NULL: the machine's preferred one */
	const char *prog;	     /* load this program and what it reaches; NULL: all */
	u64 budget;
	/* Called after maps exist and before programs are translated; may resize or fill maps. */
	int (*maps_ready)(void *arg, struct skep_map **maps, const struct skep_object *object,
			  struct skep_diag *diag);
	void *arg;
};

struct loaded {
	const struct skep_object *object; /* borrowed: must outlive this */
	struct skep_map **maps;		  /* [object->nr_maps] */
	struct image **images;		  /* [object->nr_progs]; NULL where not loaded */
};

/*
 * Create every map, translate the programs, fill static prog-array and map-in-map slots, and
 * freeze read-only data. Returns 0 and *ret, or -errno with words; nothing is left behind then.
 */
int load_object(const struct skep_object *object, const struct load_options *options,
		struct loaded **ret, struct skep_diag *diag);
void loaded_free(struct loaded *loaded);

#endif
