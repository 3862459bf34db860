/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Arithmetic and moves (RFC 9669 sections 4.1 and 4.2). */
#include "target/x86_64/jit.h"

static s32 imm_of(const struct jit *jit)
{
	return jit->insn->imm;
}

/* The immediate as the operation sees it. */
static u64 imm_value(const struct jit *jit, enum x86_width width)
{
	return width == W64 ? (u64)(s64)imm_of(jit) : (u32)imm_of(jit);
}

/* The source operand in a register: the immediate goes to TMP0. */
static enum x86_reg operand(struct jit *jit, enum x86_width width, bool imm)
{
	if (!imm)
		return jit_src(jit);
	jit_constant(jit, TMP0, imm_value(jit, width));
	return TMP0;
}

/* Keep the low bits of dst only; an upper half that nobody reads may keep what it has. */
static void truncate(struct jit *jit, enum x86_width width)
{
	if (width == W64 || (width == W32 && jit->facts && !jit->facts->zext))
		return;
	op_mov_zext(&jit->code, width, jit_dst(jit), jit_dst(jit));
}

/* AND with a mask that a shorter instruction can do; false: it is none of these. */
static bool and_mask(struct jit *jit, enum x86_width width)
{
	s32 imm = imm_of(jit);

	if (imm == 0xff || imm == 0xffff)
		op_mov_zext(&jit->code, imm == 0xff ? W8 : W16, jit_dst(jit), jit_dst(jit));
	else if (width == W64 && imm >= 0) /* clears the upper half anyway */
		op_alu_imm(&jit->code, W32, X86_AND, jit_dst(jit), imm);
	else
		return false;
	return true;
}

void jit_alu(struct jit *jit, enum x86_alu alu, enum x86_width width, bool imm)
{
	if (!imm || jit->in->blind)
		op_alu(&jit->code, width, alu, jit_dst(jit), operand(jit, width, imm));
	else if (!imm_of(jit) && alu != X86_AND)
		truncate(jit, width);
	else if (alu != X86_AND || !and_mask(jit, width))
		op_alu_imm(&jit->code, width, alu, jit_dst(jit), imm_of(jit));
}

/* By a count in RCX, which belongs to r4. */
static void shift_cl(struct jit *jit, enum x86_shift shift, enum x86_width width)
{
	enum x86_reg dst = jit_dst(jit), src = jit_src(jit), value = dst;
	bool keep = src != RCX && (dst == RCX || jit_lives(jit, 4));

	if (keep || dst == RCX)
		op_mov(&jit->code, W64, TMP0, RCX);
	if (dst == RCX)
		value = TMP0;
	if (src != RCX)
		op_mov(&jit->code, W32, RCX, src);
	op_shift(&jit->code, width, shift, value);
	if (keep || dst == RCX)
		op_mov(&jit->code, W64, RCX, TMP0);
}

/* Counts are taken modulo the width, by the processor as by eBPF. */
void jit_shift(struct jit *jit, enum x86_shift shift, enum x86_width width, bool imm)
{
	u32 count = (u32)imm_of(jit) & (width * 8 - 1);

	if (imm && count)
		op_shift_imm(&jit->code, width, shift, jit_dst(jit), count);
	else if (imm)
		truncate(jit, width);
	else if (jit->features & X86_BMI2)
		op_shift_by(&jit->code, width, shift, jit_dst(jit), jit_dst(jit), jit_src(jit));
	else
		shift_cl(jit, shift, width);
}

void jit_mul(struct jit *jit, enum x86_width width, bool imm)
{
	if (imm && !jit->in->blind)
		op_mul_imm(&jit->code, width, jit_dst(jit), jit_dst(jit), imm_of(jit));
	else
		op_mul(&jit->code, width, jit_dst(jit), operand(jit, width, imm));
}

/* Unsigned, by a power of two; false: it is none. */
static bool divide_power(struct jit *jit, enum x86_width width, bool modulo)
{
	u64 imm = imm_value(jit, width);

	if (!imm || imm & (imm - 1) || imm > INT32_MAX)
		return false;
	if (modulo)
		op_alu_imm(&jit->code, W32, X86_AND, jit_dst(jit), (s32)(imm - 1));
	else if (imm > 1)
		op_shift_imm(&jit->code, width, X86_SHR, jit_dst(jit), (u32)__builtin_ctzll(imm));
	else
		truncate(jit, width);
	return true;
}

/*
 * RAX by TMP0; the result goes to TMP0. By zero the quotient is 0, which TMP0 holds already, and
 * the remainder the dividend; by -1, which may overflow, they are the negation and 0.
 */
static void divide_core(struct jit *jit, enum x86_width width, bool is_signed, bool modulo)
{
	struct code *code = &jit->code;
	u32 divide = label_new(code), done = label_new(code), zero = label_new(code);

	op_test(code, width, TMP0, TMP0);
	op_branch(code, COND_E, modulo ? zero : done);
	if (is_signed) {
		op_alu_imm(code, width, X86_CMP, TMP0, -1);
		op_branch(code, COND_NE, divide);
		if (modulo)
			op_mov_imm(code, RAX, 0);
		else
			op_neg(code, width, RAX);
		op_jump(code, zero);
	}
	label_bind(code, divide);
	if (is_signed)
		op_sign_rax(code, width);
	else
		op_alu(code, W32, X86_XOR, RDX, RDX);
	op_div(code, width, is_signed, TMP0);
	if (modulo)
		op_mov(code, width, RAX, RDX);
	label_bind(code, zero);
	op_mov(code, width, TMP0, RAX);
	label_bind(code, done);
}

void jit_divide(struct jit *jit, enum x86_width width, bool imm, bool is_signed, bool modulo)
{
	enum x86_reg dst = jit_dst(jit);
	bool keep_rax = dst != RAX && jit_lives(jit, 0), keep_rdx = dst != RDX && jit_lives(jit, 3);

	if (imm && !is_signed && !jit->in->blind && divide_power(jit, width, modulo))
		return;
	if (imm)
		operand(jit, width, true);
	else
		op_mov(&jit->code, width, TMP0, jit_src(jit));
	if (keep_rax)
		op_mov(&jit->code, W64, TMP2, RAX);
	if (keep_rdx)
		op_mov(&jit->code, W64, TMP1, RDX);
	if (dst != RAX)
		op_mov(&jit->code, width, RAX, dst);
	divide_core(jit, width, is_signed, modulo);
	if (keep_rax)
		op_mov(&jit->code, W64, RAX, TMP2);
	if (keep_rdx)
		op_mov(&jit->code, W64, RDX, TMP1);
	op_mov(&jit->code, W64, dst, TMP0);
}

/* dst = src; dst += what follows: one address computation. */
static bool move_add(struct jit *jit)
{
	u32 id;
	const struct skep_insn *next = jit_follower(jit, &id);

	if (!next || next->dst != jit->insn->dst || jit->in->blind)
		return false;
	if (id == INSN_ADD64_IMM)
		op_lea(&jit->code, jit_dst(jit), MEM(jit_src(jit), next->imm));
	else if (id == INSN_ADD64_REG && next->src != next->dst)
		op_lea(&jit->code, jit_dst(jit),
		       MEM_INDEX(jit_src(jit), jit_host(next->src), 1, 0));
	else
		return false;
	jit->fused = 1;
	return true;
}

/* Do the `n` instructions behind this one follow it, whatever was run before? */
static bool straight(const struct jit *jit, u32 n)
{
	if (jit->at + n >= jit->in->nr_insns)
		return false;
	for (u32 at = jit->at + 1; at <= jit->at + n; at++)
		if (jit->notes[at].target || jit->notes[at].unused)
			return false;
	return true;
}

/*
 * x = s; x >>= n; y = s; y <<= width - n; y |= x; with x not read again: y is s rotated. The
 * shifts may come the other way round.
 */
static bool rotate(struct jit *jit, enum x86_width width)
{
	u32 left = width == W64 ? INSN_LSH64_IMM : INSN_LSH32_IMM;
	u32 right = width == W64 ? INSN_RSH64_IMM : INSN_RSH32_IMM;
	u32 join = width == W64 ? INSN_OR64_REG : INSN_OR32_REG;
	const struct jit_note *notes = &jit->notes[jit->at];
	const struct skep_insn *insn = jit->insn;
	s32 bits = width * 8, count;
	u8 x = insn->dst, y, s = insn->src;

	if (!straight(jit, 4) || notes[2].id != notes[0].id || notes[4].id != join ||
	    notes[1].id + notes[3].id != (int)(left + right) ||
	    (notes[1].id != left && notes[1].id != right))
		return false;
	y = insn[2].dst;
	if (x == s || y == s || x == y || insn[1].dst != x || insn[2].src != s ||
	    insn[3].dst != y || insn[4].dst != y || insn[4].src != x)
		return false;
	count = notes[1].id == left ? insn[1].imm : insn[3].imm;
	if (count <= 0 || count >= bits || insn[1].imm + insn[3].imm != bits ||
	    notes[4].live_out >> x & 1)
		return false;
	op_mov(&jit->code, width, jit_host(y), jit_host(s));
	op_shift_imm(&jit->code, width, X86_ROL, jit_host(y), (u32)count);
	jit->fused = 4;
	return true;
}

void jit_move(struct jit *jit, enum x86_width width, bool imm)
{
	if (imm)
		jit_constant(jit, jit_dst(jit), imm_value(jit, width));
	else if (jit_dst(jit) == jit_src(jit))
		truncate(jit, width);
	else if (!rotate(jit, width) && (width != W64 || !move_add(jit)))
		op_mov(&jit->code, width, jit_dst(jit), jit_src(jit));
}

void jit_move_sext(struct jit *jit, enum x86_width from, enum x86_width to)
{
	op_mov_sext(&jit->code, from, to, jit_dst(jit), jit_src(jit));
}

void jit_negate(struct jit *jit, enum x86_width width)
{
	op_neg(&jit->code, width, jit_dst(jit));
}

void jit_swap(struct jit *jit, enum x86_width width)
{
	if (width != W16) {
		op_swap(&jit->code, width, jit_dst(jit));
		return;
	}
	op_shift_imm(&jit->code, W16, X86_ROL, jit_dst(jit), 8);
	op_mov_zext(&jit->code, W16, jit_dst(jit), jit_dst(jit));
}

void jit_truncate(struct jit *jit, enum x86_width width)
{
	truncate(jit, width);
}
