/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Host registers, and the frames of functions: see jit.h for the drawing. */
#include "target/x86_64/jit.h"

#include <errno.h>

#include "base/diag.h"
#include "helper/env.h"

/* Red zone of the ABI: a leaf may use it without moving the stack pointer. */
#define RED_ZONE 128

static const u8 host[SKEP_MAX_REG] = {RAX, RDI, RSI, RDX, RCX, R8, RBX, R13, R14, R15, RBP};

enum x86_reg jit_host(u32 reg)
{
	return reg < SKEP_MAX_REG ? host[reg] : RAX;
}

/* Bytes between rbp and the saved registers; the stack stays aligned to 16 for calls. */
static u32 room(const struct jit_func *func)
{
	u32 pushed = 8 * (u32)__builtin_popcount(func->saved);
	u32 below = func->rounds > func->stack ? func->rounds : func->stack;

	if (!func->calls && !func->saved && below <= RED_ZONE)
		return 0;
	return ALIGN_UP(below + pushed, 16) - pushed;
}

void jit_prologue(struct jit *jit)
{
	const struct jit_func *func = jit->func;
	struct code *code = &jit->code;

	if (func->framed) {
		op_push(code, RBP);
		op_mov(code, W64, RBP, RSP);
		if (room(func))
			op_alu_imm(code, W64, X86_SUB, RSP, (s32)room(func));
	}
	for (u32 reg = 6; reg <= 9; reg++)
		if (func->saved >> reg & 1)
			op_push(code, host[reg]);
	if (func->rounds)
		op_store_imm(code, W64, MEM(RBP, -(s32)func->rounds), MAY_GOTO_ROUNDS);
}

void jit_epilogue(struct jit *jit)
{
	const struct jit_func *func = jit->func;
	struct code *code = &jit->code;

	for (u32 reg = 9; reg >= 6; reg--)
		if (func->saved >> reg & 1)
			op_pop(code, host[reg]);
	if (!func->framed)
		return;
	if (room(func))
		op_leave(code);
	else
		op_pop(code, RBP);
}

/* run(image, ctx): nothing stopped the program, r1 = ctx; then the program itself follows. */
void jit_entry(struct jit *jit)
{
	struct code *code = &jit->code;

	op_load(code, W64, TMP0, MEM_THREAD(jit_thread_offset(&helper_env)));
	op_mov(code, W64, RDI, RSI);
	op_store_imm(code, W64, MEM(TMP0, offsetof(struct helper_env, aborted)), TARGET_RAN);
}

s32 jit_thread_offset(const void *variable)
{
	const char *thread;

	__asm__("mov %%fs:0, %0" : "=r"(thread));
	return (s32)((const char *)variable - thread);
}

/* xorshift64*: masks need to be unknown to who wrote the program, no more. */
static u64 next_mask(struct jit *jit)
{
	jit->blinding ^= jit->blinding >> 12;
	jit->blinding ^= jit->blinding << 25;
	jit->blinding ^= jit->blinding >> 27;
	return jit->blinding * 0x2545f4914f6cdd1d;
}

void jit_constant(struct jit *jit, enum x86_reg reg, u64 value)
{
	enum x86_reg helper = reg == TMP0 ? TMP1 : TMP0;
	u64 mask;

	if (!jit->in->blind) {
		op_mov_imm(&jit->code, reg, value);
		return;
	}
	mask = next_mask(jit);
	op_mov_imm(&jit->code, reg, value ^ mask);
	op_mov_imm(&jit->code, helper, mask);
	op_alu(&jit->code, W64, X86_XOR, reg, helper);
}

void jit_refuse(struct jit *jit, int err, const char *why)
{
	jit->code.err = jit->code.err ?: err;
	diag_fail(jit->diag, err, "instruction %u: %s", jit->at, why);
	diag_insn(jit->diag, jit->at, NULL);
}

const struct skep_insn *jit_follower(const struct jit *jit, u32 *ret_id)
{
	u32 next = jit->at + 1;

	if (next >= jit->in->nr_insns || jit->notes[next].target || jit->notes[next].unused)
		return NULL;
	*ret_id = jit->notes[next].id;
	return &jit->in->insns[next];
}
