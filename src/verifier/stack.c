/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The stack: 512 bytes below r10, tracked byte by byte as never written, zero, unknown, or part of
 * a spilled register.
 *
 * A register stored whole at an 8-byte boundary is a spill: numbers of any size, pointers of eight
 * bytes. What overwrites part of a spill leaves unknown bytes. A store at a variable offset may
 * hit any slot in reach: their contents become unknown and pointers there are lost.
 */
#include "verifier/env.h"

#define SLOT_OF(off) ((u32)(-(off)-1) / SLOT_SIZE)

int stack_note_depth(struct env *env, const struct frame *frame, s32 off)
{
	struct subprog *subprog = &env->subprogs[frame->subprog];

	if ((u32)-off > subprog->stack_depth)
		subprog->stack_depth = (u32)-off;
	return 0;
}

static u64 slot_mask(s32 min, s32 end)
{
	u32 high = SLOT_OF(min), low = SLOT_OF(end - 1);
	u64 upto = high == 63 ? ~0ull : (1ull << (high + 1)) - 1;

	return upto & ~((1ull << low) - 1);
}

/* Where [off, off + size) may lie; refuses what may leave the stack. */
static int check_bounds(struct env *env, u32 regno, s32 off, u32 size, s32 *min, s32 *max)
{
	const struct reg *reg = cur_reg(env, regno);
	s64 low, high;
	int err;

	if (num_is_const(&reg->num)) {
		low = high = (s64)reg->num.bits.value + off;
	} else {
		if (reg->num.smax >= MAX_VAR_OFF || reg->num.smin <= -MAX_VAR_OFF)
			return reject(env, -EACCES, RULE_STACK_BOUNDS,
				      "access to the stack through r%u at an offset without bounds",
				      regno);
		low = reg->num.smin + off;
		high = reg->num.smax + off;
	}
	if (low >= -SKEP_STACK_SIZE && high + size <= 0 && low < 0) {
		*min = (s32)low;
		*max = (s32)high;
		return stack_note_depth(env, env->cur->frames[reg->frame], (s32)low);
	}
	err = reject(env, -EACCES, RULE_STACK_BOUNDS,
		     "access of %u byte%s to the stack through r%u, outside of it", size,
		     PLURAL(size), regno);
	if (low == high)
		explain_proven(env, "the access is at r10 %+lld", (long long)low);
	else
		explain_proven(env, "the access is between r10 %+lld and r10 %+lld", (long long)low,
			       (long long)high);
	if (size <= SKEP_STACK_SIZE)
		explain_needed(env, "between r10 - %d and r10 - %u", SKEP_STACK_SIZE, size);
	else
		explain_needed(env, "at most %d bytes", SKEP_STACK_SIZE);
	return err;
}

/* The frame and its slots, writable; NULL when out of memory. */
static struct frame *open_stack(struct env *env, u32 depth, u32 slot)
{
	struct frame *frame = state_write_frame(env->cur, depth);

	if (!frame || !frame_write_stack(frame, slot + 1))
		return NULL;
	env->frame = state_frame(env->cur);
	return frame;
}

static int destroy_dynptrs(struct env *env, u32 depth, u32 low, u32 high)
{
	const struct frame *frame = env->cur->frames[depth];
	int err = 0;

	for (u32 i = low; i <= high && i < frame_nr_slots(frame) && !err; i++) {
		if (frame->stack->slots[i].type[0] != SLOT_DYNPTR)
			continue;
		err = dynptr_destroy(env, depth, i);
		frame = env->cur->frames[depth];
	}
	return err;
}

/*
 * What is left of a spill when part of it goes. Zeroes beside it are forgotten as well: that they
 * are zero is worth less than states that look alike.
 */
static void scrub_spill(struct slot *slot)
{
	if (!slot_is_spill(slot))
		return;
	for (u32 i = 0; i < SLOT_SIZE; i++)
		if (slot->type[i] != SLOT_INVALID)
			slot->type[i] = SLOT_MISC;
	reg_set_uninit(&slot->reg);
}

static void save_spill(struct slot *slot, const struct reg *value, u32 size)
{
	bool fits = size == SLOT_SIZE || value->num.umax >> (size * 8) == 0;

	for (u32 i = size; i < SLOT_SIZE; i++)
		if (slot->type[i] == SLOT_SPILL)
			slot->type[i] = SLOT_MISC;
	for (u32 i = 0; i < size; i++)
		slot->type[i] = SLOT_SPILL;
	slot->reg = *value;
	if (value->type != REG_SCALAR || size == SLOT_SIZE)
		return;
	slot->reg.num = num_zext(&value->num, size * 8);
	if (!fits) {
		slot->reg.id = 0;
		slot->reg.off = 0;
		slot->reg.flags = 0;
	}
}

static void store_bytes(struct slot *slot, s32 off, u32 size, bool zero)
{
	u32 first = (u32)(off & (SLOT_SIZE - 1));

	scrub_spill(slot);
	for (u32 i = 0; i < size; i++)
		slot->type[first + i] = zero ? SLOT_ZERO : SLOT_MISC;
}

static int store_fixed(struct env *env, u32 depth, s32 off, u32 size, const struct reg *value,
		       s32 value_regno)
{
	u32 index = SLOT_OF(off);
	bool aligned = !(off & (SLOT_SIZE - 1));
	struct frame *frame;
	struct slot *slot;
	int err = destroy_dynptrs(env, depth, index, index);

	if (err)
		return err;
	err = push_step(env, value && aligned ? STEP_STACK : STEP_STACK_PART, depth, index, NULL);
	if (err)
		return err;
	if (value && value_regno >= 0) {
		if (value->type == REG_SCALAR && aligned)
			assign_scalar_id(env, cur_reg(env, (u32)value_regno));
		value = cur_reg(env, (u32)value_regno);
	}
	if (value && reg_is_pointer(value) && size != SLOT_SIZE)
		return reject(env, -EACCES, RULE_STACK_POINTER,
			      "store of %u byte%s of r%d, which is %s, to the stack", size,
			      PLURAL(size), value_regno, reg_type_name(value));
	if (value && value->type == REG_STACK && depth != env->cur->depth)
		return reject(env, -EINVAL, RULE_STACK_POINTER,
			      "a pointer to the stack is stored in the stack of a caller");
	frame = open_stack(env, depth, index);
	if (!frame)
		return -ENOMEM;
	if (value && value_regno >= 0)
		value = cur_reg(env, (u32)value_regno); /* the frame may have moved */
	slot = &frame->stack->slots[index];
	if (size == SLOT_SIZE)
		env->cur->written_slots[depth] |= 1ull << index;
	if (size == SLOT_SIZE && depth == env->cur->depth)
		env->wrote_slots |= 1ull << index;
	if (value && aligned)
		save_spill(slot, value, size);
	else
		store_bytes(slot, off, size, value && reg_is_null(value));
	return 0;
}

/* Somewhere in [min, max + size): all that may be hit is forgotten, zero stays where it is kept. */
static int store_variable(struct env *env, u32 depth, u32 regno, s32 min, s32 max, u32 size,
			  const struct reg *value, s32 value_regno)
{
	bool zero = value && reg_is_null(value), relied = false;
	struct frame *frame;
	int err = destroy_dynptrs(env, depth, SLOT_OF(max + (s32)size - 1), SLOT_OF(min));

	if (err)
		return err;
	if (value && reg_is_pointer(value) && value->type == REG_STACK && depth != env->cur->depth)
		return reject(env, -EINVAL, RULE_STACK_POINTER,
			      "a pointer to the stack is stored in the stack of a caller");
	frame = open_stack(env, depth, SLOT_OF(min));
	if (!frame)
		return -ENOMEM;
	for (s32 byte = min; byte < max + (s32)size; byte++) {
		struct slot *slot = &frame->stack->slots[SLOT_OF(byte)];
		u8 *type = &slot->type[byte & (SLOT_SIZE - 1)];

		if (*type == SLOT_SPILL && reg_is_null(&slot->reg) && zero) {
			relied = true;
			continue;
		}
		scrub_spill(slot);
		if (*type == SLOT_ZERO && zero) {
			relied = true;
			continue;
		}
		if (*type == SLOT_INVALID && !env->allow_uninit_stack)
			return reject(env, -EINVAL, RULE_STACK_UNINIT,
				      "store at a variable offset (r%u) over stack bytes that were "
				      "never written",
				      regno);
		*type = SLOT_MISC;
	}
	if (relied && value_regno >= 0)
		err = mark_precise(env, (u32)value_regno);
	return err;
}

int check_stack_store(struct env *env, u32 regno, s32 off, u32 size, const struct reg *value,
		      s32 value_regno)
{
	u32 depth = cur_reg(env, regno)->frame;
	bool fixed = num_is_const(&cur_reg(env, regno)->num);
	s32 min, max;
	int err = check_bounds(env, regno, off + cur_reg(env, regno)->off, size, &min, &max);

	if (err)
		return err;
	if (fixed)
		return store_fixed(env, depth, min, size, value, value_regno);
	return store_variable(env, depth, regno, min, max, size, value, value_regno);
}

static int reject_uninit(struct env *env, u32 regno, s32 off, u32 size)
{
	return reject(
		env, -EACCES, RULE_STACK_UNINIT,
		"read of %u byte%s through r%u, of which the byte at r10 %+d was never written",
		size, PLURAL(size), regno, off);
}

/* Bytes that are no whole spill, as a number. */
static int load_bytes(struct env *env, const struct slot *slot, u32 regno, s32 off, u32 size,
		      struct reg *ret)
{
	u32 first = (u32)(off & (SLOT_SIZE - 1)), zeroes = 0, spilled = 0;

	for (u32 i = 0; i < size; i++) {
		u8 type = slot->type[first + i];

		if (type == SLOT_ZERO || (type == SLOT_SPILL && reg_is_null(&slot->reg)))
			zeroes++;
		else if (type == SLOT_SPILL)
			spilled++;
		else if (type == SLOT_INVALID && !env->allow_uninit_stack)
			return reject_uninit(env, regno, off + (s32)i, size);
		else if (type == SLOT_DYNPTR)
			return reject(env, -EACCES, RULE_DYNPTR,
				      "read of stack bytes that belong to a dynptr");
	}
	if (zeroes == size)
		reg_set_const(ret, 0);
	else if (spilled == size && num_is_const(&slot->reg.num))
		reg_set_const(ret, slot->reg.num.bits.value >> (first * 8));
	else
		reg_set_unknown(ret);
	return 0;
}

static int load_spill(struct env *env, const struct slot *slot, u32 regno, s32 off, u32 size,
		      struct reg *ret)
{
	u32 stored = slot_spill_size(slot), first = (u32)(off & (SLOT_SIZE - 1));

	if (slot->reg.type != REG_SCALAR && (size != SLOT_SIZE || stored != SLOT_SIZE))
		return reject(env, -EACCES, RULE_STACK_POINTER,
			      "read of %u byte%s of %s that was stored on the stack", size,
			      PLURAL(size), reg_type_name(&slot->reg));
	if (!first && size <= stored) {
		bool fits = size == SLOT_SIZE || slot->reg.num.umax >> (size * 8) == 0;

		*ret = slot->reg;
		if (ret->type != REG_SCALAR || size == SLOT_SIZE)
			return 0;
		ret->num = num_zext(&ret->num, size * 8);
		if (!fits) {
			ret->id = 0;
			ret->off = 0;
			ret->flags = 0;
		}
		return 0;
	}
	return load_bytes(env, slot, regno, off, size, ret);
}

static int load_fixed(struct env *env, u32 depth, u32 regno, s32 off, u32 size, struct reg *ret)
{
	static const struct slot nothing;
	const struct frame *frame = env->cur->frames[depth];
	u32 index = SLOT_OF(off);
	const struct slot *slot =
		index < frame_nr_slots(frame) ? &frame->stack->slots[index] : &nothing;
	int err;

	live_read(env, depth, 1ull << index);
	err = push_step(env, STEP_STACK, depth, index, NULL);
	if (err)
		return err;
	if (!slot_is_spill(slot))
		return load_bytes(env, slot, regno, off, size, ret);
	if (slot->reg.type == REG_SCALAR && size == SLOT_SIZE && !slot->reg.id &&
	    !num_is_const(&slot->reg.num) && slot_spill_size(slot) == SLOT_SIZE) {
		/* the copy stays linked to what is in the slot */
		struct frame *open = open_stack(env, depth, index);

		if (!open)
			return -ENOMEM;
		open->stack->slots[index].reg.id = new_id(env);
		slot = &open->stack->slots[index];
	}
	return load_spill(env, slot, regno, off, size, ret);
}

/* Anything in [min, end): only that all of it may be read, and whether it is all zero. */
static int read_range(struct env *env, u32 depth, u32 regno, s32 min, s32 end, bool *all_zero)
{
	const struct frame *frame = env->cur->frames[depth];

	*all_zero = true;
	live_read(env, depth, slot_mask(min, end));
	for (s32 byte = min; byte < end; byte++) {
		u32 index = SLOT_OF(byte);
		u8 type = index < frame_nr_slots(frame)
				  ? frame->stack->slots[index].type[byte & (SLOT_SIZE - 1)]
				  : SLOT_INVALID;

		if (type == SLOT_INVALID && !env->allow_uninit_stack)
			return reject_uninit(env, regno, byte, (u32)(end - min));
		if (type == SLOT_DYNPTR)
			return reject(env, -EACCES, RULE_DYNPTR,
				      "access to stack bytes that belong to a dynptr");
		if (type != SLOT_ZERO)
			*all_zero = false;
	}
	return 0;
}

int check_stack_load(struct env *env, u32 regno, s32 off, u32 size, struct reg *ret)
{
	u32 depth = cur_reg(env, regno)->frame;
	bool fixed = num_is_const(&cur_reg(env, regno)->num), all_zero;
	s32 min, max;
	int err = check_bounds(env, regno, off + cur_reg(env, regno)->off, size, &min, &max);

	if (err)
		return err;
	if (fixed)
		return load_fixed(env, depth, regno, min, size, ret);
	err = read_range(env, depth, regno, min, max + (s32)size, &all_zero);
	reg_set_unknown(ret);
	if (err || !all_zero)
		return err;
	reg_set_const(ret, 0); /* which rests on all of them */
	for (u32 slot = SLOT_OF(max + (s32)size - 1); slot <= SLOT_OF(min) && !err; slot++)
		err = mark_precise_slot(env, depth, slot);
	return err;
}

/* After a helper wrote there, or may have: unknown bytes. */
static int clobber(struct env *env, u32 depth, s32 min, s32 end)
{
	struct frame *frame = open_stack(env, depth, SLOT_OF(min));

	if (!frame)
		return -ENOMEM;
	for (s32 byte = min; byte < end; byte++) {
		struct slot *slot = &frame->stack->slots[SLOT_OF(byte)];

		scrub_spill(slot);
		slot->type[byte & (SLOT_SIZE - 1)] = SLOT_MISC;
	}
	return 0;
}

int check_stack_helper(struct env *env, u32 regno, u32 size, enum access access, bool raw,
		       bool zero_allowed)
{
	const struct reg *reg = cur_reg(env, regno);
	u32 depth = reg->frame;
	bool all_zero;
	s32 min, max;
	int err;

	if (!size && !zero_allowed)
		return reject(env, -EACCES, RULE_ZERO_SIZE,
			      "the helper gets memory of zero bytes in r%u", regno);
	if (size > INT32_MAX)
		size = INT32_MAX; /* outside wherever it starts */
	err = check_bounds(env, regno, reg->off, size, &min, &max);
	if (err || !size)
		return err;
	if (raw && min == max) {
		err = destroy_dynptrs(env, depth, SLOT_OF(max + (s32)size - 1), SLOT_OF(min));
		return err ? err : clobber(env, depth, min, max + (s32)size);
	}
	err = read_range(env, depth, regno, min, max + (s32)size, &all_zero);
	if (err || access == ACCESS_READ)
		return err;
	return clobber(env, depth, min, max + (s32)size);
}
