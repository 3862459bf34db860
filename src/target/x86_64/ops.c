/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Operations: see ops.h. Opcodes: Intel manual, volume 2, appendix A. */
#include "target/x86_64/ops.h"

#include <errno.h>

enum {
	/* opcode of `op r/m, reg` for alu 0; each alu is 8 further; + 2: `op reg, r/m` */
	ALU_RM_REG = OPCODE(MAP_ONE, 0x01, OP_SIZED),
	ALU_REG_RM = OPCODE(MAP_ONE, 0x03, OP_SIZED),
	ALU_STEP = 8,
	ALU_IMM32 = OPCODE(MAP_ONE, 0x81, OP_SIZED),
	ALU_IMM8 = OPCODE(MAP_ONE, 0x83, 0),
	LOCK_ALU = OPCODE(MAP_ONE, 0x01, OP_SIZED | OP_LOCK),
	TEST_RM_REG = OPCODE(MAP_ONE, 0x85, OP_SIZED),
	TEST_IMM = OPCODE(MAP_ONE, 0xf7, OP_SIZED),
	MOV_RM_REG = OPCODE(MAP_ONE, 0x89, OP_SIZED),
	MOV_REG_RM = OPCODE(MAP_ONE, 0x8b, OP_SIZED),
	MOV_RM_IMM = OPCODE(MAP_ONE, 0xc7, OP_SIZED),
	MOV_REG_IMM = OPCODE(MAP_ONE, 0xb8, 0),
	MOVZX_BYTE = OPCODE(MAP_0F, 0xb6, OP_RM_BYTE),
	MOVZX_WORD = OPCODE(MAP_0F, 0xb7, 0),
	MOVSX_BYTE = OPCODE(MAP_0F, 0xbe, OP_RM_BYTE),
	MOVSX_WORD = OPCODE(MAP_0F, 0xbf, 0),
	MOVSXD = OPCODE(MAP_ONE, 0x63, 0),
	LEA = OPCODE(MAP_ONE, 0x8d, 0),
	MOVBE_LOAD = OPCODE(MAP_0F38, 0xf0, 0),
	SHIFT_IMM = OPCODE(MAP_ONE, 0xc1, OP_SIZED),
	SHIFT_ONE = OPCODE(MAP_ONE, 0xd1, OP_SIZED),
	SHIFT_CL = OPCODE(MAP_ONE, 0xd3, OP_SIZED),
	SHIFT_VEX = OPCODE(MAP_0F38, 0xf7, 0),
	IMUL_REG = OPCODE(MAP_0F, 0xaf, 0),
	IMUL_IMM32 = OPCODE(MAP_ONE, 0x69, 0),
	IMUL_IMM8 = OPCODE(MAP_ONE, 0x6b, 0),
	UNARY = OPCODE(MAP_ONE, 0xf7, OP_SIZED),
	CDQ = OPCODE(MAP_ONE, 0x99, 0),
	BSWAP = OPCODE(MAP_0F, 0xc8, 0),
	XADD = OPCODE(MAP_0F, 0xc1, OP_SIZED | OP_LOCK),
	XCHG = OPCODE(MAP_ONE, 0x87, OP_SIZED),
	CMPXCHG = OPCODE(MAP_0F, 0xb1, OP_SIZED | OP_LOCK),
	INDIRECT = OPCODE(MAP_ONE, 0xff, OP_WIDE),
	PUSH = OPCODE(MAP_ONE, 0x50, OP_WIDE),
	POP = OPCODE(MAP_ONE, 0x58, OP_WIDE),
	LEAVE = OPCODE(MAP_ONE, 0xc9, OP_WIDE),
	RET = OPCODE(MAP_ONE, 0xc3, OP_WIDE),
};
/* Extensions of opcodes in ModRM's reg field. */
enum { UNARY_TEST = 0, UNARY_NEG = 3, UNARY_DIV = 6, UNARY_IDIV = 7 };
enum { INDIRECT_CALL = 2, INDIRECT_JUMP = 4 };
enum { PP_66 = 1, PP_F3 = 2, PP_F2 = 3 };

static bool fits8(s32 imm)
{
	return imm == (s8)imm;
}

static void put_imm(struct code *code, enum x86_width width, s32 imm)
{
	if (width == W8)
		put8(code, (u8)imm);
	else if (width == W16)
		put8(code, (u8)imm), put8(code, (u8)((u32)imm >> 8));
	else
		put32(code, (u32)imm);
}

void op_alu(struct code *code, enum x86_width width, enum x86_alu alu, enum x86_reg dst,
	    enum x86_reg src)
{
	encode_reg(code, ALU_RM_REG + alu * ALU_STEP, width, src, dst);
}

void op_alu_imm(struct code *code, enum x86_width width, enum x86_alu alu, enum x86_reg dst,
		s32 imm)
{
	bool small = fits8(imm);

	encode_reg(code, small && width != W8 ? ALU_IMM8 : ALU_IMM32, width, alu, dst);
	put_imm(code, small ? W8 : width, imm);
}

void op_alu_mem(struct code *code, enum x86_width width, enum x86_alu alu, enum x86_reg dst,
		struct x86_mem mem)
{
	encode_mem(code, ALU_REG_RM + alu * ALU_STEP, width, dst, mem);
}

void op_mem_alu_imm(struct code *code, enum x86_width width, enum x86_alu alu, struct x86_mem mem,
		    s32 imm)
{
	bool small = fits8(imm);

	encode_mem(code, small && width != W8 ? ALU_IMM8 : ALU_IMM32, width, alu, mem);
	put_imm(code, small ? W8 : width, imm);
}

void op_test(struct code *code, enum x86_width width, enum x86_reg a, enum x86_reg b)
{
	encode_reg(code, TEST_RM_REG, width, b, a);
}

void op_test_imm(struct code *code, enum x86_width width, enum x86_reg reg, s32 imm)
{
	encode_reg(code, TEST_IMM, width, UNARY_TEST, reg);
	put_imm(code, width, imm);
}

void op_mov(struct code *code, enum x86_width width, enum x86_reg dst, enum x86_reg src)
{
	encode_reg(code, MOV_RM_REG, width, src, dst);
}

void op_mov_imm(struct code *code, enum x86_reg dst, u64 imm)
{
	if (!imm) {
		op_alu(code, W32, X86_XOR, dst, dst);
	} else if (imm == (u32)imm) {
		encode_plus(code, MOV_REG_IMM, W32, dst);
		put32(code, (u32)imm);
	} else if (imm == (u64)(s64)(s32)imm) {
		encode_reg(code, MOV_RM_IMM, W64, 0, dst);
		put32(code, (u32)imm);
	} else {
		encode_plus(code, MOV_REG_IMM, W64, dst);
		put64(code, imm);
	}
}

void op_mov_zext(struct code *code, enum x86_width width, enum x86_reg dst, enum x86_reg src)
{
	if (width == W8)
		encode_reg(code, MOVZX_BYTE, W32, dst, src);
	else if (width == W16)
		encode_reg(code, MOVZX_WORD, W32, dst, src);
	else
		op_mov(code, width, dst, src);
}

void op_mov_sext(struct code *code, enum x86_width width, enum x86_width to, enum x86_reg dst,
		 enum x86_reg src)
{
	if (width == W8)
		encode_reg(code, MOVSX_BYTE, to, dst, src);
	else if (width == W16)
		encode_reg(code, MOVSX_WORD, to, dst, src);
	else
		encode_reg(code, MOVSXD, to, dst, src);
}

void op_load(struct code *code, enum x86_width width, enum x86_reg dst, struct x86_mem mem)
{
	if (width == W8)
		encode_mem(code, MOVZX_BYTE, W32, dst, mem);
	else if (width == W16)
		encode_mem(code, MOVZX_WORD, W32, dst, mem);
	else
		encode_mem(code, MOV_REG_RM, width, dst, mem);
}

void op_load_sext(struct code *code, enum x86_width width, enum x86_reg dst, struct x86_mem mem)
{
	if (width == W8)
		encode_mem(code, MOVSX_BYTE, W64, dst, mem);
	else if (width == W16)
		encode_mem(code, MOVSX_WORD, W64, dst, mem);
	else
		encode_mem(code, MOVSXD, W64, dst, mem);
}

void op_store(struct code *code, enum x86_width width, struct x86_mem mem, enum x86_reg src)
{
	encode_mem(code, MOV_RM_REG, width, src, mem);
}

void op_store_imm(struct code *code, enum x86_width width, struct x86_mem mem, s32 imm)
{
	encode_mem(code, MOV_RM_IMM, width, 0, mem);
	put_imm(code, width, imm);
}

void op_lea(struct code *code, enum x86_reg dst, struct x86_mem mem)
{
	encode_mem(code, LEA, W64, dst, mem);
}

void op_lea_label(struct code *code, enum x86_reg dst, u32 label)
{
	encode_label(code, LEA, W64, dst, label);
}

void op_load_swapped(struct code *code, enum x86_width width, enum x86_reg dst, struct x86_mem mem)
{
	encode_mem(code, MOVBE_LOAD, width, dst, mem);
}

void op_shift_imm(struct code *code, enum x86_width width, enum x86_shift shift, enum x86_reg dst,
		  u32 count)
{
	encode_reg(code, count == 1 ? SHIFT_ONE : SHIFT_IMM, width, shift, dst);
	if (count != 1)
		put8(code, count);
}

void op_shift(struct code *code, enum x86_width width, enum x86_shift shift, enum x86_reg dst)
{
	encode_reg(code, SHIFT_CL, width, shift, dst);
}

void op_shift_by(struct code *code, enum x86_width width, enum x86_shift shift, enum x86_reg dst,
		 enum x86_reg src, enum x86_reg count)
{
	static const u8 prefix[] = {[X86_SHL] = PP_66, [X86_SAR] = PP_F3, [X86_SHR] = PP_F2};

	if (!prefix[shift])
		code->err = code->err ?: -EINVAL;
	encode_vex(code, SHIFT_VEX, prefix[shift], width, dst, count, src);
}

void op_mul(struct code *code, enum x86_width width, enum x86_reg dst, enum x86_reg src)
{
	encode_reg(code, IMUL_REG, width, dst, src);
}

void op_mul_imm(struct code *code, enum x86_width width, enum x86_reg dst, enum x86_reg src,
		s32 imm)
{
	encode_reg(code, fits8(imm) ? IMUL_IMM8 : IMUL_IMM32, width, dst, src);
	put_imm(code, fits8(imm) ? W8 : width, imm);
}

void op_div(struct code *code, enum x86_width width, bool is_signed, enum x86_reg src)
{
	encode_reg(code, UNARY, width, is_signed ? UNARY_IDIV : UNARY_DIV, src);
}

void op_sign_rax(struct code *code, enum x86_width width)
{
	encode_plain(code, CDQ, width);
}

void op_neg(struct code *code, enum x86_width width, enum x86_reg reg)
{
	encode_reg(code, UNARY, width, UNARY_NEG, reg);
}

void op_swap(struct code *code, enum x86_width width, enum x86_reg reg)
{
	encode_plus(code, BSWAP, width, reg);
}

void op_lock_alu(struct code *code, enum x86_width width, enum x86_alu alu, struct x86_mem mem,
		 enum x86_reg src)
{
	encode_mem(code, LOCK_ALU + alu * ALU_STEP, width, src, mem);
}

void op_lock_xadd(struct code *code, enum x86_width width, struct x86_mem mem, enum x86_reg src)
{
	encode_mem(code, XADD, width, src, mem);
}

void op_xchg(struct code *code, enum x86_width width, struct x86_mem mem, enum x86_reg src)
{
	encode_mem(code, XCHG, width, src, mem);
}

void op_lock_cmpxchg(struct code *code, enum x86_width width, struct x86_mem mem, enum x86_reg src)
{
	encode_mem(code, CMPXCHG, width, src, mem);
}

void op_jump(struct code *code, u32 label)
{
	emit_jump(code, label);
}

void op_branch(struct code *code, enum x86_cond cond, u32 label)
{
	emit_branch(code, cond, label);
}

void op_jump_reg(struct code *code, enum x86_reg reg)
{
	encode_reg(code, INDIRECT, W64, INDIRECT_JUMP, reg);
}

void op_call(struct code *code, u32 label)
{
	emit_call_label(code, label);
}

void op_call_outside(struct code *code, u64 address)
{
	emit_call_outside(code, address);
}

void op_call_reg(struct code *code, enum x86_reg reg)
{
	encode_reg(code, INDIRECT, W64, INDIRECT_CALL, reg);
}

void op_call_mem(struct code *code, struct x86_mem mem)
{
	encode_mem(code, INDIRECT, W64, INDIRECT_CALL, mem);
}

void op_push(struct code *code, enum x86_reg reg)
{
	encode_plus(code, PUSH, W64, reg);
}

void op_pop(struct code *code, enum x86_reg reg)
{
	encode_plus(code, POP, W64, reg);
}

void op_leave(struct code *code)
{
	encode_plain(code, LEAVE, W64);
}

void op_ret(struct code *code)
{
	encode_plain(code, RET, W64);
}
