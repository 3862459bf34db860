/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Live maps.
 *
 * A map's contents live in one shared-memory segment (memfd, see segment.h) that holds offsets,
 * ids and numbers, never pointers: it can be mapped by another process and re-attached after a
 * restart. What cannot be shared (images behind a prog array's ids) is a table beside it,
 * filled by map_rebind() after a re-attach. Each map type is a `struct map_ops`; types.c lists
 * them, type.def has the facts about every type of the uapi.
 *
 * Readers never block and take no lock. In-program operations are safe from all workers at once.
 */
#ifndef SKEP_MAP_MAP_H
#define SKEP_MAP_MAP_H

#include <errno.h>
#include <stdatomic.h>

#include "base/types.h"
#include "map/image.h"
#include "skep/map.h"

struct skep_diag;
struct skep_map;
struct map_segment;

/* The kernel's own "not supported", which bpf(2) hands to user space as it is. */
#ifndef ENOTSUPP
#define ENOTSUPP 524
#endif

/* Result of a redirect_map lookup: where the packet shall go. */
struct map_redirect {
	u32 ifindex;
	u32 prog_id; /* devmap egress program, 0 = none */
	/* Its image, usable until the worker's next quiescent state (image.h); NULL = none. */
	const struct image *image;
};

/* What an id of another process stands for here: see map_rebind(). */
typedef void *(*map_resolve)(void *arg, u32 id);

struct map_ops {
	u32 type;
	/* Flags that creation adds by itself (a devmap is always RDONLY_PROG). */
	u32 forced_flags;
	/* Do the definition's sizes and flags make sense: 0, or the kernel's -errno, with words. */
	int (*check)(const struct skep_map_def *def, struct skep_diag *diag);
	/* Bytes of segment payload that init() will lay out; 0 = more than a size_t holds. */
	size_t (*size)(const struct skep_map_def *def, u32 nr_cpus);
	/* Lay out a fresh, zeroed segment. NULL: zero is right. Called after attach(). */
	int (*init)(struct skep_map *map);
	/*
	 * Set process-local pointers to a segment of the right size (fresh and zeroed, or
	 * re-attached). NULL: none needed.
	 */
	int (*attach)(struct skep_map *map);
	/*
	 * Is what a re-attached segment holds consistent? Words and -EINVAL when not. NULL: every
	 * content is. Operations stay inside the segment whatever it holds.
	 */
	int (*validate)(struct skep_map *map, struct skep_diag *diag);
	/* Release process-local state. NULL: nothing to release. */
	void (*detach)(struct skep_map *map);

	/*
	 * In-program operations, never NULL: pointer to the (this CPU's) value or NULL; 0 or
	 * -errno. A type that refuses an operation in programs has map_no_lookup() and its like. A
	 * map of maps returns the inner struct skep_map.
	 */
	void *(*lookup)(struct skep_map *map, const void *key);
	long (*update)(struct skep_map *map, const void *key, const void *value, u64 flags);
	long (*delete)(struct skep_map *map, const void *key);
	/* This type in bpf_redirect_map: fill *to and return 0, or -ENOENT. NULL: not a redirect
	 * map */
	int (*redirect)(struct skep_map *map, u64 key, struct map_redirect *to);
	/*
	 * prog arrays: the image in a slot or NULL, without a reference: usable until the worker's
	 * next quiescent state (image.h). NULL for other types.
	 */
	const struct image *(*image)(struct skep_map *map, u32 index);
	/* Per-CPU types: this CPU's value, for bpf_map_lookup_percpu_elem. NULL for others. */
	void *(*lookup_cpu)(struct skep_map *map, const void *key, u32 cpu);
	/*
	 * Maps without keys: bpf_map_push_elem, pop_elem and peek_elem. NULL for other types, pop
	 * also for BLOOM_FILTER, whose peek asks about the value instead of writing it.
	 */
	long (*push)(struct skep_map *map, const void *value, u64 flags);
	long (*pop)(struct skep_map *map, void *value);
	long (*peek)(struct skep_map *map, void *value);

	/* Control-side operations, never NULL (see skep/map.h). Permissions are checked before. */
	int (*ctl_lookup)(struct skep_map *map, const void *key, void *value);
	int (*ctl_update)(struct skep_map *map, const void *key, const void *value, u64 flags);
	int (*ctl_delete)(struct skep_map *map, const void *key);
	int (*next_key)(struct skep_map *map, const void *key, void *next);
	/* See map_rebind(). NULL for types that hold neither images nor maps. */
	int (*rebind)(struct skep_map *map, map_resolve resolve, void *arg);

	/*
	 * Address of this CPU's value area when it is one flat array (value i at base + i *
	 * stride), as direct value access (MAP_VALUE immediates) and JITs need; NULL otherwise.
	 * Values of CPU n are n * map->cpu_stride bytes behind those of CPU 0.
	 */
	void *(*direct)(struct skep_map *map, u32 *ret_stride);
	/* Is [addr, addr + size) inside one value of this map? NULL: programs get no pointers. */
	bool (*contains)(const struct skep_map *map, const void *addr, size_t size);
};

struct skep_map {
	const struct map_ops *ops;
	struct skep_map_def def;
	atomic_int refs;
	u32 id;            /* process-wide, never 0 */
	u32 nr_cpus;       /* values per entry of a per-CPU map; else 1 */
	u32 value_stride;  /* value_size rounded up to 8 */
	size_t cpu_stride; /* per-CPU array: from one CPU's value area to the next's; else 0 */
	struct map_segment *segment;
	void *base; /* payload of the segment in this process */
	void *priv; /* of the type */
	/* What one element means to a person, set by the loader; may be NULL. */
	const struct btf *btf;
	u32 btf_key_type_id, btf_value_type_id;
	struct skep_map *next; /* of the table behind map_find() */
};

/*
 * Create a map. Returns 0 and *ret with one reference, or the kernel's -errno for this
 * definition (-EINVAL, -E2BIG, -ENOMEM; -EOPNOTSUPP for a type skep lacks), with words.
 */
int map_create(const struct skep_map_def *def, struct skep_map **ret, struct skep_diag *diag);
/*
 * Map again the segment in `fd` (which stays the caller's): same contents, same definition.
 * Everything in it is checked first; -EINVAL with words when it is no segment or a broken one.
 */
int map_reattach(int fd, struct skep_map **ret, struct skep_diag *diag);
/*
 * The same for a map of maps: its values will be maps that look like `inner` (type, sizes, flags,
 * an array's max_entries unless SKEP_F_INNER_MAP), of which only the definition is remembered.
 * -EINVAL for a map of maps inside, -ENOTSUPP for a prog array. In programs lookup returns the
 * inner struct skep_map.
 */
int map_create_nested(const struct skep_map_def *def, const struct skep_map_def *inner,
		      struct skep_map **ret, struct skep_diag *diag);
/* The definition of a map of maps' values, NULL for other maps. */
const struct skep_map_def *map_inner(const struct skep_map *map);
bool map_type_is_nested(u32 type);
/*
 * After a re-attach: ids of images and maps in a segment are those of the process that wrote
 * them. Ask `resolve` what each one stands for here (a struct image or, for maps of maps, a
 * struct skep_map; a reference, which the map takes; NULL empties the slot) and become the process
 * whose ids the segment holds. Until then programs find the slots empty and updates of them are
 * refused with -EPERM. 0 for maps that hold neither.
 */
int map_rebind(struct skep_map *map, map_resolve resolve, void *arg);
/* The segment's memfd, to hand to another process; stays the map's. */
int map_fd(const struct skep_map *map);
struct skep_map *map_get(struct skep_map *map);
/* Drop a reference, NULL allowed. With the last, no program that uses the map may still run. */
void map_put(struct skep_map *map);
/* A new reference to the map with this id, NULL when there is none (any more). */
struct skep_map *map_find(u32 id);

/* NULL for types skep does not have. */
const struct map_ops *map_ops_find(u32 type);
bool map_type_is_percpu(u32 type);
/* Does bpf_for_each_map_elem() take it? */
bool map_type_iterates(u32 type);
/* Number of types of the uapi, implemented or not, UNSPEC included. */
u32 map_type_count(void);
/*
 * May a program pass a map of this type to this helper (a BPF_FUNC_ number)? The kernel's
 * check_map_func_compatibility(), minus what depends on the program type (sockmap updates).
 */
bool map_type_allows(u32 type, u32 helper);

/* Is [addr, addr + size) memory a program may reach through this map (for checked execution)? */
bool map_contains(const struct skep_map *map, const void *addr, size_t size);

/*
 * A prog array's programs must agree in hook, attach_type, frags and target (the kernel's
 * bpf_prog_map_compatible()): 0 when `image` may be in the array and may tail-call through it,
 * else -EINVAL. The first caller decides what the array is for.
 */
int map_claim(struct skep_map *map, const struct image *image);

#endif
