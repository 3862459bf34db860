/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * .struct_ops and .struct_ops.link: each variable is a map whose one value is a struct of
 * function pointers; relocations say which programs they point at.
 */
#include <bpf/btf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "object/opening.h"
#include "object/section.h"

#define F_LINK (1u << 13) /* BPF_F_LINK: the map is attached through a link */

static struct object_struct_ops *struct_ops_new(struct opening *o)
{
	struct skep_object *object = o->object;

	object->struct_ops = arena_grow(object->arena, object->struct_ops, object->nr_struct_ops,
					&o->struct_ops_capacity, sizeof(*object->struct_ops));
	if (!object->struct_ops)
		return NULL;
	object->struct_ops[object->nr_struct_ops] = (struct object_struct_ops){0};
	return &object->struct_ops[object->nr_struct_ops++];
}

/* The variable must be a named struct that lies inside the section. */
static int variable_type(struct opening *o, const struct elf_section *section,
			 const struct btf_var_secinfo *info, u32 *id)
{
	const struct btf_type *var = btf__type_by_id(o->object->btf, info->type), *type;
	const char *name = btf_name(o, var->name_off);
	struct spot spot = spot_at(section->name, name, info->offset);

	type = btf_is_var(var) ? btf_skip(o, var->type, id) : NULL;
	if (!type || !btf_is_struct(type) || !*btf_name(o, type->name_off))
		return opening_fail(o, -EINVAL, spot, "'%s' is not a variable of a named struct",
				    name);
	if ((u64)info->offset + type->size > section->size)
		return opening_fail(
			o, -EINVAL, spot,
			"'%s' has 0x%x bytes at 0x%x of section '%s', which has 0x%" PRIx64, name,
			type->size, info->offset, section->name, section->size);
	return 0;
}

static int struct_ops_add(struct opening *o, const struct elf_section *section,
			  const struct btf_var_secinfo *info)
{
	const struct btf_type *var = btf__type_by_id(o->object->btf, info->type), *type;
	struct object_struct_ops *ops;
	struct object_map *map;
	u32 id = 0;
	int err = variable_type(o, section, info, &id);

	if (err)
		return err;
	type = btf__type_by_id(o->object->btf, id);
	err = map_add(o, section->number, info->offset, &map);
	if (err)
		return err;
	ops = struct_ops_new(o);
	if (!ops)
		return -ENOMEM;
	map->kind = OBJECT_MAP_STRUCT_OPS;
	map_set_name(map, btf_name(o, var->name_off));
	map->def.type = SKEP_MAP_STRUCT_OPS;
	map->def.key_size = sizeof(u32);
	map->def.value_size = type->size;
	map->def.max_entries = 1;
	map->btf_value_type_id = id;
	map->data = section->data + info->offset;
	ops->map = (u32)(o->object->nr_maps - 1);
	ops->type_name = btf_name(o, type->name_off);
	ops->btf_type_id = id;
	ops->link = strstr(section->name, ".link") != NULL;
	if (ops->link)
		map->def.map_flags = F_LINK;
	return 0;
}

int struct_ops_add_maps(struct opening *o)
{
	int err = 0;

	for (u32 i = 1; i < o->nr_sections && !err; i++) {
		const struct elf_section *section = &o->sections[i];
		const struct btf_type *datasec;
		u32 id;

		if (section->role != ROLE_STRUCT_OPS || !section->data)
			continue;
		id = btf_find_datasec(o, section->name);
		if (!id)
			return opening_fail(o, -EINVAL, spot_in(section->name, NULL),
					    "there is no BTF for section '%s': compile with -g",
					    section->name);
		datasec = btf__type_by_id(o->object->btf, id);
		for (u32 v = 0; v < btf_vlen(datasec) && !err; v++)
			err = struct_ops_add(o, section, &btf_var_secinfos(datasec)[v]);
	}
	return err;
}

static int fail_member(struct opening *o, const struct elf_rel *rel, const char *problem)
{
	const char *symbol = o->symbols[rel->symbol].name;

	return opening_fail(o, -EINVAL,
			    spot_at(o->sections[rel->table->info].name, symbol, rel->off),
			    "relocation against '%s' at 0x%" PRIx64 " of '%s' %s", symbol, rel->off,
			    o->sections[rel->table->info].name, problem);
}

/* The struct_ops whose bytes contain an offset of the section; NULL = none. */
static struct object_struct_ops *find_struct_ops(const struct opening *o, u32 section, u64 off)
{
	for (size_t i = 0; i < o->object->nr_struct_ops; i++) {
		struct object_struct_ops *ops = &o->object->struct_ops[i];
		const struct map_place *place = &o->places[ops->map];

		if (place->section == section && off >= place->off &&
		    off - place->off < o->object->maps[ops->map].def.value_size)
			return ops;
	}
	return NULL;
}

static int compare_members(const void *a, const void *b)
{
	const struct object_struct_ops_member *x = a, *y = b;

	return x->off < y->off ? -1 : x->off > y->off;
}

/* The member at exactly that offset, which must be a pointer to a function; NULL = none. */
static struct object_struct_ops_member *find_member(const struct object_struct_ops *ops, u64 off)
{
	const struct object_struct_ops_member key = {.off = (u32)off};

	if (!ops->nr_members)
		return NULL;
	return bsearch(&key, ops->members, ops->nr_members, sizeof(key), compare_members);
}

static int member_set(struct opening *o, const struct elf_rel *rel, void *arg)
{
	const struct elf_symbol *symbol = &o->symbols[rel->symbol];
	struct object_struct_ops *ops = find_struct_ops(o, rel->table->info, rel->off);
	struct object_struct_ops_member *member;
	const struct function *function;

	if (!ops)
		return fail_member(o, rel, "is for no variable");
	member = find_member(ops, rel->off - o->places[ops->map].off);
	if (!member)
		return fail_member(o, rel, "is not at a pointer to a function");
	if (symbol->section == SHN_UNDEF || symbol->section >= SHN_LORESERVE)
		return fail_member(o, rel, "is against a symbol that is not defined here");
	function = function_at(o, symbol->section, symbol->value / sizeof(struct skep_insn));
	if (!function || function->prog < 0 ||
	    function->first * sizeof(struct skep_insn) != symbol->value)
		return fail_member(o, rel, "is against something that is no program");
	if (o->object->progs[function->prog].prog_type != PROG_TYPE_STRUCT_OPS)
		return fail_member(o, rel,
				   "is against a program that is not in a struct_ops section");
	member->prog = function->prog;
	return 0;
}

static bool type_is_function_pointer(const struct opening *o, u32 id)
{
	const struct btf_type *type = btf_skip(o, id, NULL);

	if (!type || !btf_is_ptr(type))
		return false;
	type = btf_skip(o, type->type, NULL);
	return type && btf_is_func_proto(type);
}

/* List the function pointers of the struct; none points anywhere yet. */
static int members_list(struct opening *o, struct object_struct_ops *ops)
{
	const struct btf_type *type = btf__type_by_id(o->object->btf, ops->btf_type_id);

	ops->members = arena_array(o->object->arena, btf_vlen(type), sizeof(*ops->members));
	if (!ops->members)
		return -ENOMEM;
	for (u32 i = 0; i < btf_vlen(type); i++) {
		const struct btf_member *member = &btf_members(type)[i];

		if (!type_is_function_pointer(o, member->type))
			continue;
		ops->members[ops->nr_members++] = (struct object_struct_ops_member){
			.name = btf_name(o, member->name_off),
			.off = btf_member_bit_offset(type, i) / 8,
			.prog = -1,
		};
	}
	if (ops->nr_members)
		qsort(ops->members, ops->nr_members, sizeof(*ops->members), compare_members);
	return 0;
}

int struct_ops_read(struct opening *o)
{
	int err = 0;

	for (size_t i = 0; i < o->object->nr_struct_ops && !err; i++)
		err = members_list(o, &o->object->struct_ops[i]);
	for (u32 i = 1; i < o->nr_sections && !err; i++)
		if (o->sections[i].role == ROLE_STRUCT_OPS)
			err = elf_each_rel(o, i, member_set, NULL);
	return err;
}
