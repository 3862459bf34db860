/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Making, sharing and freeing states. Blocks come from free lists by size, because a verification
 * makes and drops hundreds of thousands of them; a thread's lists are its own.
 */
#include "verifier/state.h"

#include <stdlib.h>
#include <string.h>

#define POOL_CLASSES 128
#define POOL_UNIT 128

struct block {
	struct block *next;
};

static _Thread_local struct {
	struct block *free[POOL_CLASSES];
	u64 used, peak;
} pool;

static void *pool_alloc(size_t size)
{
	size_t class = (size + POOL_UNIT - 1) / POOL_UNIT;
	struct block *block = pool.free[class];

	if (block)
		pool.free[class] = block->next;
	else
		block = malloc(class * POOL_UNIT);
	if (!block)
		return NULL;
	pool.used += class * POOL_UNIT;
	pool.peak = pool.used > pool.peak ? pool.used : pool.peak;
	return block;
}

static void pool_free(void *mem, size_t size)
{
	size_t class = (size + POOL_UNIT - 1) / POOL_UNIT;
	struct block *block = mem;

	block->next = pool.free[class];
	pool.free[class] = block;
	pool.used -= class * POOL_UNIT;
}

void state_pool_release(void)
{
	for (u32 i = 0; i < POOL_CLASSES; i++) {
		while (pool.free[i]) {
			struct block *block = pool.free[i];

			pool.free[i] = block->next;
			free(block);
		}
	}
}

u64 state_memory(void)
{
	return pool.used;
}

u64 state_memory_peak(void)
{
	return pool.peak;
}

void state_memory_reset(void)
{
	pool.peak = pool.used;
}

void reg_set_scalar(struct reg *reg, const struct num *num)
{
	struct num kept = *num;

	memset(reg, 0, offsetof(struct reg, num));
	reg->type = REG_SCALAR;
	reg->num = kept;
}

void reg_set_const(struct reg *reg, u64 value)
{
	memset(reg, 0, offsetof(struct reg, num));
	reg->type = REG_SCALAR;
	reg->num = num_const(value);
}

void reg_set_unknown(struct reg *reg)
{
	memset(reg, 0, offsetof(struct reg, num));
	reg->type = REG_SCALAR;
	reg->num = num_unknown();
}

void reg_set_uninit(struct reg *reg)
{
	memset(reg, 0, offsetof(struct reg, num));
	reg->num = num_unknown();
}

void reg_set_pointer(struct reg *reg, enum reg_type type, u32 flags)
{
	memset(reg, 0, sizeof(*reg));
	reg->type = (u8)type;
	reg->flags = (u8)flags;
}

static size_t stack_bytes(u32 room)
{
	return sizeof(struct stack) + room * sizeof(struct slot);
}

static void stack_put(struct stack *stack)
{
	if (stack && !--stack->refs)
		pool_free(stack, stack_bytes(stack->room));
}

struct frame *frame_new(u32 subprog, s32 callsite, u32 number)
{
	struct frame *frame = pool_alloc(sizeof(*frame));

	if (!frame)
		return NULL;
	memset(frame, 0, offsetof(struct frame, regs));
	frame->refs = 1;
	frame->subprog = subprog;
	frame->callsite = callsite;
	frame->number = number;
	for (u32 i = 0; i < SKEP_MAX_REG; i++)
		reg_set_uninit(&frame->regs[i]);
	reg_set_pointer(&frame->regs[10], REG_STACK, 0);
	frame->regs[10].frame = (u8)number;
	return frame;
}

void frame_put(struct frame *frame)
{
	if (!frame || --frame->refs)
		return;
	stack_put(frame->stack);
	pool_free(frame, sizeof(*frame));
}

struct frame *state_write_frame(struct state *state, u32 depth)
{
	struct frame *frame = state->frames[depth], *copy;

	if (likely(frame->refs == 1))
		return frame;
	copy = pool_alloc(sizeof(*copy));
	if (!copy)
		return NULL;
	memcpy(copy, frame, sizeof(*copy));
	copy->refs = 1;
	if (copy->stack)
		copy->stack->refs++;
	frame->refs--;
	state->frames[depth] = copy;
	return copy;
}

struct stack *frame_write_stack(struct frame *frame, u32 nr)
{
	struct stack *stack = frame->stack, *copy;
	u32 have = stack ? stack->nr : 0, room;

	if (likely(stack && stack->refs == 1 && stack->room >= nr)) {
		if (nr > have) {
			memset(stack->slots + have, 0, (nr - have) * sizeof(struct slot));
			stack->nr = nr;
		}
		return stack;
	}
	nr = nr > have ? nr : have;
	room = ALIGN_UP(nr, 4);
	copy = pool_alloc(stack_bytes(room));
	if (!copy)
		return NULL;
	copy->refs = 1;
	copy->nr = nr;
	copy->room = room;
	if (have)
		memcpy(copy->slots, stack->slots, have * sizeof(struct slot));
	memset(copy->slots + have, 0, (nr - have) * sizeof(struct slot));
	stack_put(stack);
	frame->stack = copy;
	return copy;
}

struct state *state_new(void)
{
	struct state *state = pool_alloc(sizeof(*state));

	if (state)
		memset(state, 0, sizeof(*state));
	return state;
}

struct state *state_copy(const struct state *from)
{
	struct state *state = pool_alloc(sizeof(*state));

	if (!state)
		return NULL;
	memcpy(state, from, sizeof(*state));
	memset(state->precise_regs, 0, sizeof(state->precise_regs));
	memset(state->precise_slots, 0, sizeof(state->precise_slots));
	memset(state->read_slots, 0, sizeof(state->read_slots));
	for (u32 i = 0; i <= from->depth; i++)
		state->frames[i]->refs++;
	state->branches = 1;
	state->next = NULL;
	state->is_loop_head = false;
	state->loop_head = NULL;
	state->hits = state->misses = 0;
	return state;
}

void state_free(struct state *state)
{
	if (!state)
		return;
	for (u32 i = 0; i <= state->depth; i++)
		frame_put(state->frames[i]);
	pool_free(state, sizeof(*state));
}
