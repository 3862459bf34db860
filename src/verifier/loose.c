/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Facts and pruning.
 *
 * A path may end in an old state that does not hold all its numbers: those that no check relied
 * on do not count (equal.c). What was walked from the old state then says nothing of these
 * numbers, nor of what is computed of them. They are "loose" where the path ended, and this pass
 * finds where they go, over the control flow and whatever the paths were:
 *
 *   in(i)  = (what ended loose at i) | (union of out(p) over predecessors p of i)
 *   out(i) = in(i) - writes(i) | (writes(i) when i reads something loose)
 *
 * Registers by instruction; stack slots by function, where a store of something loose, or a path
 * that ended, makes them so for good. A comparison of a loose number with another narrowed both in
 * what was walked, and all that is linked to them. Facts of loose numbers become unknown.
 * Pointers are never loose: what moved one, or chose a branch, is compared by its range.
 */
#include "verifier/env.h"

#define REGS_SAVED 0x3c0 /* r6 to r9 */
#define REGS_ALL 0x3ff
#define MAX_PLACES (10 * SKEP_MAX_FRAMES + 64)

/* Linked numbers of an old state, and what they are in the path that ended there. */
struct place {
	const struct reg *old, *cur;
	u32 depth;
	u64 slot; /* as a bit; 0: a register */
	u32 reg;
	bool outside; /* of the old number */
};

struct places {
	u32 nr;
	struct place at[MAX_PLACES];
};

static u32 frame_insn(const struct env *env, const struct state *state, u32 depth)
{
	/* a caller goes on behind its call */
	return depth == state->depth ? env->insn : (u32)state->frames[depth + 1]->callsite + 1;
}

static void note(struct env *env, const struct state *old, const struct place *place)
{
	env->has_loose = true;
	if (place->slot)
		env->has_loose_slots = true;
	if (place->slot)
		env->subprogs[old->frames[place->depth]->subprog].loose_slots |= place->slot;
	else
		env->aux[frame_insn(env, old, place->depth)].loose |= (u16)(1u << place->reg);
}

/* Is the number among the old ones? Links are looked at later, when all numbers are known. */
static void look_at(struct env *env, const struct state *old, struct places *places,
		    const struct place *place)
{
	bool outside = !num_within(&place->cur->num, &place->old->num);

	if (outside || (place->old->id && places->nr == MAX_PLACES))
		note(env, old, place);
	if (!place->old->id || places->nr == MAX_PLACES)
		return;
	places->at[places->nr] = *place;
	places->at[places->nr++].outside = outside;
}

static void look_at_slot(struct env *env, const struct state *old, const struct slot *was,
			 const struct slot *is, struct places *places, struct place *place)
{
	static _Thread_local struct reg unlinked;
	bool numbers = was->reg.type == REG_SCALAR && is->reg.type == REG_SCALAR;

	if (!memcmp(was->type, is->type, SLOT_SIZE) && (!slot_is_spill(was) || !numbers)) {
		return; /* pointers, or bytes that say all there is to say */
	} else if (numbers && slot_spill_size(was) == SLOT_SIZE &&
		   slot_spill_size(is) == SLOT_SIZE) {
		place->old = &was->reg;
		place->cur = &is->reg;
		look_at(env, old, places, place);
		return;
	}
	if (slot_is_spill(was) && was->reg.type == REG_SCALAR) {
		/* whatever is there now is linked to nothing */
		reg_set_unknown(&unlinked);
		place->old = &was->reg;
		place->cur = &unlinked;
		look_at(env, old, places, place);
	}
	for (u32 i = 0; i < SLOT_SIZE; i++)
		if (was->type[i] == SLOT_ZERO || was->type[i] == SLOT_SPILL) {
			note(env, old, place);
			return;
		}
}

static void look_at_frame(struct env *env, const struct state *old, const struct state *cur,
			  u32 depth, struct places *places)
{
	static const struct slot nothing;
	const struct frame *was = old->frames[depth], *is = cur->frames[depth];
	u64 live = live_slots(env, old, depth);
	u32 regs = env->aux[frame_insn(env, old, depth)].live;

	for (u32 i = 0; i < 10; i++) {
		struct place place = {&was->regs[i], &is->regs[i], depth, 0, i, false};

		if (regs >> i & 1 && was->regs[i].type == REG_SCALAR &&
		    is->regs[i].type == REG_SCALAR)
			look_at(env, old, places, &place);
	}
	for (u32 i = 0; i < frame_nr_slots(was); i++) {
		const struct slot *slot = i < frame_nr_slots(is) ? &is->stack->slots[i] : &nothing;
		struct place place = {NULL, NULL, depth, 1ull << i, 0, false};

		if (live >> i & 1)
			look_at_slot(env, old, &was->stack->slots[i], slot, places, &place);
	}
}

static bool linked_alike(const struct place *a, const struct place *b)
{
	const struct reg *x = a->cur, *y = b->cur;

	/* what is learnt of one, starting from too little, becomes known of the other */
	if (a->outside || b->outside)
		return false;
	return x->id && x->id == y->id && !((a->old->flags ^ x->flags) & REG_ADD_CONST) &&
	       !((b->old->flags ^ y->flags) & REG_ADD_CONST) &&
	       a->old->off - b->old->off == x->off - y->off;
}

void loose_note(struct env *env, const struct state *old)
{
	struct places places;

	places.nr = 0;
	for_each_frame(old, depth) look_at_frame(env, old, env->cur, depth, &places);
	for (u32 i = 0; i < places.nr; i++)
		for (u32 j = 0; j < i; j++) {
			if (places.at[i].old->id != places.at[j].old->id ||
			    linked_alike(&places.at[i], &places.at[j]))
				continue;
			note(env, old, &places.at[i]);
			note(env, old, &places.at[j]);
		}
}

/* --- where they go --- */

struct spread {
	struct env *env;
	struct subprog *subprog;
	bool changed;
};

static void set16(struct spread *spread, u16 *to, u32 bits)
{
	if ((*to | bits) == *to)
		return;
	*to |= (u16)bits;
	spread->changed = true;
}

static void set_slots(struct spread *spread, u64 bits)
{
	if ((spread->subprog->loose_slots | bits) == spread->subprog->loose_slots)
		return;
	spread->subprog->loose_slots |= bits;
	spread->env->has_loose_slots = true;
	spread->changed = true;
}

static void set_everywhere(struct spread *spread)
{
	if (spread->env->loose_anywhere)
		return;
	spread->env->loose_anywhere = true;
	spread->changed = true;
}

/* Slots of an access through a pointer to the stack; *own: they are of this function for sure. */
static u64 slots_of(const struct spread *spread, u32 at, const struct value_facts *base, bool *own)
{
	const struct skep_insn *insn = &spread->env->insns[at];
	const struct insn_desc *desc = &insn_descs[spread->env->aux[at].id];
	u32 regno = desc->kind == INSN_KIND_LOAD ? insn->src : insn->dst;
	s64 low = (s64)base->off + insn->off + base->num.smin;
	s64 high = (s64)base->off + insn->off + base->num.smax + desc->size - 1;
	u64 mask = 0;

	*own = regno == 10;
	if (base->kind != VALUE_STACK || low < -SKEP_STACK_SIZE || high >= 0)
		return ~0ull;
	for (s64 slot = (-high - 1) / SLOT_SIZE; slot <= (-low - 1) / SLOT_SIZE; slot++)
		mask |= 1ull << slot;
	return mask;
}

static bool is_stack(const struct value_facts *base)
{
	return base->kind == VALUE_STACK || base->kind == VALUE_MIXED;
}

static bool loads_loose(const struct spread *spread, u32 at, const struct value_facts *base)
{
	u64 mask;
	bool own;

	if (!is_stack(base))
		return false;
	if (spread->env->loose_anywhere)
		return true;
	mask = slots_of(spread, at, base, &own);
	if (own)
		return spread->subprog->loose_slots & mask;
	for (u32 i = 0; i < spread->env->nr_subprogs; i++)
		if (spread->env->subprogs[i].loose_slots & mask)
			return true;
	return false;
}

static void store_loose(struct spread *spread, u32 at, const struct value_facts *base)
{
	bool own;
	u64 mask;

	if (!is_stack(base))
		return;
	mask = slots_of(spread, at, base, &own);
	if (own || spread->env->nr_subprogs == 1)
		set_slots(spread, mask);
	else
		set_everywhere(spread);
}

static u32 over_call(struct spread *spread, u32 at, u32 in)
{
	struct env *env = spread->env;
	struct subprog *callee;

	if (env->aux[at].calls_callback) /* the context may be a number */
		for (u32 i = 0; i < env->nr_subprogs; i++)
			if (env->subprogs[i].is_callback && in & 0x3e)
				set16(spread, &env->aux[env->subprogs[i].start].loose, 0x3e);
	if (env->aux[at].id != INSN_CALL_LOCAL)
		return in & REGS_SAVED;
	callee = &env->subprogs[subprog_at(env, (u32)insn_target(env->insns, at))];
	set16(spread, &env->aux[callee->start].loose, in & 0x3e);
	return (in & REGS_SAVED) | (callee->loose_result ? 1 : 0);
}

static u32 over_memory(struct spread *spread, u32 at, u32 in, u32 dst, u32 src)
{
	const struct insn_desc *desc = &insn_descs[spread->env->aux[at].id];
	const struct insn_facts *facts = &spread->env->facts->insns[at];
	bool loose;

	if (desc->kind == INSN_KIND_LOAD)
		return loads_loose(spread, at, &facts->src) ? in | dst : in & ~dst;
	loose = desc->flags & INSN_READS_SRC && in & src;
	if (desc->kind == INSN_KIND_STORE) {
		if (loose)
			store_loose(spread, at, &facts->dst);
		return in;
	}
	loose |= loads_loose(spread, at, &facts->dst) || (desc->flags & INSN_READS_R0 && in & 1);
	if (loose)
		store_loose(spread, at, &facts->dst);
	if (desc->flags & INSN_WRITES_SRC)
		in = loose ? in | src : in & ~src;
	if (desc->flags & INSN_WRITES_R0)
		in = loose ? in | 1 : in & ~1u;
	if (desc->flags & INSN_WRITES_DST)
		in = loose ? in | dst : in & ~dst;
	return in;
}

static u32 over_insn(struct spread *spread, u32 at, u32 in)
{
	struct env *env = spread->env;
	const struct insn_desc *desc = &insn_descs[env->aux[at].id];
	u32 dst = 1u << env->insns[at].dst, src = 1u << env->insns[at].src, reads;

	switch (desc->kind) {
	case INSN_KIND_CALL:
		return over_call(spread, at, in);
	case INSN_KIND_LOAD:
	case INSN_KIND_STORE:
	case INSN_KIND_ATOMIC:
		return over_memory(spread, at, in, dst, src);
	case INSN_KIND_BRANCH64:
	case INSN_KIND_BRANCH32:
		if (!(desc->flags & INSN_READS_SRC) || !(in & (dst | src)) ||
		    env->facts->insns[at].branches != (BRANCH_TAKEN | BRANCH_FALLS))
			return in;
		set_everywhere(spread);
		return REGS_ALL;
	case INSN_KIND_EXIT:
		if (in & 1 && !spread->subprog->loose_result)
			spread->subprog->loose_result = spread->changed = true;
		return in;
	default:
		break;
	}
	reads = (desc->flags & INSN_READS_DST ? dst : 0) | (desc->flags & INSN_READS_SRC ? src : 0);
	if (desc->flags & INSN_CLOBBERS_ARGS)
		in &= REGS_SAVED;
	if (desc->flags & INSN_WRITES_DST)
		in = in & reads ? in | dst : in & ~dst;
	return in;
}

static void spread_function(struct spread *spread)
{
	struct env *env = spread->env;

	for (u32 at = spread->subprog->start; at < spread->subprog->end; at++) {
		u32 to[2], nr, out;

		if (env->aux[at].second_slot || !env->facts->insns[at].reached)
			continue;
		if (env->loose_anywhere && env->nr_subprogs > 1)
			env->aux[at].loose |= REGS_ALL;
		out = over_insn(spread, at, env->aux[at].loose);
		nr = insn_successors(env, at, to);
		for (u32 i = 0; i < nr; i++)
			set16(spread, &env->aux[to[i]].loose, out);
	}
}

static void forget(struct value_facts *value, bool loose)
{
	if (loose && value->kind == VALUE_SCALAR)
		value->num = num_unknown();
}

void loose_forget(struct env *env)
{
	struct spread spread = {.env = env};

	if (!env->has_loose)
		return;
	do {
		spread.changed = false;
		for (u32 i = 0; i < env->nr_subprogs; i++) {
			spread.subprog = &env->subprogs[i];
			spread_function(&spread);
		}
	} while (spread.changed);
	for (u32 at = 0; at < env->nr; at++) {
		struct insn_facts *facts = &env->facts->insns[at];

		if (!facts->reached)
			continue;
		forget(&facts->dst, env->aux[at].loose >> env->insns[at].dst & 1);
		forget(&facts->src, env->aux[at].loose >> env->insns[at].src & 1);
		/* the key may be one of those */
		if (facts->const_key && (env->loose_anywhere || env->has_loose_slots))
			facts->const_key = false;
	}
}
