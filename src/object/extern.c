/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Undefined symbols: what the program expects a kernel to have.
 *
 * A network card has no kernel symbols, functions or configuration. Weak ones are therefore
 * absent (zero), strong ones make the programs that use them unsupported. BTF tells which kind a
 * symbol is: a variable of DATASEC .kconfig or .ksyms, or a function.
 */
#include <bpf/btf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "object/opening.h"

static bool symbol_is_extern(const struct elf_symbol *symbol)
{
	return symbol->section == SHN_UNDEF && *symbol->name &&
	       (symbol->bind == STB_GLOBAL || symbol->bind == STB_WEAK);
}

/* What BTF knows of externs, by name. */
struct extern_type {
	const char *name;
	u32 id;
	enum extern_kind kind;
};

struct extern_types {
	struct extern_type *list;
	size_t nr;
};

static int compare_types(const void *a, const void *b)
{
	const struct extern_type *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* Which types are variables of .kconfig: a flag for each id. */
static bool *mark_kconfig(struct opening *o, u32 nr_types)
{
	bool *marks = arena_array(o->object->arena, nr_types, sizeof(*marks));
	u32 datasec = btf_find_datasec(o, ".kconfig");
	const struct btf_type *type;

	if (!marks || !datasec)
		return marks;
	type = btf__type_by_id(o->object->btf, datasec);
	for (u32 i = 0; i < btf_vlen(type); i++)
		marks[btf_var_secinfos(type)[i].type] = true;
	return marks;
}

static enum extern_kind type_extern_kind(const struct btf_type *type, bool in_kconfig)
{
	if (btf_is_func(type))
		return btf_vlen(type) == BTF_FUNC_EXTERN ? EXTERN_KFUNC : EXTERN_UNKNOWN;
	if (!btf_is_var(type) || btf_var(type)->linkage != BTF_VAR_GLOBAL_EXTERN)
		return EXTERN_UNKNOWN;
	return in_kconfig ? EXTERN_KCONFIG : EXTERN_KSYM;
}

static int types_collect(struct opening *o, struct extern_types *types)
{
	const struct btf *btf = o->object->btf;
	u32 nr = btf ? btf__type_cnt(btf) : 0;
	size_t capacity = 0;
	bool *kconfig;

	if (!nr)
		return 0;
	kconfig = mark_kconfig(o, nr);
	if (!kconfig)
		return -ENOMEM;
	for (u32 id = 1; id < nr; id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);
		enum extern_kind kind = type_extern_kind(type, kconfig[id]);

		if (kind == EXTERN_UNKNOWN)
			continue;
		types->list = arena_grow(o->object->arena, types->list, types->nr, &capacity,
					 sizeof(*types->list));
		if (!types->list)
			return -ENOMEM;
		types->list[types->nr++] =
			(struct extern_type){btf_name(o, type->name_off), id, kind};
	}
	if (types->nr)
		qsort(types->list, types->nr, sizeof(*types->list), compare_types);
	return 0;
}

static void classify(struct opening *o, const struct extern_types *types, struct external *external)
{
	const struct extern_type key = {.name = external->name}, *found = NULL;
	const struct btf *btf = o->object->btf;

	if (types->nr)
		found = bsearch(&key, types->list, types->nr, sizeof(key), compare_types);
	if (!found)
		return;
	external->btf_id = found->id;
	external->kind = found->kind;
	if (found->kind == EXTERN_KCONFIG) {
		s64 size = btf__resolve_size(btf, btf__type_by_id(btf, found->id)->type);

		external->size = size > 0 ? (u32)size : 0;
	}
}

int extern_collect(struct opening *o)
{
	struct extern_types types = {0};
	size_t nr = 0;

	for (u32 i = 0; i < o->nr_symbols; i++)
		nr += symbol_is_extern(&o->symbols[i]);
	o->externs = arena_array(o->object->arena, nr, sizeof(*o->externs));
	o->object->externs = arena_array(o->object->arena, nr, sizeof(*o->object->externs));
	if (!o->externs || !o->object->externs || types_collect(o, &types))
		return -ENOMEM;
	for (u32 i = 0; i < o->nr_symbols; i++) {
		struct elf_symbol *symbol = &o->symbols[i];

		if (!symbol_is_extern(symbol))
			continue;
		symbol->external = (s32)o->nr_externs;
		o->object->externs[o->nr_externs] = symbol->name;
		o->externs[o->nr_externs] =
			(struct external){.name = symbol->name, .weak = symbol->bind == STB_WEAK};
		classify(o, &types, &o->externs[o->nr_externs++]);
	}
	o->object->nr_externs = o->nr_externs;
	return 0;
}
