/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Functions of code sections, and the relocations of their instructions.
 *
 * An entry function is a global one outside .text (libbpf's rule); the others are subprograms and
 * reach a program only when something calls them. A lone function is a program wherever it is.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "object/opening.h"


/* Relocation types of the psABI (Documentation/bpf/llvm_reloc.rst) */
enum { R_BPF_ABS64 = 2, R_BPF_ABS32 = 3, R_BPF_NODYLD32 = 4 };

static bool symbol_is_in_code(const struct opening *o, const struct elf_symbol *symbol)
{
	return symbol->section < SHN_LORESERVE && o->sections[symbol->section].role == ROLE_CODE;
}

/* LLVM before 4 gave functions neither type nor size; then global labels are functions. */
static bool symbol_is_label(const struct opening *o, const struct elf_symbol *symbol)
{
	return symbol->type == STT_NOTYPE && symbol->bind == STB_GLOBAL &&
	       symbol_is_in_code(o, symbol) && !o->sections[symbol->section].has_functions;
}

static bool symbol_is_function(const struct opening *o, const struct elf_symbol *symbol)
{
	return (symbol->type == STT_FUNC && symbol_is_in_code(o, symbol)) ||
	       symbol_is_label(o, symbol);
}

static int function_init(struct opening *o, const struct elf_symbol *symbol,
			 struct function *function)
{
	const struct elf_section *section = &o->sections[symbol->section];
	struct spot spot = spot_at(section->name, symbol->name, symbol->value);
	u64 size = symbol->size, end;

	if (symbol->type == STT_NOTYPE && symbol->value < section->size)
		size = section->size - symbol->value; /* cut at the next one later */
	if (__builtin_add_overflow(symbol->value, size, &end) || end > section->size)
		return opening_fail(o, -EINVAL, spot,
				    "function '%s' claims 0x%" PRIx64 " bytes at 0x%" PRIx64
				    " of section '%s', which has 0x%" PRIx64,
				    symbol->name, size, symbol->value, section->name,
				    section->size);
	if (!size || size % INSN_BYTES || symbol->value % INSN_BYTES)
		return opening_fail(o, -EINVAL, spot,
				    "function '%s' has 0x%" PRIx64 " bytes at 0x%" PRIx64
				    ", which is not a whole number of 8-byte instructions",
				    symbol->name, size, symbol->value);
	*function = (struct function){
		.name = symbol->name,
		.section = symbol->section,
		.first = (u32)(symbol->value / INSN_BYTES),
		.nr = (u32)(size / INSN_BYTES),
		.is_local = symbol->bind == STB_LOCAL,
		.is_hidden = symbol->visibility == STV_HIDDEN || symbol->visibility == STV_INTERNAL,
		.prog = -1,
	};
	return 0;
}

static int compare_functions(const void *a, const void *b)
{
	const struct function *x = a, *y = b;

	if (x->section != y->section)
		return x->section < y->section ? -1 : 1;
	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* A function that is a label ends where the next one begins. */
static void labels_cut(struct opening *o)
{
	for (size_t i = 0; i + 1 < o->nr_functions; i++) {
		struct function *function = &o->functions[i];
		const struct function *next = function + 1;

		if (!o->sections[function->section].has_functions &&
		    next->section == function->section && next->first > function->first)
			function->nr = next->first - function->first;
	}
}

static int functions_collect(struct opening *o)
{
	size_t nr = 0;

	for (u32 i = 0; i < o->nr_symbols; i++)
		if (o->symbols[i].type == STT_FUNC && symbol_is_in_code(o, &o->symbols[i]))
			o->sections[o->symbols[i].section].has_functions = true;
	for (u32 i = 0; i < o->nr_symbols; i++)
		nr += symbol_is_function(o, &o->symbols[i]);
	o->functions = arena_array(o->object->arena, nr, sizeof(*o->functions));
	if (!o->functions)
		return -ENOMEM;
	for (u32 i = 0; i < o->nr_symbols; i++) {
		int err;

		if (!symbol_is_function(o, &o->symbols[i]))
			continue;
		err = function_init(o, &o->symbols[i], &o->functions[o->nr_functions]);
		if (err)
			return err;
		o->nr_functions++;
	}
	qsort(o->functions, o->nr_functions, sizeof(*o->functions), compare_functions);
	labels_cut(o);
	return 0;
}

struct function *function_at(const struct opening *o, u32 section, u64 insn)
{
	size_t low = 0, high = o->nr_functions;

	/* the last function that starts at or before the instruction */
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct function *function = &o->functions[middle];

		if (function->section < section ||
		    (function->section == section && function->first <= insn))
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return NULL;
	if (o->functions[low - 1].section != section ||
	    insn - o->functions[low - 1].first >= o->functions[low - 1].nr)
		return NULL;
	return &o->functions[low - 1];
}

static int compare_relocs(const void *a, const void *b)
{
	const struct reloc *x = a, *y = b;

	return x->insn < y->insn ? -1 : x->insn > y->insn;
}

static bool reloc_type_is_known(u32 type)
{
	return type == R_BPF_64_64 || type == R_BPF_64_32 || type == R_BPF_ABS64 ||
	       type == R_BPF_ABS32 || type == R_BPF_NODYLD32;
}

/* Put a RELA addend (bytes) where REL has it: a call counts instructions from the next one. */
static void set_addend(struct skep_insn *insn, s64 addend)
{
	insn->imm = (s32)(insn_is_call(insn) ? addend / (s64)INSN_BYTES - 1 : addend);
}

/* Add one relocation to the code section at arg. */
static int reloc_add(struct opening *o, const struct elf_rel *rel, void *arg)
{
	struct elf_section *section = arg;
	const struct elf_symbol *symbol = &o->symbols[rel->symbol];
	struct spot spot = spot_at(section->name, symbol->name, rel->off);

	if (rel->type == R_BPF_NONE)
		return 0;
	if (!reloc_type_is_known(rel->type))
		return opening_fail(o, -EINVAL, spot, "relocation against '%s' has unknown type %u",
				    symbol->name, rel->type);
	if (rel->off % INSN_BYTES || rel->off >= section->size)
		return opening_fail(o, -EINVAL, spot,
				    "relocation against '%s' is at 0x%" PRIx64
				    ", which is no instruction of section '%s'",
				    symbol->name, rel->off, section->name);
	if (rel->has_addend)
		set_addend(&section->insns[rel->off / INSN_BYTES], rel->addend);
	section->relocs[section->nr_relocs++] =
		(struct reloc){(u32)(rel->off / INSN_BYTES), rel->type, rel->symbol};
	return 0;
}

static int count_rel(struct opening *o, const struct elf_rel *rel, void *arg)
{
	(*(size_t *)arg)++;
	return 0;
}

static int relocs_collect(struct opening *o, struct elf_section *section)
{
	size_t nr = 0;
	int err = elf_each_rel(o, section->number, count_rel, &nr);

	if (err)
		return err;
	section->relocs = arena_array(o->object->arena, nr, sizeof(*section->relocs));
	if (!section->relocs)
		return -ENOMEM;
	err = elf_each_rel(o, section->number, reloc_add, section);
	if (err)
		return err;
	qsort(section->relocs, section->nr_relocs, sizeof(*section->relocs), compare_relocs);
	for (size_t i = 1; i < section->nr_relocs; i++) {
		u32 insn = section->relocs[i].insn;

		if (insn == section->relocs[i - 1].insn)
			return opening_fail(o, -EINVAL,
					    spot_at(section->name,
						    o->symbols[section->relocs[i].symbol].name,
						    (insn * INSN_BYTES)),
					    "instruction %u of section '%s' has two relocations",
					    insn, section->name);
	}
	return 0;
}

const struct reloc *reloc_at(const struct elf_section *section, u32 insn)
{
	const struct reloc key = {.insn = insn};

	if (!section->nr_relocs)
		return NULL;
	return bsearch(&key, section->relocs, section->nr_relocs, sizeof(key), compare_relocs);
}

/*
 * GNU as before 2.41 adds the value of a symbol to the addend that it leaves in the instruction,
 * unless the symbol is a section's: a variable at 32 has 32 there, a call of a function at 0x98
 * has 0x97. Taken at face value that counts the symbol twice, so it is undone.
 *
 * A file is such a file when its .comment names GCC and every addend is at least the value.
 */
static bool is_from_gcc(const struct opening *o)
{
	const struct elf_section *comment = elf_find_section(o, ".comment");

	return comment && comment->data && memmem(comment->data, comment->size, "GCC: (", 6) &&
	       !memmem(comment->data, comment->size, "clang", 5);
}

/* The part of an addend that is the symbol's value; 0 where the assembler adds none. */
static u64 value_in_addend(const struct opening *o, const struct reloc *reloc)
{
	const struct elf_symbol *symbol = &o->symbols[reloc->symbol];

	return symbol->type == STT_SECTION ? 0 : symbol->value;
}

static bool addends_have_values(const struct opening *o, const struct elf_section *section)
{
	for (size_t i = 0; i < section->nr_relocs; i++) {
		const struct reloc *reloc = &section->relocs[i];
		const struct skep_insn *insn = &section->insns[reloc->insn];
		u64 value = value_in_addend(o, reloc);
		s64 extra;

		if (value > INT32_MAX) /* no addend can hold it */
			return false;
		extra = insn->imm - (s64)value;
		if (insn_is_call(insn) && o->symbols[reloc->symbol].type != STT_SECTION
			    ? extra != -1
			    : extra < -1)
			return false;
	}
	return true;
}

static void addends_correct(struct opening *o)
{
	if (!is_from_gcc(o))
		return;
	for (size_t i = 0; i < o->nr_code; i++)
		if (!addends_have_values(o, o->code[i]))
			return;
	for (size_t i = 0; i < o->nr_code; i++)
		for (size_t n = 0; n < o->code[i]->nr_relocs; n++) {
			const struct reloc *reloc = &o->code[i]->relocs[n];

			o->code[i]->insns[reloc->insn].imm =
				(s32)((u32)o->code[i]->insns[reloc->insn].imm -
				      (u32)value_in_addend(o, reloc));
		}
}

int functions_read(struct opening *o)
{
	int err = functions_collect(o);

	for (size_t i = 0; i < o->nr_code && !err; i++)
		err = relocs_collect(o, o->code[i]);
	if (err)
		return err;
	addends_correct(o);
	return entries_choose(o);
}
