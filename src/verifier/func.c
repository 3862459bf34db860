/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Functions of the program. Static ones are walked where they are called, with what the caller
 * knows. Global ones are walked once, for all arguments their BTF signature allows, and a call
 * then trusts the signature. Callbacks are entered from the helper that calls them: it may call
 * again (the callback's exit leads back to the call) or not at all.
 */
#include "verifier/env.h"

#include <bpf/btf.h>
#include <linux/bpf.h>

static const struct btf_type *skip_modifiers(const struct btf *btf, u32 id)
{
	const struct btf_type *type = btf__type_by_id(btf, id);

	for (u32 i = 0; type && i < 32 && (btf_is_mod(type) || btf_is_typedef(type)); i++)
		type = btf__type_by_id(btf, type->type);
	return type;
}

static bool is_context_type(const struct env *env, const struct btf_type *type)
{
	const char *name = type && btf_is_struct(type)
				   ? btf__name_by_offset(env->in->btf, type->name_off)
				   : NULL;

	if (!name)
		return false;
	return env->in->prog_type == BPF_PROG_TYPE_XDP ? !strcmp(name, "xdp_md")
						       : !strcmp(name, "__sk_buff");
}

/* Is parameter `index` of function `func` tagged "arg:<tag>"? */
static bool has_tag(const struct env *env, u32 func, u32 index, const char *tag)
{
	const struct btf *btf = env->in->btf;

	for (u32 id = 1; id < btf__type_cnt(btf); id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);
		const char *name;

		if (!btf_is_decl_tag(type) || type->type != func ||
		    btf_decl_tag(type)->component_idx != (s32)index)
			continue;
		name = btf__name_by_offset(btf, type->name_off);
		if (name && !strncmp(name, "arg:", 4) && !strcmp(name + 4, tag))
			return true;
	}
	return false;
}

static int read_pointer_param(struct env *env, const struct subprog *subprog, u32 func, u32 index,
			      const struct btf_type *type, struct param *param)
{
	const struct btf_type *target = skip_modifiers(env->in->btf, type->type);
	const char *name = target ? btf__name_by_offset(env->in->btf, target->name_off) : NULL;
	s64 size;

	if (has_tag(env, func, index, "ctx") || is_context_type(env, target)) {
		param->kind = PARAM_CTX;
		return 0;
	}
	if (name && !strcmp(name, "bpf_dynptr")) {
		param->kind = PARAM_DYNPTR;
		return 0;
	}
	size = target && !btf_is_void(target) ? btf__resolve_size(env->in->btf, type->type) : -1;
	if (size <= 0)
		return reject(env, -EINVAL, RULE_SIGNATURE,
			      "global function %s: what argument %u points to has no known size",
			      subprog->name, index + 1);
	param->kind = PARAM_MEM;
	param->size = (u32)size;
	param->nullable = !has_tag(env, func, index, "nonnull");
	return 0;
}

static int read_signature(struct env *env, struct subprog *subprog, u32 func)
{
	const struct btf *btf = env->in->btf;
	const struct btf_type *type = btf__type_by_id(btf, func), *proto, *ret;

	proto = type && btf_is_func(type) ? btf__type_by_id(btf, type->type) : NULL;
	if (!proto || !btf_is_func_proto(proto) || btf_vlen(proto) > 5)
		return reject(env, -EINVAL, RULE_SIGNATURE,
			      "global function %s has no usable BTF signature", subprog->name);
	ret = skip_modifiers(btf, proto->type);
	subprog->returns_void = !proto->type;
	if (proto->type && ret && !btf_is_int(ret) && !btf_is_any_enum(ret))
		return reject(env, -EINVAL, RULE_SIGNATURE,
			      "global function %s does not return a number", subprog->name);
	subprog->nr_params = btf_vlen(proto);
	for (u32 i = 0; i < subprog->nr_params; i++) {
		struct param *param = &subprog->params[i];
		int err;

		type = skip_modifiers(btf, btf_params(proto)[i].type);
		if (type && (btf_is_int(type) || btf_is_any_enum(type))) {
			param->kind = PARAM_SCALAR;
			continue;
		}
		if (!type || !btf_is_ptr(type))
			return reject(
				env, -EINVAL, RULE_SIGNATURE,
				"global function %s: argument %u is neither a number nor a pointer",
				subprog->name, i + 1);
		err = read_pointer_param(env, subprog, func, i, type, param);
		if (err)
			return err;
	}
	return 0;
}

/* Does BTF say that the function that starts at `insn` returns a number? */
static bool returns_number(const struct env *env, u32 insn)
{
	const struct btf *btf = env->in->btf;

	for (u32 i = 0; btf && i < env->in->nr_funcs; i++) {
		const struct object_func *func = &env->in->funcs[i];
		const struct btf_type *type = btf__type_by_id(btf, func->btf_type_id);

		if (func->insn != insn || !type || !btf_is_func(type))
			continue;
		type = btf__type_by_id(btf, type->type);
		type = type && type->type ? skip_modifiers(btf, type->type) : NULL;
		return type && (btf_is_int(type) || btf_is_any_enum(type));
	}
	return false;
}

int check_early_exits(struct env *env)
{
	for (u32 i = 1; i < env->nr_subprogs; i++) {
		const struct subprog *subprog = &env->subprogs[i];

		env->insn = subprog->start;
		if ((!subprog->has_legacy_load && !subprog->calls_tail) ||
		    returns_number(env, subprog->start))
			continue;
		return reject(env, -EINVAL, RULE_EARLY_EXIT,
			      "function %s has %s, but BTF does not say that it returns a number",
			      subprog->name,
			      subprog->has_legacy_load ? "LD_ABS or LD_IND" : "a tail call");
	}
	return 0;
}

int func_params(struct env *env)
{
	int err = 0;

	for (u32 i = 0; i < env->in->nr_funcs && !err; i++) {
		const struct object_func *func = &env->in->funcs[i];
		struct subprog *subprog = &env->subprogs[subprog_at(env, func->insn)];

		env->insn = func->insn;
		if (!env->in->btf) /* no signature: walked at each call, as a static one */
			subprog->is_global = false;
		else if (subprog->is_global)
			err = read_signature(env, subprog, func->btf_type_id);
	}
	return err;
}

static void set_param(struct env *env, struct reg *reg, const struct param *param)
{
	switch (param->kind) {
	case PARAM_SCALAR:
		reg_set_unknown(reg);
		break;
	case PARAM_CTX:
		reg_set_pointer(reg, REG_CTX, 0);
		reg->num = num_const(0);
		break;
	default:
		reg_set_pointer(reg, REG_MEM, param->nullable ? REG_NULLABLE : 0);
		reg->num = num_const(0);
		reg->size = param->size;
		reg->id = param->nullable ? new_id(env) : 0;
		break;
	}
}

/* Start a walk at a function: the program itself, or a global one. */
int func_enter_root(struct env *env, u32 index)
{
	const struct subprog *subprog = &env->subprogs[index];
	struct state *state = state_new();
	struct frame *frame = frame_new(index, -1, 0);

	if (!state || !frame) {
		state_free(state);
		frame_put(frame);
		return -ENOMEM;
	}
	frame->regs[10].num = num_const(0);
	frame->live = live_root(env, index);
	state->frames[0] = frame;
	state->branches = 1;
	state->first_insn = state->insn = subprog->start;
	env->cur = state;
	env->frame = frame;
	env->insn = env->prev_insn = subprog->start;
	env->step = NULL;
	env->nr_steps = 0;
	env->root_subprog = index;
	if (!frame->live)
		return -ENOMEM;
	if (index) {
		for (u32 i = 0; i < subprog->nr_params; i++)
			set_param(env, &frame->regs[i + 1], &subprog->params[i]);
		return 0;
	}
	reg_set_pointer(&frame->regs[1], REG_CTX, 0);
	frame->regs[1].num = num_const(0);
	return 0;
}

static int check_mem_param(struct env *env, const struct subprog *subprog, u32 regno,
			   const struct param *param)
{
	struct reg saved = *cur_reg(env, regno);
	int err;

	if (reg_is_null(&saved) && param->nullable)
		return mark_precise(env, regno);
	if (saved.flags & REG_NULLABLE) {
		if (!param->nullable)
			return reject(env, -EINVAL, RULE_NULL_CHECK,
				      "argument %u of %s must not be NULL; r%u is %s", regno,
				      subprog->name, regno, reg_type_name(&saved));
		cur_reg(env, regno)->flags &= (u8)~REG_NULLABLE;
	}
	err = check_helper_mem(env, regno, param->size, ACCESS_READ, true, false);
	if (!err)
		err = check_helper_mem(env, regno, param->size, ACCESS_WRITE, true, false);
	if (saved.flags & REG_NULLABLE)
		*cur_reg(env, regno) = saved;
	return err;
}

static int check_param(struct env *env, const struct subprog *subprog, u32 regno,
		       const struct param *param)
{
	const struct reg *reg = cur_reg(env, regno);
	int err = read_reg(env, regno);

	if (err)
		return err;
	switch (param->kind) {
	case PARAM_SCALAR:
		if (reg->type == REG_SCALAR)
			return 0;
		break;
	case PARAM_CTX:
		if (reg->type == REG_CTX)
			return check_no_offset(env, regno, false);
		break;
	case PARAM_DYNPTR:
		return reject(env, -EINVAL, RULE_SIGNATURE,
			      "global function %s takes a dynptr, which is not supported",
			      subprog->name);
	default:
		return check_mem_param(env, subprog, regno, param);
	}
	return reject(env, -EINVAL, RULE_SIGNATURE, "argument %u of global function %s: r%u is %s",
		      regno, subprog->name, regno, reg_type_name(reg));
}

static void clear_caller_saved(struct env *env)
{
	for (u32 i = 0; i < CALLER_SAVED; i++)
		reg_set_uninit(cur_reg(env, i));
}

static int call_global(struct env *env, struct subprog *subprog)
{
	int err = 0;

	if (env->cur->locked_id)
		return reject(env, -EINVAL, RULE_LOCK,
			      "global function %s is called while a spin lock is held",
			      subprog->name);
	for (u32 i = 0; i < subprog->nr_params && !err; i++)
		err = check_param(env, subprog, i + 1, &subprog->params[i]);
	if (!err && subprog->has_tail_call)
		err = check_no_refs(env, "a function with tail calls is called");
	if (err)
		return err;
	subprog->is_called = true;
	clear_caller_saved(env);
	if (!subprog->returns_void)
		reg_set_unknown(cur_reg(env, 0));
	if (subprog->changes_packet)
		clear_packet_pointers(env);
	env->prev_insn = env->insn;
	env->insn++;
	return 0;
}

/* Add a frame for function `index`, called from `callsite`, to a state. */
static struct frame *push_frame(struct env *env, struct state *state, u32 index, u32 callsite)
{
	struct frame *caller = state_frame(state), *callee;

	callee = frame_new(index, (s32)callsite, state->depth + 1);
	if (!callee)
		return NULL;
	callee->regs[10].num = num_const(0);
	callee->live = live_callee(env, caller->live, callsite, index);
	state->frames[++state->depth] = callee;
	state->written_slots[state->depth] = 0;
	return callee->live ? callee : NULL;
}

static int check_depth(struct env *env, const struct subprog *subprog)
{
	if (env->cur->depth + 1 < SKEP_MAX_FRAMES)
		return 0;
	return reject(env, -E2BIG, RULE_CALL_DEPTH,
		      "the call of %s makes the chain of calls deeper than %u frames",
		      subprog->name, SKEP_MAX_FRAMES);
}

int check_local_call(struct env *env, const struct skep_insn *insn)
{
	u32 target = (u32)insn_target(env->insns, env->insn);
	u32 index = (u32)subprog_at(env, target);
	struct subprog *subprog = &env->subprogs[index];
	struct frame *callee;
	int err;

	(void)insn;
	if (subprog->is_global)
		return call_global(env, subprog);
	err = check_depth(env, subprog);
	if (err)
		return err;
	subprog->is_called = true;
	callee = push_frame(env, env->cur, index, env->insn);
	if (!callee)
		return -ENOMEM;
	for (u32 i = 1; i <= 5; i++)
		callee->regs[i] = env->frame->regs[i];
	clear_caller_saved(env);
	env->frame = callee;
	env->prev_insn = env->insn;
	env->insn = target;
	return 0;
}

static void set_map_arg(struct reg *reg, enum reg_type type, const struct vmap *map, u32 uid)
{
	reg_set_pointer(reg, type, 0);
	reg->num = num_const(0);
	reg->map = map;
	reg->map_uid = uid;
}

/* What the helper passes, by helper. */
static void set_callback_args(struct env *env, const struct helper_desc *helper,
			      struct frame *callee, const struct frame *caller,
			      const struct vmap *map)
{
	struct reg *regs = callee->regs;
	u64 rounds;

	callee->callback_min = 0;
	callee->callback_max = helper->id == H_timer_set_callback ? 0 : 1;
	switch (helper->id) {
	case H_loop:
		rounds = caller->regs[1].num.umax;
		regs[1].type = REG_SCALAR;
		regs[1].num = num_range(0, rounds && rounds <= 1u << 23 ? rounds - 1 : 1u << 23);
		regs[2] = caller->regs[3];
		break;
	case H_for_each_map_elem:
	case H_timer_set_callback:
		set_map_arg(&regs[1], REG_MAP, map, caller->regs[1].map_uid);
		set_map_arg(&regs[2], REG_MAP_KEY, map, caller->regs[1].map_uid);
		set_map_arg(&regs[3], REG_MAP_VALUE, map, caller->regs[1].map_uid);
		if (map->lock_off >= 0)
			regs[3].id = new_id(env);
		if (helper->id == H_for_each_map_elem)
			regs[4] = caller->regs[3];
		break;
	default:
		break;
	}
}

/* A timer's callback runs later, alone: a walk of its own, without frames below. */
static int push_async(struct env *env, const struct helper_desc *helper, u32 index,
		      const struct vmap *map)
{
	struct frame *callee;
	struct state *state;
	int err = 0;

	state = push_branch(env, env->subprogs[index].start, &err);
	if (!state)
		return err;
	callee = frame_new(index, -1, 0);
	if (!callee)
		return -ENOMEM;
	callee->regs[10].num = num_const(0);
	callee->live = live_root(env, index);
	set_callback_args(env, helper, callee, env->frame, map);
	callee->in_callback = false;
	callee->in_async = true;
	for_each_frame(state, depth) frame_put(state->frames[depth]);
	if (state->parent)
		state->parent->branches--;
	state->parent = NULL;
	state->steps = NULL;
	state->first_insn = state->insn;
	memset(state->written_slots, 0, sizeof(state->written_slots));
	state->depth = 0;
	state->frames[0] = callee;
	state->in_async = true;
	state->walk = ++env->nr_walks;
	state->nr_refs = 0;
	state->locked_id = 0;
	state->locked_map = NULL;
	return callee->live ? 0 : -ENOMEM;
}

int check_callback_call(struct env *env, const struct helper_desc *helper, u32 index,
			const struct vmap *map)
{
	struct subprog *subprog = &env->subprogs[index];
	struct frame *callee, *caller;
	struct state *state;
	int err = check_depth(env, subprog);

	if (err)
		return err;
	switch (helper->id) {
	case H_timer_set_callback:
		subprog->is_called = subprog->is_callback = subprog->is_async = true;
		return push_async(env, helper, index, map);
	case H_loop:
	case H_for_each_map_elem:
		break;
	default:
		return reject(env, -EOPNOTSUPP, RULE_HELPER_UNSUPPORTED,
			      "bpf_%s calls back, in a way that is not supported", helper->name);
	}
	subprog->is_called = subprog->is_callback = true;
	/* one path enters the callback, this one goes on as if it had run often enough */
	state = push_branch(env, subprog->start, &err);
	if (!state)
		return err;
	caller = state_write_frame(state, state->depth);
	callee = caller ? push_frame(env, state, index, env->insn) : NULL;
	if (!callee)
		return -ENOMEM;
	set_callback_args(env, helper, callee, caller, map);
	callee->in_callback = true;
	caller->callback_depth++;
	state->callback_unroll++;
	env->frame = state_frame(env->cur);
	env->frame->callback_depth = 0;
	return 0;
}

static int check_callback_result(struct env *env, const struct frame *callee)
{
	const struct reg *r0 = &callee->regs[0];
	int err;

	if (r0->type != REG_SCALAR)
		return reject(env, -EACCES, RULE_CALLBACK_RESULT,
			      "the callback %s returns %s, not a number",
			      env->subprogs[callee->subprog].name, reg_type_name(r0));
	err = mark_precise(env, 0);
	if (err)
		return err;
	if (r0->num.smin >= callee->callback_min && r0->num.smax <= callee->callback_max)
		return 0;
	err = reject(env, -EINVAL, RULE_CALLBACK_RESULT,
		     "the callback %s may return something else than %lld to %lld",
		     env->subprogs[callee->subprog].name, (long long)callee->callback_min,
		     (long long)callee->callback_max);
	explain_proven(env, "it lies in [%lld, %lld]", (long long)r0->num.smin,
		       (long long)r0->num.smax);
	return err;
}

int return_to_caller(struct env *env)
{
	struct state *state = env->cur, *prev;
	struct frame *callee = env->frame, *caller;
	bool in_callback = callee->in_callback;
	u32 callsite = (u32)callee->callsite;
	int err = 0;

	if (callee->regs[0].type == REG_STACK)
		return reject(env, -EINVAL, RULE_STACK_POINTER,
			      "function %s returns a pointer to its stack",
			      env->subprogs[callee->subprog].name);
	if (in_callback)
		err = check_callback_result(env, callee);
	if (err)
		return err;
	caller = state_write_frame(state, state->depth - 1);
	if (!caller)
		return -ENOMEM;
	if (!in_callback)
		caller->regs[0] = callee->regs[0];
	frame_put(callee);
	state->frames[state->depth--] = NULL;
	env->frame = caller;
	env->prev_insn = env->insn;
	/* a callback goes back to the helper that called it, which may call again */
	env->insn = in_callback ? callsite : callsite + 1;
	if (!in_callback)
		return 0;
	prev = find_prev_entry(env, callsite, NULL);
	if (prev)
		widen_imprecise(env, prev, state);
	env->frame = state_frame(state);
	return 0;
}

static int check_result(struct env *env)
{
	const struct subprog *subprog = &env->subprogs[env->frame->subprog];
	int err;

	if (env->frame->in_async)
		return check_callback_result(env, env->frame);
	if (env->frame->subprog && subprog->returns_void)
		return 0;
	err = read_reg(env, 0);
	if (err)
		return err;
	if (env->frame->subprog && cur_reg(env, 0)->type != REG_SCALAR)
		return reject(env, -EINVAL, RULE_SIGNATURE,
			      "global function %s returns %s, not a number", subprog->name,
			      reg_type_name(cur_reg(env, 0)));
	return 0;
}

int check_exit(struct env *env, bool *ret_done)
{
	int err;

	*ret_done = false;
	if (env->cur->depth) {
		if (env->frame->in_callback) {
			/* what a round takes it must give back: the next one finds the same */
			if (env->cur->locked_id)
				return reject(env, -EINVAL, RULE_LOCK,
					      "a callback ends while a spin lock is held");
		}
		return return_to_caller(env);
	}
	err = check_no_refs(env, "the program ends");
	if (!err)
		err = check_result(env);
	*ret_done = true;
	return err;
}

/* Bytes that a frame takes: rounded up as the kernel's translators do. */
static u32 frame_bytes(const struct subprog *subprog)
{
	return ALIGN_UP(subprog->stack_depth, 16);
}

/* What lies below a function's frame, on the deepest chain of calls that leads to it. */
struct chain {
	bool reached;
	u32 bytes, frames;
};

static int check_chain(struct env *env, u32 index, const struct chain *below, u32 total)
{
	const struct subprog *subprog = &env->subprogs[index];
	const char *name = *subprog->name ? subprog->name : "the program";

	env->insn = subprog->start;
	if (below->frames >= SKEP_MAX_FRAMES)
		return reject(env, -E2BIG, RULE_CALL_DEPTH,
			      "the chain of calls to %s is deeper than %u frames", name,
			      SKEP_MAX_FRAMES);
	if (index && subprog->has_tail_call && below->bytes >= 256)
		return reject(env, -EACCES, RULE_STACK_DEPTH,
			      "a tail call may follow in %s; the frames of its callers take %u "
			      "bytes, less than 256 are allowed then",
			      name, below->bytes);
	if (total > SKEP_STACK_SIZE)
		return reject(env, -EACCES, RULE_STACK_DEPTH,
			      "the frames of the calls that lead to %s take %u bytes of stack; "
			      "there are %u",
			      name, total, SKEP_STACK_SIZE);
	return 0;
}

static void extend_chains(struct env *env, u32 index, u32 total, struct chain *chains)
{
	const struct subprog *subprog = &env->subprogs[index];

	for (u32 at = subprog->start; at < subprog->end; at += insn_descs[env->aux[at].id].slots) {
		struct chain *callee;
		u32 target;

		if (env->aux[at].id != INSN_CALL_LOCAL && env->aux[at].id != INSN_LD_FUNC)
			continue;
		target = (u32)subprog_at(env, (u32)insn_target(env->insns, at));
		if (env->subprogs[target].is_async && env->aux[at].id == INSN_LD_FUNC)
			continue; /* runs alone */
		callee = &chains[target];
		callee->reached = true;
		callee->bytes = total > callee->bytes ? total : callee->bytes;
		if (chains[index].frames + 1 > callee->frames)
			callee->frames = chains[index].frames + 1;
	}
}

/* Callers come before callees in descending postorder, so each chain is complete when used. */
int check_stack_depth(struct env *env)
{
	struct chain chains[MAX_SUBPROGS] = {[0] = {.reached = true}};
	u32 most = 0;

	for (s32 order = (s32)env->nr_subprogs; order-- > 0;) {
		for (u32 i = 0; i < env->nr_subprogs; i++) {
			u32 total = chains[i].bytes + frame_bytes(&env->subprogs[i]);
			int err;

			if (env->subprogs[i].postorder != order ||
			    (!chains[i].reached && !env->subprogs[i].is_async))
				continue;
			err = check_chain(env, i, &chains[i], total);
			if (err)
				return err;
			most = total > most ? total : most;
			extend_chains(env, i, total, chains);
		}
	}
	env->facts->max_stack = most;
	return 0;
}
