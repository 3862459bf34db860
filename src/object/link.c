/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Linking: an entry function and, behind it, each function that it reaches, once, in the order in
 * which a walk of the calls first meets them (libbpf's order). The walk keeps its own stack: how
 * deep functions call each other is the file's choice.
 *
 * A call or function address is resolved to a function of the file and rewritten relative to where
 * that function was placed. Everything else that a relocation names is a map or an extern.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "object/opening.h"
#include "object/section.h"

#define LINKED_MAX (4u << 20) /* instructions of all programs of one object */

/* A program while it is linked. */
struct linker {
	struct opening *o;
	struct object_prog *prog;
	u32 number; /* 1 + its index */
	struct function **placed;
	size_t nr_placed, placed_capacity;
};

/* A function whose calls are being resolved, and how far. */
struct frame {
	struct function *function;
	u32 next;
};

static struct spot spot_of(const struct opening *o, const struct function *function, u32 insn,
			   const char *symbol)
{
	return spot_at(o->sections[function->section].name, symbol ?: function->name,
		       ((function->first + (u64)insn) * INSN_BYTES));
}

/* Give a function the next place in the program. */
static int function_place(struct linker *l, struct function *function)
{
	struct opening *o = l->o;
	struct object_prog *prog = l->prog;

	o->linked_insns += function->nr;
	if ((u64)prog->nr_insns + function->nr > SKEP_MAX_INSNS || o->linked_insns > LINKED_MAX)
		return opening_fail(o, -E2BIG, spot_of(o, function, 0, NULL),
				    "program '%s' is too large: more than %u instructions, "
				    "or %u in all programs together",
				    prog->name, SKEP_MAX_INSNS, LINKED_MAX);
	l->placed = arena_grow(o->object->arena, l->placed, l->nr_placed, &l->placed_capacity,
			       sizeof(struct function *));
	if (!l->placed)
		return -ENOMEM;
	function->placed_in = l->number;
	function->placed_at = prog->nr_insns;
	prog->nr_insns += function->nr;
	l->placed[l->nr_placed++] = function;
	return 0;
}

/* Copy the code of all placed functions into the program. */
static int program_copy(struct linker *l)
{
	struct object_prog *prog = l->prog;

	prog->insns = arena_array(l->o->object->arena, prog->nr_insns, sizeof(*prog->insns));
	if (!prog->insns)
		return -ENOMEM;
	for (size_t i = 0; i < l->nr_placed; i++) {
		const struct function *function = l->placed[i];
		const struct elf_section *section = &l->o->sections[function->section];

		memcpy(prog->insns + function->placed_at, section->insns + function->first,
		       function->nr * sizeof(*prog->insns));
	}
	return 0;
}

/* The function whose first instruction a call or an address means. */
static int find_target(struct linker *l, const struct function *from, u32 insn, u32 section,
		       s64 target, struct function **ret)
{
	struct function *function = NULL;

	if (target >= 0)
		function = function_at(l->o, section, (u64)target);
	if (!function)
		return opening_fail(l->o, -EINVAL, spot_of(l->o, from, insn, NULL),
				    "instruction %u of '%s' refers to instruction %" PRId64
				    " of section '%s', where no function is",
				    insn, from->name, target, l->o->sections[section].name);
	if (function->first != target)
		return opening_fail(l->o, -EINVAL, spot_of(l->o, from, insn, NULL),
				    "instruction %u of '%s' refers to the inside of function '%s'",
				    insn, from->name, function->name);
	*ret = function;
	return 0;
}

/* Which function does a local call or a function address refer to? *ret NULL: none, it is data. */
static int resolve_function(struct linker *l, const struct function *from, u32 insn,
			    struct function **ret)
{
	struct opening *o = l->o;
	const struct elf_section *section = &o->sections[from->section];
	const struct skep_insn *code = &section->insns[from->first + insn];
	const struct reloc *reloc = reloc_at(section, from->first + insn);
	const struct elf_symbol *symbol = reloc ? &o->symbols[reloc->symbol] : NULL;
	u32 target_section = symbol ? symbol->section : from->section;
	s64 target;

	*ret = NULL;
	if (symbol && (symbol->external >= 0 || symbol->section >= SHN_LORESERVE ||
		       o->sections[symbol->section].role != ROLE_CODE))
		return 0;
	if (symbol && (symbol->value % INSN_BYTES || symbol->value > UINT32_MAX ||
		       (insn_is_wide(code) && code->imm % (s32)INSN_BYTES)))
		return opening_fail(o, -EINVAL, spot_of(o, from, insn, symbol->name),
				    "relocation against '%s' is not at an instruction of '%s'",
				    symbol->name, o->sections[target_section].name);
	if (!symbol && !(insn_is_call(code) && code->src == SKEP_CALL_LOCAL))
		return 0;
	if (!symbol)
		target = (s64)from->first + insn + code->imm + 1;
	else if (insn_is_call(code))
		target = (s64)(symbol->value / INSN_BYTES) + code->imm + 1;
	else
		target = ((s64)symbol->value + code->imm) / (s64)INSN_BYTES;
	return find_target(l, from, insn, target_section, target, ret);
}

static bool insn_may_refer(const struct opening *o, const struct function *function, u32 insn)
{
	const struct elf_section *section = &o->sections[function->section];
	const struct skep_insn *code = &section->insns[function->first + insn];

	if (insn_is_call(code))
		return code->src == SKEP_CALL_LOCAL;
	return insn_is_wide(code) && reloc_at(section, function->first + insn);
}

/* The next function that frame's function refers to and that is not placed yet; NULL = no more. */
static int frame_advance(struct linker *l, struct frame *frame, struct function **ret)
{
	const struct function *from = frame->function;

	while (frame->next < from->nr) {
		u32 insn = frame->next++;
		struct function *to = NULL;
		int err;

		if (!insn_may_refer(l->o, from, insn))
			continue;
		err = resolve_function(l, from, insn, &to);
		if (err)
			return err;
		if (to && to->placed_in != l->number) {
			*ret = to;
			return 0;
		}
	}
	*ret = NULL;
	return 0;
}

/* Place the entry and everything it reaches. */
static int program_place(struct linker *l, struct function *entry)
{
	struct frame *stack = NULL;
	size_t depth = 0, capacity = 0;
	struct function *next = entry;
	int err = 0;

	do {
		if (next) {
			err = function_place(l, next);
			stack = arena_grow(l->o->object->arena, stack, depth, &capacity,
					   sizeof(*stack));
			if (err || !stack)
				return err ?: -ENOMEM;
			stack[depth++] = (struct frame){.function = next};
		} else {
			depth--;
		}
		if (depth)
			err = frame_advance(l, &stack[depth - 1], &next);
	} while (depth && !err);
	return err;
}

/* Relocation */

/* One instruction to be relocated. */
struct patch {
	const struct function *function;
	u32 insn;               /* in the function */
	struct skep_insn *code; /* in the program; two slots when wide */
	u32 at;                 /* index of code in the program */
	const struct elf_symbol *symbol;
};

static int fail_patch(struct linker *l, const struct patch *p, const char *problem)
{
	return opening_fail(l->o, -EINVAL, spot_of(l->o, p->function, p->insn, p->symbol->name),
			    "relocation against '%s' in '%s': %s", p->symbol->name,
			    p->function->name, problem);
}

static void patch_map(struct linker *l, const struct patch *p, u32 map)
{
	p->code[0].src = SKEP_PSEUDO_MAP_IDX;
	p->code[0].imm = (s32)map;
	p->code[1].imm = 0;
	l->prog->uses_map[map] = true;
}

static int patch_data(struct linker *l, const struct patch *p, u32 map, u64 symbol_off)
{
	u32 off = (u32)p->code[0].imm + (u32)symbol_off;

	if (off >= l->o->object->maps[map].def.value_size || symbol_off > UINT32_MAX)
		return opening_fail(l->o, -EINVAL,
				    spot_of(l->o, p->function, p->insn, p->symbol->name),
				    "relocation against '%s' in '%s' means offset 0x%x of section "
				    "'%s', which has 0x%x bytes",
				    p->symbol->name, p->function->name, off,
				    l->o->object->maps[map].section,
				    l->o->object->maps[map].def.value_size);
	p->code[0].src = SKEP_PSEUDO_MAP_IDX_VALUE;
	p->code[0].imm = (s32)map;
	p->code[1].imm = (s32)off;
	l->prog->uses_map[map] = true;
	return 0;
}

/* Remember the first thing that the program needs and no network card has. */
static int mark_unsupported(struct linker *l, const struct patch *p, const char *what)
{
	struct object_prog *prog = l->prog;

	if (prog->unsupported)
		return 0;
	prog->unsupported =
		arena_printf(l->o->object->arena, "it needs %s '%s'", what, p->symbol->name);
	prog->unsupported_insn = p->at;
	return prog->unsupported ? 0 : -ENOMEM;
}

static int patch_extern(struct linker *l, const struct patch *p)
{
	const struct external *external = &l->o->externs[p->symbol->external];
	int err = 0;

	if (insn_is_call(p->code)) {
		if (!external->weak)
			err = mark_unsupported(l, p,
					       external->kind == EXTERN_KFUNC
						       ? "the kernel function"
						       : "a definition of the function");
		p->code->src = SKEP_CALL_KFUNC;
		p->code->imm = p->symbol->external;
		return err;
	}
	if (external->kind == EXTERN_KCONFIG && l->o->kconfig_map >= 0) {
		if (!external->weak)
			err = mark_unsupported(l, p, "the kernel configuration value");
		return err ?: patch_data(l, p, (u32)l->o->kconfig_map, external->off);
	}
	p->code[0].imm = 0;
	p->code[1].imm = 0;
	if (external->weak)
		return 0;
	p->code[0].src = SKEP_PSEUDO_BTF_ID;
	p->code[0].imm = p->symbol->external;
	return mark_unsupported(
		l, p, external->kind == EXTERN_UNKNOWN ? "a definition of" : "the kernel symbol");
}

static int patch_function(struct linker *l, const struct patch *p, const struct function *to)
{
	if (insn_is_wide(p->code)) {
		p->code[0].src = SKEP_PSEUDO_FUNC;
		p->code[1].imm = 0;
	}
	p->code[0].imm = (s32)to->placed_at - (s32)p->at - 1;
	return 0;
}

/* A wide immediate against a symbol of the file. */
static int patch_symbol(struct linker *l, const struct patch *p)
{
	const struct elf_section *target;
	s32 map;

	if (p->symbol->section == SHN_COMMON)
		return fail_patch(l, p, "the variable has no section; initialise it");
	if (p->symbol->section == SHN_UNDEF || p->symbol->section >= SHN_LORESERVE)
		return fail_patch(l, p, "the symbol has no section");
	target = &l->o->sections[p->symbol->section];
	switch (target->role) {
	case ROLE_MAPS:
	case ROLE_LEGACY_MAPS:
		map = map_find_at(l->o, target->number, p->symbol->value);
		if (map < 0)
			return fail_patch(l, p, "no map is defined there");
		patch_map(l, p, (u32)map);
		return 0;
	case ROLE_DATA:
	case ROLE_RODATA:
	case ROLE_BSS:
		map = map_find_data(l->o, target->number);
		return patch_data(l, p, (u32)map, p->symbol->value);
	default:
		return opening_fail(l->o, -EINVAL,
				    spot_of(l->o, p->function, p->insn, p->symbol->name),
				    "relocation against '%s' in '%s': section '%s' holds neither "
				    "maps nor data nor code",
				    p->symbol->name, p->function->name, target->name);
	}
}

static int patch_apply(struct linker *l, const struct patch *p)
{
	if (insn_is_wide(p->code) && p->insn + 1 >= p->function->nr)
		return fail_patch(l, p, "the wide immediate is cut off");
	if (!insn_is_wide(p->code) && !insn_is_call(p->code))
		return opening_fail(l->o, -EINVAL,
				    spot_of(l->o, p->function, p->insn, p->symbol->name),
				    "relocation against '%s' in '%s': instruction %u (code 0x%02x) "
				    "is neither a call nor a wide immediate",
				    p->symbol->name, p->function->name, p->insn, p->code->code);
	if (p->symbol->external >= 0)
		return patch_extern(l, p);
	if (insn_is_call(p->code))
		return fail_patch(l, p, "the call does not refer to a function");
	return patch_symbol(l, p);
}

/* All relocations and local calls of one placed function. */
static int function_relocate(struct linker *l, const struct function *function)
{
	struct opening *o = l->o;
	const struct elf_section *section = &o->sections[function->section];
	int err = 0;

	for (u32 i = 0; i < function->nr && !err; i++) {
		struct skep_insn *code = &l->prog->insns[function->placed_at + i];
		const struct reloc *reloc = reloc_at(section, function->first + i);
		struct function *to = NULL;
		struct patch p = {.function = function,
				  .insn = i,
				  .code = code,
				  .at = function->placed_at + i,
				  .symbol = reloc ? &o->symbols[reloc->symbol] : NULL};

		if (insn_may_refer(o, function, i))
			err = resolve_function(l, function, i, &to);
		if (err)
			return err;
		if (to && insn_is_wide(code) && i + 1 >= function->nr)
			return fail_patch(l, &p, "the wide immediate is cut off");
		if (to)
			err = patch_function(l, &p, to);
		else if (reloc)
			err = patch_apply(l, &p);
	}
	return err;
}

/* What is known of the placed functions */

static size_t lines_between(const struct elf_section *section, u32 first, u32 end, size_t *start)
{
	size_t low = 0, high = section->nr_lines, nr = 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (section->lines[middle].insn < first)
			low = middle + 1;
		else
			high = middle;
	}
	*start = low;
	while (low + nr < section->nr_lines && section->lines[low + nr].insn < end)
		nr++;
	return nr;
}

static int program_describe(struct linker *l)
{
	struct opening *o = l->o;
	struct object_prog *prog = l->prog;
	size_t nr_lines = 0, start;

	for (size_t i = 0; i < l->nr_placed; i++)
		nr_lines += lines_between(&o->sections[l->placed[i]->section], l->placed[i]->first,
					  l->placed[i]->first + l->placed[i]->nr, &start);
	prog->funcs = arena_array(o->object->arena, l->nr_placed, sizeof(*prog->funcs));
	prog->lines = arena_array(o->object->arena, nr_lines, sizeof(*prog->lines));
	if (!prog->funcs || !prog->lines)
		return -ENOMEM;
	for (size_t i = 0; i < l->nr_placed; i++) {
		const struct function *f = l->placed[i];
		const struct elf_section *section = &o->sections[f->section];
		size_t nr = lines_between(section, f->first, f->first + f->nr, &start);

		prog->funcs[prog->nr_funcs++] = (struct object_func){
			.insn = f->placed_at,
			.nr_insns = f->nr,
			.name = f->name,
			.is_global = f->btf_global && !f->is_local && !f->is_hidden,
			.btf_type_id = f->btf_type_id,
		};
		for (size_t n = 0; n < nr; n++) {
			struct object_line *line = &prog->lines[prog->nr_lines++];

			*line = section->lines[start + n];
			line->insn = line->insn - f->first + f->placed_at;
		}
	}
	return 0;
}

/* What the section name says. */
static void program_classify(struct opening *o, struct object_prog *prog, const char *section)
{
	const struct section_rule *rule;
	const char *slash;

	prog->autoload = *section != '?';
	prog->section = prog->autoload ? section : section + 1;
	slash = strchr(prog->section, '/');
	prog->attach_target = slash ? slash + 1 : NULL;
	rule = section_find_rule(prog->section);
	if (!rule)
		return;
	prog->prog_type = rule->prog_type;
	prog->expected_attach_type = rule->attach_type;
	prog->hook = rule->hook;
	prog->frags = rule->frags;
	prog->sleepable = rule->sleepable;
}

static int program_link(struct opening *o, struct function *entry)
{
	struct object_prog *prog = &o->object->progs[entry->prog];
	struct linker l = {.o = o, .prog = prog, .number = (u32)entry->prog + 1};
	int err;

	prog->name = entry->name;
	program_classify(o, prog, o->sections[entry->section].name);
	prog->uses_map = arena_array(o->object->arena, o->object->nr_maps, sizeof(bool));
	if (!prog->uses_map)
		return -ENOMEM;
	err = program_place(&l, entry);
	err = err ?: program_copy(&l);
	for (size_t i = 0; i < l.nr_placed && !err; i++)
		err = function_relocate(&l, l.placed[i]);
	return err ?: program_describe(&l);
}

int link_programs(struct opening *o)
{
	struct skep_object *object = o->object;
	int err = 0;

	object->progs = arena_array(object->arena, object->nr_progs, sizeof(*object->progs));
	if (!object->progs)
		return -ENOMEM;
	for (size_t i = 0; i < o->nr_functions && !err; i++)
		if (o->functions[i].is_entry)
			err = program_link(o, &o->functions[i]);
	return err;
}
