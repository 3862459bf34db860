/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Middle layer of the x86-64 encoder: one function for each operation, in its shortest form.
 * Results of 32 bits clear the upper half of their register, as the processor does; those of 8
 * and 16 bits leave the rest alone unless the name says otherwise.
 */
#ifndef SKEP_TARGET_X86_64_OPS_H
#define SKEP_TARGET_X86_64_OPS_H

#include "target/x86_64/emit.h"

/* Numbers are those of the opcode's extension. */
enum x86_alu { X86_ADD, X86_OR, X86_ADC, X86_SBB, X86_AND, X86_SUB, X86_XOR, X86_CMP };
enum x86_shift { X86_ROL = 0, X86_ROR = 1, X86_SHL = 4, X86_SHR = 5, X86_SAR = 7 };
/* Conditions, as encoded; a condition ^ 1 is its opposite. */
enum x86_cond {
	COND_B = 2,
	COND_AE = 3,
	COND_E = 4,
	COND_NE = 5,
	COND_BE = 6,
	COND_A = 7,
	COND_S = 8,
	COND_L = 12,
	COND_GE = 13,
	COND_LE = 14,
	COND_G = 15,
};

_Static_assert((COND_E ^ 1) == COND_NE && (COND_B ^ 1) == COND_AE && (COND_L ^ 1) == COND_GE &&
		       (COND_BE ^ 1) == COND_A && (COND_LE ^ 1) == COND_G,
	       "opposites differ in bit 0");

void op_alu(struct code *code, enum x86_width width, enum x86_alu alu, enum x86_reg dst,
	    enum x86_reg src);
void op_alu_imm(struct code *code, enum x86_width width, enum x86_alu alu, enum x86_reg dst,
		s32 imm);
/* dst = dst op memory */
void op_alu_mem(struct code *code, enum x86_width width, enum x86_alu alu, enum x86_reg dst,
		struct x86_mem mem);
/* memory = memory op imm */
void op_mem_alu_imm(struct code *code, enum x86_width width, enum x86_alu alu, struct x86_mem mem,
		    s32 imm);
void op_test(struct code *code, enum x86_width width, enum x86_reg a, enum x86_reg b);
void op_test_imm(struct code *code, enum x86_width width, enum x86_reg reg, s32 imm);

void op_mov(struct code *code, enum x86_width width, enum x86_reg dst, enum x86_reg src);
/* All 64 bits of dst. Clobbers the flags. */
void op_mov_imm(struct code *code, enum x86_reg dst, u64 imm);
/* dst = width bits of src, zero- or sign-extended to 64 (sign-extended to 32: `to` is W32) */
void op_mov_zext(struct code *code, enum x86_width width, enum x86_reg dst, enum x86_reg src);
void op_mov_sext(struct code *code, enum x86_width width, enum x86_width to, enum x86_reg dst,
		 enum x86_reg src);
/* Zero- and sign-extended to 64 bits. */
void op_load(struct code *code, enum x86_width width, enum x86_reg dst, struct x86_mem mem);
void op_load_sext(struct code *code, enum x86_width width, enum x86_reg dst, struct x86_mem mem);
void op_store(struct code *code, enum x86_width width, struct x86_mem mem, enum x86_reg src);
/* A 64-bit store sign-extends. */
void op_store_imm(struct code *code, enum x86_width width, struct x86_mem mem, s32 imm);
void op_lea(struct code *code, enum x86_reg dst, struct x86_mem mem);
void op_lea_label(struct code *code, enum x86_reg dst, u32 label);
/* Byte-swapped load of 32 or 64 bits (feature MOVBE). */
void op_load_swapped(struct code *code, enum x86_width width, enum x86_reg dst, struct x86_mem mem);

void op_shift_imm(struct code *code, enum x86_width width, enum x86_shift shift, enum x86_reg dst,
		  u32 count);
/* By CL. */
void op_shift(struct code *code, enum x86_width width, enum x86_shift shift, enum x86_reg dst);
/* dst = src shifted by count; SHL, SHR, SAR (feature BMI2). */
void op_shift_by(struct code *code, enum x86_width width, enum x86_shift shift, enum x86_reg dst,
		 enum x86_reg src, enum x86_reg count);
void op_mul(struct code *code, enum x86_width width, enum x86_reg dst, enum x86_reg src);
void op_mul_imm(struct code *code, enum x86_width width, enum x86_reg dst, enum x86_reg src,
		s32 imm);
/* RAX = RDX:RAX / src, RDX = the remainder. */
void op_div(struct code *code, enum x86_width width, bool is_signed, enum x86_reg src);
/* RDX = the sign of RAX. */
void op_sign_rax(struct code *code, enum x86_width width);
void op_neg(struct code *code, enum x86_width width, enum x86_reg reg);
/* 32 or 64 bits. */
void op_swap(struct code *code, enum x86_width width, enum x86_reg reg);

/* Atomic, 32 or 64 bits. */
void op_lock_alu(struct code *code, enum x86_width width, enum x86_alu alu, struct x86_mem mem,
		 enum x86_reg src);
void op_lock_xadd(struct code *code, enum x86_width width, struct x86_mem mem, enum x86_reg src);
void op_xchg(struct code *code, enum x86_width width, struct x86_mem mem, enum x86_reg src);
/* Compares with RAX, which gets the old value when they differ. */
void op_lock_cmpxchg(struct code *code, enum x86_width width, struct x86_mem mem, enum x86_reg src);

void op_jump(struct code *code, u32 label);
void op_branch(struct code *code, enum x86_cond cond, u32 label);
void op_jump_reg(struct code *code, enum x86_reg reg);
void op_call(struct code *code, u32 label);
/* A C function. */
void op_call_outside(struct code *code, u64 address);
void op_call_reg(struct code *code, enum x86_reg reg);
void op_call_mem(struct code *code, struct x86_mem mem);
void op_push(struct code *code, enum x86_reg reg);
void op_pop(struct code *code, enum x86_reg reg);
void op_leave(struct code *code);
void op_ret(struct code *code);

#endif
