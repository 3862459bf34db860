/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What all map types have in common: creation, re-attachment, references, ids, the permissions
 * of the control side.
 */
#include "map/map.h"

#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cpu.h"
#include "map/family.h"
#include "map/segment.h"

#define ID_BUCKETS 256

/* Maps by id, for map-in-map and the control side. The chain runs through skep_map.next. */
static pthread_mutex_t id_lock = PTHREAD_MUTEX_INITIALIZER;
static struct skep_map *id_buckets[ID_BUCKETS];
static u32 last_id;

static void id_insert(struct skep_map *map)
{
	pthread_mutex_lock(&id_lock);
	map->id = ++last_id;
	map->next = id_buckets[map->id % ID_BUCKETS];
	id_buckets[map->id % ID_BUCKETS] = map;
	pthread_mutex_unlock(&id_lock);
}

struct skep_map *map_find(u32 id)
{
	struct skep_map *map;

	pthread_mutex_lock(&id_lock);
	for (map = id_buckets[id % ID_BUCKETS]; map && map->id != id; map = map->next)
		;
	if (map)
		map_get(map);
	pthread_mutex_unlock(&id_lock);
	return map;
}

struct skep_map *map_get(struct skep_map *map)
{
	atomic_fetch_add(&map->refs, 1);
	return map;
}

/* Drop one reference; true when it was the last and the map can no longer be found. */
static bool id_release(struct skep_map *map)
{
	struct skep_map **link = &id_buckets[map->id % ID_BUCKETS];
	bool last;

	pthread_mutex_lock(&id_lock);
	last = atomic_fetch_sub(&map->refs, 1) == 1;
	if (last) {
		while (*link != map)
			link = &(*link)->next;
		*link = map->next;
	}
	pthread_mutex_unlock(&id_lock);
	return last;
}

void map_put(struct skep_map *map)
{
	if (!map || !id_release(map))
		return;
	if (map->ops->detach)
		map->ops->detach(map);
	segment_close(map->segment);
	free(map);
}

/* The rules of bpf(2) for names: letters, digits, '_' and '.'. The end is there already. */
static int check_name(const struct skep_map_def *def, struct skep_diag *diag)
{
	for (const char *c = def->name; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '_' && *c != '.')
			return diag_fail(diag, -EINVAL,
					 "map '%s': a name has letters, digits, '_' and '.' only",
					 def->name);
	return 0;
}

static int check_node(const struct skep_map_def *def, struct skep_diag *diag)
{
	char path[64];

	if (!(def->map_flags & SKEP_F_NUMA_NODE) || !def->numa_node)
		return 0;
	snprintf(path, sizeof(path), "/sys/devices/system/node/node%u", def->numa_node);
	if (def->numa_node != UINT32_MAX && access(path, F_OK))
		return diag_fail(diag, -EINVAL, "map '%s': there is no NUMA node %u", def->name,
				 def->numa_node);
	return 0;
}

/*
 * What the kernel checks before and after it asks the type, in its order; on success *ret is the
 * type's operations.
 */
static int check_def(const struct skep_map_def *def, const struct map_ops **ret,
		     struct skep_diag *diag)
{
	const u32 both = SKEP_F_RDONLY | SKEP_F_WRONLY;
	const struct map_ops *ops = map_ops_find(def->type);
	int err;

	if (!memchr(def->name, 0, sizeof(def->name)))
		return diag_fail(diag, -EINVAL, "a map's name has at most %d characters",
				 SKEP_NAME_MAX - 1);
	if (def->map_extra && def->type != SKEP_MAP_BLOOM_FILTER && def->type != SKEP_MAP_ARENA)
		return diag_fail(diag, -EINVAL, "map '%s': map_extra has no meaning for this type",
				 def->name);
	if ((def->map_flags & both) == both)
		return diag_fail(diag, -EINVAL, "map '%s': both read-only and write-only",
				 def->name);
	err = check_node(def, diag);
	if (err)
		return err;
	if (def->type == SKEP_MAP_UNSPEC || !skep_map_type_name(def->type))
		return diag_fail(diag, -EINVAL, "map '%s': there is no map type %u", def->name,
				 def->type);
	if (!ops)
		return diag_fail(diag, -EOPNOTSUPP, "map '%s': skep has no maps of type %s",
				 def->name, skep_map_type_name(def->type));
	err = ops->check(def, diag);
	if (!err)
		err = check_name(def, diag);
	if (err)
		return err;
	*ret = ops;
	return 0;
}

/* The object around a segment; takes the segment over in any case. */
static int map_new(const struct map_ops *ops, struct map_segment *segment, struct skep_map **ret)
{
	struct skep_map *map = calloc(1, sizeof(*map));
	int err;

	if (!map) {
		segment_close(segment);
		return -ENOMEM;
	}
	map->ops = ops;
	map->def = segment->def;
	map->segment = segment;
	map->base = segment->payload;
	map->nr_cpus = map_type_is_percpu(ops->type) ? segment->nr_cpus : 1;
	map->value_stride = ALIGN_UP(map->def.value_size, 8);
	atomic_init(&map->refs, 1);
	err = ops->attach ? ops->attach(map) : 0;
	if (err) {
		segment_close(segment);
		free(map);
		return err;
	}
	id_insert(map);
	*ret = map;
	return 0;
}

/* inner: of a map of maps; its type is UNSPEC for others. */
static int create(const struct skep_map_def *def, const struct skep_map_def *inner,
		  struct skep_map **ret, struct skep_diag *diag)
{
	const struct map_ops *ops = NULL;
	struct map_segment *segment;
	struct skep_map_def final;
	struct skep_map *map;
	size_t size;
	int err;

	err = check_def(def, &ops, diag);
	if (err)
		return err;
	final = *def;
	final.map_flags |= ops->forced_flags;
	size = ops->size(&final, cpu_count());
	if (!size)
		return diag_fail(diag, -ENOMEM, "map '%s': %u entries of %u bytes are too much",
				 def->name, def->max_entries, def->value_size);
	err = segment_create(&final, inner, cpu_count(), size, &segment, diag);
	if (err)
		return err;
	err = map_new(ops, segment, &map);
	if (err)
		return diag_fail(diag, err, "map '%s': out of memory", def->name);
	err = ops->init ? ops->init(map) : 0;
	if (err) {
		map_put(map);
		return diag_fail(diag, err, "map '%s': cannot be initialised", def->name);
	}
	*ret = map;
	return 0;
}

int map_create(const struct skep_map_def *def, struct skep_map **ret, struct skep_diag *diag)
{
	const struct skep_map_def none = {.type = SKEP_MAP_UNSPEC};
	const struct map_ops *ops = NULL;
	int err;

	if (!map_type_is_nested(def->type))
		return create(def, &none, ret, diag);
	err = check_def(def, &ops, diag);
	if (err)
		return err;
	return diag_fail(diag, -EINVAL, "map '%s': a map of maps needs a definition of its values",
			 def->name);
}

/* The inner definition gets the flags that its type's creation would add. */
int map_create_nested(const struct skep_map_def *def, const struct skep_map_def *inner,
		      struct skep_map **ret, struct skep_diag *diag)
{
	struct skep_map_def final = *inner;
	const struct map_ops *ops = NULL;
	int err;

	if (!map_type_is_nested(def->type))
		return diag_fail(diag, -EINVAL, "map '%s': type %s holds no maps", def->name,
				 skep_map_type_name(def->type) ?: "?");
	err = check_def(def, &ops, diag);
	if (!err && !map_type_is_nested(inner->type))
		err = check_def(inner, &ops, diag);
	if (!err)
		err = map_check_inner(inner, diag);
	if (err)
		return err;
	final.map_flags |= ops->forced_flags;
	return create(def, &final, ret, diag);
}

const struct skep_map_def *map_inner(const struct skep_map *map)
{
	return map_type_is_nested(map->def.type) ? &map->segment->inner : NULL;
}

static int check_inner(const struct map_segment *segment, struct skep_diag *diag)
{
	struct skep_map_def inner = segment->inner;
	const struct map_ops *ops = map_ops_find(inner.type);

	if (!map_type_is_nested(segment->def.type))
		return 0;
	if (ops)
		inner.map_flags &= ~ops->forced_flags;
	return check_def(&inner, &ops, diag) ?: map_check_inner(&inner, diag);
}

/* The checks of creation, made on what the header says. */
static int check_segment(const struct map_segment *segment, const struct map_ops **ret,
			 struct skep_diag *diag)
{
	struct skep_map_def def = segment->def;
	const struct map_ops *ops = map_ops_find(def.type);
	int err;

	if (ops && (def.map_flags & ops->forced_flags) != ops->forced_flags)
		return diag_fail(diag, -EINVAL, "map segment '%s': flags %#x lack %#x", def.name,
				 def.map_flags, ops->forced_flags);
	if (ops)
		def.map_flags &= ~ops->forced_flags;
	err = check_def(&def, &ops, diag);
	if (!err)
		err = check_inner(segment, diag);
	if (err)
		return err;
	if (ops->size(&segment->def, segment->nr_cpus) != segment->payload_bytes)
		return diag_fail(diag, -EINVAL,
				 "map segment '%s': %zu bytes do not fit its definition", def.name,
				 segment->payload_bytes);
	*ret = ops;
	return 0;
}

int map_reattach(int fd, struct skep_map **ret, struct skep_diag *diag)
{
	const struct map_ops *ops = NULL;
	struct map_segment *segment;
	struct skep_map *map;
	int err;

	err = segment_attach(fd, &segment, diag);
	if (err)
		return err;
	err = check_segment(segment, &ops, diag);
	if (err) {
		segment_close(segment);
		return err;
	}
	err = map_new(ops, segment, &map);
	if (err)
		return diag_fail(diag, err, "map segment: out of memory");
	err = ops->validate ? ops->validate(map, diag) : 0;
	if (err) {
		map_put(map);
		return err;
	}
	*ret = map;
	return 0;
}

int map_rebind(struct skep_map *map, map_resolve resolve, void *arg)
{
	return map->ops->rebind ? map->ops->rebind(map, resolve, arg) : 0;
}

int map_fd(const struct skep_map *map)
{
	return map->segment->fd;
}

bool map_contains(const struct skep_map *map, const void *addr, size_t size)
{
	return map->ops->contains && map->ops->contains(map, addr, size);
}

const struct skep_map_def *skep_map_definition(const struct skep_map *map)
{
	return &map->def;
}

u32 skep_map_id(const struct skep_map *map)
{
	return map->id;
}

size_t skep_map_value_bytes(const struct skep_map *map)
{
	if (map_type_is_percpu(map->def.type))
		return (size_t)map->value_stride * map->nr_cpus;
	return map->def.value_size;
}

static bool may_read(const struct skep_map *map)
{
	return !(map->def.map_flags & SKEP_F_WRONLY);
}

static bool may_write(const struct skep_map *map)
{
	return !(map->def.map_flags & SKEP_F_RDONLY) && !skep_map_is_frozen(map);
}

int skep_map_lookup(struct skep_map *map, const void *key, void *value)
{
	return may_read(map) ? map->ops->ctl_lookup(map, key, value) : -EPERM;
}

/* LOCK is for values with a spin lock, which skep's maps do not have: the kernel's -EINVAL. */
int skep_map_update(struct skep_map *map, const void *key, const void *value, u64 flags)
{
	if (!may_write(map))
		return -EPERM;
	if (flags & SKEP_F_LOCK)
		return -EINVAL;
	return map->ops->ctl_update(map, key, value, flags);
}

int skep_map_delete(struct skep_map *map, const void *key)
{
	return may_write(map) ? map->ops->ctl_delete(map, key) : -EPERM;
}

int skep_map_pop(struct skep_map *map, void *value)
{
	if (!may_read(map) || !may_write(map))
		return -EPERM;
	return map->ops->pop ? (int)map->ops->pop(map, value) : -ENOTSUPP;
}

int skep_map_next_key(struct skep_map *map, const void *key, void *next)
{
	return may_read(map) ? map->ops->next_key(map, key, next) : -EPERM;
}

int skep_map_freeze(struct skep_map *map)
{
	if (map->def.map_flags & SKEP_F_RDONLY)
		return -EPERM;
	return atomic_exchange(&map->segment->header->frozen, 1) ? -EPERM : 0;
}

int skep_map_is_frozen(const struct skep_map *map)
{
	return atomic_load(&map->segment->header->frozen) != 0;
}
