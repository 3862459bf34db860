/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * .BTF, checked and completed. Compilers leave two things to the loader: the sizes of data
 * sections and the offsets of variables in them; both come from the ELF file. Variables of
 * .kconfig, which has no ELF section, get the offsets that libbpf would give them.
 */
#include <bpf/btf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "object/btf_check.h"
#include "object/opening.h"

#define OFFSET_NOWHERE UINT32_MAX /* the variable is not in its section after all */

static int fail_btf(struct opening *o, const struct btf_fault *fault)
{
	return opening_fail(o, -EINVAL, spot_at(o->sections[o->btf].name, NULL, fault->off), "%s",
			    fault->text);
}

static int compare_offsets(const void *a, const void *b)
{
	const struct btf_var_secinfo *x = a, *y = b;

	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static bool symbol_is_hidden(const struct elf_symbol *symbol)
{
	return symbol->visibility == STV_HIDDEN || symbol->visibility == STV_INTERNAL;
}

/*
 * One variable's offset from its symbol; hidden ones count as static, as in libbpf. A static one
 * that has no symbol was merged into another section: it is put out of the way.
 */
static void variable_complete(const struct opening *o, const struct elf_section *section,
			      const struct btf_table *table, struct btf_var_secinfo *info,
			      bool offsets_are_known)
{
	struct btf_type *type = btf_table_type(table, info->type);
	const struct elf_symbol *symbol;

	if (!btf_is_var(type))
		return;
	symbol = elf_find_data_symbol(o, btf_table_name(table, type->name_off));
	if (!symbol || symbol->section != section->number) {
		if (!offsets_are_known && btf_var(type)->linkage == BTF_VAR_STATIC)
			*info = (struct btf_var_secinfo){.type = info->type,
							 .offset = OFFSET_NOWHERE};
		return;
	}
	if (!offsets_are_known)
		info->offset = symbol->value < UINT32_MAX ? (u32)symbol->value : UINT32_MAX;
	if (symbol->bind != STB_LOCAL && symbol_is_hidden(symbol))
		btf_var(type)->linkage = BTF_VAR_STATIC;
}

static int datasec_complete(struct opening *o, const struct btf_table *table, struct btf_type *type)
{
	const char *name = btf_table_name(table, type->name_off);
	struct btf_var_secinfo *infos = btf_var_secinfos(type);
	const struct elf_section *section = elf_find_section(o, name);
	bool offsets_are_known = type->size != 0;

	if (!section)
		return 0;
	if (!type->size)
		type->size = (u32)section->size;
	for (u32 i = 0; i < btf_vlen(type); i++)
		variable_complete(o, section, table, &infos[i], offsets_are_known);
	qsort(infos, btf_vlen(type), sizeof(*infos), compare_offsets);
	for (u32 i = 0; i < btf_vlen(type); i++) {
		const struct btf_type *var = btf_table_type(table, infos[i].type);

		if (infos[i].offset == OFFSET_NOWHERE && !infos[i].size)
			continue;
		if ((u64)infos[i].offset + infos[i].size > type->size ||
		    infos[i].size < table->sizes[infos[i].type])
			return opening_fail(o, -EINVAL,
					    spot_at(name, btf_table_name(table, var->name_off),
						    infos[i].offset),
					    "BTF places '%s', 0x%x bytes, at 0x%x of section '%s', "
					    "which has 0x%x",
					    btf_table_name(table, var->name_off), infos[i].size,
					    infos[i].offset, name, type->size);
	}
	return 0;
}

/* .kconfig */

struct kconfig_var {
	struct btf_var_secinfo *info;
	const char *name;
	u64 size, align;
};

static u64 type_align(const struct btf_table *table, u32 id)
{
	const struct btf_type *type = id ? btf_table_type(table, id) : NULL;

	while (type && (btf_is_mod(type) || btf_is_typedef(type) || btf_is_array(type))) {
		id = btf_is_array(type) ? btf_array(type)->type : type->type;
		type = id ? btf_table_type(table, id) : NULL;
	}
	if (!type || !table->sizes[id] || table->sizes[id] > sizeof(u64))
		return 1;
	return table->sizes[id];
}

static int compare_kconfig(const void *a, const void *b)
{
	const struct kconfig_var *x = a, *y = b;

	if (x->align != y->align)
		return x->align > y->align ? -1 : 1;
	if (x->size != y->size)
		return x->size < y->size ? -1 : 1;
	return strcmp(x->name, y->name);
}

static int kconfig_complete(struct opening *o, const struct btf_table *table, struct btf_type *type)
{
	struct kconfig_var *vars;
	u64 off = 0;

	vars = arena_array(o->object->arena, btf_vlen(type), sizeof(*vars));
	if (!vars)
		return -ENOMEM;
	for (u32 i = 0; i < btf_vlen(type); i++) {
		struct btf_var_secinfo *info = &btf_var_secinfos(type)[i];
		const struct btf_type *var = btf_table_type(table, info->type);

		vars[i] = (struct kconfig_var){info, btf_table_name(table, var->name_off),
					       table->sizes[info->type],
					       type_align(table, var->type)};
	}
	qsort(vars, btf_vlen(type), sizeof(*vars), compare_kconfig);
	for (u32 i = 0; i < btf_vlen(type); i++) {
		off = (off + vars[i].align - 1) / vars[i].align * vars[i].align;
		if (off + vars[i].size > UINT32_MAX)
			return opening_fail(o, -EINVAL, spot_in(".kconfig", vars[i].name),
					    "'%s' is too large", vars[i].name);
		vars[i].info->offset = (u32)off;
		vars[i].info->size = (u32)vars[i].size;
		off += vars[i].size;
	}
	type->size = (u32)off;
	qsort(btf_var_secinfos(type), btf_vlen(type), sizeof(struct btf_var_secinfo),
	      compare_offsets);
	return 0;
}

static int compare_datasecs(const void *a, const void *b)
{
	const struct datasec *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : x->id < y->id ? -1 : x->id > y->id;
}

static int datasecs_complete(struct opening *o, const struct btf_table *table)
{
	size_t capacity = 0;

	for (u32 id = 1; id < table->nr; id++) {
		struct btf_type *type = btf_table_type(table, id);
		const char *name = btf_table_name(table, type->name_off);
		int err;

		if (!btf_is_datasec(type))
			continue;
		o->datasecs = arena_grow(o->object->arena, o->datasecs, o->nr_datasecs, &capacity,
					 sizeof(*o->datasecs));
		if (!o->datasecs)
			return -ENOMEM;
		o->datasecs[o->nr_datasecs++] = (struct datasec){name, id};
		if (!strcmp(name, ".kconfig"))
			err = kconfig_complete(o, table, type);
		else
			err = datasec_complete(o, table, type);
		if (err)
			return err;
	}
	if (o->nr_datasecs)
		qsort(o->datasecs, o->nr_datasecs, sizeof(*o->datasecs), compare_datasecs);
	for (size_t i = 1; i < o->nr_datasecs; i++)
		if (!strcmp(o->datasecs[i].name, o->datasecs[i - 1].name))
			return opening_fail(o, -EINVAL, spot_in(".BTF", NULL),
					    "BTF describes section '%s' twice",
					    o->datasecs[i].name);
	return 0;
}

int btf_read(struct opening *o)
{
	const struct elf_section *section = &o->sections[o->btf];
	struct btf_table table = {0};
	struct btf_fault fault = {0};
	u8 *raw;
	int err;

	if (!o->btf)
		return 0;
	raw = arena_memdup(o->object->arena, section->data, section->data ? section->size : 0);
	if (!raw)
		return -ENOMEM;
	err = btf_check(o->object->arena, raw, section->data ? section->size : 0, &table, &fault);
	if (err == -EINVAL)
		return fail_btf(o, &fault);
	err = err ?: datasecs_complete(o, &table);
	if (err)
		return err;
	o->object->btf = btf__new(raw, (u32)section->size);
	if (!o->object->btf)
		return opening_fail(o, -errno, spot_in(section->name, NULL),
				    "libbpf cannot read the BTF: %s", strerror(errno));
	btf__set_pointer_size(o->object->btf, sizeof(u64));
	return 0;
}

const struct btf_type *btf_skip(const struct opening *o, u32 id, u32 *ret_id)
{
	const struct btf_type *type = btf__type_by_id(o->object->btf, id);

	while (btf_is_mod(type) || btf_is_typedef(type)) {
		id = type->type;
		type = btf__type_by_id(o->object->btf, id);
	}
	if (ret_id)
		*ret_id = id;
	return id ? type : NULL;
}

const char *btf_name(const struct opening *o, u32 name_off)
{
	const char *name = btf__name_by_offset(o->object->btf, name_off);

	return name ? name : "";
}

u32 btf_find_datasec(const struct opening *o, const char *name)
{
	const struct datasec key = {.name = name}, *found;

	for (size_t low = 0, high = o->nr_datasecs; low < high;) {
		size_t middle = low + (high - low) / 2;
		int order;

		found = &o->datasecs[middle];
		order = strcmp(found->name, key.name);
		if (!order)
			return found->id;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return 0;
}
