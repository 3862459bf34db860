/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * QUEUE and STACK: values without keys.
 *
 * Payload: struct ring, then max_entries slots of value_stride. Every operation holds the ring's
 * lock, as in the kernel (kernel/bpf/queue_stack_maps.c), for one copy. The values present are
 * the `count` slots before `head`, cyclically; a queue gives the oldest, a stack the newest.
 */
#include "map/copy.h"
#include "map/family.h"
#include "map/lock.h"

#define RING_BYTES 64

struct ring {
	_Atomic u32 lock;  /* lock.h */
	_Atomic u32 head;  /* slot of the next push */
	_Atomic u32 count; /* values present */
};

static int ring_check(const struct skep_map_def *def, struct skep_diag *diag)
{
	int err = map_check_sizes(def, diag);

	if (!err)
		err = map_check_key(def, 0, diag);
	if (!err)
		err = map_check_flags(def, SKEP_F_NUMA_NODE | MAP_ACCESS_FLAGS, diag);
	if (!err && def->value_size > MAP_ALLOCATION_MAX)
		err = diag_fail(diag, -E2BIG, "map '%s': a value of %u bytes, over 4 MiB",
				def->name, def->value_size);
	return err;
}

static size_t ring_size(const struct skep_map_def *def, _unused_ u32 nr_cpus)
{
	return map_bytes(ALIGN_UP((size_t)def->value_size, 8), def->max_entries, RING_BYTES);
}

static int ring_validate(struct skep_map *map, struct skep_diag *diag)
{
	struct ring *ring = map->base;

	if (ring->head < map->def.max_entries && ring->count <= map->def.max_entries)
		return 0;
	return diag_fail(diag, -EINVAL, "map segment '%s': its ring has %u values before slot %u",
			 map->def.name, ring->count, ring->head);
}

static void *slot_at(const struct skep_map *map, u32 index)
{
	return (char *)map->base + RING_BYTES + (size_t)index * map->value_stride;
}

/* With the lock held: head and count, brought into range whatever the segment says. */
static void ring_read(const struct skep_map *map, u32 *head, u32 *count)
{
	struct ring *ring = map->base;

	*head = ring->head % map->def.max_entries;
	*count = ring->count;
	if (*count > map->def.max_entries)
		*count = map->def.max_entries;
}

/* EXIST means: when full, the oldest value makes room. */
static long ring_push(struct skep_map *map, const void *value, u64 flags)
{
	struct ring *ring = map->base;
	u32 head, count;
	long err = 0;

	if (flags & SKEP_NOEXIST || flags > SKEP_EXIST)
		return -EINVAL;
	lock_take(&ring->lock);
	ring_read(map, &head, &count);
	if (count == map->def.max_entries && !(flags & SKEP_EXIST)) {
		err = -E2BIG;
	} else {
		copy_in(slot_at(map, head), value, map->def.value_size);
		ring->head = (u32)(((u64)head + 1) % map->def.max_entries);
		ring->count = count < map->def.max_entries ? count + 1 : count;
	}
	lock_give(&ring->lock);
	return err;
}

/* As the kernel does, an empty ring gives zeros beside -ENOENT. */
static long ring_get(struct skep_map *map, void *value, bool remove)
{
	u32 max = map->def.max_entries, head, count, index;
	bool stack = map->def.type == SKEP_MAP_STACK;
	struct ring *ring = map->base;

	lock_take(&ring->lock);
	ring_read(map, &head, &count);
	if (count) {
		index = (u32)(((u64)head + max - (stack ? 1 : count)) % max);
		copy_out(value, slot_at(map, index), map->def.value_size);
		if (remove)
			ring->count = count - 1;
		if (remove && stack)
			ring->head = index;
	} else {
		memset(value, 0, map->def.value_size);
	}
	lock_give(&ring->lock);
	return count ? 0 : -ENOENT;
}

static long ring_pop(struct skep_map *map, void *value)
{
	return ring_get(map, value, true);
}

static long ring_peek(struct skep_map *map, void *value)
{
	return ring_get(map, value, false);
}

static long ring_update(_unused_ struct skep_map *map, _unused_ const void *key,
			_unused_ const void *value, _unused_ u64 flags)
{
	return -EINVAL;
}

static long ring_delete(_unused_ struct skep_map *map, _unused_ const void *key)
{
	return -EINVAL;
}

/* On the control side there is no key either: look-up peeks, update pushes. */
static int ring_ctl_lookup(struct skep_map *map, const void *key, void *value)
{
	return key ? -EINVAL : (int)ring_peek(map, value);
}

static int ring_ctl_update(struct skep_map *map, const void *key, const void *value, u64 flags)
{
	return key ? -EINVAL : (int)ring_push(map, value, flags);
}

static int ring_ctl_delete(_unused_ struct skep_map *map, _unused_ const void *key)
{
	return -EINVAL;
}

static int ring_next_key(_unused_ struct skep_map *map, _unused_ const void *key,
			 _unused_ void *next)
{
	return -EINVAL;
}

#define RING_OPS(map_type)                                                                         \
	{                                                                                          \
		.type = map_type, .check = ring_check, .size = ring_size,                          \
		.validate = ring_validate, .lookup = map_no_lookup, .update = ring_update,         \
		.delete = ring_delete, .push = ring_push, .pop = ring_pop, .peek = ring_peek,      \
		.ctl_lookup = ring_ctl_lookup, .ctl_update = ring_ctl_update,                      \
		.ctl_delete = ring_ctl_delete, .next_key = ring_next_key,                          \
	}

const struct map_ops map_queue_ops = RING_OPS(SKEP_MAP_QUEUE);
const struct map_ops map_stack_ops = RING_OPS(SKEP_MAP_STACK);
