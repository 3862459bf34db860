/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the families of map types share with each other: the list of operations, checks of
 * definitions, and operations that refuse.
 */
#ifndef SKEP_MAP_FAMILY_H
#define SKEP_MAP_FAMILY_H

#include "base/diag.h"
#include "map/map.h"
#include "map/segment.h"

extern const struct map_ops map_array_ops, map_percpu_array_ops;
extern const struct map_ops map_hash_ops, map_percpu_hash_ops;
extern const struct map_ops map_lru_hash_ops, map_lru_percpu_hash_ops;
extern const struct map_ops map_lpm_trie_ops;
extern const struct map_ops map_queue_ops, map_stack_ops, map_bloom_filter_ops;
extern const struct map_ops map_prog_array_ops;
extern const struct map_ops map_devmap_ops, map_devmap_hash_ops;
extern const struct map_ops map_array_of_maps_ops, map_hash_of_maps_ops;

#define MAP_ACCESS_FLAGS (SKEP_F_RDONLY | SKEP_F_WRONLY | SKEP_F_RDONLY_PROG | SKEP_F_WRONLY_PROG)
/* The largest per-CPU value, and what the kernel can allocate in one piece. */
#define MAP_PERCPU_VALUE_MAX 32768
#define MAP_ALLOCATION_MAX (4u << 20)

/* Flags outside `allowed`, or both of RDONLY_PROG and WRONLY_PROG: -EINVAL with words. */
int map_check_flags(const struct skep_map_def *def, u32 allowed, struct skep_diag *diag);
/* -EINVAL with words unless the key has `size` bytes. */
int map_check_key(const struct skep_map_def *def, u32 size, struct skep_diag *diag);
/* -EINVAL with words when max_entries or value_size is zero. */
int map_check_sizes(const struct skep_map_def *def, struct skep_diag *diag);

/* May maps of this definition be values of a map of maps: 0, or the kernel's -errno, with words. */
int map_check_inner(const struct skep_map_def *inner, struct skep_diag *diag);

/* What the first program of a map decided: the others must be the same. */
struct map_owner {
	bool claimed;
	const struct image_ops *target;
	enum skep_hook hook;
	u32 attach_type;
	bool frags;
};
/* 0, or -EINVAL for a program of another kind. The caller serialises. */
int map_owner_claim(struct map_owner *owner, const struct image *image);
/* Are the ids in the segment those of this process? Only then may it change them. */
bool map_owns_ids(const struct skep_map *map);
void map_own_ids(struct skep_map *map);
/* Drop the reference to an image that programs can no longer reach. NULL allowed. */
void map_retire(struct image *image);

/* In-program operations of a type that has none: NULL, -EOPNOTSUPP. */
void *map_no_lookup(struct skep_map *map, const void *key);
long map_no_update(struct skep_map *map, const void *key, const void *value, u64 flags);
long map_no_delete(struct skep_map *map, const void *key);

/* a * b + c, 0 when that overflows or is zero. */
size_t map_bytes(size_t a, size_t b, size_t c);

/* Next index of an array of `max_entries` slots, as the kernel counts (see skep_map_next_key()). */
int map_next_index(const struct skep_map *map, const void *key, void *next);

/* Is [addr, addr + size) inside the first `inside` bytes of one of `nr` slots from `base` on? */
bool map_in_slots(const void *addr, size_t size, const void *base, size_t stride, size_t nr,
		  size_t inside);

static inline u32 map_index(const void *key)
{
	u32 index;

	__builtin_memcpy(&index, key, sizeof(index));
	return index;
}

#endif
