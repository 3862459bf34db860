/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Jumps (RFC 9669 section 4.3). Labels of instructions have the instruction's number. */
#include "target/x86_64/jit.h"

static u32 target_of(const struct jit *jit)
{
	return (u32)insn_target(jit->in->insns, jit->at);
}

/* What the verifier saw a branch do on all paths: decided branches compare nothing. */
static bool decided(struct jit *jit)
{
	u8 branches = jit->facts ? jit->facts->branches : 0;

	if (branches == BRANCH_TAKEN)
		jit_goto(jit);
	return branches == BRANCH_TAKEN || branches == BRANCH_FALLS;
}

static bool nothing_between(const struct jit *jit)
{
	u32 at = jit->at + 1, target = target_of(jit);

	while (at < target && jit->notes[at].unused)
		at++;
	return at == target;
}

void jit_branch(struct jit *jit, enum x86_cond cond, enum x86_width width, bool imm)
{
	s32 value = jit->insn->imm;

	if (decided(jit))
		return;
	if (!imm) {
		op_alu(&jit->code, width, X86_CMP, jit_dst(jit), jit_src(jit));
	} else if (!value) { /* sets the flags as a comparison with 0 does */
		op_test(&jit->code, width, jit_dst(jit), jit_dst(jit));
	} else if (jit->in->blind) {
		jit_constant(jit, TMP0, (u64)(s64)value);
		op_alu(&jit->code, width, X86_CMP, jit_dst(jit), TMP0);
	} else {
		op_alu_imm(&jit->code, width, X86_CMP, jit_dst(jit), value);
	}
	op_branch(&jit->code, cond, target_of(jit));
}

void jit_branch_set(struct jit *jit, enum x86_width width, bool imm)
{
	s32 value = jit->insn->imm;

	if (decided(jit))
		return;
	if (!imm) {
		op_test(&jit->code, width, jit_dst(jit), jit_src(jit));
	} else if (jit->in->blind) {
		jit_constant(jit, TMP0, (u64)(s64)value);
		op_test(&jit->code, width, jit_dst(jit), TMP0);
	} else { /* bits of the upper half are asked for by negative immediates only */
		op_test_imm(&jit->code, value >= 0 ? W32 : width, jit_dst(jit), value);
	}
	op_branch(&jit->code, COND_NE, target_of(jit));
}

void jit_goto(struct jit *jit)
{
	if (!nothing_between(jit))
		op_jump(&jit->code, target_of(jit));
}

/* Jump when no rounds are left, else count one. */
void jit_may_goto(struct jit *jit)
{
	struct x86_mem rounds = MEM(RBP, -(s32)jit->func->rounds);

	op_mem_alu_imm(&jit->code, W64, X86_CMP, rounds, 0);
	op_branch(&jit->code, COND_E, target_of(jit));
	op_mem_alu_imm(&jit->code, W64, X86_SUB, rounds, 1);
}
