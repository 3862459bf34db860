/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Blocks about calls: helpers, functions, callbacks, tail calls, legacy packet loads. */
#include <string.h>

#include "fuzz_build.h"

enum {
	MAP_LOOKUP = 1,
	MAP_UPDATE = 2,
	MAP_DELETE = 3,
	PRANDOM = 7,
	TAIL_CALL = 12,
	CSUM_DIFF = 28,
	ADJUST_HEAD = 44,
	ADJUST_META = 54,
	ADJUST_TAIL = 65,
	LOOP = 181,
	XDP_LOAD_BYTES = 189,
	XDP_STORE_BYTES = 190,
};

void fuzz_clobber(struct fuzz_build *build)
{
	for (u32 i = 1; i <= 5; i++)
		build->now.regs[i].kind = FUZZ_NONE;
}

void fuzz_call_helper(struct fuzz_build *build, s32 id)
{
	fuzz_emit(build, SKEP_JMP | SKEP_CALL, 0, 0, 0, id);
	fuzz_clobber(build);
	fuzz_set_number(build, 0, UINT64_MAX);
}

/* Keep one value alive over the call: what is in r1 to r5 is lost. */
static void save_something(struct fuzz_build *build)
{
	u32 from = fuzz_pick(build, 6), to = 6 + fuzz_pick(build, 4);

	if (build->now.regs[from].kind <= FUZZ_NUMBER || (build->pinned & (1u << to)))
		return;
	if (build->now.regs[to].kind > FUZZ_NUMBER && fuzz_maybe(build, 50))
		return;
	fuzz_emit(build, SKEP_ALU64 | SKEP_MOV | SKEP_X, to, from, 0, 0);
	build->now.regs[to] = build->now.regs[from];
}

static bool take_ctx(struct fuzz_build *build)
{
	int ctx = fuzz_find(build, FUZZ_MASK(FUZZ_CTX));

	if (ctx < 0)
		return false;
	if (ctx != 1)
		fuzz_emit(build, SKEP_ALU64 | SKEP_MOV | SKEP_X, 1, (u32)ctx, 0, 0);
	fuzz_set(build, 1, FUZZ_CTX);
	return true;
}

static void take_number(struct fuzz_build *build, u32 reg, u32 number)
{
	if (reg != number)
		fuzz_emit(build, SKEP_ALU64 | SKEP_MOV | SKEP_X, reg, number, 0, 0);
	build->now.regs[reg] = build->now.regs[number];
}

static void take_constant(struct fuzz_build *build, u32 reg, s32 value)
{
	fuzz_emit(build, SKEP_ALU64 | SKEP_MOV, reg, 0, 0, value);
	fuzz_set_number(build, reg, (u64)(s64)value);
}

/* Stack memory in a register; fresh bytes are written to its first 8 * words. */
static void take_memory(struct fuzz_build *build, u32 reg, s32 off, u32 words)
{
	for (u32 i = 0; i < words; i++) {
		fuzz_emit(build, SKEP_ST | SKEP_MEM | SKEP_DW, 10, 0, off + (s32)(8 * i),
			  (s32)fuzz_pick(build, 6));
		build->now.slots[(u32)(-off) / 8 - 1 - i].spilled.kind = FUZZ_NONE;
		build->now.slots[(u32)(-off) / 8 - 1 - i].written = 0xff;
	}
	fuzz_emit(build, SKEP_ALU64 | SKEP_MOV | SKEP_X, reg, 10, 0, 0);
	fuzz_emit(build, SKEP_ALU64 | SKEP_ADD, reg, 0, 0, off);
	build->now.regs[reg] = (struct fuzz_reg){.kind = FUZZ_STACK, .off = off};
}

static u32 take_map(struct fuzz_build *build)
{
	static const u8 maps[] = {FUZZ_ARRAY,  FUZZ_ARRAY, FUZZ_HASH,  FUZZ_HASH,
				  FUZZ_SINGLE, FUZZ_CPU,   FUZZ_FROZEN};
	u32 map = maps[fuzz_pick(build, ARRAY_SIZE(maps))];

	fuzz_wide(build, 1, SKEP_PSEUDO_MAP_IDX, map);
	return map;
}

/* The key: on the stack, constant or a number that is in a register, or in another value. */
static void take_key(struct fuzz_build *build)
{
	int value = fuzz_find(build, FUZZ_MASK(FUZZ_VALUE));
	u32 number = fuzz_number(build);
	s32 off = -8 * (s32)(1 + fuzz_pick(build, FUZZ_SLOTS));

	if (value > 1 && fuzz_maybe(build, 15) && !build->now.regs[value].span &&
	    !build->now.regs[value].off) {
		take_number(build, 2, (u32)value);
		return;
	}
	if (number > 2 && fuzz_maybe(build, 40)) {
		fuzz_emit(build, SKEP_STX | SKEP_MEM | SKEP_DW, 10, number, off, 0);
		build->now.slots[-off / 8 - 1].written = 0xff;
		build->now.slots[-off / 8 - 1].spilled.kind = FUZZ_NONE;
		take_memory(build, 2, off, 0);
		return;
	}
	take_memory(build, 2, off, 1);
}

void fuzz_block_lookup(struct fuzz_build *build)
{
	u32 map;

	save_something(build);
	take_key(build);
	map = take_map(build);
	fuzz_call_helper(build, MAP_LOOKUP);
	build->now.regs[0] = (struct fuzz_reg){
		.kind = FUZZ_VALUE_OR_NULL, .map = (u8)map, .group = ++build->groups};
	if (fuzz_maybe(build, 30) && !(build->pinned & (1u << 7))) {
		fuzz_emit(build, SKEP_ALU64 | SKEP_MOV | SKEP_X, 7, 0, 0, 0);
		build->now.regs[7] = build->now.regs[0];
	}
	if (fuzz_maybe(build, 75))
		fuzz_block_null_check(build);
}

static void update(struct fuzz_build *build)
{
	take_key(build);
	take_memory(build, 3, -8 * FUZZ_SLOTS, FUZZ_SLOTS);
	if (take_map(build) == FUZZ_FROZEN && fuzz_maybe(build, 90))
		fuzz_wide(build, 1, SKEP_PSEUDO_MAP_IDX, FUZZ_HASH);
	take_constant(build, 4, (s32)fuzz_pick(build, 3));
	fuzz_call_helper(build, MAP_UPDATE);
}

static void checksum(struct fuzz_build *build)
{
	u32 number = fuzz_bounded(build, 24);

	if (build->now.regs[number].kind != FUZZ_NUMBER)
		return;
	if (fuzz_maybe(build, 50)) {
		fuzz_emit(build, SKEP_ALU64 | SKEP_AND, number, 0, 0, -4);
		take_number(build, 2, number);
	} else {
		take_constant(build, 2, 4 * (s32)fuzz_pick(build, 6));
	}
	take_memory(build, 1, -8 * 8, 8);
	take_constant(build, 3, 0);
	take_constant(build, 4, 0);
	take_constant(build, 5, (s32)fuzz_constant(&build->random));
	fuzz_call_helper(build, CSUM_DIFF);
}

static void move_packet(struct fuzz_build *build)
{
	static const s32 ids[] = {ADJUST_HEAD, ADJUST_META, ADJUST_TAIL, ADJUST_HEAD};

	if (build->program->hook != SKEP_HOOK_XDP || !take_ctx(build))
		return;
	if (fuzz_maybe(build, 60))
		take_constant(build, 2, (s32)fuzz_pick(build, 40) - 20);
	else
		take_number(build, 2, fuzz_number(build));
	fuzz_call_helper(build, ids[fuzz_pick(build, ARRAY_SIZE(ids))]);
	if (fuzz_maybe(build, 98))
		fuzz_forget_packet(build);
	build->program->comparable = false;
}

static void packet_bytes(struct fuzz_build *build)
{
	u32 length;

	if (build->program->hook != SKEP_HOOK_XDP)
		return;
	length = fuzz_bounded(build, 32);
	if (build->now.regs[length].kind != FUZZ_NUMBER)
		return;
	if (fuzz_maybe(build, 50)) {
		take_number(build, 4, length);
		if (fuzz_maybe(build, 70))
			fuzz_to_end(build, SKEP_JMP | SKEP_JEQ, 4, 0, 0);
	} else {
		take_constant(build, 4, 1 + (s32)fuzz_pick(build, 32));
	}
	take_memory(build, 3, -8 * 6, 5);
	take_constant(build, 2, (s32)fuzz_pick(build, 60));
	if (!take_ctx(build))
		return;
	if (fuzz_maybe(build, 60)) {
		fuzz_call_helper(build, XDP_LOAD_BYTES);
	} else {
		fuzz_call_helper(build, XDP_STORE_BYTES);
		fuzz_forget_packet(build);
	}
}

void fuzz_block_helper(struct fuzz_build *build)
{
	save_something(build);
	switch (fuzz_pick(build, 7)) {
	case 0:
	case 1:
		fuzz_call_helper(build, PRANDOM);
		build->program->comparable = false;
		break;
	case 2:
		update(build);
		break;
	case 3:
		take_key(build);
		take_map(build);
		fuzz_call_helper(build, MAP_DELETE);
		break;
	case 4:
		checksum(build);
		break;
	case 5:
		move_packet(build);
		break;
	default:
		packet_bytes(build);
		break;
	}
}

/* A number, or now and then a pointer, for argument `reg` of a function. */
static void take_argument(struct fuzz_build *build, u32 reg, bool numbers_only)
{
	int pointer =
		fuzz_find(build, FUZZ_MASK(FUZZ_CTX) | FUZZ_MASK(FUZZ_PACKET) |
					 FUZZ_MASK(FUZZ_VALUE) | FUZZ_MASK(FUZZ_VALUE_OR_NULL));

	if (!numbers_only && pointer >= 0 && fuzz_maybe(build, 45))
		take_number(build, reg, (u32)pointer);
	else if (!numbers_only && fuzz_maybe(build, 20))
		take_memory(build, reg, -8, 1);
	else
		take_number(build, reg, fuzz_number(build));
}

static int new_function(struct fuzz_build *build)
{
	if (build->nr_funcs == FUZZ_FUNCS)
		return -1;
	memset(&build->funcs[build->nr_funcs], 0, sizeof(build->funcs[0]));
	return (int)build->nr_funcs++;
}

static void call_site(struct fuzz_build *build, u32 func)
{
	build->funcs[func].sites[build->funcs[func].nr_sites++] = build->program->nr_insns;
	fuzz_emit(build, SKEP_JMP | SKEP_CALL, 0, SKEP_CALL_LOCAL, 0, 0);
	fuzz_clobber(build);
	fuzz_set_number(build, 0, UINT64_MAX);
}

/* Call a function that is there already when what it takes is at hand, else a new one. */
void fuzz_block_function(struct fuzz_build *build)
{
	bool is_global = fuzz_maybe(build, 30);
	int func;

	save_something(build);
	for (u32 i = build->current + 1; i < build->nr_funcs; i++) {
		if (!build->funcs[i].is_global || build->funcs[i].nr_sites == 8)
			continue;
		take_argument(build, 1, true);
		take_argument(build, 2, true);
		if (build->now.regs[1].kind == FUZZ_NUMBER &&
		    build->now.regs[2].kind == FUZZ_NUMBER)
			call_site(build, i);
		return;
	}
	take_argument(build, 1, is_global);
	take_argument(build, 2, is_global);
	if (build->now.regs[1].kind == FUZZ_NONE || build->now.regs[2].kind == FUZZ_NONE)
		return;
	func = new_function(build);
	if (func < 0)
		return;
	build->funcs[func].is_global = is_global;
	for (u32 i = 0; i < 2; i++) {
		build->funcs[func].args[i] = build->now.regs[1 + i];
		if (build->now.regs[1 + i].kind == FUZZ_STACK)
			build->funcs[func].args[i].kind = FUZZ_OUTER;
		if (is_global)
			build->funcs[func].args[i].span = UINT64_MAX;
	}
	call_site(build, (u32)func);
}

void fuzz_block_loop_helper(struct fuzz_build *build)
{
	int func;
	bool has_memory = fuzz_maybe(build, 60);

	save_something(build);
	func = new_function(build);
	if (func < 0)
		return;
	build->funcs[func].is_callback = true;
	build->funcs[func].args[0] = (struct fuzz_reg){.kind = FUZZ_NUMBER, .span = 100};
	build->funcs[func].args[1] =
		(struct fuzz_reg){.kind = has_memory ? FUZZ_OUTER : FUZZ_NUMBER};
	if (fuzz_maybe(build, 60))
		take_constant(build, 1, (s32)fuzz_pick(build, 20));
	else
		take_number(build, 1, fuzz_bounded(build, 63));
	if (build->now.regs[1].kind != FUZZ_NUMBER)
		take_constant(build, 1, 3);
	build->funcs[func].sites[build->funcs[func].nr_sites++] = build->program->nr_insns;
	fuzz_wide(build, 2, SKEP_PSEUDO_FUNC, 0);
	if (has_memory)
		take_memory(build, 3, -8, 1);
	else
		take_constant(build, 3, 0);
	take_constant(build, 4, 0);
	fuzz_call_helper(build, LOOP);
}

void fuzz_block_tail_call(struct fuzz_build *build)
{
	u32 number = fuzz_bounded(build, 3);

	if (build->in_callback || number < 3)
		return;
	save_something(build);
	if (!take_ctx(build))
		return;
	take_number(build, 3, number);
	fuzz_wide(build, 2, SKEP_PSEUDO_MAP_IDX, FUZZ_PROGS);
	fuzz_call_helper(build, TAIL_CALL);
	if (fuzz_maybe(build, 98))
		fuzz_set(build, 0, FUZZ_NONE);
}

void fuzz_block_legacy(struct fuzz_build *build)
{
	u32 size = 1u << fuzz_pick(build, 3);

	if (build->program->hook == SKEP_HOOK_XDP || build->now.regs[6].kind != FUZZ_CTX ||
	    build->current)
		return;
	save_something(build);
	if (fuzz_maybe(build, 50))
		fuzz_emit(build, SKEP_LD | SKEP_ABS | fuzz_size_code(size), 0, 0, 0,
			  (s32)fuzz_pick(build, 80));
	else
		fuzz_emit(build, SKEP_LD | SKEP_IND | fuzz_size_code(size), 0, fuzz_number(build),
			  0, (s32)fuzz_pick(build, 80));
	fuzz_clobber(build);
	fuzz_set_number(build, 0, UINT32_MAX);
}
