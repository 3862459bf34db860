/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Static contents of prog arrays and maps of maps: { .values = { [KEY] = &target } } in .maps
 * becomes one relocation for each KEY, at 8 bytes a slot from the member `values`.
 */
#include <bpf/btf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "object/opening.h"

#define POINTER_BYTES 8

static int fail_slot(struct opening *o, const struct elf_rel *rel, const char *problem)
{
	const char *symbol = o->symbols[rel->symbol].name;

	return opening_fail(o, -EINVAL, spot_at(o->sections[o->maps].name, symbol, rel->off),
			    "relocation against '%s' at 0x%" PRIx64 " of .maps %s", symbol,
			    rel->off, problem);
}

/* The variable whose bytes contain a slot at off; NULL = none. */
static const struct btf_var_secinfo *find_variable(const struct opening *o, u64 off)
{
	const struct btf_type *datasec =
		btf__type_by_id(o->object->btf, btf_find_datasec(o, ".maps"));
	const struct btf_var_secinfo *infos = btf_var_secinfos(datasec), *found = NULL;

	for (size_t low = 0, high = btf_vlen(datasec); low < high;) {
		size_t middle = low + (high - low) / 2;

		if (infos[middle].offset <= off) {
			found = &infos[middle];
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	if (!found || off > UINT64_MAX - POINTER_BYTES ||
	    off + POINTER_BYTES > (u64)found->offset + found->size)
		return NULL;
	return found;
}

/* The key that a slot stands for; -EINVAL when it is outside `values`. */
static int slot_key(struct opening *o, const struct elf_rel *rel,
		    const struct btf_var_secinfo *info, u32 *key)
{
	const struct btf_type *var = btf__type_by_id(o->object->btf, info->type);
	const struct btf_type *type = btf_skip(o, var->type, NULL);
	const struct btf_member *last = btf_members(type) + btf_vlen(type) - 1;
	u64 off = rel->off - info->offset, start;

	if (!btf_vlen(type) || strcmp(btf_name(o, last->name_off), "values") != 0)
		return fail_slot(o, rel, "is for a map without 'values'");
	start = btf_member_bit_offset(type, btf_vlen(type) - 1) / 8;
	if (off < start || (off - start) % POINTER_BYTES)
		return fail_slot(o, rel, "is not at an element of 'values'");
	*key = (u32)((off - start) / POINTER_BYTES);
	return 0;
}

/* The map or program that a slot points at. */
static int slot_target(struct opening *o, const struct elf_rel *rel, const struct object_map *map,
		       struct object_slot *slot)
{
	const struct elf_symbol *symbol = &o->symbols[rel->symbol];
	const struct function *function;
	s32 index;

	if (symbol->section == SHN_UNDEF || symbol->section >= SHN_LORESERVE)
		return fail_slot(o, rel, "is against a symbol that is not defined here");
	if (map->def.type != SKEP_MAP_PROG_ARRAY) {
		index = map_find_at(o, symbol->section, symbol->value);
		if (symbol->section != o->maps || index < 0)
			return fail_slot(o, rel, "is against something that is no map");
		slot->index = (u32)index;
		return 0;
	}
	function = function_at(o, symbol->section, symbol->value / sizeof(struct skep_insn));
	if (!function || function->prog < 0 ||
	    function->first * sizeof(struct skep_insn) != symbol->value)
		return fail_slot(o, rel, "is against something that is no program");
	slot->is_prog = true;
	slot->index = (u32)function->prog;
	return 0;
}

static int slot_add(struct opening *o, const struct elf_rel *rel, void *arg)
{
	const struct btf_var_secinfo *info = find_variable(o, rel->off);
	struct object_slot slot = {0};
	struct object_map *map;
	s32 index;
	int err;

	if (!info)
		return fail_slot(o, rel, "is for no map");
	index = map_find_at(o, o->maps, info->offset);
	if (index < 0)
		return fail_slot(o, rel, "is for no map");
	map = &o->object->maps[index];
	if (map->def.type != SKEP_MAP_PROG_ARRAY && map->def.type != SKEP_MAP_ARRAY_OF_MAPS &&
	    map->def.type != SKEP_MAP_HASH_OF_MAPS)
		return fail_slot(o, rel,
				 "is for a map that is neither a prog array nor a map of "
				 "maps");
	if (map->def.type == SKEP_MAP_HASH_OF_MAPS && map->def.key_size != sizeof(u32))
		return fail_slot(o, rel, "is for a hash of maps whose keys are not 4 bytes");
	err = slot_key(o, rel, info, &slot.key);
	err = err ?: slot_target(o, rel, map, &slot);
	return err ?: map_add_slot(o, (u32)index, &slot);
}

static int compare_slots(const void *a, const void *b)
{
	const struct object_slot *x = a, *y = b;

	return x->key < y->key ? -1 : x->key > y->key;
}

/* Sort a map's slots by key and refuse a key that is filled twice. */
static int slots_check(struct opening *o, struct object_map *map)
{
	if (map->nr_slots)
		qsort(map->slots, map->nr_slots, sizeof(*map->slots), compare_slots);
	for (size_t i = 1; i < map->nr_slots; i++)
		if (map->slots[i].key == map->slots[i - 1].key)
			return opening_fail(o, -EINVAL, spot_in(map->section, map->def.name),
					    "map '%s' fills slot %u twice", map->def.name,
					    map->slots[i].key);
	return 0;
}

int slots_read(struct opening *o)
{
	int err = 0;

	if (o->maps && o->object->btf && btf_find_datasec(o, ".maps"))
		err = elf_each_rel(o, o->maps, slot_add, NULL);
	for (size_t i = 0; i < o->object->nr_maps && !err; i++)
		err = slots_check(o, &o->object->maps[i]);
	return err;
}
