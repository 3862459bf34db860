/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The loop of the interpreter: one body for each row of insn.def.
 * This file is included more than once: loop.c does for each kind of loop, so that there is one
 * text and no test for the kind at run time.
 *
 *   LOOP           name of the function
 *   LOOP_CHECKED   every access is checked
 *   LOOP_OBSERVED  the observer sees every instruction
 *
 * A row of insn.def without a body here does not compile: its label is missing.
 */

#define DST (reg[op->dst])
#define SRC (reg[op->src])
#define POINTER(addr) ((void *)(uintptr_t)(addr))

#define STOP(reason, why)                                                                          \
	do {                                                                                       \
		interp_fault(run, op, reason, why);                                                \
		return INTERP_ABORT;                                                               \
	} while (0)

/* Fall into the operation at op. */
#define DISPATCH()                                                                                 \
	do {                                                                                       \
		if (unlikely(!left))                                                               \
			STOP(TARGET_ABORT_BUDGET, "the budget is used up");                        \
		left--;                                                                            \
		if (LOOP_OBSERVED)                                                                 \
			observe(run, op);                                                          \
		goto *labels[op->id];                                                              \
	} while (0)
#define NEXT()                                                                                     \
	do {                                                                                       \
		op++;                                                                              \
		DISPATCH();                                                                        \
	} while (0)

#define NEED(addr, bytes, access)                                                                  \
	do {                                                                                       \
		if (LOOP_CHECKED && unlikely(!interp_reaches(run, addr, bytes, access))) {         \
			interp_fault_access(run, op, addr, bytes, access, NULL);                   \
			return INTERP_ABORT;                                                       \
		}                                                                                  \
	} while (0)

/* Rows NAME64_IMM, NAME64_REG, NAME32_IMM, NAME32_REG; results of 32 bits are zero-extended. */
#define BODY_ALU_WIDTH(name, width, value)                                                         \
	do_##name##width##_IMM:                                                                    \
	{                                                                                          \
		u##width a = (u##width)DST, b = (u##width)op->imm;                                 \
                                                                                                   \
		(void)a;                                                                           \
		DST = (u##width)(value);                                                           \
		NEXT();                                                                            \
	}                                                                                          \
	do_##name##width##_REG:                                                                    \
	{                                                                                          \
		u##width a = (u##width)DST, b = (u##width)SRC;                                     \
                                                                                                   \
		(void)a;                                                                           \
		DST = (u##width)(value);                                                           \
		NEXT();                                                                            \
	}
#define BODY_ALU(name, value64, value32)                                                           \
	BODY_ALU_WIDTH(name, 64, value64)                                                          \
	BODY_ALU_WIDTH(name, 32, value32)

/* A row that computes r[dst] from registers and immediate alone. */
#define BODY_SET(name, value)                                                                      \
	do_##name : DST = (value);                                                                 \
	NEXT();

#define BODY_LOAD(name, type)                                                                      \
	do_##name:                                                                                 \
	{                                                                                          \
		u64 at = SRC + (u64)(s64)op->off;                                                  \
		type value;                                                                        \
                                                                                                   \
		NEED(at, sizeof(value), INTERP_READ);                                              \
		memcpy(&value, POINTER(at), sizeof(value));                                        \
		DST = (u64)value;                                                                  \
		NEXT();                                                                            \
	}

#define BODY_STORE(name, type, from)                                                               \
	do_##name:                                                                                 \
	{                                                                                          \
		u64 at = DST + (u64)(s64)op->off;                                                  \
		type value = (type)(from);                                                         \
                                                                                                   \
		NEED(at, sizeof(value), INTERP_WRITE);                                             \
		memcpy(POINTER(at), &value, sizeof(value));                                        \
		NEXT();                                                                            \
	}

/* Atomic access demands alignment, as the kernel's verifier does. */
#define ATOMIC_AT(base, type, access)                                                              \
	u64 at = (base) + (u64)(s64)op->off;                                                       \
	type *pointer = POINTER(at);                                                               \
                                                                                                   \
	if (LOOP_CHECKED && unlikely(at % sizeof(type))) {                                         \
		interp_fault_access(run, op, at, sizeof(type), access,                             \
				    "atomic operations need natural alignment");                   \
		return INTERP_ABORT;                                                               \
	}                                                                                          \
	NEED(at, sizeof(type), access)

#define BODY_ATOMIC_WIDTH(name, function, width)                                                   \
	do_ATOMIC_##name##width:                                                                   \
	{                                                                                          \
		ATOMIC_AT(DST, u##width, INTERP_WRITE);                                            \
		function(pointer, (u##width)SRC, __ATOMIC_RELAXED);                                \
		NEXT();                                                                            \
	}                                                                                          \
	do_ATOMIC_FETCH_##name##width:                                                             \
	{                                                                                          \
		ATOMIC_AT(DST, u##width, INTERP_WRITE);                                            \
		SRC = function(pointer, (u##width)SRC, __ATOMIC_SEQ_CST);                          \
		NEXT();                                                                            \
	}
#define BODY_ATOMIC(name, function)                                                                \
	BODY_ATOMIC_WIDTH(name, function, 32)                                                      \
	BODY_ATOMIC_WIDTH(name, function, 64)

#define BODY_EXCHANGE(width)                                                                       \
	do_XCHG##width:                                                                            \
	{                                                                                          \
		ATOMIC_AT(DST, u##width, INTERP_WRITE);                                            \
		SRC = __atomic_exchange_n(pointer, (u##width)SRC, __ATOMIC_SEQ_CST);               \
		NEXT();                                                                            \
	}                                                                                          \
	do_CMPXCHG##width:                                                                         \
	{                                                                                          \
		u##width expected = (u##width)reg[0];                                              \
		ATOMIC_AT(DST, u##width, INTERP_WRITE);                                            \
		__atomic_compare_exchange_n(pointer, &expected, (u##width)SRC, false,              \
					    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);                   \
		reg[0] = expected;                                                                 \
		NEXT();                                                                            \
	}

#define BODY_ORDERED(letter, type)                                                                 \
	do_LOAD_ACQ_##letter:                                                                      \
	{                                                                                          \
		ATOMIC_AT(SRC, type, INTERP_READ);                                                 \
		DST = __atomic_load_n(pointer, __ATOMIC_ACQUIRE);                                  \
		NEXT();                                                                            \
	}                                                                                          \
	do_STORE_REL_##letter:                                                                     \
	{                                                                                          \
		ATOMIC_AT(DST, type, INTERP_WRITE);                                                \
		__atomic_store_n(pointer, (type)SRC, __ATOMIC_RELEASE);                            \
		NEXT();                                                                            \
	}

/* Rows NAME64_IMM, NAME64_REG, NAME32_IMM, NAME32_REG of a conditional jump. */
#define BODY_BRANCH_ROW(row, type, right, operator)                                                \
	do_##row : op += (type)DST operator(type)(right) ? op->off : 1;                            \
	DISPATCH();
#define BODY_BRANCH(name, sign, operator)                                                          \
	BODY_BRANCH_ROW(name##64_IMM, sign##64, op->imm, operator)                                 \
	BODY_BRANCH_ROW(name##64_REG, sign##64, SRC, operator)                                     \
	BODY_BRANCH_ROW(name##32_IMM, sign##32, op->imm, operator)                                 \
	BODY_BRANCH_ROW(name##32_REG, sign##32, SRC, operator)

#define BODY_LEGACY(letter, size)                                                                  \
	do_LD_ABS_##letter : distance = op->imm;                                                   \
	legacy_size = size;                                                                        \
	goto legacy;                                                                               \
	do_LD_IND_##letter : distance = SRC + op->imm;                                             \
	legacy_size = size;                                                                        \
	goto legacy;

static enum interp_stop LOOP(struct interp_run *run)
{
	static const void *const labels[INTERP_OP_MAX] = {
		[INSN_INVALID] = &&do_INVALID,
		[INTERP_TAIL_CALL] = &&do_TAIL_CALL,
		[INTERP_NO_BODY] = &&do_NO_BODY,
#define INSN(id, ...) [INSN_##id] = &&do_##id,
#include "insn/insn.def"
	};
	const struct interp_op *op = run->pc;
	u64 *const reg = run->reg;
	u64 left = run->left;
	u64 distance;
	u32 legacy_size, helper;
	helper_fn body;

	DISPATCH();

	BODY_ALU(ADD, a + b, a + b)
	BODY_ALU(SUB, a - b, a - b)
	BODY_ALU(MUL, a * b, a * b)
	BODY_ALU(OR, a | b, a | b)
	BODY_ALU(AND, a & b, a & b)
	BODY_ALU(XOR, a ^ b, a ^ b)
	BODY_ALU(LSH, alu_lsh64(a, b), alu_lsh32(a, b))
	BODY_ALU(RSH, alu_rsh64(a, b), alu_rsh32(a, b))
	BODY_ALU(ARSH, alu_arsh64(a, b), alu_arsh32(a, b))
	BODY_ALU(DIV, alu_div64(a, b), alu_div32(a, b))
	BODY_ALU(SDIV, alu_sdiv64(a, b), alu_sdiv32(a, b))
	BODY_ALU(MOD, alu_mod64(a, b), alu_mod32(a, b))
	BODY_ALU(SMOD, alu_smod64(a, b), alu_smod32(a, b))
	BODY_ALU(MOV, b, b)
	BODY_SET(MOVSX8_64, (u64)(s64)(s8)SRC)
	BODY_SET(MOVSX16_64, (u64)(s64)(s16)SRC)
	BODY_SET(MOVSX32_64, (u64)(s64)(s32)SRC)
	BODY_SET(MOVSX8_32, (u32)(s32)(s8)SRC)
	BODY_SET(MOVSX16_32, (u32)(s32)(s16)SRC)
	BODY_SET(NEG64, 0 - DST)
	BODY_SET(NEG32, 0u - (u32)DST)
	BODY_SET(LE16, htole16((u16)DST))
	BODY_SET(LE32, htole32((u32)DST))
	BODY_SET(LE64, htole64(DST))
	BODY_SET(BE16, htobe16((u16)DST))
	BODY_SET(BE32, htobe32((u32)DST))
	BODY_SET(BE64, htobe64(DST))
	BODY_SET(BSWAP16, __builtin_bswap16((u16)DST))
	BODY_SET(BSWAP32, __builtin_bswap32((u32)DST))
	BODY_SET(BSWAP64, __builtin_bswap64(DST))

	BODY_LOAD(LDX_B, u8)
	BODY_LOAD(LDX_H, u16)
	BODY_LOAD(LDX_W, u32)
	BODY_LOAD(LDX_DW, u64)
	BODY_LOAD(LDXSB, s8)
	BODY_LOAD(LDXSH, s16)
	BODY_LOAD(LDXSW, s32)
	BODY_STORE(ST_B, u8, op->imm)
	BODY_STORE(ST_H, u16, op->imm)
	BODY_STORE(ST_W, u32, op->imm)
	BODY_STORE(ST_DW, u64, op->imm)
	BODY_STORE(STX_B, u8, SRC)
	BODY_STORE(STX_H, u16, SRC)
	BODY_STORE(STX_W, u32, SRC)
	BODY_STORE(STX_DW, u64, SRC)

	BODY_ATOMIC(ADD, __atomic_fetch_add)
	BODY_ATOMIC(OR, __atomic_fetch_or)
	BODY_ATOMIC(AND, __atomic_fetch_and)
	BODY_ATOMIC(XOR, __atomic_fetch_xor)
	BODY_EXCHANGE(32)
	BODY_EXCHANGE(64)
	BODY_ORDERED(B, u8)
	BODY_ORDERED(H, u16)
	BODY_ORDERED(W, u32)
	BODY_ORDERED(DW, u64)

	BODY_BRANCH(JEQ, u, ==)
	BODY_BRANCH(JNE, u, !=)
	BODY_BRANCH(JGT, u, >)
	BODY_BRANCH(JGE, u, >=)
	BODY_BRANCH(JLT, u, <)
	BODY_BRANCH(JLE, u, <=)
	BODY_BRANCH(JSGT, s, >)
	BODY_BRANCH(JSGE, s, >=)
	BODY_BRANCH(JSLT, s, <)
	BODY_BRANCH(JSLE, s, <=)
	BODY_BRANCH(JSET, u, &)

do_JA:
do_JA32:
	op += op->off;
	DISPATCH();

do_MAY_GOTO : {
	u64 *rounds = &run->frames[run->depth].may_goto;

	op += *rounds ? 1 : op->off;
	*rounds -= !!*rounds;
	DISPATCH();
}

	/* The immediate was resolved by translate(). */
do_LD_IMM64:
do_LD_MAP_FD:
do_LD_MAP_VALUE:
do_LD_BTF_ID:
do_LD_FUNC:
do_LD_MAP_IDX:
do_LD_MAP_IDX_VALUE:
	DST = op->imm;
	op += 2;
	DISPATCH();

	BODY_LEGACY(B, 1)
	BODY_LEGACY(H, 2)
	BODY_LEGACY(W, 4)
legacy:
	if (!interp_current(run)->context->has_legacy)
		STOP(TARGET_ABORT_INSN, "legacy packet access needs a socket buffer as context");
	if (LOOP_CHECKED && reg[6] != (u64)(uintptr_t)run->ctx)
		STOP(TARGET_ABORT_MEMORY, "r6 does not hold the context");
	if (!legacy_load(POINTER(reg[6]), (s32)distance, legacy_size, &reg[0])) {
		reg[0] = 0;
		goto do_EXIT;
	}
	NEXT();

do_CALL_HELPER:
	helper = (u32)op->off;
	body = (helper_fn)(uintptr_t)op->imm;
call : {
	u64 args[5] = {reg[1], reg[2], reg[3], reg[4], reg[5]};

	if (LOOP_CHECKED && !interp_check_call(run, op, helper))
		return INTERP_ABORT;
	run->left = left;
	run->pc = op;
	reg[0] = body(args[0], args[1], args[2], args[3], args[4]);
	if (unlikely(run->env->aborted)) /* by a callback */
		return INTERP_ABORT;
	if (LOOP_CHECKED && !interp_note_result(run, op, helper, args))
		return INTERP_ABORT;
	left = run->left;
	NEXT();
}

do_CALLX:
	if (interp_is_function(run, DST)) {
		const struct interp_op *to = POINTER(DST);

		if (!interp_push(run, op + 1))
			STOP(TARGET_ABORT_DEPTH, "too many nested calls");
		op = to;
		DISPATCH();
	}
	helper = DST > UINT32_MAX ? 0 : (u32)DST;
	if (helper == INTERP_HELPER_TAIL_CALL)
		goto do_TAIL_CALL;
	body = helper_body(helper);
	if (body)
		goto call;
	STOP(TARGET_ABORT_HELPER, "callx of what is neither a function nor a helper");

do_CALL_LOCAL:
	if (!interp_push(run, op + 1))
		STOP(TARGET_ABORT_DEPTH, "too many nested calls");
	op += op->off;
	DISPATCH();

do_TAIL_CALL:
	if (LOOP_CHECKED && !interp_check_call(run, op, INTERP_HELPER_TAIL_CALL))
		return INTERP_ABORT;
	switch (tail_call(run, op)) {
	case TAIL_CALL_MISSED:
		NEXT();
	case TAIL_CALL_FAULT:
		return INTERP_ABORT;
	case TAIL_CALL_MADE:
		break;
	}
	op = interp_current(run)->ops;
	if (!LOOP_OBSERVED && interp_current(run)->checked != LOOP_CHECKED)
		goto change_loop;
	DISPATCH();

do_EXIT : {
	const struct interp_frame *frame = &run->frames[run->depth--];

	memcpy(&reg[6], frame->saved, sizeof(frame->saved));
	op = frame->back;
	if (!op) {
		run->left = left;
		return INTERP_EXIT;
	}
	run->env->image = &interp_current(run)->image;
	if (!LOOP_OBSERVED && unlikely(interp_current(run)->checked != LOOP_CHECKED))
		goto change_loop;
	DISPATCH();
}

change_loop:
	run->pc = op;
	run->left = left;
	return INTERP_SWITCH;

do_CALL_KFUNC:
	STOP(TARGET_ABORT_HELPER, "kernel functions cannot be called here");
do_NO_BODY:
	STOP(TARGET_ABORT_HELPER, "skep has no body for this helper");
do_INVALID:
	STOP(TARGET_ABORT_INSN, "the instruction does not decode");
}

#undef DST
#undef SRC
#undef POINTER
#undef STOP
#undef DISPATCH
#undef NEXT
#undef NEED
#undef BODY_ALU_WIDTH
#undef BODY_ALU
#undef BODY_SET
#undef BODY_LOAD
#undef BODY_STORE
#undef ATOMIC_AT
#undef BODY_ATOMIC_WIDTH
#undef BODY_ATOMIC
#undef BODY_EXCHANGE
#undef BODY_ORDERED
#undef BODY_BRANCH_ROW
#undef BODY_BRANCH
#undef BODY_LEGACY
#undef LOOP
#undef LOOP_CHECKED
#undef LOOP_OBSERVED
