/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Picks blocks, nests them in branches and loops, and ends functions. */
#include <string.h>

#include "fuzz_build.h"
#include "verifier/verify.h"

const struct fuzz_map_row fuzz_maps[FUZZ_MAPS] = {
	[FUZZ_ARRAY] = {SKEP_MAP_ARRAY, 4, 64, 4, 0},
	[FUZZ_HASH] = {SKEP_MAP_HASH, 8, 48, 16, 0},
	[FUZZ_SINGLE] = {SKEP_MAP_ARRAY, 4, 40, 1, 0},
	[FUZZ_CPU] = {SKEP_MAP_PERCPU_ARRAY, 4, 16, 2, 0},
	[FUZZ_FROZEN] = {SKEP_MAP_ARRAY, 4, 32, 1, SKEP_F_RDONLY_PROG},
	[FUZZ_PROGS] = {SKEP_MAP_PROG_ARRAY, 4, 4, 4, 0},
};
const u8 fuzz_frozen_value[32] = {1,    0,    0,    0,    8,    0, 0, 0, 0xff, 0xff, 0xff,
				  0xff, 0x80, 0xff, 0xff, 0x7f, 7, 0, 0, 0,    0x20, 0,
				  0,    0,    0,    0,    0,    0, 0, 0, 0,    0x80};

void fuzz_emit(struct fuzz_build *build, u32 code, u32 dst, u32 src, s32 off, s32 imm)
{
	struct fuzz_program *program = build->program;

	if (program->nr_insns < FUZZ_INSNS)
		program->insns[program->nr_insns++] = (struct skep_insn){.code = (u8)code,
									 .dst = dst & 15,
									 .src = src & 15,
									 .off = (s16)off,
									 .imm = imm};
}

bool fuzz_room(const struct fuzz_build *build, u32 nr)
{
	return build->program->nr_insns + nr + 8 * (FUZZ_FUNCS - build->current) < FUZZ_INSNS &&
	       build->nr_exits < FUZZ_EXITS - 4;
}

void fuzz_to_end(struct fuzz_build *build, u32 code, u32 dst, u32 src, s32 imm)
{
	if (build->nr_exits == FUZZ_EXITS)
		return;
	build->exits[build->nr_exits++] = build->program->nr_insns;
	fuzz_emit(build, code, dst, src, 0, imm);
}

void fuzz_join(struct fuzz_state *into, const struct fuzz_state *other)
{
	for (u32 i = 0; i < 10; i++) {
		struct fuzz_reg *a = &into->regs[i];
		const struct fuzz_reg *b = &other->regs[i];

		if (a->kind != b->kind || a->off != b->off || a->group != b->group ||
		    a->map != b->map)
			a->kind = FUZZ_NONE;
		else if (a->kind == FUZZ_PACKET || a->kind == FUZZ_META)
			a->span = a->span < b->span ? a->span : b->span;
		else
			a->span = a->span > b->span ? a->span : b->span;
	}
	for (u32 i = 0; i < FUZZ_SLOTS; i++) {
		into->slots[i].written &= other->slots[i].written;
		if (memcmp(&into->slots[i].spilled, &other->slots[i].spilled,
			   sizeof(struct fuzz_reg)))
			into->slots[i].spilled.kind = FUZZ_NONE;
	}
}

static void branch(struct fuzz_build *build)
{
	static const u8 ops[] = {SKEP_JEQ,  SKEP_JNE,  SKEP_JGT,  SKEP_JGE,  SKEP_JLT, SKEP_JLE,
				 SKEP_JSGT, SKEP_JSGE, SKEP_JSLT, SKEP_JSLE, SKEP_JSET};
	u32 class = fuzz_maybe(build, 35) ? SKEP_JMP32 : SKEP_JMP;
	u32 a = fuzz_number(build), b = fuzz_number(build), start, op;
	struct fuzz_state before;
	bool has_else = fuzz_maybe(build, 40);

	op = ops[fuzz_pick(build, ARRAY_SIZE(ops))];
	start = build->program->nr_insns;
	before = build->now;
	if (fuzz_maybe(build, 35) && (a != b || fuzz_maybe(build, 5)))
		fuzz_emit(build, class | op | SKEP_X, a, b, 0, 0);
	else
		fuzz_emit(build, class | op, a, 0, 0, (s32)fuzz_constant(&build->random));
	fuzz_blocks(build, 1 + fuzz_pick(build, 3));
	if (has_else) {
		struct fuzz_state then = build->now;
		u32 skip = build->program->nr_insns;

		fuzz_emit(build, SKEP_JMP | SKEP_JA, 0, 0, 0, 0);
		build->program->insns[start].off = (s16)(build->program->nr_insns - start - 1);
		build->now = before;
		fuzz_blocks(build, 1 + fuzz_pick(build, 2));
		build->program->insns[skip].off = (s16)(build->program->nr_insns - skip - 1);
		fuzz_join(&build->now, &then);
		return;
	}
	build->program->insns[start].off = (s16)(build->program->nr_insns - start - 1);
	fuzz_join(&build->now, &before);
}

/* for (i = from; i < to; i += step), in one of its spellings */
static void loop(struct fuzz_build *build)
{
	u32 counter = 6 + fuzz_pick(build, 4), rounds = 1 + fuzz_pick(build, 6), start;
	s32 step = 1 + (s32)fuzz_pick(build, 3);
	bool down = fuzz_maybe(build, 30);
	struct fuzz_state before;

	if (build->pinned & (1u << counter))
		return;
	fuzz_emit(build, SKEP_ALU64 | SKEP_MOV, counter, 0, 0, down ? (s32)rounds * step : 0);
	fuzz_set_number(build, counter, rounds * (u32)step);
	build->pinned |= 1u << counter;
	start = build->program->nr_insns;
	before = build->now;
	fuzz_blocks(build, 1 + fuzz_pick(build, 2));
	/* what the first round spoils is spoilt for the second: most of these are refused */
	fuzz_join(&build->now, &before);
	build->pinned &= ~(1u << counter);
	fuzz_emit(build, (fuzz_maybe(build, 20) ? SKEP_ALU : SKEP_ALU64) | SKEP_ADD, counter, 0, 0,
		  down ? -step : step);
	fuzz_emit(build,
		  (fuzz_maybe(build, 30) ? SKEP_JMP32 : SKEP_JMP) |
			  (down                    ? (fuzz_maybe(build, 50) ? SKEP_JNE : SKEP_JSGT)
			   : fuzz_maybe(build, 20) ? SKEP_JNE
			   : fuzz_maybe(build, 50) ? SKEP_JLT
						   : SKEP_JSLT),
		  counter, 0, (s32)start - (s32)build->program->nr_insns - 1,
		  down ? 0 : (s32)rounds * step);
}

/* What no block would write. */
static void anything(struct fuzz_build *build)
{
	static const u8 classes[] = {SKEP_ALU, SKEP_ALU64, SKEP_ALU, SKEP_ALU64,
				     SKEP_LDX, SKEP_STX,   SKEP_ST};
	u32 class = classes[fuzz_pick(build, ARRAY_SIZE(classes))];

	if (class == SKEP_ALU || class == SKEP_ALU64)
		fuzz_emit(build, class | (fuzz_pick(build, 14) << 4) | (fuzz_pick(build, 2) << 3),
			  fuzz_pick(build, 10), fuzz_pick(build, 11), 0, 0);
	else
		fuzz_emit(build, class | SKEP_MEM | (fuzz_pick(build, 4) << 3),
			  fuzz_pick(build, 11), fuzz_pick(build, 11),
			  (s32)fuzz_pick(build, 80) - 40, 0);
	build->program->comparable = false;
}

static const struct {
	void (*emit)(struct fuzz_build *build);
	u32 weight, insns;
} blocks[] = {
	{fuzz_block_alu, 20, 4},
	{fuzz_block_constant, 4, 2},
	{fuzz_block_copy, 6, 2},
	{fuzz_block_bound, 7, 12},
	{fuzz_block_compare, 7, 4},
	{fuzz_block_context, 4, 4},
	{fuzz_block_stack, 10, 4},
	{fuzz_block_spill, 7, 4},
	{fuzz_block_stack_variable, 4, 16},
	{fuzz_block_packet_check, 7, 12},
	{fuzz_block_packet_move, 4, 16},
	{fuzz_block_access, 14, 4},
	{fuzz_block_value_move, 7, 16},
	{fuzz_block_direct_value, 3, 4},
	{fuzz_block_null_check, 7, 4},
	{fuzz_block_atomic, 4, 8},
	{fuzz_block_difference, 2, 4},
	{fuzz_block_lookup, 7, 16},
	{fuzz_block_helper, 5, 20},
	{fuzz_block_function, 3, 12},
	{fuzz_block_loop_helper, 2, 12},
	{fuzz_block_tail_call, 1, 8},
	{fuzz_block_legacy, 1, 4},
};

static void one_block(struct fuzz_build *build)
{
	u32 total = 0, pick;

	for (u32 i = 0; i < ARRAY_SIZE(blocks); i++)
		total += blocks[i].weight;
	pick = fuzz_pick(build, total);
	for (u32 i = 0; i < ARRAY_SIZE(blocks); i++) {
		if (pick < blocks[i].weight) {
			blocks[i].emit(build);
			return;
		}
		pick -= blocks[i].weight;
	}
}

void fuzz_blocks(struct fuzz_build *build, u32 nr)
{
	build->depth++;
	for (u32 i = 0; i < nr && fuzz_room(build, 40); i++) {
		u32 pick = fuzz_pick(build, 1000);

		if (pick < 100 && build->depth < 4)
			branch(build);
		else if (pick < 125 && build->depth < 3)
			loop(build);
		else if (pick < 128)
			anything(build);
		else
			one_block(build);
	}
	build->depth--;
}

/* r0 depends on every number that is there, and a callback may only say go on or stop. */
static void finish_function(struct fuzz_build *build)
{
	struct fuzz_program *program = build->program;
	bool callback = build->funcs[build->current].is_callback;
	int number = fuzz_find(build, FUZZ_MASK(FUZZ_NUMBER));

	if (build->now.regs[0].kind != FUZZ_NUMBER) {
		if (number >= 0)
			fuzz_emit(build, SKEP_ALU64 | SKEP_MOV | SKEP_X, 0, (u32)number, 0, 0);
		else
			fuzz_emit(build, SKEP_ALU64 | SKEP_MOV, 0, 0, 0, 2);
	}
	for (u32 i = 1; i < 10; i++)
		if (build->now.regs[i].kind == FUZZ_NUMBER)
			fuzz_emit(build, SKEP_ALU64 | SKEP_XOR | SKEP_X, 0, i, 0, 0);
	if (callback)
		fuzz_emit(build, SKEP_ALU64 | SKEP_AND, 0, 0, 0, 1);
	fuzz_emit(build, SKEP_JMP | SKEP_EXIT, 0, 0, 0, 0);
	if (!build->nr_exits)
		return;
	for (u32 i = 0; i < build->nr_exits; i++)
		program->insns[build->exits[i]].off =
			(s16)(program->nr_insns - build->exits[i] - 1);
	fuzz_emit(build, SKEP_ALU64 | SKEP_MOV, 0, 0, 0, (s32)fuzz_pick(build, 2));
	fuzz_emit(build, SKEP_JMP | SKEP_EXIT, 0, 0, 0, 0);
}

static void make_function(struct fuzz_build *build)
{
	u32 at = build->current;
	struct fuzz_program *program = build->program;

	memset(&build->now, 0, sizeof(build->now));
	build->nr_exits = 0;
	build->pinned = 0;
	build->in_callback = build->funcs[at].is_callback;
	program->funcs[at] = (struct fuzz_func){program->nr_insns, build->funcs[at].is_global};
	for (u32 i = 0; i < build->funcs[at].nr_sites; i++) {
		u32 site = build->funcs[at].sites[i];

		program->insns[site].imm = (s32)(program->nr_insns - site - 1);
	}
	memcpy(&build->now.regs[1], build->funcs[at].args, sizeof(build->funcs[at].args));
	if (at) {
		fuzz_blocks(build, 1 + fuzz_pick(build, 5));
	} else {
		fuzz_emit(build, SKEP_ALU64 | SKEP_MOV | SKEP_X, 6, 1, 0, 0);
		fuzz_set(build, 6, FUZZ_CTX);
		fuzz_set(build, 1, FUZZ_CTX);
		build->pinned = fuzz_maybe(build, 92) ? 1u << 6 : 0;
		fuzz_blocks(build, 3 + fuzz_pick(build, 24));
	}
	finish_function(build);
}

static void choose_type(struct fuzz_program *program, u64 *random, u32 prog_type)
{
	u32 pick = fuzz_below(random, 100);

	program->prog_type = prog_type ? prog_type : pick < 55 ? 6 : pick < 85 ? 3 : 1;
	program->hook = program->prog_type == 6   ? SKEP_HOOK_XDP
			: program->prog_type == 1 ? SKEP_HOOK_SOCKET
						  : SKEP_HOOK_TC_INGRESS;
	program->flags = VERIFY_GPL;
	pick = fuzz_below(random, 100);
	if (pick < 6)
		program->flags |= VERIFY_STRICT_ALIGNMENT;
	else if (pick < 10)
		program->flags |= VERIFY_ANY_ALIGNMENT;
	if (fuzz_chance(random, 15))
		program->flags |= VERIFY_STATE_FREQUENT;
}

void fuzz_generate(struct fuzz_program *program, u64 seed, u32 prog_type)
{
	struct fuzz_build build = {.program = program, .random = seed, .nr_funcs = 1};

	program->seed = seed;
	program->nr_insns = program->nr_funcs = 0;
	program->comparable = true;
	choose_type(program, &build.random, prog_type);
	for (build.current = 0; build.current < build.nr_funcs; build.current++)
		make_function(&build);
	program->nr_funcs = build.nr_funcs;
	if (fuzz_chance(&build.random, 15))
		fuzz_mutate(program, &build.random);
}
