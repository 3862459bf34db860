/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The shared memory of one map: a sealed memfd, one page of header, then the payload that the
 * map type lays out. Pages are made when they are touched, so a large map costs what it holds.
 *
 *	0 .. 4095        struct segment_header
 *	4096 .. size     payload: numbers and offsets only, never pointers
 *
 * The file can neither shrink nor grow (memfd seals): a mapping never faults. Everything else in
 * a segment that came from outside is untrusted; segment_attach() checks the header.
 */
#ifndef SKEP_MAP_SEGMENT_H
#define SKEP_MAP_SEGMENT_H

#include <stdatomic.h>

#include "base/types.h"
#include "skep/map.h"

struct skep_diag;

#define SEGMENT_MAGIC 0x70616d2d70656b73ull /* "skep-map" in memory order; also tells endianness   \
					     */
#define SEGMENT_VERSION 1
#define SEGMENT_HEADER_BYTES 4096

struct segment_header {
	u64 magic;
	u32 version;
	u32 header_bytes; /* SEGMENT_HEADER_BYTES */
	u64 payload_bytes;
	struct skep_map_def def;
	u32 nr_cpus;        /* CPUs that the payload has room for */
	_Atomic u32 frozen; /* the control side may not write any more */
	u64 seed;           /* of the hash function */
	_Atomic u64 ids; /* id_space() of the process whose image and map ids the payload holds */
	struct skep_map_def inner; /* of a map of maps' values */
};

struct map_segment {
	int fd;
	struct segment_header *header;
	void *payload;
	size_t payload_bytes;
	/* Copies, taken when the header was checked: the shared ones may change at any time. */
	struct skep_map_def def, inner;
	u32 nr_cpus;
	u64 seed;
};

/*
 * A fresh, zeroed segment. Returns 0 and *ret (close with segment_close()), or -ENOMEM when the
 * machine has less memory than the payload or the address space no room, -errno of memfd_create.
 */
int segment_create(const struct skep_map_def *def, const struct skep_map_def *inner, u32 nr_cpus,
		   size_t payload_bytes, struct map_segment **ret, struct skep_diag *diag);
/* Map the segment in fd, which stays the caller's. -EINVAL with words for what is no segment. */
int segment_attach(int fd, struct map_segment **ret, struct skep_diag *diag);
void segment_close(struct map_segment *segment);

/* A number for "the ids of this process": a fork is another process. Never 0. */
u64 id_space(void);

#endif
