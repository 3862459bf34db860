/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * ARRAY and PERCPU_ARRAY.
 *
 * Payload, which translators may compute with (map_ops.direct, map->cpu_stride):
 *
 *	CPU 0: value 0 | value 1 | ... | value max_entries - 1 | up to a cache line
 *	CPU 1: the same, cpu_stride bytes behind
 *
 * A value starts at a multiple of value_stride (value_size rounded up to 8). An ARRAY is one such
 * slab. The kernel: kernel/bpf/arraymap.c.
 */
#include "base/cpu.h"
#include "map/copy.h"
#include "map/family.h"

#define SLAB_ALIGN 64

static int array_check(const struct skep_map_def *def, struct skep_diag *diag)
{
	bool percpu = def->type == SKEP_MAP_PERCPU_ARRAY;
	u32 allowed = SKEP_F_NUMA_NODE | SKEP_F_MMAPABLE | SKEP_F_INNER_MAP | MAP_ACCESS_FLAGS;
	int err;

	if (percpu)
		allowed = MAP_ACCESS_FLAGS;
	err = map_check_sizes(def, diag);
	if (!err)
		err = map_check_key(def, 4, diag);
	if (!err)
		err = map_check_flags(def, allowed, diag);
	if (err)
		return err;
	if (def->value_size > INT32_MAX)
		return diag_fail(diag, -E2BIG, "map '%s': a value of %u bytes, over 2 GiB",
				 def->name, def->value_size);
	if (percpu && def->value_size > MAP_PERCPU_VALUE_MAX)
		return diag_fail(diag, -E2BIG, "map '%s': a per-CPU value of %u bytes, over %u",
				 def->name, def->value_size, MAP_PERCPU_VALUE_MAX);
	return 0;
}

static size_t slab_bytes(const struct skep_map_def *def)
{
	return ALIGN_UP((size_t)ALIGN_UP(def->value_size, 8) * def->max_entries, SLAB_ALIGN);
}

static size_t array_size(const struct skep_map_def *def, u32 nr_cpus)
{
	return map_bytes(slab_bytes(def), map_type_is_percpu(def->type) ? nr_cpus : 1, 0);
}

static int array_attach(struct skep_map *map)
{
	map->cpu_stride =
		map->nr_cpus > 1 || map_type_is_percpu(map->def.type) ? slab_bytes(&map->def) : 0;
	return 0;
}

static char *value_at(const struct skep_map *map, u32 index, u32 cpu)
{
	return (char *)map->base + cpu * map->cpu_stride + (size_t)index * map->value_stride;
}

static void *array_lookup(struct skep_map *map, const void *key)
{
	u32 index = map_index(key);

	return likely(index < map->def.max_entries) ? value_at(map, index, 0) : NULL;
}

static void *percpu_lookup_cpu(struct skep_map *map, const void *key, u32 cpu)
{
	u32 index = map_index(key);

	if (unlikely(index >= map->def.max_entries || cpu >= map->nr_cpus))
		return NULL;
	return value_at(map, index, cpu);
}

static void *percpu_lookup(struct skep_map *map, const void *key)
{
	return percpu_lookup_cpu(map, key, cpu_self);
}

/* Flags, then index, then existence: the order in which the kernel complains. */
static int update_check(const struct skep_map *map, const void *key, u64 flags)
{
	if (flags > SKEP_EXIST)
		return -EINVAL;
	if (map_index(key) >= map->def.max_entries)
		return -E2BIG;
	return flags == SKEP_NOEXIST ? -EEXIST : 0;
}

/* In programs LOCK, which no value of skep's can honour, is refused after the index. */
static long array_update(struct skep_map *map, const void *key, const void *value, u64 flags)
{
	int err = update_check(map, key, flags & ~(u64)SKEP_F_LOCK);
	u32 cpu = map->cpu_stride ? cpu_self : 0;

	if (!err && flags & SKEP_F_LOCK)
		err = -EINVAL;
	if (!err && cpu >= map->nr_cpus)
		err = -E2BIG;
	if (!err)
		copy_in(value_at(map, map_index(key), cpu), value, map->def.value_size);
	return err;
}

static long array_delete(_unused_ struct skep_map *map, _unused_ const void *key)
{
	return -EINVAL;
}

static int array_ctl_lookup(struct skep_map *map, const void *key, void *value)
{
	const void *shared = array_lookup(map, key);

	if (!shared)
		return -ENOENT;
	copy_out(value, shared, map->def.value_size);
	return 0;
}

static int array_ctl_update(struct skep_map *map, const void *key, const void *value, u64 flags)
{
	return (int)array_update(map, key, value, flags);
}

static int array_ctl_delete(_unused_ struct skep_map *map, _unused_ const void *key)
{
	return -EINVAL;
}

static int percpu_ctl_lookup(struct skep_map *map, const void *key, void *value)
{
	u32 index = map_index(key);

	if (index >= map->def.max_entries)
		return -ENOENT;
	for (u32 cpu = 0; cpu < map->nr_cpus; cpu++)
		copy_out((char *)value + (size_t)cpu * map->value_stride, value_at(map, index, cpu),
			 map->value_stride);
	return 0;
}

static int percpu_ctl_update(struct skep_map *map, const void *key, const void *value, u64 flags)
{
	int err = update_check(map, key, flags);

	for (u32 cpu = 0; !err && cpu < map->nr_cpus; cpu++)
		copy_in(value_at(map, map_index(key), cpu),
			(const char *)value + (size_t)cpu * map->value_stride, map->value_stride);
	return err;
}

static int array_next_key(struct skep_map *map, const void *key, void *next)
{
	return map_next_index(map, key, next);
}

static void *array_direct(struct skep_map *map, u32 *ret_stride)
{
	*ret_stride = map->value_stride;
	return map->base;
}

static bool array_contains(const struct skep_map *map, const void *addr, size_t size)
{
	for (u32 cpu = 0; cpu < map->nr_cpus; cpu++)
		if (map_in_slots(addr, size, value_at(map, 0, cpu), map->value_stride,
				 map->def.max_entries, map->def.value_size))
			return true;
	return false;
}

const struct map_ops map_array_ops = {
	.type = SKEP_MAP_ARRAY,
	.check = array_check,
	.size = array_size,
	.attach = array_attach,
	.lookup = array_lookup,
	.update = array_update,
	.delete = array_delete,
	.ctl_lookup = array_ctl_lookup,
	.ctl_update = array_ctl_update,
	.ctl_delete = array_ctl_delete,
	.next_key = array_next_key,
	.direct = array_direct,
	.contains = array_contains,
};

const struct map_ops map_percpu_array_ops = {
	.type = SKEP_MAP_PERCPU_ARRAY,
	.check = array_check,
	.size = array_size,
	.attach = array_attach,
	.lookup = percpu_lookup,
	.update = array_update,
	.delete = array_delete,
	.lookup_cpu = percpu_lookup_cpu,
	.ctl_lookup = percpu_ctl_lookup,
	.ctl_update = percpu_ctl_update,
	.ctl_delete = array_ctl_delete,
	.next_key = array_next_key,
	.direct = array_direct,
	.contains = array_contains,
};
