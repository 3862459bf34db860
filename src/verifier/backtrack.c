/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Which numbers matter. Two states with different numbers may still be treated as one, as long as
 * no check relied on those numbers. When a check relies on a register, this file walks back over
 * the instructions of the path, from use to definition, through spills, calls and copies, and
 * marks the register (or slot) that held the value in each checkpoint on the way as precise.
 *
 * The walk ends when nothing is left to look for, or at a checkpoint where all of it is marked
 * already: what lies before was then walked earlier.
 */
#include "verifier/env.h"

#define ARGS_MASK 0x3e /* r1-r5 */

struct wanted {
	u32 depth;
	u16 regs[SKEP_MAX_FRAMES];
	u64 slots[SKEP_MAX_FRAMES];
};

static bool wants_nothing(const struct wanted *wanted)
{
	for (u32 i = 0; i <= wanted->depth; i++)
		if (wanted->regs[i] || wanted->slots[i])
			return false;
	return true;
}

static bool wants_reg(const struct wanted *wanted, u32 regno)
{
	return wanted->regs[wanted->depth] >> regno & 1;
}

static void want_reg(struct wanted *wanted, u32 regno)
{
	wanted->regs[wanted->depth] |= (u16)(1u << regno);
}

static void drop_reg(struct wanted *wanted, u32 regno)
{
	wanted->regs[wanted->depth] &= (u16) ~(1u << regno);
}

int push_step(struct env *env, enum step_kind kind, u32 depth, u32 slot,
	      const struct linked *linked)
{
	bool stack_access = kind != STEP_JUMP;
	struct step *step = arena_alloc(env->arena, sizeof(*step));
	const struct step *top = env->step;

	if (!step)
		return -ENOMEM;
	*step = (struct step){.prev = env->cur->steps,
			      .insn = env->insn,
			      .from = env->prev_insn,
			      .stack_access = stack_access,
			      .partial = kind == STEP_STACK_PART,
			      .frame = (u8)depth,
			      .slot = (u8)slot,
			      .linked = linked};
	if (top) { /* steps are shared: replace, do not change */
		step->prev = top->prev;
		if (!linked)
			step->linked = top->linked;
		if (!stack_access) {
			step->stack_access = top->stack_access;
			step->partial = top->partial;
			step->frame = top->frame;
			step->slot = top->slot;
		}
	} else {
		env->nr_steps++;
	}
	env->step = step;
	env->cur->steps = step;
	return 0;
}

static void back_alu(struct wanted *wanted, const struct skep_insn *insn,
		     const struct insn_desc *desc)
{
	bool has_src = desc->flags & INSN_READS_SRC;

	if (!wants_reg(wanted, insn->dst))
		return;
	if (SKEP_OP(desc->code) == SKEP_MOV && desc->kind != INSN_KIND_SWAP)
		drop_reg(wanted, insn->dst);
	if (has_src && insn->src != 10)
		want_reg(wanted, insn->src);
}

static void back_load(struct wanted *wanted, const struct skep_insn *insn, const struct step *step)
{
	if (!wants_reg(wanted, insn->dst))
		return;
	drop_reg(wanted, insn->dst);
	if (step && step->stack_access)
		wanted->slots[step->frame] |= 1ull << step->slot;
}

static void back_store(struct wanted *wanted, const struct skep_insn *insn,
		       const struct insn_desc *desc, const struct step *step)
{
	if (!step || !step->stack_access || !(wanted->slots[step->frame] >> step->slot & 1))
		return;
	if (!step->partial)
		wanted->slots[step->frame] &= ~(1ull << step->slot);
	if (desc->flags & INSN_READS_SRC)
		want_reg(wanted, insn->src);
}

/* What is fetched was on the stack before; what is left there is an unknown number. */
static void back_atomic(struct wanted *wanted, const struct skep_insn *insn,
			const struct insn_desc *desc, const struct step *step)
{
	u32 fetched = desc->flags & INSN_WRITES_R0 ? 0 : insn->src;
	bool wants = desc->flags & INSN_FETCH && wants_reg(wanted, fetched);

	if (wants)
		drop_reg(wanted, fetched);
	if (!step || !step->stack_access)
		return;
	wanted->slots[step->frame] &= ~(1ull << step->slot);
	if (wants)
		wanted->slots[step->frame] |= 1ull << step->slot;
}

/* From the first instruction of a callee to the call: arguments are the caller's registers. */
static void leave_callee(struct wanted *wanted, bool passes_args)
{
	u16 args = wanted->regs[wanted->depth] & ARGS_MASK;

	wanted->regs[wanted->depth] = 0;
	wanted->slots[wanted->depth] = 0;
	if (!wanted->depth)
		return;
	wanted->depth--;
	if (passes_args)
		wanted->regs[wanted->depth] |= args;
}

static void back_call(struct env *env, struct wanted *wanted, u32 at, s64 after)
{
	const struct insn_aux *aux = &env->aux[at];

	if (aux->id == INSN_CALL_LOCAL && after != (s64)at + 1) {
		leave_callee(wanted, true);
		return;
	}
	if (aux->calls_callback && after != (s64)at + 1 && after >= 0) {
		leave_callee(wanted, false);
		return;
	}
	wanted->regs[wanted->depth] &= (u16) ~(ARGS_MASK | 1);
	/* a tail call that ended its function: r0 is another program's */
	if (aux->id == INSN_CALL_HELPER && env->insns[at].imm == H_tail_call && after >= 0 &&
	    after != (s64)at + 1) {
		wanted->depth++;
		wanted->regs[wanted->depth] = 0;
		wanted->slots[wanted->depth] = 0;
	}
}

/* From what follows a call to the exit of the callee: r0 is the callee's. */
static void back_exit(struct env *env, struct wanted *wanted, s64 after)
{
	bool r0 = after > 0 && env->aux[after - 1].id == INSN_CALL_LOCAL && wants_reg(wanted, 0);

	if (after >= 0 && env->aux[after].calls_callback)
		wanted->regs[wanted->depth] &= (u16)~ARGS_MASK;
	drop_reg(wanted, 0);
	wanted->depth++;
	wanted->regs[wanted->depth] = 0;
	wanted->slots[wanted->depth] = 0;
	if (r0)
		want_reg(wanted, 0);
}

static void want_linked(struct wanted *wanted, const struct linked *linked)
{
	bool any = false;

	for (u32 i = 0; i < linked->nr && !any; i++)
		any = linked->regs[i].is_slot
			      ? wanted->slots[linked->regs[i].frame] >> linked->regs[i].index & 1
			      : wanted->regs[linked->regs[i].frame] >> linked->regs[i].index & 1;
	if (!any)
		return;
	for (u32 i = 0; i < linked->nr; i++) {
		if (linked->regs[i].is_slot)
			wanted->slots[linked->regs[i].frame] |= 1ull << linked->regs[i].index;
		else
			wanted->regs[linked->regs[i].frame] |= (u16)(1u << linked->regs[i].index);
	}
}

static void back_branch(struct wanted *wanted, const struct skep_insn *insn,
			const struct insn_desc *desc, const struct step *step)
{
	if (step && step->linked)
		want_linked(wanted, step->linked);
	if (!(desc->flags & INSN_READS_SRC))
		return;
	/* what was learnt of one operand came from the other */
	if (wants_reg(wanted, insn->dst) || wants_reg(wanted, insn->src)) {
		want_reg(wanted, insn->dst);
		want_reg(wanted, insn->src);
	}
	if (step && step->linked)
		want_linked(wanted, step->linked);
}

/* Undo one instruction; `after` is the one executed next, -1 when that is not known. */
static void back_insn(struct env *env, struct wanted *wanted, u32 at, s64 after,
		      const struct step *step)
{
	const struct insn_desc *desc = &insn_descs[env->aux[at].id];
	const struct skep_insn *insn = &env->insns[at];

	switch (desc->kind) {
	case INSN_KIND_ALU64:
	case INSN_KIND_ALU32:
	case INSN_KIND_SWAP:
		back_alu(wanted, insn, desc);
		break;
	case INSN_KIND_LOAD:
		back_load(wanted, insn, step);
		break;
	case INSN_KIND_STORE:
		back_store(wanted, insn, desc, step);
		break;
	case INSN_KIND_ATOMIC:
		back_atomic(wanted, insn, desc, step);
		break;
	case INSN_KIND_LEGACY:
		if (after >= 0 && after != (s64)at + 1) /* it ended its function, with 0 */
			back_exit(env, wanted, after);
		drop_reg(wanted, 0);
		break;
	case INSN_KIND_WIDE:
		drop_reg(wanted, insn->dst);
		break;
	case INSN_KIND_BRANCH64:
	case INSN_KIND_BRANCH32:
		back_branch(wanted, insn, desc, step);
		break;
	case INSN_KIND_CALL:
		back_call(env, wanted, at, after);
		break;
	case INSN_KIND_EXIT:
		back_exit(env, wanted, after);
		break;
	default:
		break;
	}
}

/*
 * Walk one segment: from `at`, which is not undone itself, to the segment's first instruction.
 * False when the walk is over.
 */
static bool back_segment(struct env *env, struct wanted *wanted, const struct state *state, u32 at,
			 s64 *after)
{
	const struct step *steps = state->steps;

	*after = at;
	for (;;) {
		const struct step *step;

		if (at == state->first_insn && (!steps || (!steps->prev && steps->insn == at)))
			return true;
		if (steps && steps->insn == at) {
			at = steps->from;
			steps = steps->prev;
		} else {
			at--;
			if (env->aux[at].second_slot)
				at--;
		}
		step = steps && steps->insn == at ? steps : NULL;
		back_insn(env, wanted, at, *after, step);
		if (wants_nothing(wanted))
			return false;
		*after = at;
	}
}

static bool mark_reg(struct state *state, u32 depth, u32 regno)
{
	const struct frame *frame = state->frames[depth];

	if (frame->regs[regno].type != REG_SCALAR || state->precise_regs[depth] >> regno & 1)
		return false;
	state->precise_regs[depth] |= (u16)(1u << regno);
	return true;
}

/* Does the slot hold a number, or bytes known to be zero? */
static bool slot_has_value(const struct frame *frame, u32 slot)
{
	const struct slot *at;

	if (slot >= frame_nr_slots(frame))
		return false;
	at = &frame->stack->slots[slot];
	if (slot_is_spill(at) && at->reg.type == REG_SCALAR)
		return true;
	return memchr(at->type, SLOT_ZERO, SLOT_SIZE);
}

static bool mark_slot(struct state *state, u32 depth, u32 slot)
{
	if (!slot_has_value(state->frames[depth], slot) || state->precise_slots[depth] >> slot & 1)
		return false;
	state->precise_slots[depth] |= 1ull << slot;
	return true;
}

/* Mark what is wanted in a checkpoint; what is no number there, or marked, is wanted no more. */
static bool mark_state(struct state *state, struct wanted *wanted)
{
	bool changed = false;

	for (u32 depth = 0; depth <= wanted->depth && depth <= state->depth; depth++) {
		u32 regs = wanted->regs[depth];
		u64 slots = wanted->slots[depth];

		for (; regs; regs &= regs - 1) {
			u32 regno = (u32)__builtin_ctz(regs);

			if (mark_reg(state, depth, regno))
				changed = true;
			else
				wanted->regs[depth] &= (u16) ~(1u << regno);
		}
		for (; slots; slots &= slots - 1) {
			u32 slot = (u32)__builtin_ctzll(slots);

			if (mark_slot(state, depth, slot))
				changed = true;
			else
				wanted->slots[depth] &= ~(1ull << slot);
		}
	}
	return changed;
}

static bool walk_back(struct env *env, struct wanted *wanted, struct state *state, u32 at)
{
	bool changed = false;
	s64 after;

	for (;;) {
		if (!back_segment(env, wanted, state, at, &after))
			return changed;
		state = state->parent;
		if (!state)
			return changed;
		wanted->depth = state->depth;
		changed |= mark_state(state, wanted);
		if (wants_nothing(wanted))
			return changed;
		at = state->insn;
	}
}

int mark_precise(struct env *env, u32 regno)
{
	struct wanted wanted;

	if (cur_reg(env, regno)->type != REG_SCALAR)
		return 0;
	memset(&wanted, 0, sizeof(wanted));
	wanted.depth = env->cur->depth;
	want_reg(&wanted, regno);
	walk_back(env, &wanted, env->cur, env->insn);
	return 0;
}

int mark_precise_slot(struct env *env, u32 depth, u32 slot)
{
	struct wanted wanted;

	memset(&wanted, 0, sizeof(wanted));
	wanted.depth = env->cur->depth;
	wanted.slots[depth] = 1ull << slot;
	walk_back(env, &wanted, env->cur, env->insn);
	return 0;
}

int propagate_precision(struct env *env, const struct state *old, struct state *state,
			bool *ret_changed)
{
	struct wanted wanted;

	memset(&wanted, 0, sizeof(wanted));
	wanted.depth = state->depth;
	for_each_frame(old, depth)
	{
		const struct frame *frame = state->frames[depth];
		u32 regs = old->precise_regs[depth];
		u64 slots = old->precise_slots[depth];

		for (u32 i = 0; i < SKEP_MAX_REG; i++)
			if (regs >> i & 1 && frame->regs[i].type == REG_SCALAR)
				wanted.regs[depth] |= (u16)(1u << i);
		for (; slots; slots &= slots - 1) {
			u32 slot = (u32)__builtin_ctzll(slots);

			if (slot_has_value(frame, slot))
				wanted.slots[depth] |= 1ull << slot;
		}
	}
	if (!wants_nothing(&wanted) && walk_back(env, &wanted, state, state->insn) && ret_changed)
		*ret_changed = true;
	return 0;
}
