/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Conditional jumps. What each way says about the operands, and about everything known to be equal
 * to them, is learnt before it is walked; a way that nothing satisfies is not walked at all, and
 * the numbers that showed it become precise.
 */
#include "verifier/env.h"

static enum num_cmp compare_of(const struct insn_desc *desc)
{
	static const u8 compares[16] = {
		[SKEP_JEQ >> 4] = NUM_EQ,   [SKEP_JNE >> 4] = NUM_NE,   [SKEP_JGT >> 4] = NUM_GT,
		[SKEP_JGE >> 4] = NUM_GE,   [SKEP_JLT >> 4] = NUM_LT,   [SKEP_JLE >> 4] = NUM_LE,
		[SKEP_JSGT >> 4] = NUM_SGT, [SKEP_JSGE >> 4] = NUM_SGE, [SKEP_JSLT >> 4] = NUM_SLT,
		[SKEP_JSLE >> 4] = NUM_SLE, [SKEP_JSET >> 4] = NUM_SET,
	};

	return compares[SKEP_OP(desc->code) >> 4];
}

/* `a cmp b` as `b cmp' a` */
static enum num_cmp mirror(enum num_cmp cmp)
{
	static const u8 mirrored[NUM_CMP_MAX] = {
		[NUM_EQ] = NUM_EQ,   [NUM_NE] = NUM_NE,   [NUM_GT] = NUM_LT,
		[NUM_GE] = NUM_LE,   [NUM_LT] = NUM_GT,   [NUM_LE] = NUM_GE,
		[NUM_SGT] = NUM_SLT, [NUM_SGE] = NUM_SLE, [NUM_SLT] = NUM_SGT,
		[NUM_SLE] = NUM_SGE, [NUM_SET] = NUM_SET, [NUM_NOT_SET] = NUM_NOT_SET,
	};

	return mirrored[cmp];
}

/* The comparison, its operands and what each way makes of them. */
struct branch {
	const struct skep_insn *insn;
	enum num_cmp cmp;
	bool is_32, has_src;
	struct reg *dst, *src; /* src may be `constant` */
	struct reg constant;
	struct num taken_dst, taken_src, falls_dst, falls_src;
	struct linked linked;
};

struct state *push_branch(struct env *env, u32 target, int *err)
{
	u32 most = env->in->limits.jumps ? env->in->limits.jumps : 8192;
	struct pending *pending;
	struct state *other;

	if (env->nr_pending >= most) {
		*err = reject(env, -E2BIG, RULE_TOO_MANY_BRANCHES,
			      "more than %u branches wait to be followed", most);
		return NULL;
	}
	other = state_copy(env->cur);
	pending = arena_alloc(env->arena, sizeof(*pending));
	if (!other || !pending || !state_write_frame(env->cur, env->cur->depth)) {
		state_free(other);
		*err = -ENOMEM;
		return NULL;
	}
	env->frame = state_frame(env->cur);
	other->insn = target;
	other->last_insn = env->insn;
	if (other->parent)
		other->parent->branches++;
	*pending = (struct pending){other, env->pending};
	env->pending = pending;
	env->nr_pending++;
	return other;
}

static void collect_linked(struct linked *linked, u32 id, struct reg *reg, u32 depth, bool is_slot,
			   u32 index)
{
	if (reg->type != REG_SCALAR || reg->id != id)
		return;
	if (linked->nr == LINKED_MAX) { /* more than a step can note: no longer linked */
		reg->id = 0;
		reg->flags = 0;
		reg->off = 0;
		return;
	}
	linked->regs[linked->nr].frame = (u8)depth;
	linked->regs[linked->nr].is_slot = is_slot;
	linked->regs[linked->nr].index = (u8)index;
	linked->nr++;
}

static bool has_id(const struct reg *reg, u32 id)
{
	return reg->type == REG_SCALAR && reg->id == id;
}

/* Find all that share the id; frames are made writable where something is found. */
static int find_linked(struct env *env, struct linked *linked, u32 id)
{
	for_each_frame(env->cur, depth)
	{
		struct frame *frame = env->cur->frames[depth];

		for (u32 i = 0; i < 10; i++) {
			if (!has_id(&frame->regs[i], id))
				continue;
			frame = state_write_frame(env->cur, depth);
			if (!frame)
				return -ENOMEM;
			collect_linked(linked, id, &frame->regs[i], depth, false, i);
		}
		for (u32 i = 0; i < frame_nr_slots(frame); i++) {
			if (!slot_is_spill(&frame->stack->slots[i]) ||
			    !has_id(&frame->stack->slots[i].reg, id))
				continue;
			frame = state_write_frame(env->cur, depth);
			if (!frame || !frame_write_stack(frame, 0))
				return -ENOMEM;
			collect_linked(linked, id, &frame->stack->slots[i].reg, depth, true, i);
		}
	}
	env->frame = state_frame(env->cur);
	return 0;
}

static struct reg *linked_reg(struct state *state, const struct linked *linked, u32 i)
{
	struct frame *frame = state_write_frame(state, linked->regs[i].frame);
	u32 index = linked->regs[i].index;

	if (!frame)
		return NULL;
	if (!linked->regs[i].is_slot)
		return &frame->regs[index];
	return frame_write_stack(frame, 0) ? &frame->stack->slots[index].reg : NULL;
}

/* What was learnt of one number holds for its copies, offset by what was added since. */
static bool sync_linked(struct state *state, const struct linked *linked, const struct reg *known)
{
	s64 known_off = known->flags & REG_ADD_CONST ? known->off : 0;

	for (u32 i = 0; i < linked->nr; i++) {
		struct reg *reg = linked_reg(state, linked, i);
		struct num delta;
		s64 off;

		if (!reg)
			return false;
		if (reg == known || reg->type != REG_SCALAR || reg->id != known->id)
			continue;
		off = (reg->flags & REG_ADD_CONST ? reg->off : 0) - known_off;
		if (!off) {
			reg->num = known->num;
			continue;
		}
		delta = num_const((u64)off);
		reg->num = num_alu(NUM_ADD, &known->num, &delta);
	}
	return true;
}

/* Bytes that a comparison with the packet's end (or, of metadata, with its data) shows to exist. */
static int learn_range(struct state *state, const struct reg *ptr, bool strict)
{
	u8 type = ptr->type;
	u32 id = ptr->id;
	s32 range = ptr->off + strict;

	if (ptr->off < 0 || (!ptr->off && strict) || ptr->num.umax > MAX_PACKET_OFF ||
	    ptr->num.umax + (u64)ptr->off > MAX_PACKET_OFF)
		return 0;
	for_each_frame(state, depth)
	{
		struct frame *frame = state->frames[depth];

		for (u32 i = 0; i < 10; i++) {
			const struct reg *reg = &frame->regs[i];

			if (reg->type != type || reg->id != id || reg->range >= range)
				continue;
			frame = state_write_frame(state, depth);
			if (!frame)
				return -ENOMEM;
			frame->regs[i].range = range;
		}
		for (u32 i = 0; i < frame_nr_slots(frame); i++) {
			const struct slot *slot = &frame->stack->slots[i];

			if (!slot_is_spill(slot) || slot->reg.type != type || slot->reg.id != id ||
			    slot->reg.range >= range)
				continue;
			frame = state_write_frame(state, depth);
			if (!frame || !frame_write_stack(frame, 0))
				return -ENOMEM;
			frame->stack->slots[i].reg.range = range;
		}
	}
	return 0;
}

static void note_end(struct state *state, u32 regno, s32 where)
{
	struct frame *frame = state_write_frame(state, state->depth);

	if (frame && frame->regs[regno].type == REG_PACKET)
		frame->regs[regno].range = where;
}

/* Is `a` a packet pointer and `b` what it can be bounded by? */
static bool is_bounded_by(const struct reg *a, const struct reg *b)
{
	if (a->type == REG_PACKET)
		return b->type == REG_PACKET_END;
	/* metadata ends where the data begin: only the unmoved start of data says so */
	return a->type == REG_PACKET_META && b->type == REG_PACKET && !b->id && !b->off &&
	       num_is(&b->num, 0);
}

/* Packet pointer against end: true when this was such a comparison. */
static bool match_packet(struct env *env, struct branch *branch, struct state *other, int *err)
{
	struct state *taken = other, *falls = env->cur;
	struct reg ptr;
	u32 regno;
	enum num_cmp cmp = branch->cmp;

	if (!branch->has_src || branch->is_32)
		return false;
	if (is_bounded_by(branch->dst, branch->src)) {
		regno = branch->insn->dst;
		ptr = *branch->dst;
	} else if (is_bounded_by(branch->src, branch->dst)) {
		regno = branch->insn->src;
		ptr = *branch->src;
		cmp = mirror(cmp);
	} else {
		return false;
	}
	switch (cmp) { /* ptr cmp end */
	case NUM_GT:
		*err = learn_range(falls, &ptr, false);
		note_end(taken, regno, RANGE_BEYOND_END);
		break;
	case NUM_GE:
		*err = learn_range(falls, &ptr, true);
		note_end(taken, regno, RANGE_AT_END);
		break;
	case NUM_LT:
		*err = learn_range(taken, &ptr, true);
		note_end(falls, regno, RANGE_AT_END);
		break;
	case NUM_LE:
		*err = learn_range(taken, &ptr, false);
		note_end(falls, regno, RANGE_BEYOND_END);
		break;
	default:
		return false;
	}
	env->frame = state_frame(env->cur);
	return true;
}

static int decide_packet(const struct branch *branch)
{
	const struct reg *ptr = branch->dst;
	enum num_cmp cmp = branch->cmp;

	if (branch->src->type != REG_PACKET_END) {
		if (branch->dst->type != REG_PACKET_END)
			return -1;
		ptr = branch->src;
		cmp = mirror(cmp);
	}
	if (!reg_is_packet(ptr) || ptr->range >= 0)
		return -1;
	if (cmp == NUM_GT || cmp == NUM_LE)
		return ptr->range == RANGE_BEYOND_END ? cmp == NUM_GT : -1;
	if (cmp == NUM_GE || cmp == NUM_LT)
		return cmp == NUM_GE;
	return -1;
}

/* Pointers that are never NULL, as far as comparisons with NULL are concluded from. */
static bool is_never_null(const struct reg *reg)
{
	if (reg->flags & REG_NULLABLE)
		return false;
	switch (reg->type) {
	case REG_MAP:
	case REG_MAP_VALUE:
	case REG_MAP_KEY:
	case REG_MEM:
	case REG_SOCKET:
	case REG_SOCK_COMMON:
	case REG_TCP_SOCK:
	case REG_XDP_SOCK:
		return true;
	default:
		return false;
	}
}

static int decide_pointer(const struct branch *branch)
{
	const struct reg *ptr = branch->dst, *other = branch->src;

	if (branch->is_32)
		return -1;
	if (!reg_is_pointer(ptr)) {
		ptr = branch->src;
		other = branch->dst;
	}
	if (reg_is_pointer(other))
		return decide_packet(branch);
	if (!is_never_null(ptr) || !reg_is_null(other))
		return -1;
	if (branch->cmp == NUM_EQ || branch->cmp == NUM_NE)
		return branch->cmp == NUM_NE;
	return -1;
}

/* Refine copies for both ways; 1, 0: only this way is possible, -1: both. */
static int decide_numbers(struct branch *branch)
{
	bool (*refine)(enum num_cmp, struct num *, struct num *) =
		branch->is_32 ? num_refine32 : num_refine;
	int known = branch->is_32 ? num_decide32(branch->cmp, &branch->dst->num, &branch->src->num)
				  : num_decide(branch->cmp, &branch->dst->num, &branch->src->num);

	if (known >= 0)
		return known;
	branch->taken_dst = branch->falls_dst = branch->dst->num;
	branch->taken_src = branch->falls_src = branch->src->num;
	if (!refine(branch->cmp, &branch->taken_dst, &branch->taken_src))
		return 0;
	if (!refine(num_negate(branch->cmp), &branch->falls_dst, &branch->falls_src))
		return 1;
	return -1;
}

static int decide(struct branch *branch)
{
	if (branch->dst->type == REG_SCALAR && branch->src->type == REG_SCALAR) {
		if (branch->dst == branch->src && branch->cmp != NUM_SET) {
			/* a number and itself */
			return branch->cmp == NUM_EQ || branch->cmp == NUM_GE ||
			       branch->cmp == NUM_LE || branch->cmp == NUM_SGE ||
			       branch->cmp == NUM_SLE;
		}
		return decide_numbers(branch);
	}
	return decide_pointer(branch);
}

/* Pointers with this id were compared with NULL. */
static void resolve_null(struct reg *reg, u32 id, bool is_null)
{
	if (!reg_is_pointer(reg) || !(reg->flags & REG_NULLABLE) || reg->id != id)
		return;
	if (is_null) {
		reg_set_const(reg, 0);
		return;
	}
	reg->flags &= (u8)~REG_NULLABLE;
	if (reg->type == REG_MAP_VALUE && reg->map->inner) { /* an inner map was looked up */
		u32 uid = reg->id;

		reg->type = REG_MAP;
		reg->map = reg->map->inner;
		reg->map_uid = uid;
		reg->id = 0;
		return;
	}
	if (reg->type == REG_MAP_VALUE &&
	    (reg->map->def->type == SKEP_MAP_SOCKMAP || reg->map->def->type == SKEP_MAP_SOCKHASH)) {
		reg->type = REG_SOCKET;
		reg->id = 0;
		return;
	}
	if (reg->type == REG_MAP_VALUE && reg->map->def->type == SKEP_MAP_XSKMAP)
		reg->type = REG_XDP_SOCK;
	if (reg->type != REG_MAP_VALUE || reg->map->lock_off < 0)
		reg->id = 0; /* told apart only where a lock is inside */
}

static int learn_null(struct state *state, u32 regno, bool is_null)
{
	const struct reg *ptr = &state_frame(state)->regs[regno];
	u32 id = ptr->id, ref = ptr->ref;

	if (ref && ref == id && is_null) { /* nothing was acquired */
		for (u32 i = 0; i < state->nr_refs; i++)
			if (state->refs[i].id == id)
				state->refs[i--] = state->refs[--state->nr_refs];
	}
	for_each_frame(state, depth)
	{
		struct frame *frame = state_write_frame(state, depth);

		if (!frame || (frame->stack && !frame_write_stack(frame, 0)))
			return -ENOMEM;
		for (u32 i = 0; i < 10; i++)
			resolve_null(&frame->regs[i], id, is_null);
		for (u32 i = 0; i < frame_nr_slots(frame); i++)
			if (slot_is_spill(&frame->stack->slots[i]))
				resolve_null(&frame->stack->slots[i].reg, id, is_null);
	}
	return 0;
}

static bool is_null_check(const struct branch *branch, u32 *regno)
{
	if (branch->is_32 || (branch->cmp != NUM_EQ && branch->cmp != NUM_NE))
		return false;
	if (branch->dst->flags & REG_NULLABLE && reg_is_pointer(branch->dst) &&
	    reg_is_null(branch->src)) {
		*regno = branch->insn->dst;
		return true;
	}
	if (branch->has_src && reg_is_pointer(branch->src) && branch->src->flags & REG_NULLABLE &&
	    reg_is_null(branch->dst)) {
		*regno = branch->insn->src;
		return true;
	}
	return false;
}

/* Both are pointers, one may be NULL, the other is not: where they are equal, neither is. */
static bool is_equal_check(const struct branch *branch, u32 *regno)
{
	if (branch->is_32 || !branch->has_src || (branch->cmp != NUM_EQ && branch->cmp != NUM_NE))
		return false;
	if (!reg_is_pointer(branch->dst) || !reg_is_pointer(branch->src))
		return false;
	if (branch->dst->flags & REG_NULLABLE && is_never_null(branch->src)) {
		*regno = branch->insn->dst;
		return true;
	}
	if (branch->src->flags & REG_NULLABLE && is_never_null(branch->dst)) {
		*regno = branch->insn->src;
		return true;
	}
	return false;
}

static int learn_pointers(struct env *env, struct branch *branch, struct state *other)
{
	bool equal_taken = branch->cmp == NUM_EQ;
	u32 regno;
	int err = 0;

	if (is_null_check(branch, &regno)) {
		/* a register that holds the 0 must hold it on every path that is covered */
		if (branch->has_src)
			err = mark_precise(env, regno == branch->insn->dst ? branch->insn->src
									   : branch->insn->dst);
		if (!err)
			err = learn_null(other, regno, equal_taken);
		if (!err)
			err = learn_null(env->cur, regno, !equal_taken);
	} else if (is_equal_check(branch, &regno)) {
		err = learn_null(equal_taken ? other : env->cur, regno, false);
	} else {
		match_packet(env, branch, other, &err);
	}
	env->frame = state_frame(env->cur);
	return err;
}

static int learn_numbers(struct env *env, struct branch *branch, struct state *other)
{
	struct frame *taken = state_write_frame(other, other->depth);
	struct reg *dst;

	if (!taken)
		return -ENOMEM;
	dst = &taken->regs[branch->insn->dst];
	dst->num = branch->taken_dst;
	cur_reg(env, branch->insn->dst)->num = branch->falls_dst;
	if (branch->has_src) {
		taken->regs[branch->insn->src].num = branch->taken_src;
		cur_reg(env, branch->insn->src)->num = branch->falls_src;
	}
	for (u32 side = 0; side < (branch->has_src ? 2u : 1u); side++) {
		u32 regno = side ? branch->insn->src : branch->insn->dst;

		if (!cur_reg(env, regno)->id)
			continue;
		if (!sync_linked(other, &branch->linked, &state_frame(other)->regs[regno]) ||
		    !sync_linked(env->cur, &branch->linked, cur_reg(env, regno)))
			return -ENOMEM;
	}
	return 0;
}

static int follow_one(struct env *env, struct branch *branch, bool taken)
{
	int err = 0;

	if (branch->dst->type == REG_SCALAR)
		err = mark_precise(env, branch->insn->dst);
	if (!err && branch->has_src && branch->src->type == REG_SCALAR)
		err = mark_precise(env, branch->insn->src);
	facts_branch(env, env->insn, taken ? BRANCH_TAKEN : BRANCH_FALLS);
	env->prev_insn = env->insn;
	env->insn += taken ? (u32)(branch->insn->off + 1) : 1;
	return err;
}

static int note_linked(struct env *env, struct branch *branch)
{
	int err = 0;

	if (branch->dst->type == REG_SCALAR && branch->dst->id)
		err = find_linked(env, &branch->linked, branch->dst->id);
	branch->dst = cur_reg(env, branch->insn->dst);
	if (branch->has_src) {
		branch->src = cur_reg(env, branch->insn->src);
		if (!err && branch->src->type == REG_SCALAR && branch->src->id &&
		    branch->src->id != branch->dst->id)
			err = find_linked(env, &branch->linked, branch->src->id);
	}
	if (!err && branch->linked.nr > 1) {
		struct linked *kept =
			arena_memdup(env->arena, &branch->linked, sizeof(branch->linked));

		err = kept ? push_step(env, STEP_JUMP, 0, 0, kept) : -ENOMEM;
	}
	return err;
}

/* The loop goes on in the pending state, one round deeper; this path leaves it. */
static int check_may_goto(struct env *env, const struct skep_insn *insn)
{
	struct state *parent = env->cur->parent, *other, *prev;
	int err = 0;

	other = push_branch(env, env->insn + 1, &err);
	if (!other)
		return err;
	facts_branch(env, env->insn, BRANCH_TAKEN | BRANCH_FALLS);
	/* the parent is the checkpoint of this visit */
	prev = find_prev_entry(env, env->insn, parent);
	other->may_goto_depth++;
	if (prev)
		widen_imprecise(env, prev, other);
	env->prev_insn = env->insn;
	env->insn += (u32)(insn->off + 1);
	return 0;
}

int check_branch(struct env *env, const struct skep_insn *insn, const struct insn_desc *desc)
{
	struct branch branch;
	struct state *other;
	int err, known;

	if (desc->kind == INSN_KIND_MAY_GOTO)
		return check_may_goto(env, insn);
	branch.insn = insn;
	branch.is_32 = desc->kind == INSN_KIND_BRANCH32;
	branch.has_src = desc->flags & INSN_READS_SRC;
	branch.cmp = compare_of(desc);
	branch.linked.nr = 0;
	err = read_reg(env, insn->dst);
	if (!err && branch.has_src)
		err = read_reg(env, insn->src);
	if (err)
		return err;
	branch.dst = cur_reg(env, insn->dst);
	branch.src = branch.has_src ? cur_reg(env, insn->src) : &branch.constant;
	if (!branch.has_src)
		reg_set_const(&branch.constant,
			      branch.is_32 ? (u32)insn->imm : (u64)(s64)insn->imm);
	known = decide(&branch);
	if (known >= 0)
		return follow_one(env, &branch, known);
	facts_branch(env, env->insn, BRANCH_TAKEN | BRANCH_FALLS);
	err = note_linked(env, &branch);
	if (err)
		return err;
	other = push_branch(env, env->insn + (u32)(insn->off + 1), &err);
	if (!other)
		return err;
	/* the current frame may have been copied: look again */
	branch.dst = cur_reg(env, insn->dst);
	if (branch.has_src)
		branch.src = cur_reg(env, insn->src);
	if (branch.dst->type == REG_SCALAR && branch.src->type == REG_SCALAR)
		err = learn_numbers(env, &branch, other);
	else
		err = learn_pointers(env, &branch, other);
	env->prev_insn = env->insn;
	env->insn++;
	return err;
}
