/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Which functions are programs. A global function outside of .text is one, as in libbpf. So is a
 * static one there that no instruction refers to: something else must (a slot of a prog array, a
 * name that a loader looks for), as in Cilium's objects, which libbpf does not take.
 */
#include <errno.h>

#include "object/opening.h"

/* Note the function that an instruction calls or takes the address of, if it does. */
static void note_reference(struct opening *o, const struct elf_section *section, u32 insn)
{
	const struct skep_insn *code = &section->insns[insn];
	const struct reloc *reloc = reloc_at(section, insn);
	const struct elf_symbol *symbol = reloc ? &o->symbols[reloc->symbol] : NULL;
	struct function *function = NULL;
	s64 target;

	if (insn_is_call(code) ? code->src != SKEP_CALL_LOCAL : !reloc)
		return;
	if (symbol && (symbol->section >= SHN_LORESERVE ||
		       o->sections[symbol->section].role != ROLE_CODE))
		return;
	if (!symbol)
		target = (s64)insn + code->imm + 1;
	else if (insn_is_call(code))
		target = (s64)(symbol->value / INSN_BYTES) + code->imm + 1;
	else
		target = ((s64)(symbol->value / INSN_BYTES)) + code->imm / (s32)INSN_BYTES;
	if (target >= 0)
		function = function_at(o, symbol ? symbol->section : section->number, (u64)target);
	if (function)
		function->is_referred_to = true;
}

static void note_references(struct opening *o, const struct elf_section *section)
{
	for (u32 insn = 0; insn < section->nr_insns; insn++) {
		const struct skep_insn *code = &section->insns[insn];

		if (insn_is_call(code) || insn_is_wide(code))
			note_reference(o, section, insn);
		insn += insn_is_wide(code);
	}
}

static bool function_is_entry(const struct opening *o, const struct function *function)
{
	if (function->section == o->text)
		return o->nr_functions == 1 && !function->is_local;
	return !function->is_local || !function->is_referred_to;
}

int entries_choose(struct opening *o)
{
	struct skep_object *object = o->object;

	for (size_t i = 0; i < o->nr_code; i++)
		note_references(o, o->code[i]);
	for (size_t i = 0; i < o->nr_functions; i++) {
		struct function *function = &o->functions[i];

		function->is_entry = function_is_entry(o, function);
		function->prog = function->is_entry ? (s32)object->nr_progs++ : -1;
	}
	if (object->nr_progs > OPENING_PROGS_MAX)
		return opening_fail(o, -E2BIG, NOWHERE, "'%s' has %zu programs, more than %d",
				    object->name, object->nr_progs, OPENING_PROGS_MAX);
	return 0;
}
