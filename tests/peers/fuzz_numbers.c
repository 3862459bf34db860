/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Blocks about numbers: constants, arithmetic, comparisons, bounds. */
#include "fuzz_build.h"

s64 fuzz_constant(u64 *state)
{
	static const s64 edges[] = {0,         1,         -1,       2,       3,      4,
				    7,         8,         15,       16,      31,     32,
				    63,        64,        127,      128,     -128,   255,
				    256,       0x7fff,    0x8000,   -0x8000, 0xffff, 0x10000,
				    INT32_MAX, INT32_MIN, 0xffffff, -2,      -8,     0x3f0,
				    0x1000,    0x55aa};
	s64 value = edges[fuzz_below(state, ARRAY_SIZE(edges))];
	u32 pick = fuzz_below(state, 100);

	if (pick < 12)
		return value + 1;
	if (pick < 24)
		return value - 1;
	if (pick < 34)
		return (s32)fuzz_random(state);
	if (pick < 38)
		return -value;
	return value;
}

int fuzz_find(struct fuzz_build *build, u32 mask)
{
	u32 start = fuzz_pick(build, 10);

	for (u32 i = 0; i < 10; i++) {
		u32 reg = (start + i) % 10;

		if (mask & FUZZ_MASK(build->now.regs[reg].kind))
			return (int)reg;
	}
	return -1;
}

void fuzz_set(struct fuzz_build *build, u32 reg, enum fuzz_kind kind)
{
	build->now.regs[reg] = (struct fuzz_reg){.kind = kind};
}

void fuzz_set_number(struct fuzz_build *build, u32 reg, u64 most)
{
	build->now.regs[reg] = (struct fuzz_reg){.kind = FUZZ_NUMBER, .span = most};
}

u32 fuzz_victim(struct fuzz_build *build)
{
	for (u32 i = 0; i < 20; i++) {
		u32 reg = fuzz_pick(build, 10);
		u32 kind = build->now.regs[reg].kind;

		if (build->pinned & (1u << reg))
			continue;
		if (kind == FUZZ_NONE || kind == FUZZ_NUMBER || i > 8)
			return reg;
	}
	return fuzz_pick(build, 6);
}

void fuzz_wide(struct fuzz_build *build, u32 dst, u32 src, u64 imm)
{
	fuzz_emit(build, SKEP_LD | SKEP_IMM | SKEP_DW, dst, src, 0, (s32)(u32)imm);
	fuzz_emit(build, 0, 0, 0, 0, (s32)(u32)(imm >> 32));
}

void fuzz_block_constant(struct fuzz_build *build)
{
	u32 dst = fuzz_victim(build), pick = fuzz_pick(build, 100);
	s64 value = fuzz_constant(&build->random);

	if (pick < 35) {
		if (fuzz_maybe(build, 50))
			value = (s64)((u64)value << fuzz_pick(build, 40));
		fuzz_wide(build, dst, 0, (u64)value);
		fuzz_set_number(build, dst, (u64)value);
	} else if (pick < 70) {
		fuzz_emit(build, SKEP_ALU64 | SKEP_MOV, dst, 0, 0, (s32)value);
		fuzz_set_number(build, dst, (u64)(s64)(s32)value);
	} else {
		fuzz_emit(build, SKEP_ALU | SKEP_MOV, dst, 0, 0, (s32)value);
		fuzz_set_number(build, dst, (u32)value);
	}
}

u32 fuzz_number(struct fuzz_build *build)
{
	int reg = fuzz_find(build, FUZZ_MASK(FUZZ_NUMBER));

	/* unknown ones are worth more than constants */
	if (reg >= 0 && build->now.regs[reg].span < 256 && fuzz_maybe(build, 40))
		reg = fuzz_find(build, FUZZ_MASK(FUZZ_NUMBER));
	if (reg < 0 || fuzz_maybe(build, 8)) {
		fuzz_block_context(build);
		reg = fuzz_find(build, FUZZ_MASK(FUZZ_NUMBER));
	}
	if (reg < 0) {
		fuzz_block_constant(build);
		reg = fuzz_find(build, FUZZ_MASK(FUZZ_NUMBER));
	}
	return reg < 0 ? 0 : (u32)reg;
}

static void unary(struct fuzz_build *build, u32 dst)
{
	static const u8 widths[] = {16, 32, 64};
	u32 pick = fuzz_pick(build, 3);

	if (pick == 0)
		fuzz_emit(build, (fuzz_maybe(build, 50) ? SKEP_ALU : SKEP_ALU64) | SKEP_NEG, dst, 0,
			  0, 0);
	else if (pick == 1)
		fuzz_emit(build, SKEP_ALU | SKEP_END | (fuzz_pick(build, 2) << 3), dst, 0, 0,
			  widths[fuzz_pick(build, 3)]);
	else
		fuzz_emit(build, SKEP_ALU64 | SKEP_END, dst, 0, 0, widths[fuzz_pick(build, 3)]);
	fuzz_set_number(build, dst, UINT64_MAX);
}

static void extend(struct fuzz_build *build, u32 dst, u32 src)
{
	static const u8 widths[] = {8, 16, 32};
	bool wide = fuzz_maybe(build, 60);

	fuzz_emit(build, (wide ? SKEP_ALU64 : SKEP_ALU) | SKEP_MOV | SKEP_X, dst, src,
		  widths[fuzz_pick(build, wide ? 3 : 2)], 0);
	fuzz_set_number(build, dst, UINT64_MAX);
}

static bool has_number(const struct fuzz_build *build, u32 reg)
{
	return build->now.regs[reg].kind == FUZZ_NUMBER;
}

void fuzz_block_alu(struct fuzz_build *build)
{
	static const u8 ops[] = {SKEP_ADD, SKEP_SUB, SKEP_MUL, SKEP_DIV,  SKEP_OR,   SKEP_AND,
				 SKEP_LSH, SKEP_RSH, SKEP_MOD, SKEP_XOR,  SKEP_ARSH, SKEP_ADD,
				 SKEP_AND, SKEP_RSH, SKEP_SUB, SKEP_ARSH, SKEP_MUL};
	u32 class = fuzz_maybe(build, 45) ? SKEP_ALU : SKEP_ALU64;
	u32 op = ops[fuzz_pick(build, ARRAY_SIZE(ops))];
	u32 dst = fuzz_number(build), src = fuzz_number(build);
	bool shift = op == SKEP_LSH || op == SKEP_RSH || op == SKEP_ARSH;
	s32 imm = (s32)fuzz_constant(&build->random);
	s32 is_signed = (op == SKEP_DIV || op == SKEP_MOD) && fuzz_maybe(build, 40);

	if ((build->pinned & (1u << dst)) || !has_number(build, dst) || !has_number(build, src))
		return;
	if (fuzz_maybe(build, 12)) {
		unary(build, dst);
		return;
	}
	if (fuzz_maybe(build, 8)) {
		extend(build, dst, src);
		return;
	}
	if (shift)
		imm = (s32)fuzz_pick(build, class == SKEP_ALU ? 32 : 64);
	if ((op == SKEP_DIV || op == SKEP_MOD) && !imm)
		imm = 7;
	if (fuzz_maybe(build, 45))
		fuzz_emit(build, class | op | SKEP_X, dst, src, is_signed, 0);
	else
		fuzz_emit(build, class | op, dst, 0, is_signed, imm);
	fuzz_set_number(build, dst, class == SKEP_ALU ? UINT32_MAX : UINT64_MAX);
}

/* Copies share what is learnt of one of them; most numbers deserve one. */
void fuzz_block_copy(struct fuzz_build *build)
{
	int src = fuzz_find(build, ~FUZZ_MASK(FUZZ_NONE));
	u32 dst = fuzz_victim(build);

	if (fuzz_maybe(build, 60))
		src = (int)fuzz_number(build);
	if (src < 0 || dst == (u32)src)
		return;
	if (has_number(build, (u32)src) && fuzz_maybe(build, 30)) {
		fuzz_emit(build, SKEP_ALU | SKEP_MOV | SKEP_X, dst, (u32)src, 0, 0);
		fuzz_set_number(build, dst, UINT32_MAX);
		return;
	}
	fuzz_emit(build, SKEP_ALU64 | SKEP_MOV | SKEP_X, dst, (u32)src, 0, 0);
	build->now.regs[dst] = build->now.regs[src];
	if (has_number(build, dst) && fuzz_maybe(build, 30))
		fuzz_emit(build, (fuzz_maybe(build, 70) ? SKEP_ALU64 : SKEP_ALU) | SKEP_ADD, dst, 0,
			  0, (s32)fuzz_pick(build, 64));
}

/* The ways that programs, and compilers, bound a number. */
u32 fuzz_bounded(struct fuzz_build *build, u64 most)
{
	u32 reg = fuzz_number(build), pick = fuzz_pick(build, 8), mask = 1;
	u32 wide = fuzz_maybe(build, 60) ? SKEP_ALU64 : SKEP_ALU;
	u32 jump = fuzz_maybe(build, 60) ? SKEP_JMP : SKEP_JMP32;

	if (build->pinned & (1u << reg) || !has_number(build, reg))
		return reg;
	while (mask * 2 - 1 <= most && mask < 1u << 30)
		mask *= 2;
	mask -= 1;
	switch (pick) {
	case 0:
	case 1:
		fuzz_emit(build, wide | SKEP_AND, reg, 0, 0, (s32)mask);
		break;
	case 2:
		/* rarely: the kernel learns nothing of it */
		if (fuzz_maybe(build, 90)) {
			fuzz_emit(build, wide | SKEP_AND, reg, 0, 0, (s32)mask / 2);
			break;
		}
		fuzz_emit(build, wide | SKEP_MOD, reg, 0, 0, (s32)most + 1);
		break;
	case 3:
		if (jump == SKEP_JMP32)
			fuzz_emit(build, SKEP_ALU | SKEP_MOV | SKEP_X, reg, reg, 0, 0);
		fuzz_to_end(build, jump | SKEP_JGT, reg, 0, (s32)most);
		break;
	case 4: /* signed on both sides */
		fuzz_to_end(build, SKEP_JMP | SKEP_JSGT, reg, 0, (s32)most);
		fuzz_to_end(build, SKEP_JMP | SKEP_JSLT, reg, 0, 0);
		break;
	case 5: /* a copy is bounded */
		if (build->pinned & (1u << 8))
			break;
		fuzz_emit(build, SKEP_ALU64 | SKEP_MOV | SKEP_X, 8, reg, 0, 0);
		if (reg != 8)
			build->now.regs[8] = build->now.regs[reg];
		fuzz_to_end(build, SKEP_JMP | SKEP_JGE, 8, 0, (s32)most + 1);
		break;
	case 6: /* arithmetic shift to 0 or -1, then and */
		fuzz_emit(build, wide | SKEP_ARSH, reg, 0, 0, wide == SKEP_ALU ? 31 : 63);
		fuzz_emit(build, wide | SKEP_AND, reg, 0, 0, (s32)mask);
		break;
	default:
		fuzz_emit(build, SKEP_ALU | SKEP_RSH, reg, 0, 0, 26 + (s32)fuzz_pick(build, 6));
		fuzz_to_end(build, SKEP_JMP | SKEP_JGT, reg, 0, (s32)most);
		break;
	}
	fuzz_set_number(build, reg, most);
	return reg;
}

void fuzz_block_bound(struct fuzz_build *build)
{
	fuzz_bounded(build, (1u << fuzz_pick(build, 14)) + fuzz_pick(build, 4) - 1);
}

/* A comparison that leaves, often followed by arithmetic on what it proved. */
void fuzz_block_compare(struct fuzz_build *build)
{
	static const u8 ops[] = {SKEP_JEQ,  SKEP_JNE,  SKEP_JGT,  SKEP_JGE,  SKEP_JLT, SKEP_JLE,
				 SKEP_JSGT, SKEP_JSGE, SKEP_JSLT, SKEP_JSLE, SKEP_JSET};
	u32 class = fuzz_maybe(build, 40) ? SKEP_JMP32 : SKEP_JMP;
	u32 a = fuzz_number(build), b = fuzz_number(build);
	u32 op = ops[fuzz_pick(build, ARRAY_SIZE(ops))];

	/* skep knows what a number compared with itself gives, the kernel does not */
	if (fuzz_maybe(build, 40) && (a != b || fuzz_maybe(build, 5)))
		fuzz_to_end(build, class | op | SKEP_X, a, b, 0);
	else
		fuzz_to_end(build, class | op, a, 0, (s32)fuzz_constant(&build->random));
}
