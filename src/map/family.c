/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "map/family.h"

#include "map/quiesce.h"

int map_check_flags(const struct skep_map_def *def, u32 allowed, struct skep_diag *diag)
{
	const u32 both = SKEP_F_RDONLY_PROG | SKEP_F_WRONLY_PROG;

	if (def->map_flags & ~allowed)
		return diag_fail(diag, -EINVAL, "map '%s': flags %#x have no meaning for type %s",
				 def->name, def->map_flags & ~allowed,
				 skep_map_type_name(def->type));
	if ((def->map_flags & both) == both)
		return diag_fail(diag, -EINVAL,
				 "map '%s': both read-only and write-only for programs", def->name);
	return 0;
}

int map_check_key(const struct skep_map_def *def, u32 size, struct skep_diag *diag)
{
	if (def->key_size == size)
		return 0;
	return diag_fail(diag, -EINVAL, "map '%s': the key of type %s has %u bytes, not %u",
			 def->name, skep_map_type_name(def->type), size, def->key_size);
}

int map_check_sizes(const struct skep_map_def *def, struct skep_diag *diag)
{
	if (!def->max_entries)
		return diag_fail(diag, -EINVAL, "map '%s': max_entries is zero", def->name);
	if (!def->value_size)
		return diag_fail(diag, -EINVAL, "map '%s': the value has no bytes", def->name);
	return 0;
}

int map_owner_claim(struct map_owner *owner, const struct image *image)
{
	if (!owner->claimed) {
		owner->claimed = true;
		owner->target = image->ops;
		owner->hook = image->hook;
		owner->attach_type = image->attach_type;
		owner->frags = image->frags;
		return 0;
	}
	if (owner->target != image->ops || owner->hook != image->hook ||
	    owner->attach_type != image->attach_type || owner->frags != image->frags)
		return -EINVAL;
	return 0;
}

bool map_owns_ids(const struct skep_map *map)
{
	return atomic_load(&map->segment->header->ids) == id_space();
}

void map_own_ids(struct skep_map *map)
{
	atomic_store(&map->segment->header->ids, id_space());
}

void map_retire(struct image *image)
{
	if (!image)
		return;
	quiesce_wait();
	image_put(image);
}

void *map_no_lookup(_unused_ struct skep_map *map, _unused_ const void *key)
{
	return NULL;
}

long map_no_update(_unused_ struct skep_map *map, _unused_ const void *key,
		   _unused_ const void *value, _unused_ u64 flags)
{
	return -EOPNOTSUPP;
}

long map_no_delete(_unused_ struct skep_map *map, _unused_ const void *key)
{
	return -EOPNOTSUPP;
}

size_t map_bytes(size_t a, size_t b, size_t c)
{
	size_t product, sum;

	if (__builtin_mul_overflow(a, b, &product) || __builtin_add_overflow(product, c, &sum))
		return 0;
	return sum;
}

int map_next_index(const struct skep_map *map, const void *key, void *next)
{
	u32 index = key ? map_index(key) : UINT32_MAX;

	if (index == map->def.max_entries - 1)
		return -ENOENT;
	index = index < map->def.max_entries ? index + 1 : 0;
	__builtin_memcpy(next, &index, sizeof(index));
	return 0;
}

bool map_in_slots(const void *addr, size_t size, const void *base, size_t stride, size_t nr,
		  size_t inside)
{
	uintptr_t off = (uintptr_t)addr - (uintptr_t)base;

	if ((uintptr_t)addr < (uintptr_t)base || off / stride >= nr)
		return false;
	off %= stride;
	return off < inside && size <= inside - off;
}
