/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * One callback for each row of insn.def. A row without one does not compile: its name is missing.
 */
#include "target/x86_64/jit.h"

#include <errno.h>

#define ROW(id, ...)                                                                               \
	static void row_##id(struct jit *jit)                                                      \
	{                                                                                          \
		__VA_ARGS__;                                                                       \
	}
/* NAME64_IMM, NAME64_REG, NAME32_IMM, NAME32_REG */
#define ROWS_ALU(name, function, operation)                                                        \
	ROW(name##64_IMM, function(jit, operation, W64, true))                                     \
	ROW(name##64_REG, function(jit, operation, W64, false))                                    \
	ROW(name##32_IMM, function(jit, operation, W32, true))                                     \
	ROW(name##32_REG, function(jit, operation, W32, false))
#define ROWS_PLAIN(name, function)                                                                 \
	ROW(name##64_IMM, function(jit, W64, true))                                                \
	ROW(name##64_REG, function(jit, W64, false))                                               \
	ROW(name##32_IMM, function(jit, W32, true))                                                \
	ROW(name##32_REG, function(jit, W32, false))
#define ROWS_DIVIDE(name, is_signed, modulo)                                                       \
	ROW(name##64_IMM, jit_divide(jit, W64, true, is_signed, modulo))                           \
	ROW(name##64_REG, jit_divide(jit, W64, false, is_signed, modulo))                          \
	ROW(name##32_IMM, jit_divide(jit, W32, true, is_signed, modulo))                           \
	ROW(name##32_REG, jit_divide(jit, W32, false, is_signed, modulo))
#define ROWS_ATOMIC(name, alu)                                                                     \
	ROW(ATOMIC_##name##32, jit_atomic(jit, alu, W32))                                          \
	ROW(ATOMIC_##name##64, jit_atomic(jit, alu, W64))
#define ROWS_FETCH(name, alu)                                                                      \
	ROW(ATOMIC_FETCH_##name##32, jit_fetch(jit, alu, W32))                                     \
	ROW(ATOMIC_FETCH_##name##64, jit_fetch(jit, alu, W64))
#define ROWS_WIDTH(letter, width)                                                                  \
	ROW(LDX_##letter, jit_load(jit, width))                                                    \
	ROW(ST_##letter, jit_store(jit, width, true))                                              \
	ROW(STX_##letter, jit_store(jit, width, false))                                            \
	ROW(LOAD_ACQ_##letter, jit_load(jit, width))          /* every load acquires, ... */       \
	ROW(STORE_REL_##letter, jit_store(jit, width, false)) /* every store releases on x86 */

ROWS_ALU(ADD, jit_alu, X86_ADD)
ROWS_ALU(SUB, jit_alu, X86_SUB)
ROWS_ALU(OR, jit_alu, X86_OR)
ROWS_ALU(AND, jit_alu, X86_AND)
ROWS_ALU(XOR, jit_alu, X86_XOR)
ROWS_ALU(LSH, jit_shift, X86_SHL)
ROWS_ALU(RSH, jit_shift, X86_SHR)
ROWS_ALU(ARSH, jit_shift, X86_SAR)
ROWS_PLAIN(MUL, jit_mul)
ROWS_PLAIN(MOV, jit_move)
ROWS_DIVIDE(DIV, false, false)
ROWS_DIVIDE(SDIV, true, false)
ROWS_DIVIDE(MOD, false, true)
ROWS_DIVIDE(SMOD, true, true)
ROW(MOVSX8_64, jit_move_sext(jit, W8, W64))
ROW(MOVSX16_64, jit_move_sext(jit, W16, W64))
ROW(MOVSX32_64, jit_move_sext(jit, W32, W64))
ROW(MOVSX8_32, jit_move_sext(jit, W8, W32))
ROW(MOVSX16_32, jit_move_sext(jit, W16, W32))
ROW(NEG64, jit_negate(jit, W64))
ROW(NEG32, jit_negate(jit, W32))
ROW(LE16, jit_truncate(jit, W16))
ROW(LE32, jit_truncate(jit, W32))
ROW(LE64, jit_truncate(jit, W64))
ROW(BE16, jit_swap(jit, W16))
ROW(BE32, jit_swap(jit, W32))
ROW(BE64, jit_swap(jit, W64))
ROW(BSWAP16, jit_swap(jit, W16))
ROW(BSWAP32, jit_swap(jit, W32))
ROW(BSWAP64, jit_swap(jit, W64))

ROWS_WIDTH(B, W8)
ROWS_WIDTH(H, W16)
ROWS_WIDTH(W, W32)
ROWS_WIDTH(DW, W64)
ROW(LDXSB, jit_load_sext(jit, W8))
ROW(LDXSH, jit_load_sext(jit, W16))
ROW(LDXSW, jit_load_sext(jit, W32))

ROWS_ATOMIC(ADD, X86_ADD)
ROWS_ATOMIC(OR, X86_OR)
ROWS_ATOMIC(AND, X86_AND)
ROWS_ATOMIC(XOR, X86_XOR)
ROWS_FETCH(OR, X86_OR)
ROWS_FETCH(AND, X86_AND)
ROWS_FETCH(XOR, X86_XOR)
ROW(ATOMIC_FETCH_ADD32, jit_fetch_add(jit, W32))
ROW(ATOMIC_FETCH_ADD64, jit_fetch_add(jit, W64))
ROW(XCHG32, jit_exchange(jit, W32))
ROW(XCHG64, jit_exchange(jit, W64))
ROW(CMPXCHG32, jit_compare_exchange(jit, W32))
ROW(CMPXCHG64, jit_compare_exchange(jit, W64))

ROW(LD_ABS_B, jit_legacy(jit, 1, false))
ROW(LD_ABS_H, jit_legacy(jit, 2, false))
ROW(LD_ABS_W, jit_legacy(jit, 4, false))
ROW(LD_IND_B, jit_legacy(jit, 1, true))
ROW(LD_IND_H, jit_legacy(jit, 2, true))
ROW(LD_IND_W, jit_legacy(jit, 4, true))

ROW(LD_IMM64, jit_wide(jit))
ROW(LD_MAP_FD, jit_wide(jit))
ROW(LD_MAP_VALUE, jit_wide(jit))
ROW(LD_BTF_ID, jit_wide(jit))
ROW(LD_FUNC, jit_wide(jit))
ROW(LD_MAP_IDX, jit_wide(jit))
ROW(LD_MAP_IDX_VALUE, jit_wide(jit))

ROWS_ALU(JEQ, jit_branch, COND_E)
ROWS_ALU(JNE, jit_branch, COND_NE)
ROWS_ALU(JGT, jit_branch, COND_A)
ROWS_ALU(JGE, jit_branch, COND_AE)
ROWS_ALU(JLT, jit_branch, COND_B)
ROWS_ALU(JLE, jit_branch, COND_BE)
ROWS_ALU(JSGT, jit_branch, COND_G)
ROWS_ALU(JSGE, jit_branch, COND_GE)
ROWS_ALU(JSLT, jit_branch, COND_L)
ROWS_ALU(JSLE, jit_branch, COND_LE)
ROWS_PLAIN(JSET, jit_branch_set)
ROW(JA, jit_goto(jit))
ROW(JA32, jit_goto(jit))
ROW(MAY_GOTO, jit_may_goto(jit))

ROW(CALL_HELPER, jit_call_helper(jit))
ROW(CALL_LOCAL, jit_call_local(jit))
ROW(CALL_KFUNC, jit_refuse(jit, -EOPNOTSUPP, "kernel functions cannot be called here"))
ROW(CALLX, jit_call_any(jit))
ROW(EXIT, jit_exit(jit))

void jit_row(struct jit *jit)
{
	static void (*const rows[INSN_ID_MAX])(struct jit *) = {
#define INSN(id, ...) [INSN_##id] = row_##id,
#include "insn/insn.def"
	};

	rows[jit->desc->id](jit);
}
