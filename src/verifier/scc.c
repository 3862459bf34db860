/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Loops: which instructions lie on a common cycle of jumps (strongly connected components, by
 * Tarjan's algorithm with an explicit stack). A helper that calls back is a cycle of its own.
 */
#include "verifier/env.h"

struct node {
	u32 index, low; /* order of discovery, 0: not seen; lowest index reachable */
	u32 next;	/* successor to look at */
	bool on_stack;
};

struct walk {
	struct node *nodes;
	u32 *path, *stack; /* being visited; not yet in a component */
	u32 nr_path, nr_stack, index, components;
};

static void enter(struct walk *walk, u32 at)
{
	walk->nodes[at] = (struct node){++walk->index, walk->index, 0, true};
	walk->path[walk->nr_path++] = at;
	walk->stack[walk->nr_stack++] = at;
}

/* All on the stack down to `at` are one component; one instruction alone is no loop. */
static void close_component(struct env *env, struct walk *walk, u32 at)
{
	bool alone = walk->stack[walk->nr_stack - 1] == at;
	u32 to[2], nr = insn_successors(env, at, to), member;

	for (u32 i = 0; alone && i < nr; i++)
		alone = to[i] != at;
	if (env->aux[at].calls_callback)
		alone = false;
	walk->components += !alone;
	do {
		member = walk->stack[--walk->nr_stack];
		walk->nodes[member].on_stack = false;
		env->aux[member].loop = alone ? 0 : walk->components;
	} while (member != at);
}

static void step_down(struct env *env, struct walk *walk)
{
	u32 at = walk->path[walk->nr_path - 1], to[2];
	struct node *node = &walk->nodes[at];
	u32 nr = insn_successors(env, at, to);

	if (node->next < nr) {
		u32 succ = to[node->next++];

		if (!walk->nodes[succ].index)
			enter(walk, succ);
		else if (walk->nodes[succ].on_stack && walk->nodes[succ].index < node->low)
			node->low = walk->nodes[succ].index;
		return;
	}
	walk->nr_path--;
	if (walk->nr_path) {
		struct node *parent = &walk->nodes[walk->path[walk->nr_path - 1]];

		parent->low = node->low < parent->low ? node->low : parent->low;
	}
	if (node->low == node->index)
		close_component(env, walk, at);
}

int find_loops(struct env *env)
{
	struct walk walk = {
		.nodes = arena_array(env->arena, env->nr + 1, sizeof(struct node)),
		.path = arena_array(env->arena, env->nr + 1, sizeof(u32)),
		.stack = arena_array(env->arena, env->nr + 1, sizeof(u32)),
	};

	if (!walk.nodes || !walk.path || !walk.stack)
		return -ENOMEM;
	for (u32 i = 0; i < env->nr_subprogs; i++) {
		if (walk.nodes[env->subprogs[i].start].index)
			continue;
		enter(&walk, env->subprogs[i].start);
		while (walk.nr_path)
			step_down(env, &walk);
	}
	return 0;
}

/* Where a state stands in frame `depth`: its instruction, or the call it is in. */
static u32 position(const struct state *state, u32 depth)
{
	return depth == state->depth ? state->insn : (u32)state->frames[depth + 1]->callsite;
}

bool may_come_back(const struct env *env, const struct state *state, const struct state *head)
{
	for (u32 depth = 0; depth <= state->depth && depth <= head->depth; depth++) {
		u32 at = position(state, depth), to = position(head, depth);

		if (env->aux[at].loop && env->aux[at].loop == env->aux[to].loop)
			return true;
		if (at != to || depth == state->depth || depth == head->depth)
			return false;
	}
	return false;
}
