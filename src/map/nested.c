/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * ARRAY_OF_MAPS and HASH_OF_MAPS: maps whose values are maps that look like a template.
 *
 * In the segment a value is the id of a map; the maps themselves, a reference each, are a
 * process-local table beside it, by index or by element number - 1. As with images, only the
 * process whose ids the segment holds may change it, in others the table is empty until
 * map_rebind(), and a map is released when no worker can be using it any more. The template's
 * definition is in the segment's header.
 *
 * The kernel: kernel/bpf/map_in_map.c and the fd halves of arraymap.c and hashtab.c.
 */
#include <pthread.h>
#include <stdlib.h>

#include "map/family.h"
#include "map/hash.h"
#include "map/quiesce.h"

struct nested {
	pthread_mutex_t lock;     /* of the control side */
	struct hash_table *table; /* HASH_OF_MAPS */
	u32 nr_maps;
	_Atomic(struct skep_map *) maps[];
};

static int check_value(const struct skep_map_def *def, struct skep_diag *diag)
{
	if (def->value_size == sizeof(u32))
		return 0;
	return diag_fail(diag, -EINVAL, "map '%s': the value of type %s has 4 bytes, not %u",
			 def->name, skep_map_type_name(def->type), def->value_size);
}

static int array_of_maps_check(const struct skep_map_def *def, struct skep_diag *diag)
{
	int err = map_check_sizes(def, diag);

	if (!err)
		err = map_check_key(def, 4, diag);
	if (!err)
		err = check_value(def, diag);
	if (!err)
		err = map_check_flags(def, SKEP_F_NUMA_NODE | SKEP_F_RDONLY | SKEP_F_WRONLY, diag);
	return err;
}

static int hash_of_maps_check(const struct skep_map_def *def, struct skep_diag *diag)
{
	int err = check_value(def, diag);

	return err ? err : map_hash_ops.check(def, diag);
}

static size_t array_of_maps_size(const struct skep_map_def *def, _unused_ u32 nr_cpus)
{
	return map_bytes(def->max_entries, sizeof(u32), 0);
}

int map_check_inner(const struct skep_map_def *inner, struct skep_diag *diag)
{
	if (map_type_is_nested(inner->type))
		return diag_fail(diag, -EINVAL, "map '%s': maps nest one level deep", inner->name);
	if (inner->type == SKEP_MAP_PROG_ARRAY)
		return diag_fail(diag, -ENOTSUPP, "map '%s': a prog array cannot be an inner map",
				 inner->name);
	return 0;
}

/* The kernel's map_meta_equal() of the template's type. */
static bool looks_like(const struct skep_map_def *inner, const struct skep_map *map)
{
	const struct skep_map_def *def = &map->def;

	if (def->type != inner->type || def->key_size != inner->key_size ||
	    def->value_size != inner->value_size || def->map_flags != inner->map_flags)
		return false;
	return def->type != SKEP_MAP_ARRAY || def->map_flags & SKEP_F_INNER_MAP ||
	       def->max_entries == inner->max_entries;
}

static int nested_attach(struct skep_map *map)
{
	bool hash = map->def.type == SKEP_MAP_HASH_OF_MAPS;
	struct hash_table *table = hash ? hash_view(map) : NULL;
	struct nested *nested = NULL;
	u32 nr_maps = table ? table->nr_elems : map->def.max_entries;

	if (table || !hash)
		nested = calloc(1, sizeof(*nested) + (size_t)nr_maps * sizeof(*nested->maps));
	if (!nested) {
		free(table);
		return -ENOMEM;
	}
	nested->table = table;
	nested->nr_maps = nr_maps;
	pthread_mutex_init(&nested->lock, NULL);
	map->priv = nested;
	return 0;
}

static int hash_of_maps_validate(struct skep_map *map, struct skep_diag *diag)
{
	struct nested *nested = map->priv;

	return hash_validate(map, nested->table, diag);
}

static void nested_detach(struct skep_map *map)
{
	struct nested *nested = map->priv;

	quiesce_wait();
	for (u32 i = 0; i < nested->nr_maps; i++)
		map_put(atomic_load_explicit(&nested->maps[i], memory_order_relaxed));
	pthread_mutex_destroy(&nested->lock);
	free(nested->table);
	free(nested);
}

static void inner_retire(struct skep_map *inner)
{
	if (!inner)
		return;
	quiesce_wait();
	map_put(inner);
}

/* The map an update names (a reference): -EBADF when there is none, -EINVAL when it is another
 * kind. */
static int inner_get(const struct skep_map *map, const void *value, struct skep_map **ret)
{
	struct skep_map *inner = map_find(map_index(value));

	if (!inner)
		return -EBADF;
	if (!looks_like(&map->segment->inner, inner)) {
		map_put(inner);
		return -EINVAL;
	}
	*ret = inner;
	return 0;
}

/* --- ARRAY_OF_MAPS ---------------------------------------------------------------------- */

static void *array_of_maps_lookup(struct skep_map *map, const void *key)
{
	struct nested *nested = map->priv;
	u32 index = map_index(key);

	if (unlikely(index >= map->def.max_entries))
		return NULL;
	return atomic_load_explicit(&nested->maps[index], memory_order_acquire);
}

static _Atomic u32 *slot_id(const struct skep_map *map, u32 index)
{
	return (_Atomic u32 *)map->base + index;
}

/* With the lock held; returns the map that was there. */
static struct skep_map *slot_set(struct skep_map *map, u32 index, struct skep_map *inner)
{
	struct nested *nested = map->priv;

	atomic_store(slot_id(map, index), inner ? inner->id : 0);
	return atomic_exchange(&nested->maps[index], inner);
}

static int array_of_maps_ctl_lookup(struct skep_map *map, const void *key, void *value)
{
	u32 index = map_index(key), id = 0;

	if (index < map->def.max_entries)
		id = atomic_load(slot_id(map, index));
	if (!id)
		return -ENOENT;
	__builtin_memcpy(value, &id, sizeof(id));
	return 0;
}

static int array_of_maps_ctl_update(struct skep_map *map, const void *key, const void *value,
				    u64 flags)
{
	struct nested *nested = map->priv;
	struct skep_map *inner, *old;
	u32 index = map_index(key);
	int err;

	if (flags != SKEP_ANY)
		return -EINVAL;
	if (index >= map->def.max_entries)
		return -E2BIG;
	if (!map_owns_ids(map))
		return -EPERM;
	err = inner_get(map, value, &inner);
	if (err)
		return err;
	pthread_mutex_lock(&nested->lock);
	old = slot_set(map, index, inner);
	pthread_mutex_unlock(&nested->lock);
	inner_retire(old);
	return 0;
}

static int array_of_maps_ctl_delete(struct skep_map *map, const void *key)
{
	struct nested *nested = map->priv;
	u32 index = map_index(key), id;
	struct skep_map *old;

	if (index >= map->def.max_entries)
		return -E2BIG;
	if (!map_owns_ids(map))
		return -EPERM;
	pthread_mutex_lock(&nested->lock);
	id = atomic_load(slot_id(map, index));
	old = slot_set(map, index, NULL);
	pthread_mutex_unlock(&nested->lock);
	inner_retire(old);
	return id ? 0 : -ENOENT;
}

static int array_of_maps_next_key(struct skep_map *map, const void *key, void *next)
{
	return map_next_index(map, key, next);
}

/* --- HASH_OF_MAPS ----------------------------------------------------------------------- */

static void *hash_of_maps_lookup(struct skep_map *map, const void *key)
{
	struct nested *nested = map->priv;
	struct skep_map *inner;
	u32 hash, seq, n;

	do {
		n = hash_find_seq(nested->table, key, &hash, &seq);
		if (!n)
			return NULL;
		inner = atomic_load_explicit(&nested->maps[n - 1], memory_order_acquire);
	} while (!hash_still(nested->table, hash, seq));
	return inner;
}

struct placing {
	struct nested *nested;
	struct skep_map *inner;
	u32 old; /* element that was replaced, 0 = none */
};

static void inner_placed(void *arg, u32 elem, u32 old)
{
	struct placing *placing = arg;

	atomic_store(&placing->nested->maps[elem - 1], placing->inner);
	placing->old = old;
}

/* With the lock held; takes the reference unless it fails. */
static int elem_set(struct nested *nested, const void *key, struct skep_map *inner, u64 flags)
{
	struct placing placing = {.nested = nested, .inner = inner};
	struct hash_write write = {.value = &inner->id,
				   .flags = flags,
				   .fill = HASH_REPLACE,
				   .placed = inner_placed,
				   .arg = &placing};
	int err = flags > SKEP_EXIST ? -EINVAL : hash_update(nested->table, key, &write);

	if (!err && placing.old)
		inner_retire(atomic_exchange(&nested->maps[placing.old - 1], NULL));
	return err;
}

static int elem_delete(struct nested *nested, const void *key)
{
	u32 n = 0;
	int err = hash_delete(nested->table, key, &n);

	if (!err)
		inner_retire(atomic_exchange(&nested->maps[n - 1], NULL));
	return err;
}

static int hash_of_maps_ctl_update(struct skep_map *map, const void *key, const void *value,
				   u64 flags)
{
	struct nested *nested = map->priv;
	struct skep_map *inner;
	int err;

	if (!map_owns_ids(map))
		return -EPERM;
	err = inner_get(map, value, &inner);
	if (err)
		return err;
	pthread_mutex_lock(&nested->lock);
	err = elem_set(nested, key, inner, flags);
	pthread_mutex_unlock(&nested->lock);
	if (err)
		map_put(inner);
	return err;
}

static int hash_of_maps_ctl_delete(struct skep_map *map, const void *key)
{
	struct nested *nested = map->priv;
	int err;

	if (!map_owns_ids(map))
		return -EPERM;
	pthread_mutex_lock(&nested->lock);
	err = elem_delete(nested, key);
	pthread_mutex_unlock(&nested->lock);
	return err;
}

static int hash_of_maps_ctl_lookup(struct skep_map *map, const void *key, void *value)
{
	struct nested *nested = map->priv;

	return hash_read(nested->table, key, value);
}

static int hash_of_maps_next_key(struct skep_map *map, const void *key, void *next)
{
	struct nested *nested = map->priv;

	return hash_next(nested->table, key, next);
}

/* --- both --------------------------------------------------------------------------------- */

/* What programs reach are the values of the inner maps. */
static bool nested_contains(const struct skep_map *map, const void *addr, size_t size)
{
	struct nested *nested = map->priv;

	for (u32 i = 0; i < nested->nr_maps; i++) {
		struct skep_map *inner = atomic_load(&nested->maps[i]);

		if (inner && map_contains(inner, addr, size))
			return true;
	}
	return false;
}

/* One entry whose map another process knew: it gets ours, or goes. With the lock held. */
static int entry_rebind(struct skep_map *map, const void *key, map_resolve resolve, void *arg)
{
	struct nested *nested = map->priv;
	struct skep_map *inner;
	u32 id;
	int err;

	if (map->ops->ctl_lookup(map, key, &id))
		return 0;
	inner = resolve(arg, id);
	if (inner && !looks_like(&map->segment->inner, inner)) {
		map_put(inner);
		inner = NULL;
	}
	if (!nested->table) {
		inner_retire(slot_set(map, map_index(key), inner));
		return 0;
	}
	err = inner ? elem_set(nested, key, inner, SKEP_EXIST) : elem_delete(nested, key);
	if (err && inner)
		map_put(inner);
	return err;
}

static int nested_rebind(struct skep_map *map, map_resolve resolve, void *arg)
{
	struct nested *nested = map->priv;
	u8 *key = malloc(map->def.key_size), *next = malloc(map->def.key_size), *swap;
	int err = key && next ? 0 : -ENOMEM, end;

	pthread_mutex_lock(&nested->lock);
	end = err ? err : map->ops->next_key(map, NULL, next);
	while (!end && !err) {
		swap = key;
		key = next;
		next = swap;
		end = map->ops->next_key(map, key, next);
		err = entry_rebind(map, key, resolve, arg);
	}
	if (!err)
		map_own_ids(map);
	pthread_mutex_unlock(&nested->lock);
	free(key);
	free(next);
	return err;
}

const struct map_ops map_array_of_maps_ops = {
	.type = SKEP_MAP_ARRAY_OF_MAPS,
	.check = array_of_maps_check,
	.size = array_of_maps_size,
	.attach = nested_attach,
	.detach = nested_detach,
	.lookup = array_of_maps_lookup,
	.update = map_no_update,
	.delete = map_no_delete,
	.ctl_lookup = array_of_maps_ctl_lookup,
	.ctl_update = array_of_maps_ctl_update,
	.ctl_delete = array_of_maps_ctl_delete,
	.next_key = array_of_maps_next_key,
	.rebind = nested_rebind,
	.contains = nested_contains,
};

const struct map_ops map_hash_of_maps_ops = {
	.type = SKEP_MAP_HASH_OF_MAPS,
	.check = hash_of_maps_check,
	.size = hash_bytes,
	.attach = nested_attach,
	.validate = hash_of_maps_validate,
	.detach = nested_detach,
	.lookup = hash_of_maps_lookup,
	.update = map_no_update,
	.delete = map_no_delete,
	.ctl_lookup = hash_of_maps_ctl_lookup,
	.ctl_update = hash_of_maps_ctl_update,
	.ctl_delete = hash_of_maps_ctl_delete,
	.next_key = hash_of_maps_next_key,
	.rebind = nested_rebind,
	.contains = nested_contains,
};
