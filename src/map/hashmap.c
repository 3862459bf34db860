/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * HASH, PERCPU_HASH and their LRU kind: rules and error codes of kernel/bpf/hashtab.c around the
 * table of hash.h.
 * NO_PREALLOC changes nothing here: elements get memory when they are first used, and no operation
 * allocates. An LRU map evicts when it is full and not before (the kernel keeps free lists per CPU
 * and may evict earlier), whatever SKEP_F_NO_COMMON_LRU says.
 */
#include <stdlib.h>

#include "base/cpu.h"
#include "map/family.h"
#include "map/hash.h"

/* What the kernel's element needs beside key and value, which must fit one allocation. */
#define KERNEL_ELEM_BYTES 48
/* More buckets than 1 << 27 overflow the kernel's count of bytes. */
#define ENTRIES_MAX (1u << 27)

static int hash_check_sizes(const struct skep_map_def *def, struct skep_diag *diag)
{
	bool percpu = map_type_is_percpu(def->type);

	if ((u64)def->key_size + def->value_size >= MAP_ALLOCATION_MAX - KERNEL_ELEM_BYTES)
		return diag_fail(diag, -E2BIG,
				 "map '%s': key and value have %llu bytes, over 4 MiB", def->name,
				 (unsigned long long)def->key_size + def->value_size);
	if (percpu && def->value_size > MAP_PERCPU_VALUE_MAX)
		return diag_fail(diag, -E2BIG, "map '%s': a per-CPU value of %u bytes, over %u",
				 def->name, def->value_size, MAP_PERCPU_VALUE_MAX);
	if (def->max_entries > ENTRIES_MAX)
		return diag_fail(diag, -E2BIG, "map '%s': %u entries, over %u", def->name,
				 def->max_entries, ENTRIES_MAX);
	return 0;
}

static int hashmap_check(const struct skep_map_def *def, struct skep_diag *diag)
{
	bool lru = def->type == SKEP_MAP_LRU_HASH || def->type == SKEP_MAP_LRU_PERCPU_HASH;
	u32 allowed = SKEP_F_NO_PREALLOC | SKEP_F_ZERO_SEED | SKEP_F_NUMA_NODE | MAP_ACCESS_FLAGS;
	bool per_cpu = map_type_is_percpu(def->type) || def->map_flags & SKEP_F_NO_COMMON_LRU;
	int err;

	err = map_check_flags(def, allowed | (lru ? SKEP_F_NO_COMMON_LRU : 0), diag);
	if (!err && lru && def->map_flags & SKEP_F_NO_PREALLOC)
		err = diag_fail(diag, -ENOTSUPP, "map '%s': type %s is always preallocated",
				def->name, skep_map_type_name(def->type));
	if (!err && per_cpu && def->map_flags & SKEP_F_NUMA_NODE)
		err = diag_fail(diag, -EINVAL, "map '%s': per CPU and of one NUMA node at once",
				def->name);
	if (!err)
		err = map_check_sizes(def, diag);
	if (!err && !def->key_size)
		err = diag_fail(diag, -EINVAL, "map '%s': the key has no bytes", def->name);
	return err ? err : hash_check_sizes(def, diag);
}

static int hashmap_attach(struct skep_map *map)
{
	struct hash_table *table = hash_view(map);

	if (!table)
		return -ENOMEM;
	map->priv = table;
	map->cpu_stride = table->cpu_stride;
	return 0;
}

static void hashmap_detach(struct skep_map *map)
{
	free(map->priv);
}

static int hashmap_validate(struct skep_map *map, struct skep_diag *diag)
{
	return hash_validate(map, map->priv, diag);
}

static void *hashmap_lookup(struct skep_map *map, const void *key)
{
	const struct hash_table *table = map->priv;
	u32 n = hash_find(table, key);

	return n ? hash_value(table, n, 0) : NULL;
}

static void *percpu_lookup_cpu(struct skep_map *map, const void *key, u32 cpu)
{
	const struct hash_table *table = map->priv;
	u32 n = cpu < map->nr_cpus ? hash_find(table, key) : 0;

	return n ? hash_value(table, n, cpu) : NULL;
}

static void *percpu_lookup(struct skep_map *map, const void *key)
{
	return percpu_lookup_cpu(map, key, cpu_self);
}

/* A program's look-up keeps an element of an LRU map; the control side's does not. */
static void *lru_lookup(struct skep_map *map, const void *key)
{
	const struct hash_table *table = map->priv;
	u32 n = cpu_self < table->nr_cpus || !table->values ? hash_find(table, key) : 0;

	if (!n)
		return NULL;
	hash_use(table, n);
	return hash_value(table, n, table->values ? cpu_self : 0);
}

static int update(struct skep_map *map, const void *key, const void *value, u64 flags,
		  enum hash_fill fill)
{
	struct hash_write write = {.value = value, .flags = flags, .fill = fill, .cpu = cpu_self};

	if (flags > SKEP_EXIST || (fill == HASH_THIS_CPU && write.cpu >= map->nr_cpus))
		return -EINVAL;
	return hash_update(map->priv, key, &write);
}

static long hashmap_update(struct skep_map *map, const void *key, const void *value, u64 flags)
{
	return update(map, key, value, flags, HASH_REPLACE);
}

static long percpu_update(struct skep_map *map, const void *key, const void *value, u64 flags)
{
	return update(map, key, value, flags, HASH_THIS_CPU);
}

static long hashmap_delete(struct skep_map *map, const void *key)
{
	return hash_delete(map->priv, key, NULL);
}

static int hashmap_ctl_lookup(struct skep_map *map, const void *key, void *value)
{
	return hash_read(map->priv, key, value);
}

static int hashmap_ctl_update(struct skep_map *map, const void *key, const void *value, u64 flags)
{
	return update(map, key, value, flags, HASH_REPLACE);
}

static int percpu_ctl_update(struct skep_map *map, const void *key, const void *value, u64 flags)
{
	return update(map, key, value, flags, HASH_ALL_CPUS);
}

static int hashmap_ctl_delete(struct skep_map *map, const void *key)
{
	return hash_delete(map->priv, key, NULL);
}

static int hashmap_next_key(struct skep_map *map, const void *key, void *next)
{
	return hash_next(map->priv, key, next);
}

static bool hashmap_contains(const struct skep_map *map, const void *addr, size_t size)
{
	return hash_contains(map->priv, addr, size);
}

const struct map_ops map_hash_ops = {
	.type = SKEP_MAP_HASH,
	.check = hashmap_check,
	.size = hash_bytes,
	.attach = hashmap_attach,
	.validate = hashmap_validate,
	.detach = hashmap_detach,
	.lookup = hashmap_lookup,
	.update = hashmap_update,
	.delete = hashmap_delete,
	.ctl_lookup = hashmap_ctl_lookup,
	.ctl_update = hashmap_ctl_update,
	.ctl_delete = hashmap_ctl_delete,
	.next_key = hashmap_next_key,
	.contains = hashmap_contains,
};

const struct map_ops map_percpu_hash_ops = {
	.type = SKEP_MAP_PERCPU_HASH,
	.check = hashmap_check,
	.size = hash_bytes,
	.attach = hashmap_attach,
	.validate = hashmap_validate,
	.detach = hashmap_detach,
	.lookup = percpu_lookup,
	.update = percpu_update,
	.delete = hashmap_delete,
	.lookup_cpu = percpu_lookup_cpu,
	.ctl_lookup = hashmap_ctl_lookup,
	.ctl_update = percpu_ctl_update,
	.ctl_delete = hashmap_ctl_delete,
	.next_key = hashmap_next_key,
	.contains = hashmap_contains,
};

const struct map_ops map_lru_hash_ops = {
	.type = SKEP_MAP_LRU_HASH,
	.check = hashmap_check,
	.size = hash_bytes,
	.attach = hashmap_attach,
	.validate = hashmap_validate,
	.detach = hashmap_detach,
	.lookup = lru_lookup,
	.update = hashmap_update,
	.delete = hashmap_delete,
	.ctl_lookup = hashmap_ctl_lookup,
	.ctl_update = hashmap_ctl_update,
	.ctl_delete = hashmap_ctl_delete,
	.next_key = hashmap_next_key,
	.contains = hashmap_contains,
};

const struct map_ops map_lru_percpu_hash_ops = {
	.type = SKEP_MAP_LRU_PERCPU_HASH,
	.check = hashmap_check,
	.size = hash_bytes,
	.attach = hashmap_attach,
	.validate = hashmap_validate,
	.detach = hashmap_detach,
	.lookup = lru_lookup,
	.update = percpu_update,
	.delete = hashmap_delete,
	.lookup_cpu = percpu_lookup_cpu,
	.ctl_lookup = hashmap_ctl_lookup,
	.ctl_update = percpu_ctl_update,
	.ctl_delete = hashmap_ctl_delete,
	.next_key = hashmap_next_key,
	.contains = hashmap_contains,
};
