/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Blocks about memory: context, stack, packet, map values. */
#include <stddef.h>
#include <string.h>

#include "fuzz_build.h"
#include "helper/context.h"

u32 fuzz_size_code(u32 bytes)
{
	return bytes == 1 ? SKEP_B : bytes == 2 ? SKEP_H : bytes == 4 ? SKEP_W : SKEP_DW;
}

u32 fuzz_any_size(struct fuzz_build *build)
{
	return 1u << fuzz_pick(build, 4);
}

void fuzz_forget_packet(struct fuzz_build *build)
{
	const u32 gone = FUZZ_MASK(FUZZ_PACKET) | FUZZ_MASK(FUZZ_META) | FUZZ_MASK(FUZZ_END);

	for (u32 i = 0; i < 10; i++)
		if (gone & FUZZ_MASK(build->now.regs[i].kind))
			build->now.regs[i].kind = FUZZ_NONE;
	for (u32 i = 0; i < FUZZ_SLOTS; i++)
		if (gone & FUZZ_MASK(build->now.slots[i].spilled.kind))
			build->now.slots[i].spilled.kind = FUZZ_NONE;
}

/* --- context --- */

static const struct {
	u8 off, size;
} xdp_fields[] = {{12, 4}, {16, 4}};
static const struct {
	u8 off, size;
	bool writable, socket;
} skb_fields[] = {
	{0, 4, false, true},  {4, 4, false, true},    {8, 4, true, false},   {12, 4, true, false},
	{16, 4, false, true}, {32, 4, true, false},   {36, 4, false, false}, {40, 4, false, true},
	{48, 4, true, true},  {52, 4, true, true},    {60, 4, true, true},   {64, 4, true, true},
	{48, 1, true, true},  {50, 2, true, true},    {68, 4, false, true},  {52, 8, true, true},
	{8, 1, false, false}, {152, 8, false, false}, {164, 4, false, true}, {56, 8, true, true},
};

void fuzz_block_context(struct fuzz_build *build)
{
	int ctx = fuzz_find(build, FUZZ_MASK(FUZZ_CTX));
	u32 dst = fuzz_victim(build), pick;

	if (ctx < 0)
		return;
	if (build->program->hook == SKEP_HOOK_XDP) {
		pick = fuzz_pick(build, ARRAY_SIZE(xdp_fields));
		fuzz_emit(build, SKEP_LDX | SKEP_MEM | SKEP_W, dst, (u32)ctx, xdp_fields[pick].off,
			  0);
		fuzz_set_number(build, dst, UINT32_MAX);
		return;
	}
	pick = fuzz_pick(build, ARRAY_SIZE(skb_fields));
	if (build->program->hook == SKEP_HOOK_SOCKET && !skb_fields[pick].socket)
		return;
	build->program->comparable = false;
	if (skb_fields[pick].writable && fuzz_maybe(build, 30)) {
		fuzz_emit(build, SKEP_STX | SKEP_MEM | fuzz_size_code(skb_fields[pick].size),
			  (u32)ctx, fuzz_number(build), skb_fields[pick].off, 0);
		return;
	}
	fuzz_emit(build, SKEP_LDX | SKEP_MEM | fuzz_size_code(skb_fields[pick].size), dst, (u32)ctx,
		  skb_fields[pick].off, 0);
	fuzz_set_number(build, dst, skb_fields[pick].size == 8 ? UINT64_MAX : UINT32_MAX);
}

/* --- stack: slot i is the 8 bytes at r10 - 8 * (i + 1) --- */

static void stack_written(struct fuzz_build *build, s32 off, u32 size)
{
	for (u32 i = 0; i < size; i++) {
		u32 byte = (u32)(-(off + (s32)i) - 1), slot = byte / 8;

		if (slot >= FUZZ_SLOTS)
			continue;
		build->now.slots[slot].written |= (u8)(1u << byte % 8);
		build->now.slots[slot].spilled.kind = FUZZ_NONE;
	}
}

static bool stack_is_written(const struct fuzz_build *build, s32 off, u32 size)
{
	for (u32 i = 0; i < size; i++) {
		u32 byte = (u32)(-(off + (s32)i) - 1);

		if (byte / 8 >= FUZZ_SLOTS ||
		    !(build->now.slots[byte / 8].written & (1u << byte % 8)))
			return false;
		if (build->now.slots[byte / 8].spilled.kind > FUZZ_NUMBER)
			return false;
	}
	return true;
}

static s32 stack_place(struct fuzz_build *build, u32 size)
{
	s32 off = -8 * (s32)(1 + fuzz_pick(build, FUZZ_SLOTS));

	if (size < 8)
		off += (s32)(fuzz_pick(build, 8 / size) * size);
	if (fuzz_maybe(build, 2))
		off += (s32)fuzz_pick(build, 16) - 8;
	return off;
}

void fuzz_block_stack(struct fuzz_build *build)
{
	u32 size = fuzz_any_size(build), base = 10, dst;
	s32 off = stack_place(build, size), shift = 0;
	int stack = fuzz_find(build, FUZZ_MASK(FUZZ_STACK));

	if (stack >= 0 && fuzz_maybe(build, 40)) {
		base = (u32)stack;
		shift = -build->now.regs[stack].off;
	}
	if (fuzz_maybe(build, 50) || !stack_is_written(build, off, size)) {
		if (fuzz_maybe(build, 40))
			fuzz_emit(build, SKEP_ST | SKEP_MEM | fuzz_size_code(size), base, 0,
				  off + shift, (s32)fuzz_constant(&build->random));
		else
			fuzz_emit(build, SKEP_STX | SKEP_MEM | fuzz_size_code(size), base,
				  fuzz_number(build), off + shift, 0);
		stack_written(build, off, size);
		return;
	}
	dst = fuzz_victim(build);
	fuzz_emit(build,
		  SKEP_LDX | (size < 8 && fuzz_maybe(build, 25) ? SKEP_MEMSX : SKEP_MEM) |
			  fuzz_size_code(size),
		  dst, base, off + shift, 0);
	fuzz_set_number(build, dst, size == 8 ? UINT64_MAX : (1ull << (8 * size)) - 1);
}

void fuzz_block_spill(struct fuzz_build *build)
{
	u32 slot = fuzz_pick(build, FUZZ_SLOTS), dst;
	s32 off = -8 * (s32)(slot + 1);
	int src;

	if (build->now.slots[slot].spilled.kind && fuzz_maybe(build, 70)) {
		dst = fuzz_victim(build);
		if (build->now.slots[slot].spilled.kind == FUZZ_NUMBER && fuzz_maybe(build, 30)) {
			u32 size = 1u << fuzz_pick(build, 3);

			fuzz_emit(build, SKEP_LDX | SKEP_MEM | fuzz_size_code(size), dst, 10,
				  off + (s32)(fuzz_maybe(build, 70) ? 0 : size), 0);
			fuzz_set_number(build, dst, (1ull << (8 * size)) - 1);
			return;
		}
		fuzz_emit(build, SKEP_LDX | SKEP_MEM | SKEP_DW, dst, 10, off, 0);
		build->now.regs[dst] = build->now.slots[slot].spilled;
		return;
	}
	src = fuzz_find(build, ~FUZZ_MASK(FUZZ_NONE));
	if (src < 0)
		return;
	fuzz_emit(build, SKEP_STX | SKEP_MEM | SKEP_DW, 10, (u32)src, off, 0);
	stack_written(build, off, 8);
	build->now.slots[slot].spilled = build->now.regs[src];
}

static void take_stack(struct fuzz_build *build, u32 reg, s32 off)
{
	fuzz_emit(build, SKEP_ALU64 | SKEP_MOV | SKEP_X, reg, 10, 0, 0);
	fuzz_emit(build, SKEP_ALU64 | SKEP_ADD, reg, 0, 0, off);
	build->now.regs[reg] = (struct fuzz_reg){.kind = FUZZ_STACK, .off = off};
}

/* An access at a number that is known within bounds only. */
void fuzz_block_stack_variable(struct fuzz_build *build)
{
	static const u8 spans[] = {3, 7, 8, 15, 16, 31, 56};
	u32 most = spans[fuzz_pick(build, ARRAY_SIZE(spans))], size = fuzz_any_size(build);
	u32 index = fuzz_bounded(build, most), reg = fuzz_victim(build), dst;
	s32 off = -(s32)(most + size) - (s32)fuzz_pick(build, 3) * 8;

	if (reg == index || build->now.regs[index].kind != FUZZ_NUMBER)
		return;
	if (fuzz_maybe(build, 3))
		off++;
	if (fuzz_maybe(build, 70) && size > 1) {
		/* keep accesses aligned */
		fuzz_emit(build, SKEP_ALU64 | SKEP_AND, index, 0, 0, -(s32)size);
		off = -(s32)((most + size + 7) / 8 * 8);
	}
	take_stack(build, reg, off);
	if (fuzz_maybe(build, 1))
		fuzz_emit(build, SKEP_ALU64 | SKEP_SUB, reg, 0, 0, 0);
	fuzz_emit(build, SKEP_ALU64 | SKEP_ADD | SKEP_X, reg, index, 0, 0);
	fuzz_set(build, reg, FUZZ_NONE);
	if (fuzz_maybe(build, 50)) {
		fuzz_emit(build, SKEP_STX | SKEP_MEM | fuzz_size_code(size), reg,
			  fuzz_number(build), 0, 0);
		for (u32 i = 0; i < FUZZ_SLOTS; i++)
			build->now.slots[i].spilled.kind = FUZZ_NONE;
		return;
	}
	if (!stack_is_written(build, off, most + size))
		build->program->comparable = false;
	dst = fuzz_victim(build);
	fuzz_emit(build, SKEP_LDX | SKEP_MEM | fuzz_size_code(size), dst, reg, 0, 0);
	fuzz_set_number(build, dst, size == 8 ? UINT64_MAX : (1ull << (8 * size)) - 1);
}

/* --- packet --- */

static int packet_start(struct fuzz_build *build, bool meta)
{
	u32 dst = fuzz_victim(build);
	int ctx = fuzz_find(build, FUZZ_MASK(FUZZ_CTX));
	bool xdp = build->program->hook == SKEP_HOOK_XDP;
	s32 off = xdp ? (meta ? 8 : 0) : (meta ? 140 : 76);

	if (ctx < 0 || build->program->hook == SKEP_HOOK_SOCKET)
		return -1;
	fuzz_emit(build, SKEP_LDX | SKEP_MEM | SKEP_W, dst, (u32)ctx, off, 0);
	build->now.regs[dst] = (struct fuzz_reg){.kind = meta ? FUZZ_META : FUZZ_PACKET};
	return (int)dst;
}

static int packet_end(struct fuzz_build *build, int avoid)
{
	int ctx = fuzz_find(build, FUZZ_MASK(FUZZ_CTX));
	u32 dst = fuzz_victim(build);

	if (ctx < 0 || (int)dst == avoid || build->program->hook == SKEP_HOOK_SOCKET)
		return -1;
	fuzz_emit(build, SKEP_LDX | SKEP_MEM | SKEP_W, dst, (u32)ctx,
		  build->program->hook == SKEP_HOOK_XDP ? 4 : 80, 0);
	fuzz_set(build, dst, FUZZ_END);
	return (int)dst;
}

static void learn_range(struct fuzz_build *build, struct fuzz_reg of, u64 bytes)
{
	for (u32 i = 0; i < 10; i++) {
		struct fuzz_reg *reg = &build->now.regs[i];

		if (reg->kind == of.kind && reg->group == of.group && reg->span < bytes)
			reg->span = bytes;
	}
}

/* Every spelling of "the packet has so many bytes": which way round, strict or not, which arm. */
static void compare_with_end(struct fuzz_build *build, u32 start, u32 end, u32 *more)
{
	static const struct {
		u8 op;
		bool end_first, leaves; /* leaves: the jump is taken when the packet is short */
		u8 more;                /* bytes proven beyond */
	} spellings[] = {
		{SKEP_JGT, false, true, 0},  {SKEP_JGE, false, true, 1},
		{SKEP_JLT, true, true, 0},   {SKEP_JLE, true, true, 1},
		{SKEP_JLE, false, false, 0}, {SKEP_JLT, false, false, 1},
		{SKEP_JGE, true, false, 0},  {SKEP_JGT, true, false, 1},
		{SKEP_JGT, false, true, 0},  {SKEP_JLE, false, false, 0},
		{SKEP_JEQ, false, false, 0}, {SKEP_JNE, true, true, 0},
	};
	u32 pick = fuzz_pick(build, fuzz_maybe(build, 97) ? 10 : 12);
	u32 left = spellings[pick].end_first ? end : start;
	u32 right = spellings[pick].end_first ? start : end;
	u32 class = fuzz_maybe(build, 99) ? SKEP_JMP : SKEP_JMP32;

	*more = fuzz_maybe(build, 50) ? spellings[pick].more : 0;
	if (spellings[pick].leaves) {
		fuzz_to_end(build, class | spellings[pick].op | SKEP_X, left, right, 0);
		return;
	}
	fuzz_emit(build, class | spellings[pick].op | SKEP_X, left, right, 1, 0);
	fuzz_to_end(build, SKEP_JMP | SKEP_JA, 0, 0, 0);
}

void fuzz_block_packet_check(struct fuzz_build *build)
{
	static const u8 sizes[] = {1, 2, 4, 8, 14, 14, 20, 34, 34, 42, 54, 64};
	u32 bytes = sizes[fuzz_pick(build, ARRAY_SIZE(sizes))], more, probe;
	bool meta = fuzz_maybe(build, 12);
	int start = fuzz_find(build, FUZZ_MASK(meta ? FUZZ_META : FUZZ_PACKET)), end;
	struct fuzz_reg of;

	if (start < 0 || fuzz_maybe(build, 20))
		start = packet_start(build, meta);
	if (start < 0)
		return;
	/* metadata ends where the packet begins */
	end = meta ? packet_start(build, false) : fuzz_find(build, FUZZ_MASK(FUZZ_END));
	if (end < 0)
		end = packet_end(build, start);
	if (end < 0 || end == start)
		return;
	of = build->now.regs[start];
	probe = fuzz_victim(build);
	if (probe == (u32)end)
		return;
	if (probe != (u32)start)
		fuzz_emit(build, SKEP_ALU64 | SKEP_MOV | SKEP_X, probe, (u32)start, 0, 0);
	fuzz_emit(build, SKEP_ALU64 | SKEP_ADD, probe, 0, 0, (s32)bytes);
	build->now.regs[probe] = of;
	build->now.regs[probe].off += (s32)bytes;
	compare_with_end(build, probe, (u32)end, &more);
	learn_range(build, of, (u64)(of.off + (s32)bytes) + more);
}

/* Move a packet pointer by a number: the length of a header that the packet itself tells. */
void fuzz_block_packet_move(struct fuzz_build *build)
{
	static const u16 spans[] = {3, 15, 60, 63, 255, 1023, 0x7fff, 0xffff};
	int reg = fuzz_find(build, FUZZ_MASK(FUZZ_PACKET));
	u32 index;

	if (reg < 0)
		reg = packet_start(build, false);
	if (reg < 0 || (build->pinned & (1u << reg)))
		return;
	if (fuzz_maybe(build, 30)) {
		s32 by = (s32)fuzz_pick(build, 40) - 4;

		fuzz_emit(build, SKEP_ALU64 | SKEP_ADD, (u32)reg, 0, 0, by);
		build->now.regs[reg].off += by;
		return;
	}
	index = fuzz_bounded(build, spans[fuzz_pick(build, ARRAY_SIZE(spans))]);
	if (index == (u32)reg || build->now.regs[reg].kind != FUZZ_PACKET)
		return;
	if (fuzz_maybe(build, 30))
		fuzz_emit(build, SKEP_ALU64 | SKEP_LSH, index, 0, 0, (s32)fuzz_pick(build, 3));
	fuzz_emit(build, SKEP_ALU64 | SKEP_ADD | SKEP_X, (u32)reg, index, 0, 0);
	build->now.regs[reg] =
		(struct fuzz_reg){.kind = FUZZ_PACKET, .group = ++build->groups, .off = 0};
	fuzz_block_packet_check(build);
}

/* --- accesses through any pointer --- */

static u64 reachable(const struct fuzz_reg *reg)
{
	if (reg->kind == FUZZ_VALUE)
		return fuzz_maps[reg->map].value_size - (reg->span < 64 ? reg->span : 64);
	return reg->span;
}

void fuzz_block_access(struct fuzz_build *build)
{
	const u32 wanted = FUZZ_MASK(FUZZ_PACKET) | FUZZ_MASK(FUZZ_META) | FUZZ_MASK(FUZZ_VALUE) |
			   FUZZ_MASK(FUZZ_OUTER);
	int base = fuzz_find(build, wanted);
	u32 size = fuzz_any_size(build), dst;
	u64 bytes;
	s32 off;

	if (base < 0)
		return;
	bytes = build->now.regs[base].kind == FUZZ_OUTER ? 8 : reachable(&build->now.regs[base]);
	if (bytes < size)
		return;
	off = (s32)fuzz_pick(build, (u32)(bytes > 256 ? 256 : bytes) - size + 1);
	if (fuzz_maybe(build, 35))
		off = (s32)(bytes - size);
	if (fuzz_maybe(build, 1))
		off += 1;
	if (fuzz_maybe(build, 60))
		off = off / (s32)size * (s32)size;
	off -= build->now.regs[base].kind == FUZZ_OUTER ? 0 : build->now.regs[base].off;
	if (fuzz_maybe(build, 45) && build->now.regs[base].map != FUZZ_FROZEN) {
		if (fuzz_maybe(build, 30))
			fuzz_emit(build, SKEP_ST | SKEP_MEM | fuzz_size_code(size), (u32)base, 0,
				  off, (s32)fuzz_constant(&build->random));
		else
			fuzz_emit(build, SKEP_STX | SKEP_MEM | fuzz_size_code(size), (u32)base,
				  fuzz_number(build), off, 0);
		return;
	}
	dst = fuzz_victim(build);
	fuzz_emit(build,
		  SKEP_LDX | (size < 8 && fuzz_maybe(build, 25) ? SKEP_MEMSX : SKEP_MEM) |
			  fuzz_size_code(size),
		  dst, (u32)base, off, 0);
	fuzz_set_number(build, dst, size == 8 ? UINT64_MAX : (1ull << (8 * size)) - 1);
}

/* Into a value by a number that was bounded one way or other. */
void fuzz_block_value_move(struct fuzz_build *build)
{
	int reg = fuzz_find(build, FUZZ_MASK(FUZZ_VALUE));
	struct fuzz_reg was;
	u32 index, dst;
	u64 most;

	if (reg < 0 || (build->pinned & (1u << reg)))
		return;
	was = build->now.regs[reg];
	if (was.span || fuzz_maybe(build, 30)) {
		s32 by = (s32)fuzz_pick(build, 24) - 8;

		fuzz_emit(build, SKEP_ALU64 | (fuzz_maybe(build, 80) ? SKEP_ADD : SKEP_SUB),
			  (u32)reg, 0, 0, by);
		build->now.regs[reg].off += by;
		return;
	}
	most = fuzz_pick(build, fuzz_maps[was.map].value_size);
	index = fuzz_bounded(build, most);
	if (index == (u32)reg || build->now.regs[reg].kind != FUZZ_VALUE ||
	    build->now.regs[index].kind != FUZZ_NUMBER)
		return;
	dst = fuzz_maybe(build, 60) ? (u32)reg : fuzz_victim(build);
	if (dst == index)
		return;
	if (dst != (u32)reg)
		fuzz_emit(build, SKEP_ALU64 | SKEP_MOV | SKEP_X, dst, (u32)reg, 0, 0);
	fuzz_emit(build, SKEP_ALU64 | (fuzz_maybe(build, 95) ? SKEP_ADD : SKEP_SUB) | SKEP_X, dst,
		  index, 0, 0);
	build->now.regs[dst] = was;
	build->now.regs[dst].span = most;
	fuzz_block_access(build);
}

void fuzz_block_direct_value(struct fuzz_build *build)
{
	u32 map = fuzz_maybe(build, 50) ? FUZZ_SINGLE : FUZZ_FROZEN, dst = fuzz_victim(build);
	u32 off = fuzz_maybe(build, 50) ? 0 : fuzz_pick(build, fuzz_maps[map].value_size);

	fuzz_wide(build, dst, SKEP_PSEUDO_MAP_IDX_VALUE, map | (u64)off << 32);
	build->now.regs[dst] =
		(struct fuzz_reg){.kind = FUZZ_VALUE, .map = (u8)map, .off = (s32)off};
}

void fuzz_block_null_check(struct fuzz_build *build)
{
	int reg = fuzz_find(build, FUZZ_MASK(FUZZ_VALUE_OR_NULL));
	struct fuzz_reg was;

	if (reg < 0)
		return;
	was = build->now.regs[reg];
	if (fuzz_maybe(build, 70)) {
		fuzz_to_end(build, SKEP_JMP | SKEP_JEQ, (u32)reg, 0, 0);
	} else {
		fuzz_emit(build, SKEP_JMP | SKEP_JNE, (u32)reg, 0, 1, 0);
		fuzz_to_end(build, SKEP_JMP | SKEP_JA, 0, 0, 0);
	}
	for (u32 i = 0; i < 10; i++)
		if (!memcmp(&build->now.regs[i], &was, sizeof(was)))
			build->now.regs[i].kind = FUZZ_VALUE;
	for (u32 i = 0; i < FUZZ_SLOTS; i++)
		if (!memcmp(&build->now.slots[i].spilled, &was, sizeof(was)))
			build->now.slots[i].spilled.kind = FUZZ_VALUE;
}

void fuzz_block_atomic(struct fuzz_build *build)
{
	static const s32 ops[] = {SKEP_ADD, SKEP_OR, SKEP_AND, SKEP_XOR, SKEP_XCHG, SKEP_CMPXCHG};
	u32 size = fuzz_maybe(build, 50) ? 4 : 8, base = 10, src = fuzz_number(build);
	s32 op = ops[fuzz_pick(build, ARRAY_SIZE(ops))], off = stack_place(build, size);
	int value = fuzz_find(build, FUZZ_MASK(FUZZ_VALUE));

	if (value >= 0 && fuzz_maybe(build, 60) && build->now.regs[value].map != FUZZ_FROZEN &&
	    !build->now.regs[value].span) {
		base = (u32)value;
		off = (s32)(fuzz_pick(build, fuzz_maps[build->now.regs[value].map].value_size / 8) *
			    8) -
		      build->now.regs[value].off;
	} else if (!stack_is_written(build, off, size)) {
		fuzz_emit(build, SKEP_STX | SKEP_MEM | fuzz_size_code(size), 10, src, off, 0);
	}
	if (base == 10)
		stack_written(build, off, size);
	if (op == SKEP_CMPXCHG && build->now.regs[0].kind != FUZZ_NUMBER) {
		fuzz_emit(build, SKEP_ALU64 | SKEP_MOV, 0, 0, 0,
			  (s32)fuzz_constant(&build->random));
		if (base == 0)
			return;
		fuzz_set_number(build, 0, UINT64_MAX);
	}
	if (!(op & SKEP_FETCH) && fuzz_maybe(build, 50) && !(build->pinned & (1u << src)))
		op |= SKEP_FETCH;
	fuzz_emit(build, SKEP_STX | SKEP_ATOMIC | fuzz_size_code(size), base, src, off, op);
	if (op & SKEP_FETCH)
		fuzz_set_number(build, op == SKEP_CMPXCHG ? 0 : src, UINT64_MAX);
}

/* Numbers that come of pointers. */
void fuzz_block_difference(struct fuzz_build *build)
{
	int a = fuzz_find(build, FUZZ_MASK(FUZZ_PACKET) | FUZZ_MASK(FUZZ_END)),
	    b = fuzz_find(build, FUZZ_MASK(FUZZ_PACKET));

	if (a < 0 || b < 0 || (build->pinned & (1u << a)))
		return;
	fuzz_emit(build, SKEP_ALU64 | SKEP_SUB | SKEP_X, (u32)a, (u32)b, 0, 0);
	fuzz_set_number(build, (u32)a, UINT64_MAX);
}
