/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Changes to whole programs: one field at random, or shorter while something stays true. */
#include <bpf/btf.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "fuzz_program.h"
#include "insn/insn.h"

static bool is_wide(const struct skep_insn *insn)
{
	return insn->code == (SKEP_LD | SKEP_IMM | SKEP_DW);
}

/* Distance field of what goes elsewhere; NULL: the instruction just goes on. */
static bool target_of(const struct skep_insn *insn, s32 *ret_distance, bool *ret_is_imm)
{
	u32 class = SKEP_CLASS(insn->code);

	*ret_is_imm = true;
	*ret_distance = insn->imm;
	if (is_wide(insn) && insn->src == SKEP_PSEUDO_FUNC)
		return true;
	if (class != SKEP_JMP && class != SKEP_JMP32)
		return false;
	if (insn->code == (SKEP_JMP | SKEP_CALL))
		return insn->src == SKEP_CALL_LOCAL;
	if (insn->code == (SKEP_JMP32 | SKEP_JA))
		return true;
	*ret_is_imm = false;
	*ret_distance = insn->off;
	return insn->code != (SKEP_JMP | SKEP_EXIT);
}

/* A distance from `from` to `to` when `slots` at `at` are gone. */
static s32 without(u32 from, s64 to, u32 at, u32 slots)
{
	s64 new_from = from > at ? (s64)from - slots : from;
	s64 new_to = to > at ? to - slots : to;

	return (s32)(new_to - new_from - 1);
}

void fuzz_drop(struct fuzz_program *program, u32 at)
{
	u32 slots = is_wide(&program->insns[at]) ? 2 : 1;

	for (u32 i = 0; i < program->nr_insns; i++) {
		s32 distance;
		bool is_imm;

		if (i == at || !target_of(&program->insns[i], &distance, &is_imm))
			continue;
		distance = without(i, (s64)i + 1 + distance, at, slots);
		if (is_imm)
			program->insns[i].imm = distance;
		else
			program->insns[i].off = (s16)distance;
		if (is_wide(&program->insns[i]))
			i++;
	}
	for (u32 i = 1; i < program->nr_funcs; i++)
		if (program->funcs[i].insn > at)
			program->funcs[i].insn -= slots;
	program->nr_insns -= slots;
	memmove(&program->insns[at], &program->insns[at + slots],
		(program->nr_insns - at) * sizeof(program->insns[0]));
}

void fuzz_mutate(struct fuzz_program *program, u64 *random)
{
	u32 at = fuzz_below(random, program->nr_insns);
	struct skep_insn *insn;

	if (at && is_wide(&program->insns[at - 1]))
		at--;
	insn = &program->insns[at];
	program->comparable = false;
	switch (fuzz_below(random, is_wide(insn) ? 5 : 9)) {
	case 0:
		insn->imm = (s32)fuzz_constant(random);
		break;
	case 1:
		insn->imm = (s32)((u32)insn->imm + (fuzz_chance(random, 50) ? 1u : -1u));
		break;
	case 2:
		insn->dst = fuzz_below(random, 11) & 15;
		break;
	case 3:
	case 4:
		if (program->nr_insns > 4)
			fuzz_drop(program, at);
		break;
	case 5:
		insn->off = (s16)(insn->off + (s32)fuzz_below(random, 17) - 8);
		break;
	case 6:
		insn->src = fuzz_below(random, 11) & 15;
		break;
	case 7:
		insn->code ^= (u8)(1u << fuzz_below(random, 8));
		break;
	default:
		insn->off = (s16)fuzz_constant(random);
		break;
	}
}

/* Functions that nothing names, or that lost their body, make a program of another kind. */
static bool is_sane(const struct fuzz_program *program)
{
	for (u32 i = 1; i < program->nr_funcs; i++)
		if (program->funcs[i].insn <= program->funcs[i - 1].insn ||
		    program->funcs[i].insn >= program->nr_insns)
			return false;
	return program->nr_insns > 1;
}

static bool drop_function(struct fuzz_program *program, u32 func)
{
	u32 start = program->funcs[func].insn;
	u32 end = func + 1 < program->nr_funcs ? program->funcs[func + 1].insn : program->nr_insns;

	for (u32 i = 0; i < program->nr_insns; i++) {
		s32 distance;
		bool is_imm;

		if (i >= start && i < end)
			continue;
		if (target_of(&program->insns[i], &distance, &is_imm) &&
		    (s64)i + 1 + distance == start)
			return false;
		i += is_wide(&program->insns[i]);
	}
	while (end > start) {
		u32 before = program->nr_insns;

		fuzz_drop(program, start);
		end -= before - program->nr_insns;
	}
	for (u32 i = func; i + 1 < program->nr_funcs; i++)
		program->funcs[i] = program->funcs[i + 1];
	program->nr_funcs--;
	return true;
}

void fuzz_shorten(struct fuzz_program *program,
		  bool (*wanted)(void *arg, const struct fuzz_program *program), void *arg)
{
	bool progress = true;

	while (progress) {
		progress = false;
		for (u32 func = program->nr_funcs; func > 1; func--) {
			struct fuzz_program shorter = *program;

			if (!drop_function(&shorter, func - 1) || !wanted(arg, &shorter))
				continue;
			*program = shorter;
			progress = true;
		}
		for (u32 at = program->nr_insns; at > 0; at--) {
			struct fuzz_program shorter = *program;

			if (at > program->nr_insns)
				continue;
			if (at > 1 && is_wide(&program->insns[at - 2]))
				continue; /* its second slot */
			fuzz_drop(&shorter, at - 1);
			if (!is_sane(&shorter) || !wanted(arg, &shorter))
				continue;
			*program = shorter;
			progress = true;
		}
	}
}

void fuzz_print(const struct fuzz_program *program)
{
	struct buf text = {0};

	printf("  seed %016llx, %s, flags 0x%x, %u instructions\n",
	       (unsigned long long)program->seed, skep_hook_name(program->hook), program->flags,
	       program->nr_insns);
	for (u32 at = 0; at < program->nr_insns; at++) {
		for (u32 i = 1; i < program->nr_funcs; i++)
			if (program->funcs[i].insn == at)
				printf("  %s function:\n",
				       program->funcs[i].is_global ? "global" : "static");
		buf_free(&text);
		insn_print(&text, program->insns, program->nr_insns, at, NULL);
		printf("  %4u: %s\n", at, buf_text(&text));
		at += is_wide(&program->insns[at]);
	}
	buf_free(&text);
}

struct btf *fuzz_btf(void)
{
	struct btf *btf = btf__new_empty();
	int number, proto, main_id, static_id, global_id;

	if (!btf)
		return NULL;
	number = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	proto = btf__add_func_proto(btf, number);
	btf__add_func_param(btf, "a", number);
	btf__add_func_param(btf, "b", number);
	main_id = btf__add_func(btf, "program", BTF_FUNC_GLOBAL, proto);
	static_id = btf__add_func(btf, "inner", BTF_FUNC_STATIC, proto);
	global_id = btf__add_func(btf, "outer", BTF_FUNC_GLOBAL, proto);
	if (main_id != FUZZ_BTF_MAIN || static_id != FUZZ_BTF_STATIC ||
	    global_id != FUZZ_BTF_GLOBAL) {
		btf__free(btf);
		return NULL;
	}
	return btf;
}
