/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What is still read later.
 *
 * Registers, before the walk, over the control flow of each function, callees first:
 *   live(i) = uses(i) | (union of live(s) over successors s of i) - defs(i)
 * and the same for upper halves, which says where a 32-bit result must be zero-extended.
 *
 * Stack slots are known only by walking, because pointers move. They are live when two views agree;
 * each alone is safe, for a state all of whose paths were walked (the only kind this is asked for):
 *   per path         a read marks the checkpoints it passed since the slot was overwritten, and
 *                    a path that ends in an old state gets that state's marks
 *   per instruction  each notes the slots it read (on any path) and overwrote whole (on every
 *                    path), for each chain of calls on its own; the equation above does the rest.
 *                    Reads of a caller's stack by its callees are noted at the call.
 */
#include "verifier/env.h"

struct live_func {
	u32 subprog, callsite;
	u32 start, nr;
	u64 *read, *written, *live;
	bool *visited, *queued;
	u32 *queue;
	u32 nr_queued;
	struct live_func *callees, *next;
};

struct use {
	u16 reads, writes; /* registers */
	u16 upper;         /* of reads: whose upper half matters */
	u16 upper_through; /* reads whose upper half matters when dst's does */
};

static u16 helper_args(s32 id)
{
	const struct helper_desc *helper = helper_find(id);
	u16 mask = 0;

	if (!helper)
		return 0x3e;
	for (u32 i = 0; i < 5 && helper->args[i] != ARG_NONE; i++)
		mask |= (u16)(2u << i);
	return mask;
}

static void use_of_call(const struct env *env, u32 at, struct use *use)
{
	use->writes = 0x3f;
	if (env->aux[at].id == INSN_CALL_LOCAL) {
		const struct subprog *callee =
			&env->subprogs[subprog_at(env, (u32)insn_target(env->insns, at))];

		use->reads = callee->is_global ? 0x3e : callee->live_args;
	} else {
		use->reads = helper_args(env->insns[at].imm);
	}
	use->upper = use->reads;
}

static void use_of(const struct env *env, u32 at, struct use *use)
{
	const struct insn_desc *desc = &insn_descs[env->aux[at].id];
	const struct skep_insn *insn = &env->insns[at];
	u16 dst = (u16)(1u << insn->dst), src = (u16)(1u << insn->src);

	*use = (struct use){0};
	if (desc->kind == INSN_KIND_CALL) {
		use_of_call(env, at, use);
		return;
	}
	use->reads = (u16)((desc->flags & INSN_READS_DST ? dst : 0) |
			   (desc->flags & INSN_READS_SRC ? src : 0) |
			   (desc->flags & INSN_READS_R0 ? 1 : 0) |
			   (desc->flags & INSN_READS_R6 ? 1 << 6 : 0));
	use->writes = (u16)((desc->flags & INSN_WRITES_DST ? dst : 0) |
			    (desc->flags & INSN_WRITES_SRC ? src : 0) |
			    (desc->flags & INSN_WRITES_R0 ? 1 : 0) |
			    (desc->flags & INSN_CLOBBERS_ARGS ? 0x3e : 0));
	switch (desc->kind) {
	case INSN_KIND_ALU32:
	case INSN_KIND_BRANCH32:
		break;
	case INSN_KIND_ALU64:
		/* a sign-extending move looks at the low half only */
		if (!(SKEP_OP(desc->code) == SKEP_MOV && desc->flags & INSN_SIGNED))
			use->upper = use->reads;
		break;
	case INSN_KIND_SWAP:
		if (desc->size == 8)
			use->upper = use->reads;
		break;
	case INSN_KIND_STORE:
		use->upper =
			(u16)(dst | (desc->size == 8 && desc->flags & INSN_READS_SRC ? src : 0));
		break;
	case INSN_KIND_ATOMIC:
		use->upper = desc->size == 8 ? use->reads : dst;
		break;
	default:
		use->upper = use->reads;
		break;
	}
}

static int live_function(struct env *env, struct subprog *subprog, u16 *upper)
{
	bool changed;

	do {
		changed = false;
		for (u32 at = subprog->end; at-- > subprog->start;) {
			u32 to[2], nr;
			u16 live = 0, high = 0;
			struct use use;

			if (env->aux[at].second_slot)
				continue;
			nr = insn_successors(env, at, to);
			for (u32 i = 0; i < nr; i++) {
				live |= env->aux[to[i]].live;
				high |= upper[to[i]];
			}
			env->aux[at].live_upper_out = high;
			use_of(env, at, &use);
			live = (u16)((live & ~use.writes) | use.reads);
			high = (u16)((high & ~use.writes) | use.upper);
			changed |= live != env->aux[at].live || high != upper[at];
			env->aux[at].live = live;
			upper[at] = high;
		}
	} while (changed);
	subprog->live_args = env->aux[subprog->start].live & 0x3e;
	return 0;
}

int live_registers(struct env *env)
{
	u16 *upper = arena_array(env->arena, env->nr + 1, sizeof(u16));

	if (!upper)
		return -ENOMEM;
	for (s32 order = 0; order < (s32)env->nr_subprogs; order++)
		for (u32 i = 0; i < env->nr_subprogs; i++)
			if (env->subprogs[i].postorder == order)
				live_function(env, &env->subprogs[i], upper);
	return 0;
}

static struct live_func *live_new(struct env *env, u32 subprog, u32 callsite)
{
	struct live_func *live = arena_alloc(env->arena, sizeof(*live));
	u32 nr = env->subprogs[subprog].end - env->subprogs[subprog].start;

	if (!live)
		return NULL;
	live->subprog = subprog;
	live->callsite = callsite;
	live->start = env->subprogs[subprog].start;
	live->nr = nr;
	live->read = arena_array(env->arena, nr + 1, sizeof(u64));
	live->written = arena_array(env->arena, nr + 1, sizeof(u64));
	live->live = arena_array(env->arena, nr + 1, sizeof(u64));
	live->visited = arena_array(env->arena, nr + 1, sizeof(bool));
	live->queued = arena_array(env->arena, nr + 1, sizeof(bool));
	live->queue = arena_array(env->arena, nr + 1, sizeof(u32));
	return live->read && live->written && live->live && live->visited && live->queued &&
			       live->queue
		       ? live
		       : NULL;
}

struct live_func *live_root(struct env *env, u32 subprog)
{
	for (struct live_func *live = env->live_roots; live; live = live->next)
		if (live->subprog == subprog)
			return live;
	struct live_func *live = live_new(env, subprog, 0);

	if (live) {
		live->next = env->live_roots;
		env->live_roots = live;
	}
	return live;
}

struct live_func *live_callee(struct env *env, struct live_func *caller, u32 callsite, u32 subprog)
{
	struct live_func *live;

	for (live = caller->callees; live; live = live->next)
		if (live->callsite == callsite && live->subprog == subprog)
			return live;
	live = live_new(env, subprog, callsite);
	if (live) {
		live->next = caller->callees;
		caller->callees = live;
	}
	return live;
}

static void queue_insn(struct live_func *live, u32 index)
{
	if (live->queued[index])
		return;
	live->queued[index] = true;
	live->queue[live->nr_queued++] = index;
}

/* Slots of frame `depth` are read at `state`: tell the checkpoints since they were overwritten. */
static void mark_read(struct state *state, u32 depth, u64 slots)
{
	for (;;) {
		struct state *parent = state->parent;

		slots &= ~state->written_slots[depth];
		if (!parent || parent->depth < depth)
			return;
		slots &= ~parent->read_slots[depth];
		if (!slots)
			return;
		parent->read_slots[depth] |= slots;
		state = parent;
	}
}

bool live_propagate(const struct state *old, struct state *state)
{
	bool changed = false;

	for_each_frame(old, depth)
	{
		u64 slots = old->read_slots[depth];

		if (!slots)
			continue;
		if (state->parent && state->parent->depth >= depth)
			changed |= slots & ~state->written_slots[depth] &
				   ~state->parent->read_slots[depth];
		mark_read(state, depth, slots);
	}
	return changed;
}

void live_read(struct env *env, u32 depth, u64 slots)
{
	struct state *state = env->cur;
	struct live_func *live = state->frames[depth]->live;
	u32 at = depth == state->depth ? env->insn : (u32)state->frames[depth + 1]->callsite;
	u32 index = at - live->start;

	mark_read(state, depth, slots);
	if (!(slots & ~live->read[index]))
		return;
	live->read[index] |= slots;
	queue_insn(live, index);
}

void live_write(struct env *env, u64 slots)
{
	struct live_func *live = env->frame->live;
	u32 index = env->insn - live->start;
	u64 before = live->visited[index] ? live->written[index] : ~0ull;

	live->written[index] = before & slots;
	if (live->visited[index] && live->written[index] == before)
		return;
	live->visited[index] = true;
	queue_insn(live, index);
}

static void live_update(struct env *env, struct live_func *live)
{
	while (live->nr_queued) {
		u32 index = live->queue[--live->nr_queued], at = live->start + index, to[2], nr;
		const struct insn_aux *aux = &env->aux[at];
		u64 out = 0;

		live->queued[index] = false;
		nr = insn_successors(env, at, to);
		for (u32 i = 0; i < nr; i++)
			out |= live->live[to[i] - live->start];
		out = live->read[index] | (out & ~live->written[index]);
		if (out == live->live[index])
			continue;
		live->live[index] = out;
		for (u32 i = 0; i < aux->nr_preds; i++)
			queue_insn(live, env->preds[aux->first_pred + i] - live->start);
	}
}

u64 live_slots(struct env *env, const struct state *state, u32 depth)
{
	struct live_func *live = state->frames[depth]->live;
	u32 index;

	if (!state->read_slots[depth])
		return 0;
	live_update(env, live);
	if (depth == state->depth)
		return state->read_slots[depth] & live->live[state->insn - live->start];
	index = (u32)state->frames[depth + 1]->callsite - live->start;
	return state->read_slots[depth] & (live->read[index] | live->live[index + 1]);
}
