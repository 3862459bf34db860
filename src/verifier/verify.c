/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The verifier on one page: check the shape of the program, then walk every path of it, function
 * by function, until all are covered by states already seen or one breaks a rule.
 */
#include "verifier/env.h"

#include <linux/bpf.h>
#include <stdlib.h>
#include <time.h>

static u64 now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (u64)now.tv_sec * 1000000000u + (u64)now.tv_nsec;
}

static int check_wide(struct env *env, const struct skep_insn *insn, const struct insn_desc *desc)
{
	struct reg *dst = cur_reg(env, insn->dst);
	int err = write_reg(env, insn->dst);

	if (err)
		return err;
	switch (desc->id) {
	case INSN_LD_IMM64:
		reg_set_const(dst, insn_imm64(insn));
		break;
	case INSN_LD_MAP_IDX:
	case INSN_LD_MAP_IDX_VALUE:
		reg_set_pointer(dst, desc->id == INSN_LD_MAP_IDX ? REG_MAP : REG_MAP_VALUE, 0);
		dst->num = num_const(0);
		dst->map = &env->maps[insn->imm];
		if (desc->id == INSN_LD_MAP_IDX_VALUE)
			dst->off = insn[1].imm; /* no id: there is only one value */
		break;
	case INSN_LD_FUNC:
		reg_set_pointer(dst, REG_FUNC, 0);
		dst->num = num_const(0);
		dst->subprog = (u32)subprog_at(env, (u32)insn_target(env->insns, env->insn));
		if (env->subprogs[dst->subprog].is_global)
			return reject(env, -EINVAL, RULE_SIGNATURE,
				      "the callback %s is a global function; it must be static",
				      env->subprogs[dst->subprog].name);
		break;
	default:
		return reject(env, -EINVAL, RULE_KFUNC,
			      "an address of the kernel (src %u of a wide immediate)", insn->src);
	}
	return 0;
}

static int check_call(struct env *env, const struct skep_insn *insn, const struct insn_desc *desc)
{
	switch (desc->id) {
	case INSN_CALL_HELPER:
		return check_helper_call(env, insn);
	case INSN_CALL_LOCAL:
		return check_local_call(env, insn);
	case INSN_CALL_KFUNC:
		return reject(env, -EOPNOTSUPP, RULE_KFUNC,
			      "the program calls kernel function %d, which exists only in a kernel",
			      insn->imm);
	default:
		return reject(env, -EINVAL, RULE_BAD_INSTRUCTION, "a call through a register");
	}
}

/* Arrive at an instruction: note how, and see whether the path ends here. 1: it does. */
static int arrive(struct env *env)
{
	u32 next = env->prev_insn + insn_descs[env->aux[env->prev_insn].id].slots;
	int err = 0;

	env->step = NULL;
	if (env->insn != next && !(env->insn == env->cur->first_insn && !env->cur->parent &&
				   !env->cur->steps && env->insn == env->prev_insn))
		err = push_step(env, STEP_JUMP, 0, 0, NULL);
	if (!err && env->aux[env->insn].prune)
		err = check_visited(env);
	return err;
}

static int check_limits(struct env *env)
{
	u32 most = env->in->limits.insns ? env->in->limits.insns : SKEP_MAX_INSNS;

	if (state_memory() > MAX_STATE_MEMORY)
		return reject(env, -E2BIG, RULE_TOO_COMPLEX,
			      "following all paths takes more than %u MiB of memory",
			      MAX_STATE_MEMORY >> 20);
	if (env->processed <= most)
		return 0;
	return reject(env, -E2BIG, RULE_TOO_COMPLEX,
		      "following all paths takes more than %u instructions", most);
}

static int check_target(struct env *env)
{
	int err;

	if (!env->in->check_insn || env->facts->insns[env->insn].reached)
		return 0;
	err = env->in->check_insn(env->in->check_arg, env->insn, env->diag);
	return err ? reject_in_words(env, err, RULE_TARGET) : 0;
}

/* Execute one instruction on the current state and move on; *ret_done: the path is over. */
static int step(struct env *env, bool *ret_done)
{
	const struct skep_insn *insn = &env->insns[env->insn];
	const struct insn_desc *desc = &insn_descs[env->aux[env->insn].id];
	int err;

	switch (desc->kind) {
	case INSN_KIND_ALU64:
	case INSN_KIND_ALU32:
	case INSN_KIND_SWAP:
		err = check_alu(env, insn, desc);
		break;
	case INSN_KIND_LOAD:
		err = check_load(env, insn, desc);
		break;
	case INSN_KIND_STORE:
		env->wrote_slots = 0;
		err = check_store(env, insn, desc);
		if (!err)
			live_write(env, env->wrote_slots);
		break;
	case INSN_KIND_ATOMIC:
		err = check_atomic(env, insn, desc);
		break;
	case INSN_KIND_LEGACY:
		return check_legacy(env, insn, desc);
	case INSN_KIND_WIDE:
		err = check_wide(env, insn, desc);
		break;
	case INSN_KIND_JUMP:
		env->jumps++;
		env->prev_insn = env->insn;
		env->insn = (u32)insn_target(env->insns, env->insn);
		return 0;
	case INSN_KIND_BRANCH64:
	case INSN_KIND_BRANCH32:
	case INSN_KIND_MAY_GOTO:
		env->jumps++;
		return check_branch(env, insn, desc);
	case INSN_KIND_CALL:
		env->jumps++;
		return check_call(env, insn, desc);
	case INSN_KIND_EXIT:
		env->jumps++;
		return check_exit(env, ret_done);
	default:
		return reject(env, -EINVAL, RULE_BAD_INSTRUCTION, "instruction %02x is not known",
			      insn->code);
	}
	env->prev_insn = env->insn;
	env->insn += desc->slots;
	return err;
}

/* Take up the next branch that waits; false when there is none. */
static bool next_path(struct env *env)
{
	struct pending *pending = env->pending;

	state_free(env->cur);
	env->cur = NULL;
	if (!pending)
		return false;
	env->pending = pending->next;
	env->nr_pending--;
	env->cur = pending->state;
	env->insn = env->cur->insn;
	env->prev_insn = env->cur->last_insn;
	env->nr_steps = 0;
	for (const struct step *step = env->cur->steps; step; step = step->prev)
		env->nr_steps++;
	return true;
}

/* Follow the current path to its end. */
static int walk_path(struct env *env)
{
	bool done = false;
	int err;

	while (!done) {
		env->processed++;
		err = arrive(env);
		/* only now the way here is known, for the words */
		if (!err)
			err = check_limits(env);
		if (err)
			break;
		env->frame = state_write_frame(env->cur, env->cur->depth);
		if (!env->frame)
			return -ENOMEM;
		if (env->in->log_level >= 2)
			log_insn(env);
		err = check_target(env);
		if (err)
			return err;
		facts_before(env);
		err = step(env, &done);
		if (err)
			return err;
	}
	if (err < 0)
		return err;
	path_end(env, env->cur->parent);
	return 0;
}

static int walk_function(struct env *env, u32 index)
{
	int err = func_enter_root(env, index);

	if (err)
		return err;
	env->subprogs[index].is_verified = true;
	do {
		if (env->in->log_level == 1)
			env->result->log.len = 0; /* only the failing path is of interest */
		err = walk_path(env);
	} while (!err && next_path(env));
	return err;
}

static void free_states(struct env *env)
{
	state_free(env->cur);
	env->cur = NULL;
	for (struct pending *pending = env->pending; pending; pending = pending->next)
		state_free(pending->state);
	env->pending = NULL;
	env->nr_pending = 0;
	for (struct backedge *edge = env->backedges; edge; edge = edge->next)
		state_free(edge->state);
	env->backedges = NULL;
	for (u32 i = 0; i <= env->nr; i++) {
		struct state **list = i < env->nr ? &env->explored[i] : &env->evicted;

		while (*list) {
			struct state *state = *list;

			*list = state->next;
			state_free(state);
		}
	}
}

/* The program, then each global function that was called on the way. */
static int walk_all(struct env *env)
{
	int err = walk_function(env, 0);
	bool again = true;

	while (!err && again) {
		again = false;
		for (u32 i = 1; i < env->nr_subprogs && !err; i++) {
			struct subprog *subprog = &env->subprogs[i];

			if (!subprog->is_global || !subprog->is_called || subprog->is_verified)
				continue;
			free_states(env);
			err = walk_function(env, i);
			again = true;
		}
	}
	return err;
}

static int check_map_uses(struct env *env)
{
	for (u32 at = 0; at < env->nr; at += insn_descs[env->aux[at].id].slots) {
		const struct skep_insn *insn = &env->insns[at];
		const struct vmap *map;
		u8 id = env->aux[at].id;

		env->insn = at;
		if (id == INSN_LD_MAP_FD || id == INSN_LD_MAP_VALUE)
			return reject(env, -EBADF, RULE_BAD_MAP,
				      "a map is named by a file descriptor of another process");
		if (id != INSN_LD_MAP_IDX && id != INSN_LD_MAP_IDX_VALUE)
			continue;
		if (insn->imm < 0 || (u32)insn->imm >= env->in->nr_maps)
			return reject(env, -EINVAL, RULE_BAD_MAP, "there is no map number %d",
				      insn->imm);
		map = &env->maps[insn->imm];
		if (id == INSN_LD_MAP_IDX)
			continue;
		if (map->def->type != SKEP_MAP_ARRAY || map->def->max_entries != 1)
			return reject(env, -EOPNOTSUPP, RULE_BAD_MAP,
				      "the value of map %s is used directly; only arrays of one "
				      "entry allow that",
				      map->def->name);
		if ((u32)insn[1].imm >= map->def->value_size || insn[1].imm < 0)
			return reject(env, -EINVAL, RULE_BAD_MAP,
				      "offset %d into the value of map %s, which has %u bytes",
				      insn[1].imm, map->def->name, map->def->value_size);
	}
	return 0;
}

static int prepare(struct env *env)
{
	const struct verify_input *in = env->in;
	int err;

	env->context = context_find(in->prog_type);
	if (!env->context)
		return reject(env, -EOPNOTSUPP, RULE_BAD_PROGRAM,
			      "programs of type %u do not run on a network card", in->prog_type);
	if (!in->nr_insns)
		return reject(env, -E2BIG, RULE_BAD_PROGRAM, "the program has no instructions");
	err = insn_check_program(in->insns, in->nr_insns, env->diag);
	if (err) {
		env->insn = env->diag && env->diag->insn >= 0 ? (u32)env->diag->insn : env->nr;
		return reject_in_words(env, err, RULE_BAD_INSTRUCTION);
	}
	env->aux = arena_array(env->arena, env->nr + 1, sizeof(*env->aux));
	env->explored = arena_array(env->arena, env->nr + 1, sizeof(*env->explored));
	env->entries = arena_array(env->arena, env->nr + 1, sizeof(*env->entries));
	if (!env->aux || !env->explored || !env->entries)
		return -ENOMEM;
	err = cfg_build(env);
	if (!err)
		err = vmaps_build(env);
	if (!err)
		err = check_map_uses(env);
	if (!err)
		err = func_params(env);
	if (!err)
		err = check_early_exits(env);
	if (!err)
		err = live_registers(env);
	return err ? err : facts_new(env);
}

static int verify(struct env *env)
{
	int err = prepare(env);

	if (!err)
		err = walk_all(env);
	if (!err) {
		free_states(env);
		err = check_stack_depth(env);
	}
	if (!err)
		facts_end(env);
	return err;
}

static u32 hook_mask_of(const struct verify_input *in)
{
	if (in->hook != SKEP_HOOK_NONE)
		return 1u << in->hook;
	switch (in->prog_type) {
	case BPF_PROG_TYPE_XDP:
		return HELPER_HOOK(XDP);
	case BPF_PROG_TYPE_SCHED_CLS:
	case BPF_PROG_TYPE_SCHED_ACT:
		return HELPER_HOOK(TC_INGRESS) | HELPER_HOOK(TC_EGRESS);
	default:
		return HELPER_HOOK(SOCKET);
	}
}

static void facts_free(struct verifier_facts *facts)
{
	if (!facts)
		return;
	free(facts->insns);
	free(facts->subprogs);
	free(facts);
}

static void fill_stats(struct env *env, struct verify_stats *stats)
{
	stats->insns = env->processed;
	for (u32 i = 0; i < env->nr_subprogs; i++)
		stats->stack_depth += env->subprogs[i].stack_depth;
	stats->memory = state_memory_peak();
}

int verify_program(const struct verify_input *in, struct verify_result *result,
		   struct skep_diag *diag)
{
	struct env *env = calloc(1, sizeof(*env));
	u64 start = now_ns();
	int err;

	memset(result, 0, sizeof(*result));
	if (!env)
		return -ENOMEM;
	*env = (struct env){.in = in,
			    .result = result,
			    .diag = diag,
			    .arena = arena_new(),
			    .insns = in->insns,
			    .nr = in->nr_insns,
			    .is_gpl = in->flags & VERIFY_GPL,
			    .strict = in->flags & VERIFY_STRICT_ALIGNMENT &&
				      !(in->flags & VERIFY_ANY_ALIGNMENT),
			    .allow_uninit_stack = !(in->flags & VERIFY_REFUSE_UNINIT_STACK),
			    .hook_mask = hook_mask_of(in)};
	state_memory_reset();
	err = env->arena ? verify(env) : -ENOMEM;
	fill_stats(env, &result->stats);
	if (env->explored)
		free_states(env);
	state_pool_release();
	if (err) {
		facts_free(env->facts);
		if (err == -ENOMEM)
			diag_fail(diag, err, "out of memory while verifying %s", in->name);
	} else {
		result->facts = env->facts;
		result->accepted = true;
	}
	arena_free(env->arena);
	free(env);
	result->stats.time_ns = now_ns() - start;
	return err;
}

void verify_result_free(struct verify_result *result)
{
	facts_free(result->facts);
	result->facts = NULL;
	buf_free(&result->log);
}

void verify_input_of(const struct skep_object *object, const struct object_prog *prog,
		     struct verify_input *in)
{
	*in = (struct verify_input){.name = prog->name,
				    .insns = prog->insns,
				    .nr_insns = prog->nr_insns,
				    .prog_type = prog->prog_type,
				    .expected_attach_type = prog->expected_attach_type,
				    .hook = prog->hook,
				    .funcs = prog->funcs,
				    .nr_funcs = prog->nr_funcs,
				    .maps = object->maps,
				    .nr_maps = (u32)object->nr_maps,
				    .btf = object->btf,
				    .lines = prog->lines,
				    .nr_lines = prog->nr_lines,
				    .flags = (object_is_gpl(object) ? VERIFY_GPL : 0) |
					     (prog->sleepable ? VERIFY_SLEEPABLE : 0) |
					     (prog->frags ? VERIFY_FRAGS : 0)};
}
