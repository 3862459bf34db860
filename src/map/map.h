/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Live maps.
 *
 * A map's contents live in one shared-memory segment (memfd, see segment.h) that holds offsets,
 * ids and numbers, never pointers: it can be mapped by another process and re-attached after a
 * restart. What cannot be shared (images behind a prog array's ids) is a table beside it,
 * rebuilt from the ids. Each map type is a `struct map_ops`; types.c lists them.
 *
 * Readers never block and take no lock. In-program operations are safe from all workers at once.
 */
#ifndef SKEP_MAP_MAP_H
#define SKEP_MAP_MAP_H

#include <stdatomic.h>

#include "base/types.h"
#include "map/image.h"
#include "skep/map.h"

struct skep_diag;
struct skep_map;
struct map_segment;

/* Result of a redirect_map lookup: where the packet shall go. */
struct map_redirect {
	u32 ifindex;
	u32 prog_id; /* devmap egress program, 0 = none */
};

struct map_ops {
	u32 type;
	/* Do the definition's sizes and flags make sense: 0, or the kernel's -errno, with words. */
	int (*check)(const struct skep_map_def *def, struct skep_diag *diag);
	/* Bytes of segment payload that alloc() will lay out; 0 = too large (-E2BIG). */
	size_t (*size)(const struct skep_map_def *def);
	/* Lay out a fresh segment. */
	int (*init)(struct skep_map *map);
	/* Set process-local pointers to an initialised segment (fresh or re-attached). */
	int (*attach)(struct skep_map *map);
	/* Release process-local state. */
	void (*detach)(struct skep_map *map);

	/* In-program operations: pointer to the (this CPU's) value or NULL; 0 or -errno. */
	void *(*lookup)(struct skep_map *map, const void *key);
	long (*update)(struct skep_map *map, const void *key, const void *value, u64 flags);
	long (*delete)(struct skep_map *map, const void *key);
	/* This type in bpf_redirect_map: fill *to and return 0, or -ENOENT. NULL: not a redirect map */
	int (*redirect)(struct skep_map *map, u64 key, struct map_redirect *to);
	/* prog arrays: the image in a slot or NULL, without a reference (RCU of the caller) */
	const struct image *(*image)(struct skep_map *map, u32 index);

	/* Control-side operations (see skep/map.h). */
	int (*ctl_lookup)(struct skep_map *map, const void *key, void *value);
	int (*ctl_update)(struct skep_map *map, const void *key, const void *value, u64 flags);
	int (*ctl_delete)(struct skep_map *map, const void *key);
	int (*next_key)(struct skep_map *map, const void *key, void *next);
	/*
	 * Address of the value area when it is one flat array (value i at base + i * stride), as
	 * direct value access (MAP_VALUE immediates) and JITs need; NULL otherwise.
	 */
	void *(*direct)(struct skep_map *map, u32 *ret_stride);
};

struct skep_map {
	const struct map_ops *ops;
	struct skep_map_def def;
	atomic_int refs;
	u32 id;		 /* process-wide, never 0 */
	bool frozen;	 /* control side may not write */
	u32 nr_cpus;	 /* values per entry of a per-CPU map; else 1 */
	u32 value_stride; /* value_size rounded up to 8 */
	struct map_segment *segment;
	void *base; /* payload of the segment in this process */
	void *priv; /* of the type */
	/* What one element means to a person, set by the loader; may be NULL. */
	const struct btf *btf;
	u32 btf_key_type_id, btf_value_type_id;
};

/*
 * Create a map. Returns 0 and *ret with one reference, or the kernel's -errno for this
 * definition (-EINVAL, -E2BIG, -ENOMEM, -EOPNOTSUPP for a type skep lacks), with words.
 */
int map_create(const struct skep_map_def *def, struct skep_map **ret, struct skep_diag *diag);
/* Map again the segment in `fd` (which stays the caller's): same contents, same definition. */
int map_reattach(int fd, struct skep_map **ret, struct skep_diag *diag);
/* The segment's memfd, to hand to another process; stays the map's. */
int map_fd(const struct skep_map *map);
struct skep_map *map_get(struct skep_map *map);
void map_put(struct skep_map *map);

/* NULL for types skep does not have (yet). */
const struct map_ops *map_ops_find(u32 type);
bool map_type_is_percpu(u32 type);
/* Of every type of the uapi, implemented or not. */
u32 map_type_count(void);

/* Rows of the set of all memory a program may reach through this map (for checked execution). */
bool map_contains(const struct skep_map *map, const void *addr, size_t size);

#endif
