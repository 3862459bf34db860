/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * DEVMAP and DEVMAP_HASH: devices to redirect to, each with a program that runs on what leaves.
 *
 * In the segment a value is { u32 ifindex, u32 program id }, the second 0 where value_size is 4;
 * DEVMAP: one such slot per index, ifindex 0 = empty; DEVMAP_HASH: the table of hash.h. Programs
 * are images of this process, so a record {ifindex, image} stands beside each slot or element that
 * has one. Readers look at the record first: a slot with a program is published record first,
 * one without slot first, so that they see device and program of the same update.
 *
 * The kernel: kernel/bpf/devmap.c. It refuses an ifindex that does not exist; which devices there
 * are is not a map's knowledge here, so every ifindex but 0 is taken. Where it takes a program's
 * file descriptor, this takes an image id.
 */
#include <linux/bpf.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "map/copy.h"
#include "map/family.h"
#include "map/hash.h"
#include "map/quiesce.h"

struct dev_value {
	u32 ifindex;
	u32 prog_id;
};

struct dev_record {
	u32 ifindex;
	struct image *image;
};

struct devmap {
	pthread_mutex_t lock; /* of the control side */
	struct map_owner owner;
	struct hash_table *table; /* DEVMAP_HASH */
	u32 nr_records;
	_Atomic(struct dev_record *) records[]; /* by index, or by element number - 1 */
};

#define IFINDEX_BYTES offsetof(struct dev_value, prog_id)

static int devmap_check(const struct skep_map_def *def, struct skep_diag *diag)
{
	int err = map_check_key(def, 4, diag);

	if (!err)
		err = map_check_sizes(def, diag);
	if (!err && def->value_size != IFINDEX_BYTES && def->value_size != sizeof(struct dev_value))
		err = diag_fail(
			diag, -EINVAL,
			"map '%s': the value of type %s has 4 bytes (ifindex) or 8 (ifindex, "
			"program), not %u",
			def->name, skep_map_type_name(def->type), def->value_size);
	if (!err)
		err = map_check_flags(def, SKEP_F_NUMA_NODE | SKEP_F_RDONLY | SKEP_F_WRONLY, diag);
	if (!err && def->type == SKEP_MAP_DEVMAP_HASH && def->max_entries > 1u << 31)
		err = diag_fail(diag, -EINVAL, "map '%s': %u entries, over 1 << 31", def->name,
				def->max_entries);
	return err;
}

static size_t devmap_size(const struct skep_map_def *def, _unused_ u32 nr_cpus)
{
	return map_bytes(def->max_entries, sizeof(struct dev_value), 0);
}

static struct devmap *devmap_new(u32 nr_records)
{
	struct devmap *devmap;

	devmap = calloc(1, sizeof(*devmap) + (size_t)nr_records * sizeof(*devmap->records));
	if (!devmap)
		return NULL;
	devmap->nr_records = nr_records;
	pthread_mutex_init(&devmap->lock, NULL);
	return devmap;
}

static int devmap_attach(struct skep_map *map)
{
	map->priv = devmap_new(map->def.max_entries);
	return map->priv ? 0 : -ENOMEM;
}

static int devmap_hash_attach(struct skep_map *map)
{
	struct hash_table *table = hash_view(map);
	struct devmap *devmap = table ? devmap_new(table->nr_elems) : NULL;

	if (!devmap) {
		free(table);
		return -ENOMEM;
	}
	devmap->table = table;
	map->priv = devmap;
	return 0;
}

static int devmap_hash_validate(struct skep_map *map, struct skep_diag *diag)
{
	struct devmap *devmap = map->priv;

	return hash_validate(map, devmap->table, diag);
}

static void record_free(struct dev_record *record)
{
	if (!record)
		return;
	image_put(record->image);
	free(record);
}

static void record_retire(struct dev_record *record)
{
	if (record)
		quiesce_wait();
	record_free(record);
}

static void devmap_detach(struct skep_map *map)
{
	struct devmap *devmap = map->priv;

	quiesce_wait();
	for (u32 i = 0; i < devmap->nr_records; i++)
		record_free(atomic_load_explicit(&devmap->records[i], memory_order_relaxed));
	pthread_mutex_destroy(&devmap->lock);
	free(devmap->table);
	free(devmap);
}

/* --- values --------------------------------------------------------------------------- */

/*
 * What an update brings: *value with the id that lookups will show, *ret_record when it has a
 * program. A program is one for devmaps (expected_attach_type) and like the others in the map.
 */
static int value_parse(struct skep_map *map, const void *bytes, struct dev_value *value,
		       struct dev_record **ret_record)
{
	struct devmap *devmap = map->priv;
	struct dev_record *record;
	struct image *image;

	*value = (struct dev_value){0};
	*ret_record = NULL;
	memcpy(value, bytes, map->def.value_size);
	if ((s32)value->prog_id <= 0) {
		value->prog_id = 0;
		return 0;
	}
	image = value->ifindex ? image_find(value->prog_id) : NULL;
	if (!image)
		return -EINVAL;
	record = malloc(sizeof(*record));
	if (!record || image->hook != SKEP_HOOK_XDP || image->attach_type != BPF_XDP_DEVMAP ||
	    map_owner_claim(&devmap->owner, image)) {
		image_put(image);
		free(record);
		return record ? -EINVAL : -ENOMEM;
	}
	*record = (struct dev_record){.ifindex = value->ifindex, .image = image};
	*ret_record = record;
	return 0;
}

/* Record, else slot; a slot that names a program got it after the record was looked for. */
static int redirect_read(_Atomic(struct dev_record *) *records, u32 i, const void *slot,
			 struct map_redirect *to)
{
	struct dev_record *record = NULL;
	struct dev_value value = {.prog_id = 1};

	for (int look = 0; look < 2 && !record && value.prog_id; look++) {
		record = atomic_load_explicit(&records[i], memory_order_acquire);
		copy_out(&value, slot, sizeof(value));
	}
	if (record) {
		*to = (struct map_redirect){record->ifindex, record->image->id, record->image};
		return 0;
	}
	if (!value.ifindex)
		return -ENOENT;
	*to = (struct map_redirect){value.ifindex, value.prog_id, NULL};
	return 0;
}

/* --- DEVMAP --------------------------------------------------------------------------- */

static void *slot_at(const struct skep_map *map, u32 index)
{
	return (struct dev_value *)map->base + index;
}

static bool slot_is_empty(const struct skep_map *map, u32 index)
{
	u64 word = word_load(slot_at(map, index), 0);
	struct dev_value value;

	memcpy(&value, &word, sizeof(value));
	return !value.ifindex;
}

static void *devmap_lookup(struct skep_map *map, const void *key)
{
	u32 index = map_index(key);

	if (index >= map->def.max_entries || slot_is_empty(map, index))
		return NULL;
	return slot_at(map, index);
}

static int devmap_redirect(struct skep_map *map, u64 key, struct map_redirect *to)
{
	struct devmap *devmap = map->priv;
	u32 index = (u32)key;

	if (index >= map->def.max_entries)
		return -ENOENT;
	return redirect_read(devmap->records, index, slot_at(map, index), to);
}

/* With the lock held; takes the record. */
static void slot_set(struct skep_map *map, u32 index, const struct dev_value *value,
		     struct dev_record *record)
{
	struct devmap *devmap = map->priv;
	struct dev_record *old;

	if (!record)
		copy_in(slot_at(map, index), value, sizeof(*value));
	old = atomic_exchange(&devmap->records[index], record);
	if (record)
		copy_in(slot_at(map, index), value, sizeof(*value));
	record_retire(old);
}

static int devmap_ctl_lookup(struct skep_map *map, const void *key, void *value)
{
	const void *slot = devmap_lookup(map, key);

	if (!slot)
		return -ENOENT;
	copy_out(value, slot, map->def.value_size);
	return 0;
}

static int devmap_ctl_update(struct skep_map *map, const void *key, const void *bytes, u64 flags)
{
	struct devmap *devmap = map->priv;
	struct dev_record *record;
	struct dev_value value;
	int err;

	if (flags > SKEP_EXIST)
		return -EINVAL;
	if (map_index(key) >= map->def.max_entries)
		return -E2BIG;
	if (flags == SKEP_NOEXIST)
		return -EEXIST;
	if (!map_owns_ids(map))
		return -EPERM;
	pthread_mutex_lock(&devmap->lock);
	err = value_parse(map, bytes, &value, &record);
	if (!err)
		slot_set(map, map_index(key), &value, record);
	pthread_mutex_unlock(&devmap->lock);
	return err;
}

/* An empty slot is deleted as gladly as a full one: the kernel's answer is 0 for both. */
static int devmap_ctl_delete(struct skep_map *map, const void *key)
{
	struct devmap *devmap = map->priv;
	const struct dev_value none = {0};

	if (map_index(key) >= map->def.max_entries)
		return -EINVAL;
	if (!map_owns_ids(map))
		return -EPERM;
	pthread_mutex_lock(&devmap->lock);
	slot_set(map, map_index(key), &none, NULL);
	pthread_mutex_unlock(&devmap->lock);
	return 0;
}

static int devmap_next_key(struct skep_map *map, const void *key, void *next)
{
	return map_next_index(map, key, next);
}

static bool devmap_contains(const struct skep_map *map, const void *addr, size_t size)
{
	return map_in_slots(addr, size, map->base, sizeof(struct dev_value), map->def.max_entries,
			    map->def.value_size);
}

/* --- DEVMAP_HASH ------------------------------------------------------------------------ */

static void *devmap_hash_lookup(struct skep_map *map, const void *key)
{
	const struct devmap *devmap = map->priv;
	u32 n = hash_find(devmap->table, key);

	return n ? hash_value(devmap->table, n, 0) : NULL;
}

static int devmap_hash_redirect(struct skep_map *map, u64 key, struct map_redirect *to)
{
	struct devmap *devmap = map->priv;
	u32 index = (u32)key, hash, seq, n;
	struct map_redirect found = {0};
	int err;

	do {
		n = hash_find_seq(devmap->table, &index, &hash, &seq);
		if (!n)
			return -ENOENT;
		err = redirect_read(devmap->records, n - 1, hash_value(devmap->table, n, 0),
				    &found);
	} while (!hash_still(devmap->table, hash, seq));
	if (!err)
		*to = found;
	return err;
}

struct placing {
	struct devmap *devmap;
	struct dev_record *record;
	u32 old; /* element that was replaced, 0 = none */
};

static void record_placed(void *arg, u32 elem, u32 old)
{
	struct placing *placing = arg;

	atomic_store(&placing->devmap->records[elem - 1], placing->record);
	placing->old = old;
}

/* With the lock held; takes the record unless it fails. */
static int elem_set(struct skep_map *map, const void *key, const struct dev_value *value, u64 flags,
		    struct dev_record *record)
{
	struct devmap *devmap = map->priv;
	struct placing placing = {.devmap = devmap, .record = record};
	struct hash_write write = {.value = value,
				   .flags = flags,
				   .fill = HASH_REPLACE,
				   .placed = record_placed,
				   .arg = &placing};
	int err = hash_update(devmap->table, key, &write);

	if (!err && placing.old)
		record_retire(atomic_exchange(&devmap->records[placing.old - 1], NULL));
	return err;
}

/* Unlike the other hashes EXIST does not ask for a present key, and ifindex 0 is an error. */
static int devmap_hash_ctl_update(struct skep_map *map, const void *key, const void *bytes,
				  u64 flags)
{
	struct devmap *devmap = map->priv;
	struct dev_record *record;
	struct dev_value value;
	int err;

	if (flags > SKEP_EXIST || !map_index(bytes))
		return -EINVAL;
	if (!map_owns_ids(map))
		return -EPERM;
	pthread_mutex_lock(&devmap->lock);
	if (flags == SKEP_NOEXIST && hash_find(devmap->table, key)) {
		err = -EEXIST;
		goto unlock;
	}
	err = value_parse(map, bytes, &value, &record);
	if (err)
		goto unlock;
	err = elem_set(map, key, &value, SKEP_ANY, record);
	if (err)
		record_free(record);
unlock:
	pthread_mutex_unlock(&devmap->lock);
	return err;
}

static int elem_delete(struct devmap *devmap, const void *key)
{
	u32 n;
	int err = hash_delete(devmap->table, key, &n);

	if (!err)
		record_retire(atomic_exchange(&devmap->records[n - 1], NULL));
	return err;
}

static int devmap_hash_ctl_delete(struct skep_map *map, const void *key)
{
	struct devmap *devmap = map->priv;
	int err;

	if (!map_owns_ids(map))
		return -EPERM;
	pthread_mutex_lock(&devmap->lock);
	err = elem_delete(devmap, key);
	pthread_mutex_unlock(&devmap->lock);
	return err;
}

static int devmap_hash_ctl_lookup(struct skep_map *map, const void *key, void *value)
{
	const struct devmap *devmap = map->priv;

	return hash_read(devmap->table, key, value);
}

static int devmap_hash_next_key(struct skep_map *map, const void *key, void *next)
{
	const struct devmap *devmap = map->priv;

	return hash_next(devmap->table, key, next);
}

static bool devmap_hash_contains(const struct skep_map *map, const void *addr, size_t size)
{
	const struct devmap *devmap = map->priv;

	return hash_contains(devmap->table, addr, size);
}

/* --- re-attached ------------------------------------------------------------------------ */

/* One entry whose program another process knew: it gets ours, or goes. */
static void entry_rebind(struct skep_map *map, const void *key, map_resolve resolve, void *arg)
{
	struct devmap *devmap = map->priv;
	struct dev_value value = {0}, bytes = {0};
	struct dev_record *record = NULL;
	struct image *image;
	int err;

	if (map->def.value_size != sizeof(value) || map->ops->ctl_lookup(map, key, &bytes) ||
	    !bytes.prog_id)
		return;
	image = resolve(arg, bytes.prog_id);
	bytes.prog_id = image ? image->id : 0;
	err = image ? value_parse(map, &bytes, &value, &record) : -ENOENT;
	image_put(image);
	if (!devmap->table)
		slot_set(map, map_index(key), err ? &(struct dev_value){0} : &value, record);
	else if (err || elem_set(map, key, &value, SKEP_ANY, record)) {
		record_free(record);
		elem_delete(devmap, key);
	}
}

static int devmap_rebind(struct skep_map *map, map_resolve resolve, void *arg)
{
	struct devmap *devmap = map->priv;
	u32 key, next;
	int err;

	pthread_mutex_lock(&devmap->lock);
	err = map->ops->next_key(map, NULL, &next);
	while (!err) {
		key = next;
		err = map->ops->next_key(map, &key, &next);
		entry_rebind(map, &key, resolve, arg);
	}
	map_own_ids(map);
	pthread_mutex_unlock(&devmap->lock);
	return 0;
}

const struct map_ops map_devmap_ops = {
	.type = SKEP_MAP_DEVMAP,
	.forced_flags = SKEP_F_RDONLY_PROG,
	.check = devmap_check,
	.size = devmap_size,
	.attach = devmap_attach,
	.detach = devmap_detach,
	.lookup = devmap_lookup,
	.update = map_no_update,
	.delete = map_no_delete,
	.redirect = devmap_redirect,
	.ctl_lookup = devmap_ctl_lookup,
	.ctl_update = devmap_ctl_update,
	.ctl_delete = devmap_ctl_delete,
	.next_key = devmap_next_key,
	.rebind = devmap_rebind,
	.contains = devmap_contains,
};

const struct map_ops map_devmap_hash_ops = {
	.type = SKEP_MAP_DEVMAP_HASH,
	.forced_flags = SKEP_F_RDONLY_PROG,
	.check = devmap_check,
	.size = hash_bytes,
	.attach = devmap_hash_attach,
	.validate = devmap_hash_validate,
	.detach = devmap_detach,
	.lookup = devmap_hash_lookup,
	.update = map_no_update,
	.delete = map_no_delete,
	.redirect = devmap_hash_redirect,
	.ctl_lookup = devmap_hash_ctl_lookup,
	.ctl_update = devmap_hash_ctl_update,
	.ctl_delete = devmap_hash_ctl_delete,
	.next_key = devmap_hash_next_key,
	.rebind = devmap_rebind,
	.contains = devmap_hash_contains,
};
