/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Looking things up in an open object, for the other layers and for the public API.
 */
#include <errno.h>
#include <string.h>

#include "base/diag.h"
#include "object/object.h"
#include "object/section.h"

struct object_prog *object_find_prog(const struct skep_object *object, const char *name)
{
	for (size_t i = 0; i < object->nr_progs; i++)
		if (!strcmp(object->progs[i].name, name))
			return &object->progs[i];
	return NULL;
}

struct object_map *object_find_map(const struct skep_object *object, const char *name)
{
	for (size_t i = 0; i < object->nr_maps; i++)
		if (!strcmp(object->maps[i].def.name, name))
			return &object->maps[i];
	/* global data also answers to its section's name */
	for (size_t i = 0; i < object->nr_maps; i++)
		if (object->maps[i].kind != OBJECT_MAP_USER &&
		    object->maps[i].kind != OBJECT_MAP_STRUCT_OPS &&
		    !strcmp(object->maps[i].section, name))
			return &object->maps[i];
	return NULL;
}

const struct object_line *object_line_at(const struct object_prog *prog, u32 insn)
{
	u32 low = 0, high = prog->nr_lines;

	while (low < high) {
		u32 middle = low + (high - low) / 2;

		if (prog->lines[middle].insn <= insn)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || prog->lines[low - 1].insn < object_func_at(prog, insn)->insn)
		return NULL; /* the line belongs to the function before */
	return &prog->lines[low - 1];
}

const struct object_func *object_func_at(const struct object_prog *prog, u32 insn)
{
	u32 low = 0, high = prog->nr_funcs;

	while (low < high) {
		u32 middle = low + (high - low) / 2;

		if (prog->funcs[middle].insn <= insn)
			low = middle + 1;
		else
			high = middle;
	}
	return &prog->funcs[low ? low - 1 : 0];
}

/* The kernel's include/linux/license.h */
bool object_is_gpl(const struct skep_object *object)
{
	static const char *const compatible[] = {
		"GPL",          "GPL v2",       "GPL and additional rights",
		"Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL",
	};

	for (size_t i = 0; i < ARRAY_SIZE(compatible); i++)
		if (!strcmp(object->license, compatible[i]))
			return true;
	return false;
}

static void say_where(const struct skep_object *object, const struct object_prog *prog,
		      struct skep_diag *diag)
{
	diag_category(diag, "object");
	diag_object(diag, object->name);
	diag_section(diag, prog->section);
	diag_symbol(diag, prog->name);
}

int object_prog_check(const struct skep_object *object, const struct object_prog *prog,
		      struct skep_diag *diag)
{
	if (prog->unsupported) {
		const struct object_line *line = object_line_at(prog, prog->unsupported_insn);

		diag_fail(diag, -EOPNOTSUPP, "a network card cannot run program '%s': %s",
			  prog->name, prog->unsupported);
		say_where(object, prog, diag);
		if (line)
			diag_source(diag, line->file, line->line, line->text);
		diag_try(diag, "guard the use with a weak declaration, or choose another program");
		return -EOPNOTSUPP;
	}
	if (prog->hook != SKEP_HOOK_NONE || !prog->prog_type ||
	    prog->prog_type == PROG_TYPE_STRUCT_OPS)
		return 0;
	diag_fail(diag, -EOPNOTSUPP, "program '%s' is not for a network card: its type is %s",
		  prog->name, skep_prog_type_name(prog->prog_type));
	say_where(object, prog, diag);
	return -EOPNOTSUPP;
}

/* Public */

const char *skep_object_name(const struct skep_object *object)
{
	return object->name;
}

const char *skep_object_license(const struct skep_object *object)
{
	return object->license;
}

bool skep_object_is_gpl(const struct skep_object *object)
{
	return object_is_gpl(object);
}

uint32_t skep_object_kern_version(const struct skep_object *object)
{
	return object->kern_version;
}

const struct btf *skep_object_btf(const struct skep_object *object)
{
	return object->btf;
}

size_t skep_object_nr_progs(const struct skep_object *object)
{
	return object->nr_progs;
}

size_t skep_object_nr_maps(const struct skep_object *object)
{
	return object->nr_maps;
}

/* Fill as much of the caller's struct as both sides know; its first field is its size. */
static void info_copy(void *to, size_t to_size, void *from, size_t from_size)
{
	size_t size = to_size < from_size ? to_size : from_size;

	memcpy(from, &to_size, sizeof(to_size));
	memcpy(to, from, size);
}

int skep_object_prog(const struct skep_object *object, size_t index,
		     struct skep_object_prog_info *ret)
{
	struct skep_object_prog_info info;
	const struct object_prog *prog;

	if (index >= object->nr_progs || ret->sz < sizeof(ret->sz))
		return -ENOENT;
	prog = &object->progs[index];
	info = (struct skep_object_prog_info){
		.name = prog->name,
		.section = prog->section,
		.attach_target = prog->attach_target,
		.type = prog->prog_type,
		.type_name = skep_prog_type_name(prog->prog_type),
		.attach_type = prog->expected_attach_type,
		.hook = prog->hook,
		.frags = prog->frags,
		.sleepable = prog->sleepable,
		.autoload = prog->autoload,
		.unsupported = prog->unsupported,
		.insns = prog->insns,
		.nr_insns = prog->nr_insns,
		.nr_funcs = prog->nr_funcs,
		.nr_lines = prog->nr_lines,
	};
	info_copy(ret, ret->sz, &info, sizeof(info));
	return 0;
}

int skep_object_func(const struct skep_object *object, size_t prog, size_t index,
		     struct skep_object_func_info *ret)
{
	struct skep_object_func_info info;
	const struct object_func *func;

	if (prog >= object->nr_progs || index >= object->progs[prog].nr_funcs ||
	    ret->sz < sizeof(ret->sz))
		return -ENOENT;
	func = &object->progs[prog].funcs[index];
	info = (struct skep_object_func_info){
		.name = func->name,
		.insn = func->insn,
		.nr_insns = func->nr_insns,
		.btf_type_id = func->btf_type_id,
		.is_global = func->is_global,
	};
	info_copy(ret, ret->sz, &info, sizeof(info));
	return 0;
}

static int line_copy(const struct object_line *line, struct skep_object_line_info *ret)
{
	struct skep_object_line_info info;

	if (!line || ret->sz < sizeof(ret->sz))
		return -ENOENT;
	info = (struct skep_object_line_info){
		.insn = line->insn,
		.line = line->line,
		.column = line->column,
		.file = line->file,
		.text = line->text,
	};
	info_copy(ret, ret->sz, &info, sizeof(info));
	return 0;
}

int skep_object_line(const struct skep_object *object, size_t prog, size_t index,
		     struct skep_object_line_info *ret)
{
	if (prog >= object->nr_progs || index >= object->progs[prog].nr_lines)
		return -ENOENT;
	return line_copy(&object->progs[prog].lines[index], ret);
}

int skep_object_line_at(const struct skep_object *object, size_t prog, uint32_t insn,
			struct skep_object_line_info *ret)
{
	if (prog >= object->nr_progs || insn >= object->progs[prog].nr_insns)
		return -ENOENT;
	return line_copy(object_line_at(&object->progs[prog], insn), ret);
}

bool skep_object_prog_uses_map(const struct skep_object *object, size_t prog, size_t map)
{
	return prog < object->nr_progs && map < object->nr_maps &&
	       object->progs[prog].uses_map[map];
}

int skep_object_map(const struct skep_object *object, size_t index,
		    struct skep_object_map_info *ret)
{
	static const char *const kinds[] = {
		[OBJECT_MAP_USER] = "map",        [OBJECT_MAP_DATA] = "data",
		[OBJECT_MAP_RODATA] = "rodata",   [OBJECT_MAP_BSS] = "bss",
		[OBJECT_MAP_KCONFIG] = "kconfig", [OBJECT_MAP_STRUCT_OPS] = "struct_ops",
	};
	struct skep_object_map_info info;
	const struct object_map *map;

	if (index >= object->nr_maps || ret->sz < sizeof(ret->sz))
		return -ENOENT;
	map = &object->maps[index];
	info = (struct skep_object_map_info){
		.def = &map->def,
		.kind = kinds[map->kind],
		.section = map->section,
		.pin_by_name = map->pinning != OBJECT_PIN_NONE,
		.inner = map->inner ? &map->inner->def : NULL,
		.data = map->data,
		.btf_key_type_id = map->btf_key_type_id,
		.btf_value_type_id = map->btf_value_type_id,
		.nr_slots = map->nr_slots,
	};
	info_copy(ret, ret->sz, &info, sizeof(info));
	return 0;
}

int skep_object_slot(const struct skep_object *object, size_t map, size_t index,
		     struct skep_object_slot_info *ret)
{
	struct skep_object_slot_info info;
	const struct object_slot *slot;

	if (map >= object->nr_maps || index >= object->maps[map].nr_slots ||
	    ret->sz < sizeof(ret->sz))
		return -ENOENT;
	slot = &object->maps[map].slots[index];
	info = (struct skep_object_slot_info){
		.key = slot->key,
		.is_prog = slot->is_prog,
		.index = slot->index,
		.name = slot->is_prog ? object->progs[slot->index].name
				      : object->maps[slot->index].def.name,
	};
	info_copy(ret, ret->sz, &info, sizeof(info));
	return 0;
}

int skep_object_resize_map(struct skep_object *object, const char *map, uint32_t max_entries,
			   struct skep_diag *diag)
{
	struct object_map *found = object_find_map(object, map);

	if (!found)
		return diag_fail(diag, -ENOENT, "there is no map '%s' in %s", map, object->name);
	if (!max_entries)
		return diag_fail(diag, -EINVAL, "map '%s' cannot have 0 entries", map);
	found->def.max_entries = max_entries;
	return 0;
}
