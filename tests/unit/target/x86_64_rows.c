/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Every row that computes, compares or moves, with every pair of registers, over edge values: all
 * ten registers afterwards must be the interpreter's, with and without the processor's newer
 * instructions, with constants blinded or not.
 */
#include "x86_64.h"

#define NR_REGS 10

static const u64 edges[] = {
	0,
	1,
	2,
	8,
	31,
	32,
	63,
	64,
	0x7f,
	0x80,
	0xff,
	0x8000,
	0xffff,
	0x7fffffff,
	0x80000000,
	0xfffffffe,
	0xffffffff,
	0x100000000,
	0x123456789abcdef0,
	0x7fffffffffffffff,
	0x8000000000000000,
	0xffffffff80000000,
	0xfffffffffffffffe,
	0xffffffffffffffff,
};
static const s32 immediates[] = {0,   1,      -1,      2,         7,         31,
				 33,  64,     127,     128,       -128,      -129,
				 255, 0xffff, 0x10000, INT32_MAX, INT32_MIN, 0x12345678};

struct frame {
	struct skep_insn insns[128];
	u32 nr;
};

static void add(struct frame *frame, struct skep_insn insn)
{
	frame->insns[frame->nr++] = insn;
}

/* Registers from memory; the pointer to it waits on the stack, as do words to work on. */
static void frame_begin(struct frame *frame)
{
	frame->nr = 0;
	add(frame, OP(STX_DW, 10, 1, -8, 0));
	for (s16 word = 0; word < 4; word++)
		add(frame, OP(ST_DW, 10, 0, -16 - 8 * word, 0x1234567 * (word + 1)));
	for (u8 reg = 0; reg < NR_REGS; reg++)
		if (reg != 1)
			add(frame, OP(LDX_DW, reg, 1, reg * 8, 0));
	add(frame, OP(LDX_DW, 1, 1, 8, 0));
}

/* All registers, and the words of the stack, to memory. */
static void frame_end(struct frame *frame)
{
	for (u8 reg = 0; reg < NR_REGS; reg++)
		add(frame, OP(STX_DW, 10, reg, -120 - 8 * reg, 0));
	add(frame, OP(LDX_DW, 1, 10, -8, 0));
	for (u8 reg = 0; reg < NR_REGS; reg++) {
		add(frame, OP(LDX_DW, 2, 10, -120 - 8 * reg, 0));
		add(frame, OP(STX_DW, 1, 2, 8 * reg, 0));
	}
	for (s16 word = 0; word < 4; word++) {
		add(frame, OP(LDX_DW, 2, 10, -16 - 8 * word, 0));
		add(frame, OP(STX_DW, 1, 2, 80 + 8 * word, 0));
	}
	add(frame, MOV(0, 5));
	add(frame, EXIT);
}

static void try(const struct frame *frame, const char *name, u8 dst, u8 src, bool blind)
{
	struct both both = both_of(frame->insns, frame->nr, blind);
	u64 memory[16];

	for (u32 i = 0; i < ARRAY_SIZE(edges); i += (dst * 10 + src) % 5 + 1)
		for (u32 j = 0; j < ARRAY_SIZE(edges); j += (dst + src * 3) % 7 + 2) {
			for (u32 reg = 0; reg < 16; reg++)
				memory[reg] = 0x1111111111111111u * (u64)(reg + 1);
			memory[dst] = edges[i];
			memory[src] = edges[j];
			both_run(&both, memory, sizeof(memory), name);
		}
	both_put(&both);
}

static bool computes(const struct insn_desc *desc)
{
	return desc->kind == INSN_KIND_ALU64 || desc->kind == INSN_KIND_ALU32 ||
	       desc->kind == INSN_KIND_SWAP;
}

static bool branches(const struct insn_desc *desc)
{
	return desc->kind == INSN_KIND_BRANCH64 || desc->kind == INSN_KIND_BRANCH32;
}

static void try_row(const struct insn_desc *desc, u8 dst, u8 src, s32 imm, bool blind)
{
	struct frame frame;
	u8 used = desc->flags & INSN_READS_SRC ? src : 0;

	frame_begin(&frame);
	add(&frame, make_insn(desc->id, dst, used, branches(desc) ? 1 : 0,
			      desc->flags & INSN_USES_IMM ? imm : 0));
	if (branches(desc))
		add(&frame, OP(XOR64_IMM, dst, 0, 0, 0x55));
	frame_end(&frame);
	try(&frame, desc->name, dst, src, blind);
}

static void try_rows(bool blind)
{
	for (u32 id = 1; id < INSN_ID_MAX; id++) {
		const struct insn_desc *desc = &insn_descs[id];

		if (!computes(desc) && !branches(desc))
			continue;
		for (u8 dst = 0; dst < NR_REGS; dst++) {
			if (!(desc->flags & INSN_READS_SRC)) {
				s32 imm = immediates[(dst * 7 + id) % ARRAY_SIZE(immediates)];

				try_row(desc, dst, (dst + 1) % NR_REGS, imm, blind);
				continue;
			}
			for (u8 src = 0; src < NR_REGS; src++)
				try_row(desc, dst, src, 0, blind);
		}
	}
}

static void test_registers(void **state)
{
	try_rows(false);
}

static void test_old_processor(void **state)
{
	x86_64_pretend(0, true);
	try_rows(false);
	x86_64_pretend(UINT32_MAX, false);
}

static void test_immediates(void **state)
{
	for (u32 id = 1; id < INSN_ID_MAX; id++) {
		const struct insn_desc *desc = &insn_descs[id];

		if ((!computes(desc) && !branches(desc)) || desc->flags & INSN_READS_SRC ||
		    desc->kind == INSN_KIND_SWAP || id == INSN_NEG64 || id == INSN_NEG32)
			continue;
		for (u32 i = 0; i < ARRAY_SIZE(immediates); i++)
			for (u32 blind = 0; blind < 2; blind++)
				try_row(desc, (i + id) % NR_REGS, (i + 3) % NR_REGS, immediates[i],
					blind);
	}
}

/* Rows that touch memory, at the stack's words; each register takes part once. */
static void test_memory(void **state)
{
	for (u32 id = 1; id < INSN_ID_MAX; id++) {
		const struct insn_desc *desc = &insn_descs[id];
		bool load = desc->kind == INSN_KIND_LOAD;

		if (!load && desc->kind != INSN_KIND_STORE && desc->kind != INSN_KIND_ATOMIC)
			continue;
		for (u8 reg = 0; reg < NR_REGS; reg++) {
			struct frame frame;

			frame_begin(&frame);
			if (load)
				add(&frame, make_insn(id, reg, 10, -24, 0));
			else
				add(&frame,
				    make_insn(id, 10, desc->flags & INSN_READS_SRC ? reg : 0, -24,
					      desc->flags & INSN_USES_IMM ? immediates[reg] : 0));
			frame_end(&frame);
			try(&frame, desc->name, reg, (reg + 1) % NR_REGS, reg & 1);
		}
	}
}

/* The same through a pointer in every register, with the operand in every register. */
static void test_pointers(void **state)
{
	for (u32 id = 1; id < INSN_ID_MAX; id++) {
		const struct insn_desc *desc = &insn_descs[id];
		bool load = desc->kind == INSN_KIND_LOAD;

		if (!load && desc->kind != INSN_KIND_STORE && desc->kind != INSN_KIND_ATOMIC)
			continue;
		for (u8 pointer = 0; pointer < NR_REGS; pointer++) {
			u8 reg = (pointer + id) % NR_REGS;
			struct frame frame;

			if (reg == pointer || (!load && !(desc->flags & INSN_READS_SRC)))
				reg = load ? (pointer + 1) % NR_REGS : 0;
			if (reg == pointer)
				continue;
			frame_begin(&frame);
			add(&frame, COPY(pointer, 10));
			add(&frame, OP(ADD64_IMM, pointer, 0, 0, -20));
			add(&frame,
			    load ? make_insn(id, reg, pointer, 4, 0)
				 : make_insn(id, pointer, desc->flags & INSN_READS_SRC ? reg : 0,
					     -4, desc->flags & INSN_USES_IMM ? 7 : 0));
			if (desc->flags & INSN_WRITES_R0 && pointer != 0)
				add(&frame, OP(XOR64_IMM, 0, 0, 0, 1));
			add(&frame, MOV(pointer, 1));
			frame_end(&frame);
			try(&frame, desc->name, reg, (reg + 1) % NR_REGS, false);
		}
	}
}

/* What is translated together with its follower, and what must not be. */
static void test_fusion(void **state)
{
	static const u8 swaps[] = {INSN_BE32, INSN_BSWAP32, INSN_BE64, INSN_BSWAP64, INSN_BE16};
	static const u8 loads[] = {INSN_LDX_W, INSN_LDX_DW, INSN_LDX_H};

	for (u32 i = 0; i < ARRAY_SIZE(swaps) * ARRAY_SIZE(loads) * NR_REGS; i++) {
		u8 reg = i % NR_REGS, other = (reg + 1 + i / NR_REGS % 9) % NR_REGS;
		struct frame frame;

		frame_begin(&frame);
		add(&frame, make_insn(loads[i / NR_REGS % 3], reg, 10, -24, 0));
		add(&frame, make_insn(swaps[i / NR_REGS / 3], reg, 0, 0, 0));
		add(&frame, COPY(other, reg));
		add(&frame, OP(ADD64_IMM, other, 0, 0, -77));
		add(&frame, COPY(other, reg));
		add(&frame, OP(ADD64_REG, other, (other + 3) % NR_REGS, 0, 0));
		add(&frame, OP(JEQ64_IMM, other, 0, 1, 3)); /* into the middle of a pair */
		add(&frame, COPY(other, reg));
		add(&frame, OP(ADD64_IMM, other, 0, 0, 9));
		frame_end(&frame);
		try(&frame, "fusion", reg, other, false);
	}
}

/* A rotation made of shifts is one instruction where nobody reads the other half. */
static void test_rotation(void **state)
{
	for (u32 i = 0; i < 2 * 2 * 2 * 2 * 64; i++) {
		bool wide = i & 1, swapped = i & 2, read = i & 4, odd = i & 8;
		u8 x = i / 16 % 8, y = (x + 1 + i / 128) % 9, s = 9;
		s32 bits = wide ? 64 : 32, n = 1 + (s32)(i * 7 % (u32)(bits - 1));
		enum insn_id copy = wide ? INSN_MOV64_REG : INSN_MOV32_REG;
		enum insn_id left = wide ? INSN_LSH64_IMM : INSN_LSH32_IMM;
		enum insn_id right = wide ? INSN_RSH64_IMM : INSN_RSH32_IMM;
		struct frame frame;

		if (y == x)
			continue;
		frame_begin(&frame);
		add(&frame, make_insn(copy, x, s, 0, 0));
		add(&frame, make_insn(swapped ? left : right, x, 0, 0, n));
		add(&frame, make_insn(copy, y, s, 0, 0));
		add(&frame, make_insn(swapped ? right : left, y, 0, 0, bits - n - odd));
		add(&frame, make_insn(wide ? INSN_OR64_REG : INSN_OR32_REG, y, x, 0, 0));
		if (!read)
			add(&frame, MOV(x, 3));
		frame_end(&frame);
		try(&frame, "rotation", s, y, false);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_registers),  cmocka_unit_test(test_old_processor),
		cmocka_unit_test(test_immediates), cmocka_unit_test(test_memory),
		cmocka_unit_test(test_pointers),   cmocka_unit_test(test_fusion),
		cmocka_unit_test(test_rotation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
