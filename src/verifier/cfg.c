/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The shape of a program: subprograms, jumps, and where states are worth comparing.
 *
 * Checked here, before any value is looked at: subprograms end in an exit or a jump and no jump
 * leaves them, every instruction can be reached, calls do not recur and are not too deep.
 */
#include "verifier/env.h"

#include <stdlib.h>

s32 subprog_at(const struct env *env, u32 insn)
{
	for (u32 i = 0; i < env->nr_subprogs; i++)
		if (env->subprogs[i].start == insn)
			return (s32)i;
	return -1;
}

s32 subprog_of(const struct env *env, u32 insn)
{
	u32 low = 0, high = env->nr_subprogs;

	while (high - low > 1) {
		u32 mid = (low + high) / 2;

		if (env->subprogs[mid].start <= insn)
			low = mid;
		else
			high = mid;
	}
	return (s32)low;
}

u32 insn_successors(const struct env *env, u32 at, u32 to[2])
{
	const struct insn_desc *desc = &insn_descs[env->aux[at].id];

	switch (desc->kind) {
	case INSN_KIND_EXIT:
		return 0;
	case INSN_KIND_JUMP:
		to[0] = (u32)insn_target(env->insns, at);
		return 1;
	case INSN_KIND_BRANCH64:
	case INSN_KIND_BRANCH32:
	case INSN_KIND_MAY_GOTO:
		to[0] = at + 1;
		to[1] = (u32)insn_target(env->insns, at);
		return 2;
	default:
		to[0] = at + desc->slots;
		return 1;
	}
}

static int add_subprog(struct env *env, u32 start)
{
	struct subprog *subprog;

	if (subprog_at(env, start) >= 0)
		return 0;
	if (env->nr_subprogs == MAX_SUBPROGS)
		return reject(env, -E2BIG, RULE_TOO_MANY_FUNCTIONS, "more than %u functions",
			      MAX_SUBPROGS);
	subprog = &env->subprogs[env->nr_subprogs++];
	memset(subprog, 0, sizeof(*subprog));
	subprog->start = start;
	subprog->name = "";
	return 0;
}

static int by_start(const void *a, const void *b)
{
	const struct subprog *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static bool is_callback_helper(s32 id)
{
	const struct helper_desc *helper = helper_find(id);

	return helper && helper->flags & HELPER_CALLBACK;
}

/* The callback of a timer runs later, on its own. */
static bool is_async_helper(s32 id)
{
	return id == H_timer_set_callback;
}

static int find_subprogs(struct env *env)
{
	int err = add_subprog(env, 0);

	for (u32 i = 0; i < env->in->nr_funcs && !err; i++)
		err = add_subprog(env, env->in->funcs[i].insn);
	for (u32 at = 0; at < env->nr && !err; at += insn_descs[env->aux[at].id].slots) {
		u8 id = env->aux[at].id;

		env->insn = at;
		if (id == INSN_CALL_LOCAL || id == INSN_LD_FUNC)
			err = add_subprog(env, (u32)insn_target(env->insns, at));
	}
	if (err)
		return err;
	qsort(env->subprogs, env->nr_subprogs, sizeof(env->subprogs[0]), by_start);
	for (u32 i = 0; i < env->nr_subprogs; i++) {
		struct subprog *subprog = &env->subprogs[i];

		subprog->end = i + 1 < env->nr_subprogs ? env->subprogs[i + 1].start : env->nr;
		subprog->postorder = -1;
	}
	for (u32 i = 0; i < env->in->nr_funcs; i++) {
		struct subprog *subprog = &env->subprogs[subprog_at(env, env->in->funcs[i].insn)];

		subprog->name = env->in->funcs[i].name ? env->in->funcs[i].name : "";
		subprog->is_global = env->in->funcs[i].is_global && env->in->funcs[i].btf_type_id &&
				     subprog->start;
	}
	return 0;
}

static int check_targets(struct env *env, const struct subprog *subprog)
{
	u32 last = subprog->start;

	for (u32 at = subprog->start; at < subprog->end; at += insn_descs[env->aux[at].id].slots) {
		u32 to[2], nr = insn_successors(env, at, to);

		env->insn = last = at;
		for (u32 i = 0; i < nr; i++) {
			if (to[i] >= subprog->start && to[i] < subprog->end)
				continue;
			if (to[i] == at + insn_descs[env->aux[at].id].slots)
				break; /* falls off: said below */
			return reject(
				env, -EINVAL, RULE_JUMP_OUT_OF_FUNCTION,
				"a jump from function %s to instruction %u, which is outside of it",
				subprog->name, to[i]);
		}
	}
	if (insn_descs[env->aux[last].id].kind != INSN_KIND_EXIT &&
	    insn_descs[env->aux[last].id].kind != INSN_KIND_JUMP)
		return reject(env, -EINVAL, RULE_FALLS_OFF,
			      "the last instruction of function %s is neither an exit nor a jump",
			      subprog->name);
	return 0;
}

/* Jumps by target, for walks against the flow. */
static int build_preds(struct env *env)
{
	u32 total = 0;

	for (u32 pass = 0; pass < 2; pass++) {
		for (u32 at = 0; at < env->nr; at += insn_descs[env->aux[at].id].slots) {
			u32 to[2], nr = insn_successors(env, at, to);

			for (u32 i = 0; i < nr; i++) {
				struct insn_aux *aux = &env->aux[to[i]];

				if (pass)
					env->preds[aux->first_pred + aux->nr_preds] = at;
				aux->nr_preds++;
			}
		}
		if (pass)
			break;
		for (u32 at = 0; at < env->nr; at++) {
			env->aux[at].first_pred = total;
			total += env->aux[at].nr_preds;
			env->aux[at].nr_preds = 0;
		}
		env->preds = arena_array(env->arena, total + 1, sizeof(u32));
		if (!env->preds)
			return -ENOMEM;
	}
	return 0;
}

static void mark_call(struct env *env, u32 at)
{
	const struct skep_insn *insn = &env->insns[at];
	struct subprog *subprog = &env->subprogs[subprog_of(env, at)];

	env->aux[at + 1].prune = true;
	if (env->aux[at].id == INSN_CALL_LOCAL) {
		env->aux[at].prune = true;
		env->aux[insn_target(env->insns, at)].prune = true;
		return;
	}
	if (env->aux[at].id != INSN_CALL_HELPER)
		return;
	if (insn->imm == H_tail_call)
		subprog->has_tail_call = subprog->calls_tail = true;
	if (helper_find(insn->imm) && helper_find(insn->imm)->flags & HELPER_PKT)
		subprog->changes_packet = true;
	if (!is_callback_helper(insn->imm))
		return;
	env->aux[at].prune = true;
	if (is_async_helper(insn->imm))
		return;
	/* the helper calls again and again: rounds are compared here */
	env->aux[at].calls_callback = true;
	env->aux[at].checkpoint = true;
	env->has_convergence = true;
}

/* Places where paths may meet; see loop.c for what is done there. */
static void mark_points(struct env *env)
{
	for (u32 at = 0; at < env->nr; at += insn_descs[env->aux[at].id].slots) {
		const struct insn_desc *desc = &insn_descs[env->aux[at].id];

		switch (desc->kind) {
		case INSN_KIND_JUMP:
			env->aux[insn_target(env->insns, at)].prune = true;
			break;
		case INSN_KIND_MAY_GOTO:
			env->has_convergence = true;
			env->aux[at].checkpoint = true;
			/* fall through */
		case INSN_KIND_BRANCH64:
		case INSN_KIND_BRANCH32:
			env->aux[at].prune = true;
			env->aux[insn_target(env->insns, at)].prune = true;
			break;
		case INSN_KIND_CALL:
			mark_call(env, at);
			break;
		case INSN_KIND_LEGACY:
			env->subprogs[subprog_of(env, at)].has_legacy_load = true;
			break;
		case INSN_KIND_WIDE:
			if (env->aux[at].id == INSN_LD_FUNC)
				env->subprogs[subprog_at(env, (u32)insn_target(env->insns, at))]
					.is_callback = true;
			break;
		default:
			break;
		}
	}
}

/* Every instruction must be reachable by jumps alone: dead code is no one's intention. */
static int check_reachable(struct env *env)
{
	u32 *todo = arena_array(env->arena, env->nr + 1, sizeof(u32)), nr = 0;
	bool *seen = arena_array(env->arena, env->nr + 1, sizeof(bool));

	if (!todo || !seen)
		return -ENOMEM;
	for (u32 i = 0; i < env->nr_subprogs; i++) {
		todo[nr++] = env->subprogs[i].start;
		seen[env->subprogs[i].start] = true;
	}
	while (nr) {
		u32 at = todo[--nr], to[2], count = insn_successors(env, at, to);

		for (u32 i = 0; i < count; i++) {
			if (seen[to[i]])
				continue;
			seen[to[i]] = true;
			todo[nr++] = to[i];
		}
	}
	for (u32 at = 0; at < env->nr; at += insn_descs[env->aux[at].id].slots) {
		env->insn = at;
		if (!seen[at])
			return reject(env, -EINVAL, RULE_UNREACHABLE,
				      "no path leads to instruction %u", at);
	}
	return 0;
}

enum visit { NEW = -1, OPEN = -2 };

/* Depth first over calls: callees get smaller numbers, an open callee is recursion. */
static int visit_calls(struct env *env, u32 index, s32 *next, u32 depth)
{
	struct subprog *subprog = &env->subprogs[index];

	subprog->postorder = OPEN;
	for (u32 at = subprog->start; at < subprog->end; at += insn_descs[env->aux[at].id].slots) {
		u8 id = env->aux[at].id;
		struct subprog *callee;
		u32 target;
		int err = 0;

		if (id != INSN_CALL_LOCAL && id != INSN_LD_FUNC)
			continue;
		target = (u32)subprog_at(env, (u32)insn_target(env->insns, at));
		callee = &env->subprogs[target];
		env->insn = at;
		if (callee->postorder == OPEN)
			return reject(env, -EINVAL, RULE_RECURSION, "function %s calls itself%s",
				      callee->name, target == index ? "" : ", through others");
		if (callee->postorder == NEW)
			err = visit_calls(env, target, next, depth + 1);
		if (err)
			return err;
		if (id == INSN_CALL_LOCAL) {
			subprog->has_tail_call |= callee->has_tail_call;
			subprog->changes_packet |= callee->changes_packet;
		}
	}
	subprog->postorder = (*next)++;
	return 0;
}

static int check_calls(struct env *env)
{
	s32 next = 0;
	int err = 0;

	for (u32 i = 0; i < env->nr_subprogs && !err; i++)
		if (env->subprogs[i].postorder == NEW)
			err = visit_calls(env, i, &next, 0);
	return err;
}

int cfg_build(struct env *env)
{
	int err;

	for (u32 at = 0; at < env->nr; at += insn_descs[env->aux[at].id].slots) {
		env->aux[at].id = (u8)insn_decode(&env->insns[at]);
		if (insn_descs[env->aux[at].id].slots == 2)
			env->aux[at + 1].second_slot = true;
	}
	err = find_subprogs(env);
	for (u32 i = 0; i < env->nr_subprogs && !err; i++)
		err = check_targets(env, &env->subprogs[i]);
	if (!err)
		err = build_preds(env);
	if (err)
		return err;
	mark_points(env);
	err = check_reachable(env);
	return err ? err : check_calls(env);
}
