/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Random programs: arithmetic, branches forward, memory, atomic operations, a helper. The
 * interpreter and the machine code must leave the same registers and bytes. Runs for a few seconds;
 * SKEP_RANDOM_PROGRAMS=n runs n programs, SKEP_RANDOM_SEED=s begins elsewhere.
 */
#include "x86_64.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define NR_REGS 10
#define PROGRAM_MAX 256
#define WORDS 12 /* of stack that programs use, below the pointer at r10 - 8 */
#define SECONDS 8

static u64 random_state;

static u64 next(void)
{
	u64 z = random_state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static u32 below(u32 n)
{
	return (u32)(next() % n);
}

static s32 any_imm(void)
{
	static const s32 edges[] = {0,   1,    -1,  2,     31,        63,       127,
				    128, -128, 255, 65535, INT32_MAX, INT32_MIN};

	return below(2) ? edges[below(ARRAY_SIZE(edges))] : (s32)next();
}

struct program {
	struct skep_insn insns[PROGRAM_MAX];
	bool starts[PROGRAM_MAX + 1];
	u32 nr;
};

static void add(struct program *program, struct skep_insn insn)
{
	program->starts[program->nr] = true;
	program->insns[program->nr++] = insn;
}

static enum insn_id any_row(bool (*wanted)(const struct insn_desc *))
{
	u32 id;

	do
		id = 1 + below(INSN_ID_MAX - 1);
	while (!wanted(&insn_descs[id]));
	return id;
}

static bool is_alu(const struct insn_desc *desc)
{
	return desc->kind == INSN_KIND_ALU64 || desc->kind == INSN_KIND_ALU32 ||
	       desc->kind == INSN_KIND_SWAP;
}

static bool is_branch(const struct insn_desc *desc)
{
	return desc->kind == INSN_KIND_BRANCH64 || desc->kind == INSN_KIND_BRANCH32;
}

static bool is_memory(const struct insn_desc *desc)
{
	return desc->kind == INSN_KIND_LOAD || desc->kind == INSN_KIND_STORE ||
	       desc->kind == INSN_KIND_ATOMIC;
}

static void add_alu(struct program *program)
{
	enum insn_id id = any_row(is_alu);
	bool src = insn_descs[id].flags & INSN_READS_SRC;

	add(program, make_insn(id, below(NR_REGS), src ? below(NR_REGS) : 0, 0,
			       insn_descs[id].flags & INSN_USES_IMM ? any_imm() : 0));
}

/* At r10, or through a register that holds a pointer for a moment. */
static void add_memory(struct program *program)
{
	enum insn_id id = any_row(is_memory);
	const struct insn_desc *desc = &insn_descs[id];
	bool load = desc->kind == INSN_KIND_LOAD;
	s16 off = (s16)(-8 * (s16)(2 + below(WORDS)));
	u8 reg = (u8)below(NR_REGS), base = 10;

	if (below(3) == 0) {
		base = (u8)((reg + 1 + below(9)) % NR_REGS);
		add(program, COPY(base, 10));
		add(program, OP(ADD64_IMM, base, 0, 0, off));
		off = 0;
	}
	add(program, load ? make_insn(id, reg, base, off, 0)
			  : make_insn(id, base, desc->flags & INSN_READS_SRC ? reg : 0, off,
				      desc->flags & INSN_USES_IMM ? any_imm() : 0));
	if (base == 10)
		return;
	add(program, MOV(base, any_imm()));
	/* nothing may jump behind the pointer's making */
	program->starts[program->nr - 2] = program->starts[program->nr - 3] = false;
}

static void add_call(struct program *program)
{
	add(program, CALL(below(2) ? 7 : 8)); /* get_prandom_u32, get_smp_processor_id */
	for (u8 reg = 1; reg <= 5; reg++)
		add(program, MOV(reg, any_imm()));
}

static void add_wide(struct program *program)
{
	add(program, make_insn(INSN_LD_IMM64, below(NR_REGS), 0, 0, any_imm()));
	program->insns[program->nr++] = (struct skep_insn){.imm = any_imm()};
}

static void add_any(struct program *program)
{
	enum insn_id id;

	switch (below(16)) {
	case 0:
		add_call(program);
		break;
	case 1:
		add_wide(program);
		break;
	case 2:
	case 3:
	case 4:
		id = any_row(is_branch);
		add(program, make_insn(id, below(NR_REGS),
				       insn_descs[id].flags & INSN_READS_SRC ? below(NR_REGS) : 0,
				       0, insn_descs[id].flags & INSN_READS_SRC ? 0 : any_imm()));
		break;
	case 5:
	case 6:
	case 7:
		add_memory(program);
		break;
	default:
		add_alu(program);
	}
}

/* Branches get a target behind them, among the random instructions or just after. */
static void aim(struct program *program, u32 from, u32 end)
{
	for (u32 at = from; at < end; at++) {
		u32 target;

		if (!program->starts[at] ||
		    !is_branch(&insn_descs[insn_decode(&program->insns[at])]))
			continue;
		do
			target = at + 1 + below(end - at < 12 ? end - at : 12);
		while (!program->starts[target]);
		program->insns[at].off = (s16)(target - at - 1);
	}
}

static void make_program(struct program *program)
{
	u32 from;

	*program = (struct program){0};
	add(program, OP(STX_DW, 10, 1, -8, 0));
	for (s16 word = 0; word < WORDS; word++)
		add(program, OP(ST_DW, 10, 0, -16 - 8 * word, any_imm()));
	for (u8 reg = 0; reg < NR_REGS; reg++)
		if (reg != 1)
			add(program, OP(LDX_DW, reg, 1, reg * 8, 0));
	add(program, OP(LDX_DW, 1, 1, 8, 0));
	from = program->nr;
	for (u32 i = 2 + below(40); i; i--)
		add_any(program);
	program->starts[program->nr] = true;
	aim(program, from, program->nr);
	for (u8 reg = 0; reg < NR_REGS; reg++)
		add(program, OP(STX_DW, 10, reg, -16 - 8 * (WORDS + reg), 0));
	add(program, OP(LDX_DW, 1, 10, -8, 0));
	for (s16 word = 0; word < WORDS + NR_REGS; word++) {
		add(program, OP(LDX_DW, 2, 10, -16 - 8 * word, 0));
		add(program, OP(STX_DW, 1, 2, 8 * word, 0));
	}
	add(program, EXIT);
}

static void run_one(u64 seed)
{
	struct program program;
	struct both both;
	u64 memory[WORDS + NR_REGS];
	char what[64];

	random_state = seed;
	snprintf(what, sizeof(what), "seed %llu", (unsigned long long)seed);
	make_program(&program);
	x86_64_pretend(below(4) ? UINT32_MAX : below(4), !below(8));
	both = both_of(program.insns, program.nr, !below(8));
	for (u32 round = 0; round < 3; round++) {
		for (u32 i = 0; i < ARRAY_SIZE(memory); i++)
			memory[i] = below(2) ? next() : (u64)(s64)any_imm();
		both_run(&both, memory, sizeof(memory), what);
	}
	both_put(&both);
	x86_64_pretend(UINT32_MAX, false);
}

static void test_random(void **state)
{
	const char *programs = getenv("SKEP_RANDOM_PROGRAMS"), *from = getenv("SKEP_RANDOM_SEED");
	u64 nr = programs ? strtoull(programs, NULL, 10) : UINT64_MAX;
	u64 seed = from ? strtoull(from, NULL, 10) : (u64)time(NULL) << 20, done = 0;
	time_t end = time(NULL) + SECONDS;

	print_message("# from seed %llu\n", (unsigned long long)seed);
	for (; done < nr && (programs || time(NULL) < end); done++)
		run_one(seed + done);
	print_message("# %llu programs\n", (unsigned long long)done);
	assert_true(done > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_random)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
