/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The list of map types: facts from type.def, operations from one file per family.
 */
#include <linux/bpf.h>
#include <string.h>

#include "map/family.h"
#include "map/map.h"

enum type_flags { PERCPU = 1 << 0, ITERATES = 1 << 1 };
enum limits { LIMITS_TYPE = 1 << 0, LIMITS_HELPER = 1 << 1 };

struct map_type {
	const char *name;
	u32 flags;
};

static const struct map_type types[SKEP_MAP_TYPE_MAX] = {
#define MAP_TYPE(id, name, flags) [SKEP_MAP_##id] = {name, flags},
#include "map/type.def"
#undef MAP_TYPE
};

static const struct {
	u32 type, helper, limits;
} pairs[] = {
#define MAP_HELPER(type, helper, limits) {SKEP_MAP_##type, helper, limits},
#include "map/type.def"
#undef MAP_HELPER
};

/* Numbers and flags are those of the uapi. */
#define SAME_TYPE(id) _Static_assert((u32)SKEP_MAP_##id == (u32)BPF_MAP_TYPE_##id, #id)
SAME_TYPE(HASH);
SAME_TYPE(PERCPU_ARRAY);
SAME_TYPE(HASH_OF_MAPS);
SAME_TYPE(DEVMAP_HASH);
SAME_TYPE(BLOOM_FILTER);
SAME_TYPE(USER_RINGBUF);
_Static_assert(SKEP_F_NO_PREALLOC == BPF_F_NO_PREALLOC && SKEP_F_ZERO_SEED == BPF_F_ZERO_SEED &&
		       SKEP_F_WRONLY_PROG == BPF_F_WRONLY_PROG &&
		       SKEP_F_INNER_MAP == BPF_F_INNER_MAP && SKEP_F_LOCK == BPF_F_LOCK,
	       "flags of the uapi");

static const struct map_ops *const all_ops[] = {
	&map_array_ops,       &map_percpu_array_ops,    &map_hash_ops,
	&map_percpu_hash_ops, &map_prog_array_ops,      &map_devmap_ops,
	&map_devmap_hash_ops, &map_array_of_maps_ops,   &map_hash_of_maps_ops,
	&map_lru_hash_ops,    &map_lru_percpu_hash_ops, &map_lpm_trie_ops,
	&map_queue_ops,       &map_stack_ops,           &map_bloom_filter_ops,
};

const struct map_ops *map_ops_find(u32 type)
{
	for (size_t i = 0; i < ARRAY_SIZE(all_ops); i++)
		if (all_ops[i]->type == type)
			return all_ops[i];
	return NULL;
}

const char *skep_map_type_name(u32 type)
{
	return type < ARRAY_SIZE(types) ? types[type].name : NULL;
}

u32 skep_map_type_find(const char *name)
{
	for (u32 type = 1; type < ARRAY_SIZE(types); type++)
		if (!strcmp(types[type].name, name))
			return type;
	return SKEP_MAP_UNSPEC;
}

int skep_map_type_supported(u32 type)
{
	return map_ops_find(type) != NULL;
}

u32 map_type_count(void)
{
	return ARRAY_SIZE(types);
}

bool map_type_is_percpu(u32 type)
{
	return type < ARRAY_SIZE(types) && types[type].flags & PERCPU;
}

bool map_type_is_nested(u32 type)
{
	return type == SKEP_MAP_ARRAY_OF_MAPS || type == SKEP_MAP_HASH_OF_MAPS;
}

bool map_type_iterates(u32 type)
{
	return type < ARRAY_SIZE(types) && types[type].flags & ITERATES;
}

bool map_type_allows(u32 type, u32 helper)
{
	bool listed = false, type_limited = false, helper_limited = false;

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		if (pairs[i].type == type && pairs[i].helper == helper)
			listed = true;
		if (pairs[i].type == type && pairs[i].limits & LIMITS_TYPE)
			type_limited = true;
		if (pairs[i].helper == helper && pairs[i].limits & LIMITS_HELPER)
			helper_limited = true;
	}
	return listed || (!type_limited && !helper_limited);
}
