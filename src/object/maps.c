/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * BTF-defined maps (.maps) and the maps that hold global data.
 *
 * A map in .maps is a variable of an anonymous struct whose members are the attributes: numbers
 * are spelled as int (*name)[NUMBER], types as TYPE *name (bpf_helpers.h: __uint, __type, __array,
 * __ulong). What libbpf refuses here is refused too, except where a network card can do without.
 */
#include <bpf/btf.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "object/opening.h"

#define KERNEL_NAME_LEN 16 /* BPF_OBJ_NAME_LEN, terminator included */

int map_add(struct opening *o, u32 section, u64 off, struct object_map **ret)
{
	struct skep_object *object = o->object;
	size_t nr = object->nr_maps;

	if (nr == OPENING_MAPS_MAX)
		return opening_fail(o, -E2BIG, spot_in(o->sections[section].name, NULL),
				    "'%s' has more than %d maps", object->name, OPENING_MAPS_MAX);
	object->maps = arena_grow(object->arena, object->maps, nr, &o->map_capacity,
				  sizeof(*object->maps));
	o->places =
		arena_grow(object->arena, o->places, nr, &o->place_capacity, sizeof(*o->places));
	if (!object->maps || !o->places)
		return -ENOMEM;
	object->maps[nr] = (struct object_map){.section = o->sections[section].name};
	o->places[nr] = (struct map_place){.section = section, .off = off};
	object->nr_maps++;
	if (!o->sections[section].nr_maps++)
		o->sections[section].first_map = (u32)nr;
	*ret = &object->maps[nr];
	return 0;
}

int map_add_slot(struct opening *o, u32 map, const struct object_slot *slot)
{
	struct object_map *to = &o->object->maps[map];

	to->slots = arena_grow(o->object->arena, to->slots, to->nr_slots,
			       &o->places[map].slot_capacity, sizeof(*to->slots));
	if (!to->slots)
		return -ENOMEM;
	to->slots[to->nr_slots++] = *slot;
	return 0;
}

void map_set_name(struct object_map *map, const char *name)
{
	snprintf(map->def.name, sizeof(map->def.name), "%s", name);
}

/* Attributes */

/* One definition being read: a map, or the template of its values. */
struct definition {
	struct opening *o;
	struct object_map *map;
	struct object_map *inner; /* where the template goes; NULL inside a template */
	const char *name;
	u64 off; /* of the map in .maps */
	const struct btf_type *type;
	bool has_inner;
};

static int fail_map(struct definition *d, int err, const char *attribute, const char *problem)
{
	return opening_fail(d->o, err, spot_at(d->map->section, d->name, d->off),
			    "map '%s': attribute '%s' %s", d->name, attribute, problem);
}

static const char *member_name(const struct definition *d, const struct btf_member *member)
{
	return btf_name(d->o, member->name_off);
}

/* int (*name)[NUMBER] */
static int read_number(struct definition *d, const struct btf_member *member, u32 *number)
{
	const struct btf_type *pointer = btf_skip(d->o, member->type, NULL);
	const struct btf_type *array;

	if (!pointer || !btf_is_ptr(pointer))
		return fail_map(d, -EINVAL, member_name(d, member), "is no pointer to an array");
	array = btf__type_by_id(d->o->object->btf, pointer->type);
	if (!btf_is_array(array))
		return fail_map(d, -EINVAL, member_name(d, member), "is no pointer to an array");
	*number = btf_array(array)->nelems;
	return 0;
}

/* A number, or an enum with one value (__ulong). */
static int read_long(struct definition *d, const struct btf_member *member, u64 *number)
{
	const struct btf_type *type = btf_skip(d->o, member->type, NULL);
	u32 narrow = 0;
	int err;

	if (type && btf_is_enum64(type) && btf_vlen(type) == 1) {
		*number = btf_enum64_value(btf_enum64(type));
		return 0;
	}
	if (type && btf_is_enum(type) && btf_vlen(type) == 1) {
		*number = (u64)(s64)btf_enum(type)->val;
		return 0;
	}
	err = read_number(d, member, &narrow);
	if (!err)
		*number = narrow;
	return err;
}

/* A size given twice, by number and by type, must agree. */
static int set_size(struct definition *d, const char *attribute, u32 size, u32 *field)
{
	if (*field && *field != size)
		return opening_fail(d->o, -EINVAL, spot_at(d->map->section, d->name, d->off),
				    "map '%s': attribute '%s' makes the size %u, another one %u",
				    d->name, attribute, size, *field);
	*field = size;
	return 0;
}

/* TYPE *name */
static int read_type(struct definition *d, const struct btf_member *member, u32 *size, u32 *id)
{
	const struct btf_type *pointer = btf__type_by_id(d->o->object->btf, member->type);
	s64 bytes;
	int err;

	if (!btf_is_ptr(pointer))
		return fail_map(d, -EINVAL, member_name(d, member), "is no pointer to a type");
	bytes = btf__resolve_size(d->o->object->btf, pointer->type);
	if (bytes < 0 || bytes > UINT32_MAX)
		return fail_map(d, -EINVAL, member_name(d, member), "has a type without a size");
	err = set_size(d, member_name(d, member), (u32)bytes, size);
	if (!err)
		*id = pointer->type;
	return err;
}

static int read_size(struct definition *d, const struct btf_member *member, u32 *field)
{
	u32 size = 0;
	int err = read_number(d, member, &size);

	return err ?: set_size(d, member_name(d, member), size, field);
}

static int attribute_type(struct definition *d, const struct btf_member *member)
{
	return read_number(d, member, &d->map->def.type);
}

static int attribute_max_entries(struct definition *d, const struct btf_member *member)
{
	return read_number(d, member, &d->map->def.max_entries);
}

static int attribute_flags(struct definition *d, const struct btf_member *member)
{
	return read_number(d, member, &d->map->def.map_flags);
}

static int attribute_numa_node(struct definition *d, const struct btf_member *member)
{
	return read_number(d, member, &d->map->def.numa_node);
}

static int attribute_extra(struct definition *d, const struct btf_member *member)
{
	return read_long(d, member, &d->map->def.map_extra);
}

static int attribute_key_size(struct definition *d, const struct btf_member *member)
{
	return read_size(d, member, &d->map->def.key_size);
}

static int attribute_value_size(struct definition *d, const struct btf_member *member)
{
	return read_size(d, member, &d->map->def.value_size);
}

static int attribute_key(struct definition *d, const struct btf_member *member)
{
	return read_type(d, member, &d->map->def.key_size, &d->map->btf_key_type_id);
}

static int attribute_value(struct definition *d, const struct btf_member *member)
{
	return read_type(d, member, &d->map->def.value_size, &d->map->btf_value_type_id);
}

static int attribute_pinning(struct definition *d, const struct btf_member *member)
{
	u32 pinning = 0;
	int err = read_number(d, member, &pinning);

	if (err)
		return err;
	if (!d->inner)
		return fail_map(d, -EINVAL, "pinning", "makes no sense for an inner map");
	if (pinning > OBJECT_PIN_BY_NAME && pinning != OBJECT_PIN_REPLACE)
		return fail_map(d, -EINVAL, "pinning", "is neither LIBBPF_PIN_NONE nor _BY_NAME");
	d->map->pinning = pinning;
	return 0;
}

static int attribute_values(struct definition *d, const struct btf_member *member);

static const struct attribute {
	const char *name;
	int (*read)(struct definition *d, const struct btf_member *member);
} attributes[] = {
	{"type", attribute_type},
	{"key", attribute_key},
	{"key_size", attribute_key_size},
	{"value", attribute_value},
	{"value_size", attribute_value_size},
	{"max_entries", attribute_max_entries},
	{"map_flags", attribute_flags},
	{"map_extra", attribute_extra},
	{"numa_node", attribute_numa_node},
	{"pinning", attribute_pinning},
	{"values", attribute_values},
};

static int attribute_read(struct definition *d, const struct btf_member *member)
{
	const char *name = member_name(d, member);

	for (size_t i = 0; i < ARRAY_SIZE(attributes); i++)
		if (!strcmp(name, attributes[i].name))
			return attributes[i].read(d, member);
	return fail_map(d, -EOPNOTSUPP, name, "is unknown");
}

static int definition_read(struct definition *d)
{
	int err = 0;

	for (u32 i = 0; i < btf_vlen(d->type) && !err; i++)
		err = attribute_read(d, &btf_members(d->type)[i]);
	if (!err && d->map->def.type == SKEP_MAP_UNSPEC)
		err = fail_map(d, -EINVAL, "type", "is missing");
	return err;
}

static bool type_is_map_in_map(u32 type)
{
	return type == SKEP_MAP_ARRAY_OF_MAPS || type == SKEP_MAP_HASH_OF_MAPS;
}

static int template_read(struct definition *outer, const struct btf_type *type)
{
	struct definition d = {.o = outer->o, .map = outer->inner, .off = outer->off, .type = type};
	int err;

	if (!btf_is_struct(type))
		return fail_map(outer, -EINVAL, "values", "does not point at a map definition");
	d.map->section = outer->map->section;
	map_set_name(d.map, outer->name);
	snprintf(d.map->def.name, sizeof(d.map->def.name), "%.*s.inner",
		 (int)(sizeof(d.map->def.name) - sizeof(".inner")), outer->name);
	d.name = d.map->def.name;
	err = definition_read(&d);
	outer->has_inner = !err;
	return err;
}

/* TYPE *values[], or with map-in-map a struct that is itself a definition. */
static int attribute_values(struct definition *d, const struct btf_member *member)
{
	bool is_outer = type_is_map_in_map(d->map->def.type);
	const struct btf_type *type = btf__type_by_id(d->o->object->btf, member->type);
	int err;

	if (!d->inner)
		return fail_map(d, -EOPNOTSUPP, "values",
				"of an inner map: two levels are the most");
	if (member != btf_members(d->type) + btf_vlen(d->type) - 1)
		return fail_map(d, -EINVAL, "values", "must be the last");
	if (!is_outer && d->map->def.type != SKEP_MAP_PROG_ARRAY)
		return fail_map(d, -EOPNOTSUPP, "values",
				"needs a map of maps or a prog array (give 'type' before it)");
	err = set_size(d, "values", sizeof(u32), &d->map->def.value_size);
	if (err)
		return err;
	if (!btf_is_array(type) || btf_array(type)->nelems)
		return fail_map(d, -EINVAL, "values", "is no array without a size");
	type = btf_skip(d->o, btf_array(type)->type, NULL);
	if (!type || !btf_is_ptr(type))
		return fail_map(d, -EINVAL, "values", "is no array of pointers");
	type = btf_skip(d->o, type->type, NULL);
	if (is_outer)
		return type ? template_read(d, type)
			    : fail_map(d, -EINVAL, "values", "does not point at a map definition");
	if (!type || !btf_is_func_proto(type))
		return fail_map(d, -EINVAL, "values", "does not point at functions");
	return 0;
}

/*
 * A ring buffer's size is a power of two of whole pages; libbpf rounds up to the next one, and
 * leaves what cannot be rounded for the map type to refuse.
 */
static void adjust_ringbuf(struct skep_map_def *def)
{
	u64 page = (u64)sysconf(_SC_PAGESIZE), size = page;

	if (def->type != SKEP_MAP_RINGBUF && def->type != SKEP_MAP_USER_RINGBUF)
		return;
	while (size < def->max_entries)
		size *= 2;
	if (def->max_entries && size <= UINT32_MAX)
		def->max_entries = (u32)size;
}

static int variable_check(struct opening *o, const struct btf_var_secinfo *info,
			  const struct btf_type **ret)
{
	const struct elf_section *section = &o->sections[o->maps];
	const struct btf_type *var = btf__type_by_id(o->object->btf, info->type), *type;
	const char *name = btf_name(o, var->name_off);
	struct spot spot = spot_at(section->name, name, info->offset);

	if (!btf_is_var(var) || !*name)
		return opening_fail(o, -EINVAL, spot,
				    "BTF lists something in .maps that is no "
				    "variable with a name");
	if (btf_var(var)->linkage != BTF_VAR_GLOBAL_ALLOCATED)
		return opening_fail(o, -EOPNOTSUPP, spot,
				    "map '%s' is static or extern; maps must be global", name);
	type = btf_skip(o, var->type, NULL);
	if (!type || !btf_is_struct(type))
		return opening_fail(o, -EINVAL, spot, "map '%s' is not defined by a struct", name);
	if ((u64)info->offset + info->size > section->size || type->size > info->size)
		return opening_fail(o, -EINVAL, spot,
				    "map '%s' has 0x%x bytes at 0x%x of section '%s', "
				    "which has 0x%" PRIx64,
				    name, type->size, info->offset, section->name, section->size);
	*ret = type;
	return 0;
}

static int user_map_read(struct opening *o, const struct btf_var_secinfo *info)
{
	const struct btf_type *var = btf__type_by_id(o->object->btf, info->type), *type = NULL;
	struct object_map inner = {0};
	struct definition d = {.o = o, .inner = &inner, .off = info->offset};
	int err = variable_check(o, info, &type);

	err = err ?: map_add(o, o->maps, info->offset, &d.map);
	if (err)
		return err;
	d.type = type;
	d.name = btf_name(o, var->name_off);
	d.map->kind = OBJECT_MAP_USER;
	map_set_name(d.map, d.name);
	err = definition_read(&d);
	if (err)
		return err;
	adjust_ringbuf(&d.map->def);
	if (!d.has_inner)
		return 0;
	adjust_ringbuf(&inner.def);
	d.map->inner = arena_memdup(o->object->arena, &inner, sizeof(inner));
	return d.map->inner ? 0 : -ENOMEM;
}

static int user_maps_read(struct opening *o)
{
	const struct btf_type *datasec;
	u32 id = btf_find_datasec(o, ".maps");
	int err = 0;

	if (!o->maps || !o->sections[o->maps].size)
		return 0;
	if (!o->object->btf)
		return opening_fail(
			o, -EINVAL, spot_in(".maps", NULL),
			"section '.maps' needs BTF, and there is none: compile with -g");
	if (!id)
		return opening_fail(o, -EINVAL, spot_in(".maps", NULL),
				    "the BTF does not describe section '.maps'");
	datasec = btf__type_by_id(o->object->btf, id);
	for (u32 i = 0; i < btf_vlen(datasec) && !err; i++)
		err = user_map_read(o, &btf_var_secinfos(datasec)[i]);
	return err;
}

/* Global data */

/*
 * libbpf's name for the map of a data section: up to 8 characters of the object's name before
 * ".rodata", ".data", ".bss" or ".kconfig"; a section with two dots keeps its own name alone. 15
 * characters in all.
 */
static void internal_name(struct opening *o, struct object_map *map, const char *section)
{
	const char *object = strrchr(o->object->name, '/');
	size_t suffix = strlen(section), prefix;
	char *c;

	object = object ? object + 1 : o->object->name;
	if (suffix < strlen(".rodata"))
		suffix = strlen(".rodata");
	if (suffix > KERNEL_NAME_LEN - 1)
		suffix = KERNEL_NAME_LEN - 1;
	prefix = strchr(section + 1, '.') ? 0 : KERNEL_NAME_LEN - 1 - suffix;
	snprintf(map->def.name, sizeof(map->def.name), "%.*s%.*s",
		 (int)(prefix < strcspn(object, ".") ? prefix : strcspn(object, ".")), object,
		 (int)suffix, section);
	for (c = map->def.name; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '_' && *c != '.')
			*c = '_';
}

/* Does the section hold a variable that user space may see? Then libbpf makes it mappable. */
static bool datasec_has_global(const struct opening *o, u32 id)
{
	const struct btf_type *datasec = id ? btf__type_by_id(o->object->btf, id) : NULL;

	for (u32 i = 0; datasec && i < btf_vlen(datasec); i++) {
		const struct btf_type *var =
			btf__type_by_id(o->object->btf, btf_var_secinfos(datasec)[i].type);

		if (btf_is_var(var) && btf_var(var)->linkage != BTF_VAR_STATIC)
			return true;
	}
	return false;
}

static int data_map_add(struct opening *o, u32 number, const char *name, enum object_map_kind kind,
			u64 size)
{
	struct object_map *map;
	u32 datasec = btf_find_datasec(o, name);
	int err;

	if (size > UINT32_MAX)
		return opening_fail(o, -EINVAL, spot_in(name, NULL),
				    "section '%s' claims 0x%" PRIx64 " bytes", name, size);
	err = map_add(o, number, 0, &map);
	if (err)
		return err;
	map->kind = kind;
	map->section = name;
	internal_name(o, map, name);
	map->def.type = SKEP_MAP_ARRAY;
	map->def.key_size = sizeof(u32);
	map->def.value_size = (u32)size;
	map->def.max_entries = 1;
	if (kind == OBJECT_MAP_RODATA || kind == OBJECT_MAP_KCONFIG)
		map->def.map_flags |= SKEP_F_RDONLY_PROG;
	if (datasec_has_global(o, datasec))
		map->def.map_flags |= SKEP_F_MMAPABLE;
	map->btf_value_type_id = map->btf_datasec_id = datasec;
	map->data = o->sections[number].data;
	return 0;
}

static int data_maps_read(struct opening *o)
{
	static const struct {
		enum section_role role;
		enum object_map_kind kind;
	} kinds[] = {{ROLE_DATA, OBJECT_MAP_DATA},
		     {ROLE_RODATA, OBJECT_MAP_RODATA},
		     {ROLE_BSS, OBJECT_MAP_BSS}};
	int err = 0;

	for (u32 i = 1; i < o->nr_sections && !err; i++)
		for (size_t k = 0; k < ARRAY_SIZE(kinds) && !err; k++)
			if (o->sections[i].role == kinds[k].role)
				err = data_map_add(o, i, o->sections[i].name, kinds[k].kind,
						   o->sections[i].size);
	return err;
}

/* Tell each extern its variable's offset in .kconfig. */
static int kconfig_place(struct opening *o, const struct btf_type *datasec)
{
	u32 nr = btf__type_cnt(o->object->btf);
	u32 *offsets = arena_array(o->object->arena, nr, sizeof(*offsets));

	if (!offsets)
		return -ENOMEM;
	for (u32 i = 0; i < btf_vlen(datasec); i++)
		offsets[btf_var_secinfos(datasec)[i].type] = btf_var_secinfos(datasec)[i].offset;
	for (size_t i = 0; i < o->nr_externs; i++)
		o->externs[i].off = offsets[o->externs[i].btf_id];
	return 0;
}

/* .kconfig: all zero, because only weak externs are allowed to be read. */
static int kconfig_map_read(struct opening *o)
{
	u32 id = btf_find_datasec(o, ".kconfig");
	const struct btf_type *datasec;
	int err;

	if (!id)
		return 0;
	datasec = btf__type_by_id(o->object->btf, id);
	if (!datasec->size)
		return 0;
	o->kconfig_map = (s32)o->object->nr_maps;
	err = kconfig_place(o, datasec);
	return err ?: data_map_add(o, 0, ".kconfig", OBJECT_MAP_KCONFIG, datasec->size);
}

int maps_read(struct opening *o)
{
	int err = user_maps_read(o);

	err = err ?: data_maps_read(o);
	return err ?: kconfig_map_read(o);
}

s32 map_find_at(const struct opening *o, u32 section, u64 off)
{
	u32 low = o->sections[section].first_map, high = low + o->sections[section].nr_maps;

	while (low < high) {
		u32 middle = low + (high - low) / 2;

		if (o->places[middle].off == off)
			return (s32)middle;
		if (o->places[middle].off < off)
			low = middle + 1;
		else
			high = middle;
	}
	return -1;
}

s32 map_find_data(const struct opening *o, u32 section)
{
	return map_find_at(o, section, 0);
}
