/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Maps: definitions and types. Numbers are those of the Linux uapi.
 */
#ifndef SKEP_MAP_H
#define SKEP_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "skep/diag.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SKEP_NAME_MAX 64 /* names are kept whole up to this length, terminator included */

enum skep_map_type {
	SKEP_MAP_UNSPEC = 0,
	SKEP_MAP_HASH = 1,
	SKEP_MAP_ARRAY = 2,
	SKEP_MAP_PROG_ARRAY = 3,
	SKEP_MAP_PERF_EVENT_ARRAY = 4,
	SKEP_MAP_PERCPU_HASH = 5,
	SKEP_MAP_PERCPU_ARRAY = 6,
	SKEP_MAP_STACK_TRACE = 7,
	SKEP_MAP_CGROUP_ARRAY = 8,
	SKEP_MAP_LRU_HASH = 9,
	SKEP_MAP_LRU_PERCPU_HASH = 10,
	SKEP_MAP_LPM_TRIE = 11,
	SKEP_MAP_ARRAY_OF_MAPS = 12,
	SKEP_MAP_HASH_OF_MAPS = 13,
	SKEP_MAP_DEVMAP = 14,
	SKEP_MAP_SOCKMAP = 15,
	SKEP_MAP_CPUMAP = 16,
	SKEP_MAP_XSKMAP = 17,
	SKEP_MAP_SOCKHASH = 18,
	SKEP_MAP_CGROUP_STORAGE = 19,
	SKEP_MAP_REUSEPORT_SOCKARRAY = 20,
	SKEP_MAP_PERCPU_CGROUP_STORAGE = 21,
	SKEP_MAP_QUEUE = 22,
	SKEP_MAP_STACK = 23,
	SKEP_MAP_SK_STORAGE = 24,
	SKEP_MAP_DEVMAP_HASH = 25,
	SKEP_MAP_STRUCT_OPS = 26,
	SKEP_MAP_RINGBUF = 27,
	SKEP_MAP_INODE_STORAGE = 28,
	SKEP_MAP_TASK_STORAGE = 29,
	SKEP_MAP_BLOOM_FILTER = 30,
	SKEP_MAP_USER_RINGBUF = 31,
	SKEP_MAP_CGRP_STORAGE = 32,
	SKEP_MAP_ARENA = 33,
	SKEP_MAP_TYPE_MAX
};

/* map_flags of the uapi */
#define SKEP_F_NO_PREALLOC (1u << 0)
#define SKEP_F_NO_COMMON_LRU (1u << 1)
#define SKEP_F_NUMA_NODE (1u << 2)
#define SKEP_F_RDONLY (1u << 3)
#define SKEP_F_WRONLY (1u << 4)
#define SKEP_F_ZERO_SEED (1u << 6)
#define SKEP_F_RDONLY_PROG (1u << 7)
#define SKEP_F_WRONLY_PROG (1u << 8)
#define SKEP_F_MMAPABLE (1u << 10)
#define SKEP_F_PRESERVE_ELEMS (1u << 11)
#define SKEP_F_INNER_MAP (1u << 12)

/* flags of an update */
#define SKEP_ANY 0
#define SKEP_NOEXIST 1
#define SKEP_EXIST 2
#define SKEP_F_LOCK 4

/* What is needed to create a map. Sizes in bytes. */
struct skep_map_def {
	char name[SKEP_NAME_MAX];
	uint32_t type; /* enum skep_map_type */
	uint32_t key_size, value_size, max_entries;
	uint32_t map_flags;
	uint32_t numa_node;
	uint64_t map_extra;
};

/* bpftool's word for a type ("percpu_array"), NULL for an unknown number. Static. */
SKEP_API const char *skep_map_type_name(uint32_t type);
/* The other way round; SKEP_MAP_UNSPEC for a word that is no type. */
SKEP_API uint32_t skep_map_type_find(const char *name);
/* Can this build of skep create maps of the type? */
SKEP_API int skep_map_type_supported(uint32_t type);

struct skep_map; /* a live map; see src/map/map.h for the inside */

/*
 * Control-side access, as bpf(2): keys and values are bytes in host order, per-CPU values are
 * skep_map_value_bytes() long, one 8-byte-aligned value per CPU. Return 0 or the -errno that the
 * kernel gives for this map type (-ENOENT, -EEXIST, -E2BIG, -EINVAL, ...). Where bpf(2) takes the
 * file descriptor of a program (prog array, devmap) or of a map (map-in-map), skep takes its id.
 * A SKEP_F_WRONLY map refuses to be read and a SKEP_F_RDONLY or frozen one to be written: -EPERM.
 */
SKEP_API const struct skep_map_def *skep_map_definition(const struct skep_map *map);
SKEP_API uint32_t skep_map_id(const struct skep_map *map);
SKEP_API size_t skep_map_value_bytes(const struct skep_map *map);
SKEP_API int skep_map_lookup(struct skep_map *map, const void *key, void *value);
SKEP_API int skep_map_update(struct skep_map *map, const void *key, const void *value,
			     uint64_t flags);
SKEP_API int skep_map_delete(struct skep_map *map, const void *key);
/*
 * Maps without keys (queue, stack, bloom filter): key is NULL, update pushes and lookup peeks; a
 * bloom filter's lookup says about *value whether it was pushed, 0 or -ENOENT. This pops.
 */
SKEP_API int skep_map_pop(struct skep_map *map, void *value);
/* key NULL, or absent: the first key. -ENOENT after the last. */
SKEP_API int skep_map_next_key(struct skep_map *map, const void *key, void *next);
/* The control side writes no more, as long as the map lives. -EPERM when it may not already. */
SKEP_API int skep_map_freeze(struct skep_map *map);
SKEP_API int skep_map_is_frozen(const struct skep_map *map);

#ifdef __cplusplus
}
#endif
#endif
