/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Where paths meet: pruning, and loops.
 *
 * At instructions where paths may meet, the current state is compared with the checkpoints left
 * there. One that is fully explored and covers the current state ends the path. One that is still
 * being explored is an ancestor: equal to it, the loop makes no progress and never ends; covered
 * by it, in a loop that a run-time budget ends (callbacks of bpf_loop, may_goto), another round
 * shows nothing new.
 *
 * A path that ended in such an ancestor depends on it: what the ancestor later finds to matter
 * matters on that path too. These paths are kept as backedges and the marks carried over, until
 * nothing changes, when the ancestor is explored (settle_loop()). Until then the checkpoints
 * between the two are incomplete and are compared by their full ranges.
 */
#include "verifier/env.h"

/* Does what follows a state depend on a head that is not settled? */
static bool is_incomplete(const struct state *state)
{
	for (const struct state *head = state->loop_head; head; head = head->loop_head)
		if (head->branches)
			return true;
	return false;
}

/* The current path ends in `head`: all checkpoints on the way from there depend on it. */
static void note_head(const struct state *cur, struct state *head)
{
	for (struct state *state = cur->parent; state && state != head; state = state->parent) {
		struct state *known = state->loop_head;

		if (known && known->branches && known->dfs_depth <= head->dfs_depth)
			return; /* noted, here and above, by an earlier path */
		state->loop_head = head;
	}
}

/* A head is explored: carry what was found to matter back over the paths that end in one. */
static void settle_loop(struct env *env)
{
	bool changed;

	do {
		changed = false;
		for (struct backedge *edge = env->backedges; edge; edge = edge->next) {
			propagate_precision(env, edge->head, edge->state, &changed);
			changed |= live_propagate(edge->head, edge->state);
		}
	} while (changed);
}

/*
 * The checkpoints on the current way that stand at one entry, by depth, newest first. Chains of
 * parents have hundreds of thousands of members: to look along them at each entry takes for ever.
 */
static int push_entry(struct env *env, struct state *state)
{
	struct state ***entries = &env->entries[state->insn];

	if (!*entries)
		*entries = arena_array(env->arena, SKEP_MAX_FRAMES, sizeof(**entries));
	if (!*entries)
		return -ENOMEM;
	state->prev_entry = (*entries)[state->depth];
	(*entries)[state->depth] = state;
	return 0;
}

static void pop_entry(struct env *env, const struct state *state)
{
	struct state **entries = env->entries[state->insn];

	if (entries && entries[state->depth] == state)
		entries[state->depth] = state->prev_entry;
}

void path_end(struct env *env, struct state *state)
{
	while (state) {
		if (--state->branches)
			break;
		pop_entry(env, state);
		if (state->is_loop_head)
			settle_loop(env);
		state = state->parent;
	}
}

/*
 * Is `old`, which is not explored, an ancestor? Paths are taken up newest first, so all checkpoints
 * of a walk that are not explored are on the way to its current path.
 */
static bool same_way(const struct state *old, const struct state *cur)
{
	return old->walk == cur->walk;
}

struct state *find_prev_entry(struct env *env, u32 insn, const struct state *skip)
{
	struct state *state = env->entries[insn] ? env->entries[insn][env->cur->depth] : NULL;

	if (state && state == skip)
		state = state->prev_entry;
	return state && same_way(state, env->cur) ? state : NULL;
}

/* Numbers that nothing relied on so far become unknown, so that rounds become alike. */
void widen_imprecise(struct env *env, const struct state *old, struct state *cur)
{
	for_each_frame(old, depth)
	{
		const struct frame *was = old->frames[depth];
		struct frame *now;
		u32 nr;

		if (depth > cur->depth)
			break;
		now = state_write_frame(cur, depth);
		if (!now || (now->stack && !frame_write_stack(now, 0)))
			return; /* widening is never needed for soundness */
		for (u32 i = 0; i < 10; i++)
			if (was->regs[i].type == REG_SCALAR && now->regs[i].type == REG_SCALAR &&
			    !(old->precise_regs[depth] >> i & 1) &&
			    (memcmp(&was->regs[i].num, &now->regs[i].num, sizeof(struct num)) ||
			     was->regs[i].id != now->regs[i].id))
				reg_set_unknown(&now->regs[i]);
		nr = frame_nr_slots(was) < frame_nr_slots(now) ? frame_nr_slots(was)
							       : frame_nr_slots(now);
		for (u32 i = 0; i < nr; i++) {
			const struct slot *before = &was->stack->slots[i];
			struct slot *slot = &now->stack->slots[i];

			if (slot_spill_size(before) != SLOT_SIZE ||
			    slot_spill_size(slot) != SLOT_SIZE || before->reg.type != REG_SCALAR ||
			    slot->reg.type != REG_SCALAR || old->precise_slots[depth] >> i & 1)
				continue;
			if (memcmp(&before->reg.num, &slot->reg.num, sizeof(struct num)))
				reg_set_unknown(&slot->reg);
		}
	}
}

/* Quick look before the full comparison: a loop leaves all registers the same. */
static bool may_loop(const struct state *old, const struct state *cur)
{
	const struct frame *fold, *fcur;

	if (old->depth != cur->depth)
		return false;
	fold = state_frame(old);
	fcur = state_frame(cur);
	for (u32 i = 0; i < 10; i++)
		if (fold->regs[i].type != fcur->regs[i].type ||
		    memcmp(&fold->regs[i].num, &fcur->regs[i].num, sizeof(struct num)))
			return false;
	return true;
}

/* Remember that the current path ends in `head`. */
static int add_backedge(struct env *env, struct state *head)
{
	struct backedge *edge = arena_alloc(env->arena, sizeof(*edge));
	struct state *state = state_copy(env->cur);

	if (!edge || !state) {
		state_free(state);
		return -ENOMEM;
	}
	state->insn = env->insn;
	*edge = (struct backedge){state, head, env->backedges};
	env->backedges = edge;
	return 0;
}

/* Covered by `old`: what mattered there matters here. */
static int accept_covered(struct env *env, struct state *old)
{
	int err = 0;

	old->hits++;
	loose_note(env, old);
	if (old->branches) {
		old->is_loop_head = true;
		note_head(env->cur, old);
		err = add_backedge(env, old);
	} else if (is_incomplete(old)) {
		struct state *head = old->loop_head;

		while (!head->branches)
			head = head->loop_head;
		note_head(env->cur, head);
		err = add_backedge(env, old);
	}
	live_propagate(old, env->cur);
	if (!err)
		err = propagate_precision(env, old, env->cur, NULL);
	return err ? err : 1;
}

/* An ancestor, or another state that is not explored: 1 covered, 0 no, or a rejection. */
static int check_unfinished(struct env *env, struct state *old, bool *keep_out)
{
	struct state *cur = env->cur;
	const struct frame *fold = old->frames[cur->depth], *fcur = state_frame(cur);

	if (old->depth == cur->depth && fold->in_async && fcur->in_async && !same_way(old, cur))
		return 0;
	if (env->aux[env->insn].id == INSN_MAY_GOTO) {
		if (old->may_goto_depth != cur->may_goto_depth &&
		    states_equal(env, old, cur, RANGE_WITHIN))
			return accept_covered(env, old);
	}
	if (env->aux[env->insn].calls_callback)
		return states_equal(env, old, cur, RANGE_WITHIN) ? accept_covered(env, old) : 0;
	if (may_loop(old, cur) && states_equal(env, old, cur, EXACT) &&
	    old->may_goto_depth == cur->may_goto_depth &&
	    old->callback_unroll == cur->callback_unroll)
		return reject(
			env, -EINVAL, RULE_INFINITE_LOOP,
			"a loop that comes back to instruction %u with nothing changed never ends",
			env->insn);
	*keep_out = true;
	return 0;
}

static bool is_forced(const struct env *env)
{
	return env->in->flags & VERIFY_STATE_FREQUENT || env->aux[env->insn].checkpoint ||
	       env->nr_steps > MAX_STEPS;
}

/* Take a checkpoint that never helps off its list. */
static void evict(struct env *env, struct state **link)
{
	struct state *state = *link;

	*link = state->next;
	if (state->branches || env->has_convergence) { /* others still hang on it */
		state->next = env->evicted;
		env->evicted = state;
		return;
	}
	state_free(state);
}

static int add_checkpoint(struct env *env)
{
	struct state *cur = env->cur, *kept;
	struct verify_stats *stats = &env->result->stats;

	cur->insn = env->insn;
	cur->last_insn = env->prev_insn;
	kept = state_copy(cur);
	if (!kept || !state_write_frame(cur, cur->depth) ||
	    (env->aux[env->insn].checkpoint && push_entry(env, kept))) {
		state_free(kept);
		return -ENOMEM;
	}
	env->frame = state_frame(cur);
	kept->next = env->explored[env->insn];
	env->explored[env->insn] = kept;
	stats->total_states++;
	stats->peak_states++;
	env->last_jumps = env->jumps;
	env->last_insns = env->processed;
	memset(cur->written_slots, 0, sizeof(cur->written_slots));
	cur->parent = kept;
	cur->first_insn = env->insn;
	cur->dfs_depth = kept->dfs_depth + 1;
	cur->steps = NULL;
	env->step = NULL;
	env->nr_steps = 0;
	return 0;
}

static bool same_call(const struct state *old, const struct state *cur)
{
	return old->depth == cur->depth && state_frame(old)->callsite == state_frame(cur)->callsite;
}

int check_visited(struct env *env)
{
	bool forced = is_forced(env);
	bool add = forced ||
		   (env->jumps - env->last_jumps >= 2 && env->processed - env->last_insns >= 8);
	bool keep_out = false;
	struct state **link = &env->explored[env->insn];
	u32 nr = 0;
	int err;

	env->cur->insn = env->insn;
	while (*link) {
		struct state *old = *link;
		u32 patience;

		if (!same_call(old, env->cur)) { /* of another call of this function */
			link = &old->next;
			continue;
		}
		nr++;
		if (old->branches) {
			err = check_unfinished(env, old, &keep_out);
			if (err)
				return err;
			/* rounds of one loop are rarely alike: keep few of them */
			if (keep_out && !forced && env->jumps - env->last_jumps < 20 &&
			    env->processed - env->last_insns < 100)
				add = false;
		} else if (states_equal(env, old, env->cur, NOT_EXACT) &&
			   (!is_incomplete(old) ||
			    states_equal(env, old, env->cur, RANGE_WITHIN))) {
			return accept_covered(env, old);
		}
		if (add)
			old->misses++;
		patience = env->aux[env->insn].checkpoint && old->branches ? 64 : 3;
		if (old->misses > old->hits * patience + patience)
			evict(env, link);
		else
			link = &old->next;
	}
	if (nr > env->result->stats.max_states_per_insn)
		env->result->stats.max_states_per_insn = nr;
	return add ? add_checkpoint(env) : 0;
}
