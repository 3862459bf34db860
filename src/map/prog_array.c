/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * PROG_ARRAY: programs to tail-call.
 *
 * The payload holds the ids of the images (a u32 a slot, 0 = empty); the images themselves, a
 * reference each, are a process-local table beside it. Only the process whose id_space() the
 * segment's header names may change slots; in others the table is empty until map_rebind().
 * The kernel: the fd_array half of kernel/bpf/arraymap.c, bpf_prog_map_compatible() in core.c.
 */
#include "map/prog_array.h"

#include <stdlib.h>

#include "map/quiesce.h"

static int prog_array_check(const struct skep_map_def *def, struct skep_diag *diag)
{
	int err = map_check_sizes(def, diag);

	if (!err)
		err = map_check_key(def, 4, diag);
	if (!err && def->value_size != 4)
		err = diag_fail(diag, -EINVAL, "map '%s': the value of type %s has 4 bytes, not %u",
				def->name, skep_map_type_name(def->type), def->value_size);
	if (!err)
		err = map_check_flags(def, SKEP_F_NUMA_NODE | SKEP_F_RDONLY | SKEP_F_WRONLY, diag);
	return err;
}

static size_t prog_array_size(const struct skep_map_def *def, _unused_ u32 nr_cpus)
{
	return map_bytes(def->max_entries, sizeof(u32), 0);
}

static int prog_array_attach(struct skep_map *map)
{
	struct prog_array *array;

	array = calloc(1, sizeof(*array) + (size_t)map->def.max_entries * sizeof(*array->images));
	if (!array)
		return -ENOMEM;
	pthread_mutex_init(&array->lock, NULL);
	map->priv = array;
	return 0;
}

static void prog_array_detach(struct skep_map *map)
{
	struct prog_array *array = map->priv;
	bool waited = false;

	for (u32 i = 0; i < map->def.max_entries; i++) {
		struct image *image = atomic_load_explicit(&array->images[i], memory_order_relaxed);

		if (!image)
			continue;
		if (!waited)
			quiesce_wait();
		waited = true;
		image_put(image);
	}
	pthread_mutex_destroy(&array->lock);
	free(array);
}

static const struct image *prog_array_image(struct skep_map *map, u32 index)
{
	struct prog_array *array = map->priv;

	if (unlikely(index >= map->def.max_entries))
		return NULL;
	return atomic_load_explicit(&array->images[index], memory_order_acquire);
}

static _Atomic u32 *slot_id(const struct skep_map *map, u32 index)
{
	return (_Atomic u32 *)map->base + index;
}

int map_claim(struct skep_map *map, const struct image *image)
{
	struct prog_array *array = map->priv;
	int err;

	if (map->def.type != SKEP_MAP_PROG_ARRAY)
		return -EINVAL;
	pthread_mutex_lock(&array->lock);
	err = map_owner_claim(&array->owner, image);
	pthread_mutex_unlock(&array->lock);
	return err;
}

/* With the lock held: put an image (a reference, or NULL) into a slot; returns the one before. */
static struct image *slot_set(struct skep_map *map, u32 index, struct image *image)
{
	struct prog_array *array = map->priv;

	atomic_store(slot_id(map, index), image ? image->id : 0);
	return atomic_exchange(&array->images[index], image);
}

static int prog_array_ctl_lookup(struct skep_map *map, const void *key, void *value)
{
	u32 index = map_index(key), id = 0;

	if (index < map->def.max_entries)
		id = atomic_load(slot_id(map, index));
	if (!id)
		return -ENOENT;
	__builtin_memcpy(value, &id, sizeof(id));
	return 0;
}

static int prog_array_ctl_update(struct skep_map *map, const void *key, const void *value,
				 u64 flags)
{
	struct prog_array *array = map->priv;
	struct image *image, *old = NULL;
	u32 index = map_index(key);
	int err;

	if (flags != SKEP_ANY)
		return -EINVAL;
	if (index >= map->def.max_entries)
		return -E2BIG;
	if (!map_owns_ids(map))
		return -EPERM;
	image = image_find(map_index(value));
	if (!image)
		return -EBADF;
	pthread_mutex_lock(&array->lock);
	err = map_owner_claim(&array->owner, image);
	if (!err)
		old = slot_set(map, index, image);
	pthread_mutex_unlock(&array->lock);
	if (err)
		image_put(image);
	else
		map_retire(old);
	return err;
}

static int prog_array_ctl_delete(struct skep_map *map, const void *key)
{
	struct prog_array *array = map->priv;
	u32 index = map_index(key);
	struct image *old;
	u32 id;

	if (index >= map->def.max_entries)
		return -E2BIG;
	if (!map_owns_ids(map))
		return -EPERM;
	pthread_mutex_lock(&array->lock);
	id = atomic_load(slot_id(map, index));
	old = slot_set(map, index, NULL);
	pthread_mutex_unlock(&array->lock);
	map_retire(old);
	return id ? 0 : -ENOENT;
}

static int prog_array_next_key(struct skep_map *map, const void *key, void *next)
{
	return map_next_index(map, key, next);
}

/* An image that the array cannot take empties its slot, as one that is not there any more. */
static int prog_array_rebind(struct skep_map *map, map_resolve resolve, void *arg)
{
	struct prog_array *array = map->priv;

	pthread_mutex_lock(&array->lock);
	for (u32 i = 0; i < map->def.max_entries; i++) {
		u32 id = atomic_load(slot_id(map, i));
		struct image *image = id ? resolve(arg, id) : NULL;

		if (image && map_owner_claim(&array->owner, image)) {
			image_put(image);
			image = NULL;
		}
		if (id)
			map_retire(slot_set(map, i, image));
	}
	map_own_ids(map);
	pthread_mutex_unlock(&array->lock);
	return 0;
}

const struct map_ops map_prog_array_ops = {
	.type = SKEP_MAP_PROG_ARRAY,
	.check = prog_array_check,
	.size = prog_array_size,
	.attach = prog_array_attach,
	.detach = prog_array_detach,
	.lookup = map_no_lookup,
	.update = map_no_update,
	.delete = map_no_delete,
	.image = prog_array_image,
	.ctl_lookup = prog_array_ctl_lookup,
	.ctl_update = prog_array_ctl_update,
	.ctl_delete = prog_array_ctl_delete,
	.next_key = prog_array_next_key,
	.rebind = prog_array_rebind,
};
