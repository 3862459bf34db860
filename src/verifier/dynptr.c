/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Dynptrs: handles of memory whose size is known only at run time. They live in two slots of the
 * stack that only helpers may read or write. Slot reg fields: off = enum dynptr_type, id = the
 * dynptr's (slices taken from it carry it), ref = acquired reference, num 1 in the slot at the
 * lower address, where pointers to it point.
 */
#include "verifier/env.h"

static int dynptr_slot(struct env *env, u32 regno, u32 *ret_depth, u32 *ret_slot)
{
	const struct reg *reg = cur_reg(env, regno);
	s64 off;

	if (reg->type != REG_STACK || !num_is_const(&reg->num))
		return reject(env, -EINVAL, RULE_DYNPTR,
			      "r%u is %s; a dynptr lies on the stack, at a constant offset", regno,
			      reg_type_name(reg));
	off = reg->off + (s64)reg->num.bits.value;
	if (off % SLOT_SIZE || off < -SKEP_STACK_SIZE || off > -2 * SLOT_SIZE)
		return reject(env, -EINVAL, RULE_DYNPTR,
			      "r%u is r10 %+lld; a dynptr takes 16 bytes, aligned to 8", regno,
			      (long long)off);
	*ret_depth = reg->frame;
	*ret_slot = (u32)(-off - 1) / SLOT_SIZE;
	return 0;
}

int dynptr_check_uninit(struct env *env, u32 regno)
{
	u32 depth, slot;
	const struct frame *frame;
	int err = dynptr_slot(env, regno, &depth, &slot);

	if (err)
		return err;
	for (u32 i = 0; i < 2; i++) {
		frame = env->cur->frames[depth];
		if (slot - i < frame_nr_slots(frame) &&
		    frame->stack->slots[slot - i].type[0] == SLOT_DYNPTR) {
			if (frame->stack->slots[slot - i].reg.ref)
				return reject(env, -EINVAL, RULE_DYNPTR,
					      "r%u points to a dynptr that holds a reference; it "
					      "must be released first",
					      regno);
			err = dynptr_destroy(env, depth, slot - i);
			if (err)
				return err;
		}
	}
	return 0;
}

int dynptr_init(struct env *env, u32 regno, enum dynptr_type type, u32 ref)
{
	u32 depth, slot, id = new_id(env);
	struct frame *frame;
	struct stack *stack;
	int err = dynptr_slot(env, regno, &depth, &slot);

	if (err)
		return err;
	frame = state_write_frame(env->cur, depth);
	stack = frame ? frame_write_stack(frame, slot + 1) : NULL;
	if (!stack)
		return -ENOMEM;
	env->frame = state_frame(env->cur);
	stack_note_depth(env, frame, -(s32)(slot + 1) * SLOT_SIZE);
	for (u32 i = 0; i < 2; i++) {
		struct slot *half = &stack->slots[slot - i];

		memset(half->type, SLOT_DYNPTR, SLOT_SIZE);
		reg_set_uninit(&half->reg);
		half->reg.off = (s32)type;
		half->reg.id = id;
		half->reg.ref = ref;
		half->reg.num = num_const(!i);
	}
	return 0;
}

int dynptr_check(struct env *env, u32 regno, enum dynptr_type type, u32 *ret_ref, u32 *ret_id)
{
	const struct frame *frame;
	const struct slot *half;
	u32 depth, slot;
	int err = dynptr_slot(env, regno, &depth, &slot);

	if (err)
		return err;
	frame = env->cur->frames[depth];
	half = slot < frame_nr_slots(frame) ? &frame->stack->slots[slot] : NULL;
	if (!half || half->type[0] != SLOT_DYNPTR || !num_is(&half->reg.num, 1))
		return reject(env, -EINVAL, RULE_DYNPTR,
			      "r%u does not point to an initialised dynptr", regno);
	if (type != DYNPTR_NONE && half->reg.off != (s32)type)
		return reject(env, -EINVAL, RULE_DYNPTR, "r%u points to a dynptr of another kind",
			      regno);
	live_read(env, depth, 3ull << (slot - 1));
	*ret_ref = half->reg.ref;
	*ret_id = half->reg.id;
	return 0;
}

static void forget_dynptr(struct env *env, u32 id, u32 ref)
{
	for_each_frame(env->cur, depth)
	{
		struct frame *frame = state_write_frame(env->cur, depth);

		if (!frame || (frame->stack && !frame_write_stack(frame, 0)))
			return;
		for (u32 i = 0; i < 10; i++)
			if (frame->regs[i].type == REG_MEM &&
			    (frame->regs[i].map_uid == id || (ref && frame->regs[i].ref == ref)))
				reg_set_unknown(&frame->regs[i]);
		for (u32 i = 0; i < frame_nr_slots(frame); i++) {
			struct slot *slot = &frame->stack->slots[i];

			if (slot->type[0] == SLOT_DYNPTR
				    ? (slot->reg.id == id || (ref && slot->reg.ref == ref))
				    : (slot_is_spill(slot) && slot->reg.type == REG_MEM &&
				       (slot->reg.map_uid == id ||
					(ref && slot->reg.ref == ref)))) {
				memset(slot->type, SLOT_MISC, SLOT_SIZE);
				reg_set_uninit(&slot->reg);
			}
		}
	}
	env->frame = state_frame(env->cur);
}

int dynptr_release(struct env *env, u32 ref)
{
	int err = ref_release(env, ref);

	if (!err)
		forget_dynptr(env, 0, ref);
	return err;
}

int dynptr_destroy(struct env *env, u32 depth, u32 slot)
{
	const struct reg *reg = &env->cur->frames[depth]->stack->slots[slot].reg;

	if (reg->ref)
		return reject(env, -EINVAL, RULE_DYNPTR,
			      "a write to the stack destroys a dynptr that holds a reference");
	forget_dynptr(env, reg->id, 0);
	return 0;
}
