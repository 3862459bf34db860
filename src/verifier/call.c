/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Calls of helpers: arguments by the row of helper.def, references taken and given back, what the
 * helper returns, and what it invalidates. Callbacks are entered in func.c.
 */
#include "verifier/env.h"

#include "base/cpu.h"
#include "map/map.h"

/* What the arguments of one call said, for its effects. */
struct call {
	const struct helper_desc *helper;
	const struct vmap *map;
	u32 map_uid;
	u32 release_regno;
	u32 ref;     /* of an argument that carries one */
	u32 subprog; /* callback */
	u64 alloc_size;
	u64 most_bytes;   /* of the last size argument */
	u32 dynptr_regno; /* becomes one */
	u32 dynptr_id;
	bool key_known;
	u64 key;
	u32 key_depth, key_slot;
};

int ref_acquire(struct env *env, u32 *ret_id)
{
	struct state *state = env->cur;

	if (state->nr_refs == MAX_REFS)
		return reject(env, -E2BIG, RULE_REFERENCE_LEAK,
			      "more than %u references held at once", MAX_REFS);
	*ret_id = new_id(env);
	state->refs[state->nr_refs++] = (struct ref){*ret_id, env->insn};
	return 0;
}

/* Pointers into what was released are gone. */
static int forget_ref(struct env *env, u32 id)
{
	for_each_frame(env->cur, depth)
	{
		struct frame *frame = state_write_frame(env->cur, depth);

		if (!frame || (frame->stack && !frame_write_stack(frame, 0)))
			return -ENOMEM;
		for (u32 i = 0; i < 10; i++)
			if (frame->regs[i].ref == id)
				reg_set_unknown(&frame->regs[i]);
		for (u32 i = 0; i < frame_nr_slots(frame); i++)
			if (slot_is_spill(&frame->stack->slots[i]) &&
			    frame->stack->slots[i].reg.ref == id)
				reg_set_unknown(&frame->stack->slots[i].reg);
	}
	env->frame = state_frame(env->cur);
	return 0;
}

int ref_release(struct env *env, u32 id)
{
	struct state *state = env->cur;

	for (u32 i = 0; i < state->nr_refs; i++) {
		if (state->refs[i].id != id)
			continue;
		state->refs[i] = state->refs[--state->nr_refs];
		return forget_ref(env, id);
	}
	return reject(env, -EINVAL, RULE_RELEASE, "the reference was released already");
}

int check_no_refs(struct env *env, const char *what)
{
	const struct state *state = env->cur;

	if (state->locked_id)
		return reject(env, -EINVAL, RULE_LOCK, "%s while a spin lock is held", what);
	if (!state->nr_refs)
		return 0;
	return reject(env, -EINVAL, RULE_REFERENCE_LEAK,
		      "%s while the reference taken at instruction %u is still held", what,
		      state->refs[0].insn);
}

void clear_packet_pointers(struct env *env)
{
	for_each_frame(env->cur, depth)
	{
		struct frame *frame = state_write_frame(env->cur, depth);

		if (!frame || (frame->stack && !frame_write_stack(frame, 0)))
			return;
		for (u32 i = 0; i < 10; i++)
			if (reg_is_packet(&frame->regs[i]) || frame->regs[i].type == REG_PACKET_END)
				reg_set_unknown(&frame->regs[i]);
		for (u32 i = 0; i < frame_nr_slots(frame); i++) {
			struct slot *slot = &frame->stack->slots[i];

			if (slot_is_spill(slot) &&
			    (reg_is_packet(&slot->reg) || slot->reg.type == REG_PACKET_END))
				reg_set_unknown(&slot->reg);
		}
	}
	env->frame = state_frame(env->cur);
}

static int reject_argument(struct env *env, const struct call *call, u32 regno, const char *needed)
{
	const struct reg *reg = cur_reg(env, regno);
	enum rule rule = reg->flags & REG_NULLABLE && reg_is_pointer(reg) ? RULE_NULL_CHECK
									  : RULE_HELPER_ARGUMENT;
	int err = reject(env, -EACCES, rule, "bpf_%s: argument %u, in r%u, is %s",
			 call->helper->name, regno, regno, reg_type_name(reg));

	if (reg->type == REG_SCALAR)
		explain_lost_pointer(env, regno);
	explain_needed(env, "%s", needed);
	return err;
}

static bool is_memory(const struct reg *reg)
{
	switch (reg->type) {
	case REG_STACK:
	case REG_PACKET:
	case REG_PACKET_META:
	case REG_MAP_KEY:
	case REG_MAP_VALUE:
	case REG_MEM:
		return !(reg->flags & REG_NULLABLE);
	default:
		return false;
	}
}

static int need_memory(struct env *env, struct call *call, u32 regno)
{
	return is_memory(cur_reg(env, regno)) ? 0 : reject_argument(env, call, regno, "memory");
}

static int need_type(struct env *env, struct call *call, u32 regno, enum reg_type type,
		     const char *needed)
{
	const struct reg *reg = cur_reg(env, regno);

	if (reg->type != type || reg->flags & REG_NULLABLE)
		return reject_argument(env, call, regno, needed);
	return 0;
}

static int check_map_arg(struct env *env, struct call *call, u32 regno)
{
	const struct reg *reg = cur_reg(env, regno);
	int err;

	if (reg->type == REG_MAP_VALUE && !reg->map->inner &&
	    map_type_is_nested(reg->map->def->type))
		return reject(env, -EINVAL, RULE_BAD_MAP,
			      "map %s holds maps, and the object does not say of which kind",
			      reg->map->def->name);
	err = need_type(env, call, regno, REG_MAP, "a map");
	if (!err)
		err = check_no_offset(env, regno, false);
	if (err)
		return err;
	/* a timer's map and the map it is started for must be the same */
	if (call->map && (call->map != reg->map || call->map_uid != reg->map_uid))
		return reject(env, -EINVAL, RULE_TIMER,
			      "the timer in r1 is not in a value of the map in r%u", regno);
	call->map = reg->map;
	call->map_uid = reg->map_uid;
	return check_map_helper(env, call->map, call->helper);
}

/* A key that is a known number on the stack. */
static void note_key(struct env *env, struct call *call, u32 regno)
{
	const struct reg *reg = cur_reg(env, regno);
	const struct frame *frame;
	u32 size = call->map->def->key_size, slot, start;
	s64 off;

	if (reg->type != REG_STACK || !num_is_const(&reg->num) || (size != 4 && size != 8))
		return;
	off = reg->off + (s64)reg->num.bits.value;
	start = (u32)off % SLOT_SIZE;
	if (off >= 0 || off < -SKEP_STACK_SIZE || start + size > SLOT_SIZE)
		return;
	frame = env->cur->frames[reg->frame];
	slot = (u32)(-off - 1) / SLOT_SIZE;
	if (slot >= frame_nr_slots(frame))
		return;
	if (frame->stack->slots[slot].type[start] == SLOT_ZERO) {
		for (u32 i = start; i < start + size; i++)
			if (frame->stack->slots[slot].type[i] != SLOT_ZERO)
				return;
		call->key_known = true;
		call->key_depth = reg->frame;
		call->key_slot = slot;
		return;
	}
	if (start || slot_spill_size(&frame->stack->slots[slot]) < size ||
	    frame->stack->slots[slot].reg.type != REG_SCALAR ||
	    !num_is_const(&frame->stack->slots[slot].reg.num))
		return;
	call->key = frame->stack->slots[slot].reg.num.bits.value;
	if (size == 4)
		call->key &= UINT32_MAX;
	call->key_known = true;
	call->key_depth = reg->frame;
	call->key_slot = slot;
}

static int check_key(struct env *env, struct call *call, u32 regno)
{
	int err = need_memory(env, call, regno);

	if (err || !call->map)
		return err;
	note_key(env, call, regno);
	return check_helper_mem(env, regno, call->map->def->key_size, ACCESS_READ, false, false);
}

static bool is_sock_map(const struct vmap *map)
{
	return map->def->type == SKEP_MAP_SOCKMAP || map->def->type == SKEP_MAP_SOCKHASH;
}

static bool is_socket(const struct reg *reg, bool by_btf)
{
	if (reg->flags & REG_NULLABLE)
		return false;
	switch (reg->type) {
	case REG_SOCKET:
	case REG_SOCK_COMMON:
	case REG_TCP_SOCK:
	case REG_XDP_SOCK:
		return true;
	default:
		return by_btf && reg->type == REG_KERNEL;
	}
}

static int check_value(struct env *env, struct call *call, u32 regno, enum helper_arg type)
{
	bool written = type == ARG_UNINIT_MAP_VALUE;
	int err;

	if (is_sock_map(call->map) && call->helper->id == H_map_update_elem)
		return is_socket(cur_reg(env, regno), true)
			       ? 0
			       : reject_argument(env, call, regno, "a socket");
	/* a Bloom filter looks the value up, it does not return one */
	if (call->map->def->type == SKEP_MAP_BLOOM_FILTER && call->helper->id == H_map_peek_elem)
		written = false;
	err = need_memory(env, call, regno);
	if (err)
		return err;
	return check_helper_mem(env, regno, call->map->def->value_size,
				written ? ACCESS_WRITE : ACCESS_READ, false, written);
}

/* A size, and with it the memory of the argument before. */
static int check_size(struct env *env, struct call *call, u32 regno, bool zero_allowed)
{
	enum helper_arg memory = call->helper->args[regno - 2];
	bool uninit = memory == ARG_UNINIT_MEM;
	enum access access = uninit || memory == ARG_MEM_WRITE || memory == ARG_MEM_WRITE_OR_NULL
				     ? ACCESS_WRITE
				     : ACCESS_READ;
	const struct reg *reg = cur_reg(env, regno);
	bool fixed = num_is_const(&reg->num);
	int err = 0;

	if (reg->type != REG_SCALAR)
		return reject_argument(env, call, regno, "a number of bytes");
	call->most_bytes = reg->num.umax;
	if (reg->num.smin < 0 || reg->num.umax >= MAX_VAR_OFF) {
		err = reject(env, -EACCES, RULE_SIZE_RANGE,
			     "bpf_%s: the size in r%u is not bounded", call->helper->name, regno);
		explain_proven(env, "it lies in [%lld, %lld]", (long long)reg->num.smin,
			       (long long)reg->num.smax);
		explain_needed(
			env, "a size that is not negative, and not more than the memory in r%u has",
			regno - 1);
		return err;
	}
	if (!reg->num.umin)
		err = check_helper_mem(env, regno - 1, 0, access, zero_allowed, uninit && fixed);
	if (!err && reg->num.umax)
		err = check_helper_mem(env, regno - 1, (u32)reg->num.umax, access, zero_allowed,
				       uninit && fixed);
	return err ? err : mark_precise(env, regno);
}

/* r`regno` points at a field of a value that has one of this kind, at exactly that place. */
static int check_field(struct env *env, struct call *call, u32 regno, s32 at, const char *what,
		       enum rule rule)
{
	const struct reg *reg = cur_reg(env, regno);

	if (!num_is_const(&reg->num))
		return reject(env, -EINVAL, rule, "%s in r%u is not at a constant offset", what,
			      regno);
	if (at < 0)
		return reject(env, -EINVAL, rule, "values of map %s have no %s%s",
			      reg->map->def->name, what,
			      env->in->btf ? "" : " (its BTF would say so; there is none)");
	if (reg->off + (s64)reg->num.bits.value != at)
		return reject(env, -EINVAL, rule,
			      "%s of map %s is at offset %d of the value, not at %lld", what,
			      reg->map->def->name, at,
			      (long long)(reg->off + (s64)reg->num.bits.value));
	return 0;
}

static int check_lock(struct env *env, struct call *call, u32 regno)
{
	const struct reg *reg = cur_reg(env, regno);
	struct state *state = env->cur;
	int err = need_type(env, call, regno, REG_MAP_VALUE, "a spin lock in a map value");

	if (!err)
		err = check_field(env, call, regno, reg->map->lock_off, "spin lock", RULE_LOCK);
	if (err)
		return err;
	if (env->hook_mask & HELPER_HOOK(SOCKET))
		return reject(env, -EINVAL, RULE_LOCK, "socket filters may not take spin locks");
	if (call->helper->id == H_spin_lock) {
		if (state->locked_id)
			return reject(env, -EINVAL, RULE_LOCK,
				      "a second spin lock is taken while one is held");
		state->locked_id = reg->id ? reg->id : UINT32_MAX;
		state->locked_map = reg->map;
		return 0;
	}
	if (!state->locked_id)
		return reject(env, -EINVAL, RULE_LOCK, "a spin lock is released that is not held");
	if (state->locked_id != (reg->id ? reg->id : UINT32_MAX) || state->locked_map != reg->map)
		return reject(env, -EINVAL, RULE_LOCK,
			      "another spin lock is released than the one that is held");
	state->locked_id = 0;
	state->locked_map = NULL;
	return 0;
}

static int check_timer(struct env *env, struct call *call, u32 regno)
{
	const struct reg *reg = cur_reg(env, regno);
	int err = need_type(env, call, regno, REG_MAP_VALUE, "a timer in a map value");

	if (!err)
		err = check_field(env, call, regno, reg->map->timer_off, "timer", RULE_TIMER);
	if (err)
		return err;
	call->map = reg->map;
	call->map_uid = reg->map_uid;
	return 0;
}

static int check_string(struct env *env, struct call *call, u32 regno)
{
	const struct reg *reg = cur_reg(env, regno);
	int err = need_type(env, call, regno, REG_MAP_VALUE, "a constant string");
	u64 off, byte;

	if (err)
		return err;
	if (!reg->map->is_const || !num_is_const(&reg->num))
		return reject(
			env, -EACCES, RULE_HELPER_ARGUMENT,
			"bpf_%s: the string in r%u must be in read-only data, at a constant place",
			call->helper->name, regno);
	for (off = (u64)(reg->off + (s64)reg->num.bits.value);; off++) {
		if (!vmap_read_const(reg->map, off, 1, &byte))
			return reject(env, -EINVAL, RULE_HELPER_ARGUMENT,
				      "bpf_%s: the string in r%u has no end", call->helper->name,
				      regno);
		if (!byte)
			return 0;
	}
}

static int check_release(struct env *env, struct call *call, u32 regno)
{
	const struct reg *reg = cur_reg(env, regno);

	call->release_regno = regno;
	if (reg->ref)
		return 0;
	if (reg_is_null(reg))
		return mark_precise(env, regno);
	return reject(env, -EINVAL, RULE_RELEASE,
		      "bpf_%s: r%u, %s, holds no reference that could be released",
		      call->helper->name, regno, reg_type_name(reg));
}

static int check_fixed(struct env *env, struct call *call, u32 regno, u32 size, bool aligned,
		       enum access access, bool raw)
{
	int err = need_memory(env, call, regno);

	if (!err)
		err = check_helper_mem(env, regno, size, access, false, raw);
	if (!err && aligned)
		err = check_alignment(env, cur_reg(env, regno), 0, size, true);
	return err;
}

static int check_alloc_size(struct env *env, struct call *call, u32 regno)
{
	const struct reg *reg = cur_reg(env, regno);

	if (reg->type != REG_SCALAR || !num_is_const(&reg->num))
		return reject_argument(env, call, regno, "a constant number of bytes");
	call->alloc_size = reg->num.bits.value;
	if (call->alloc_size >= MAX_VAR_OFF)
		return reject(env, -EACCES, RULE_SIZE_RANGE, "bpf_%s: %llu bytes are too many",
			      call->helper->name, (unsigned long long)call->alloc_size);
	return mark_precise(env, regno);
}

static bool allows_null(enum helper_arg type)
{
	switch (type) {
	case ARG_MAP_VALUE_OR_NULL:
	case ARG_MEM_OR_NULL:
	case ARG_MEM_WRITE_OR_NULL:
	case ARG_CTX_OR_NULL:
	case ARG_STACK_OR_NULL:
	case ARG_SOCK_OR_NULL:
	case ARG_SOCKET_OR_NULL:
	case ARG_BTF_ID_OR_NULL:
	case ARG_BTF_ID_OR_NULL_RELEASE:
		return true;
	default:
		return false;
	}
}

static int check_dynptr_arg(struct env *env, struct call *call, u32 regno, enum helper_arg type)
{
	u32 ref, id;
	int err;

	switch (type) {
	case ARG_DYNPTR_UNINIT:
	case ARG_DYNPTR_UNINIT_RINGBUF:
		call->dynptr_regno = regno;
		return dynptr_check_uninit(env, regno);
	case ARG_DYNPTR_RINGBUF:
		err = dynptr_check(env, regno, DYNPTR_RINGBUF, &ref, &id);
		if (err)
			return err;
		call->ref = ref;
		call->release_regno = regno;
		return ref ? 0
			   : reject(env, -EINVAL, RULE_RELEASE,
				    "the dynptr in r%u holds no reference", regno);
	default:
		err = dynptr_check(env, regno, DYNPTR_NONE, &ref, &id);
		if (!err && !call->dynptr_id) {
			call->dynptr_id = id;
			call->ref = ref;
		}
		return err;
	}
}

static int check_socket_arg(struct env *env, struct call *call, u32 regno, enum helper_arg type)
{
	const struct reg *reg = cur_reg(env, regno);
	int err;

	if (type == ARG_SOCKET_OR_NULL)
		err = need_type(env, call, regno, REG_SOCKET, "a full socket");
	else
		err = is_socket(reg, type != ARG_SOCK_COMMON)
			      ? 0
			      : reject_argument(env, call, regno, "a socket");
	if (!err && reg->type != REG_KERNEL)
		err = check_no_offset(env, regno, false);
	if (!err && type == ARG_SOCK_RELEASE)
		err = check_release(env, call, regno);
	return err;
}

static int check_context_arg(struct env *env, struct call *call, u32 regno)
{
	int err = need_type(env, call, regno, REG_CTX, "the context");

	return err ? err : check_no_offset(env, regno, false);
}

/* A record of a ring buffer, as it was reserved; it is given back. */
static int check_record(struct env *env, struct call *call, u32 regno)
{
	int err = need_type(env, call, regno, REG_MEM, "a record of a ring buffer");

	if (!err && !(cur_reg(env, regno)->flags & REG_RINGBUF))
		err = reject_argument(env, call, regno, "a record of a ring buffer");
	if (!err)
		err = check_no_offset(env, regno, false);
	return err ? err : check_release(env, call, regno);
}

/* One argument, already known to be initialised. */
static int check_argument(struct env *env, struct call *call, u32 regno, enum helper_arg type)
{
	switch (type) {
	case ARG_CONST_MAP_PTR:
		return check_map_arg(env, call, regno);
	case ARG_MAP_KEY:
		return check_key(env, call, regno);
	case ARG_MAP_VALUE:
	case ARG_MAP_VALUE_OR_NULL:
	case ARG_UNINIT_MAP_VALUE:
		return check_value(env, call, regno, type);
	case ARG_MEM:
	case ARG_MEM_OR_NULL:
	case ARG_MEM_WRITE:
	case ARG_MEM_WRITE_OR_NULL:
	case ARG_UNINIT_MEM:
		return need_memory(env, call, regno); /* bounds: with its size */
	case ARG_CONST_SIZE:
	case ARG_CONST_SIZE_OR_ZERO:
		return check_size(env, call, regno, type == ARG_CONST_SIZE_OR_ZERO);
	case ARG_CTX:
	case ARG_CTX_OR_NULL:
		return check_context_arg(env, call, regno);
	case ARG_SPIN_LOCK:
		return check_lock(env, call, regno);
	case ARG_TIMER:
		return check_timer(env, call, regno);
	case ARG_CALLBACK:
		call->subprog = cur_reg(env, regno)->subprog;
		return need_type(env, call, regno, REG_FUNC, "a function of this program");
	case ARG_STACK_OR_NULL:
		return need_type(env, call, regno, REG_STACK, "a pointer to the stack, or 0");
	case ARG_RINGBUF_MEM:
		return check_record(env, call, regno);
	case ARG_CONST_ALLOC_SIZE_OR_ZERO:
		return check_alloc_size(env, call, regno);
	case ARG_CONST_STR:
		return check_string(env, call, regno);
	case ARG_PTR_TO_INT:
		return check_fixed(env, call, regno, 4, true, ACCESS_WRITE, false);
	case ARG_PTR_TO_LONG:
		return check_fixed(env, call, regno, 8, true, ACCESS_WRITE, true);
	case ARG_FIXED_MEM:
		return check_fixed(env, call, regno, call->helper->sizes[regno - 1], false,
				   ACCESS_READ, false);
	case ARG_DYNPTR:
	case ARG_DYNPTR_UNINIT:
	case ARG_DYNPTR_UNINIT_RINGBUF:
	case ARG_DYNPTR_RINGBUF:
		return check_dynptr_arg(env, call, regno, type);
	case ARG_SOCK:
	case ARG_SOCK_RELEASE:
	case ARG_SOCK_OR_NULL:
	case ARG_SOCK_COMMON:
	case ARG_SOCKET_OR_NULL:
		return check_socket_arg(env, call, regno, type);
	default: /* objects of the kernel */
		return need_type(env, call, regno, REG_KERNEL, "an object of the kernel");
	}
}

static int check_arguments(struct env *env, struct call *call)
{
	for (u32 i = 0; i < 5 && call->helper->args[i] != ARG_NONE; i++) {
		enum helper_arg type = call->helper->args[i];
		u32 regno = i + 1;
		const struct reg *reg;
		int err = read_reg(env, regno);

		if (err)
			return err;
		if (type == ARG_ANYTHING)
			continue;
		reg = cur_reg(env, regno);
		if (reg_is_packet(reg) &&
		    !(call->helper->flags & HELPER_PKT_READ && context_has_packet(env)))
			return reject(env, -EACCES, RULE_HELPER_PACKET,
				      "bpf_%s does not take pointers into packets, as r%u is",
				      call->helper->name, regno);
		if (allows_null(type) && reg_is_null(reg)) {
			if (type == ARG_BTF_ID_OR_NULL_RELEASE)
				call->release_regno = regno;
			err = mark_precise(env, regno);
			if (err)
				return err;
			continue;
		}
		if (!call->map &&
		    (type == ARG_MAP_KEY || type == ARG_MAP_VALUE || type == ARG_UNINIT_MAP_VALUE))
			return reject(env, -EACCES, RULE_HELPER_ARGUMENT,
				      "bpf_%s: no map was given before r%u", call->helper->name,
				      regno);
		if (reg->ref && type != ARG_DYNPTR && !call->ref)
			call->ref = reg->ref;
		err = check_argument(env, call, regno, type);
		if (err)
			return err;
	}
	return 0;
}

static int check_allowed(struct env *env, const struct helper_desc *helper)
{
	if (!(helper->hooks & env->hook_mask))
		return reject(env, -EINVAL, RULE_HELPER_HOOK,
			      "bpf_%s can not be called by programs of this hook", helper->name);
	if (helper->flags & HELPER_SLEEPS && !(env->in->flags & VERIFY_SLEEPABLE))
		return reject(env, -EINVAL, RULE_HELPER_HOOK,
			      "bpf_%s may sleep, this program must not", helper->name);
	if (helper->flags & HELPER_GPL && !env->is_gpl)
		return reject(env, -EINVAL, RULE_LICENSE,
			      "bpf_%s is for programs under a GPL-compatible licence only",
			      helper->name);
	if (env->cur->locked_id && helper->id != H_spin_unlock)
		return reject(env, -EINVAL, RULE_LOCK, "bpf_%s is called while a spin lock is held",
			      helper->name);
	return 0;
}

static int release(struct env *env, struct call *call)
{
	const struct reg *reg;

	if (!call->release_regno)
		return 0;
	if (call->helper->args[call->release_regno - 1] == ARG_DYNPTR_RINGBUF)
		return dynptr_release(env, call->ref);
	reg = cur_reg(env, call->release_regno);
	return reg_is_null(reg) ? 0 : ref_release(env, reg->ref);
}

static int call_back(struct env *env, struct call *call)
{
	u32 id = call->helper->id;
	struct reg *r1 = cur_reg(env, 1);
	int err;

	if (id == H_loop) {
		err = mark_precise(env, 1);
		if (err)
			return err;
		if (r1->type == REG_SCALAR && env->frame->callback_depth >= r1->num.umax) {
			env->frame->callback_depth = 0; /* all rounds were walked */
			return 0;
		}
	}
	return check_callback_call(env, call->helper, call->subprog, call->map);
}

/*
 * A tail call that works ends the function: its caller, if there is one, goes on with any number in
 * r0 and a packet that the other program may have changed. That is a path of its own, on which
 * nothing of what follows the call was done.
 */
static int tail_call(struct env *env)
{
	struct frame *callee = env->frame, *caller;
	u32 after = (u32)callee->callsite + 1;
	struct state *state, *cur = env->cur;
	int err = check_no_refs(env, "a tail call");

	if (err || !cur->depth)
		return err;
	if (callee->in_callback)
		return reject(env, -EINVAL, RULE_CALLBACK_RESULT,
			      "a tail call in a callback may return any number");
	state = push_branch(env, after, &err);
	if (!state)
		return err;
	caller = state_write_frame(state, state->depth - 1);
	if (!caller)
		return -ENOMEM;
	reg_set_unknown(&caller->regs[0]);
	frame_put(state->frames[state->depth]);
	state->frames[state->depth--] = NULL;
	env->cur = state;
	clear_packet_pointers(env);
	env->cur = cur;
	env->frame = state_frame(cur);
	return 0;
}

/* Effects besides the result that only some helpers have. */
static int check_special(struct env *env, struct call *call)
{
	const struct reg *reg;

	switch (call->helper->id) {
	case H_tail_call:
		return tail_call(env);
	case H_get_local_storage:
		return reg_is_null(cur_reg(env, 2)) ? 0 : reject_argument(env, call, 2, "0");
	case H_dynptr_from_mem:
		reg = cur_reg(env, 1);
		if (reg->type != REG_MAP_VALUE)
			return reject_argument(env, call, 1, "memory of a map value");
		break;
	default:
		break;
	}
	return call->helper->flags & HELPER_CALLBACK ? call_back(env, call) : 0;
}

static int make_dynptr(struct env *env, struct call *call)
{
	enum dynptr_type type = DYNPTR_LOCAL;
	u32 ref = 0;
	int err = 0;

	if (!call->dynptr_regno)
		return 0;
	if (call->helper->args[call->dynptr_regno - 1] == ARG_DYNPTR_UNINIT_RINGBUF) {
		type = DYNPTR_RINGBUF;
		err = ref_acquire(env, &ref);
	}
	return err ? err : dynptr_init(env, call->dynptr_regno, type, ref);
}

static void set_pointer(struct env *env, enum reg_type type, u32 flags)
{
	struct reg *r0 = cur_reg(env, 0);

	reg_set_pointer(r0, type, flags);
	r0->num = num_const(0);
}

/* A look-up that can not miss: an array, and a key that is known to be inside. */
static int never_misses(struct env *env, struct call *call, bool *ret)
{
	u32 type = call->map->def->type;

	*ret = false;
	if (call->helper->id != H_map_lookup_elem || !call->key_known ||
	    (type != SKEP_MAP_ARRAY && type != SKEP_MAP_PERCPU_ARRAY) ||
	    call->map->def->key_size != 4 || call->key >= call->map->def->max_entries)
		return 0;
	*ret = true;
	return mark_precise_slot(env, call->key_depth, call->key_slot);
}

static int set_map_value(struct env *env, struct call *call, bool nullable)
{
	struct reg *r0 = cur_reg(env, 0);
	bool hits;
	int err = never_misses(env, call, &hits);

	set_pointer(env, REG_MAP_VALUE, nullable && !hits ? REG_NULLABLE : 0);
	r0->map = call->map;
	r0->map_uid = call->map_uid;
	if (call->map->lock_off >= 0)
		r0->id = new_id(env);
	return err;
}

static int set_result(struct env *env, struct call *call)
{
	struct reg *r0 = cur_reg(env, 0);
	int err = 0;

	switch (call->helper->ret) {
	case RET_INTEGER:
		reg_set_unknown(r0);
		break;
	case RET_VOID:
	case RET_NEVER: /* a tail call that fails leaves nothing, as in Linux */
		reg_set_uninit(r0);
		break;
	case RET_MAP_VALUE:
	case RET_MAP_VALUE_OR_NULL:
		err = set_map_value(env, call, call->helper->ret == RET_MAP_VALUE_OR_NULL);
		break;
	case RET_SOCK_OR_NULL:
		set_pointer(env, REG_SOCKET, REG_NULLABLE);
		break;
	case RET_TCP_SOCK_OR_NULL:
		set_pointer(env, REG_TCP_SOCK, REG_NULLABLE);
		break;
	case RET_SOCK_COMMON_OR_NULL:
		set_pointer(env, REG_SOCK_COMMON, REG_NULLABLE);
		break;
	case RET_MEM_OR_NULL:
	case RET_DYNPTR_MEM_OR_NULL:
		set_pointer(env, REG_MEM, REG_NULLABLE);
		r0->size = (u32)call->alloc_size;
		if (call->helper->ret == RET_MEM_OR_NULL)
			r0->flags |= REG_RINGBUF;
		r0->map_uid = call->dynptr_id; /* dies with its dynptr */
		break;
	default:
		set_pointer(env, REG_KERNEL,
			    call->helper->ret == RET_BTF_ID ||
					    call->helper->ret == RET_MEM_OR_BTF_ID
				    ? 0
				    : REG_NULLABLE);
		r0->size = 4096; /* its type is not known here */
		break;
	}
	if (reg_is_pointer(r0) && r0->flags & REG_NULLABLE)
		r0->id = new_id(env);
	return err;
}

static int set_reference(struct env *env, struct call *call)
{
	struct reg *r0 = cur_reg(env, 0);
	u32 id;
	int err;

	switch (call->helper->id) {
	case H_tcp_sock: /* the same object, seen as another kind */
	case H_sk_fullsock:
	case H_skc_to_tcp_sock:
	case H_skc_to_tcp6_sock:
	case H_skc_to_udp6_sock:
	case H_skc_to_tcp_timewait_sock:
	case H_skc_to_tcp_request_sock:
	case H_dynptr_data:
		r0->ref = call->ref;
		return 0;
	case H_map_lookup_elem:
		if (!is_sock_map(call->map))
			return 0;
		break;
	default:
		if (!(call->helper->flags & HELPER_ACQUIRE) || call->dynptr_regno)
			return 0;
		break;
	}
	err = ref_acquire(env, &id);
	if (err)
		return err;
	r0->id = id;
	r0->ref = id;
	return 0;
}

static void refine_result(struct env *env, const struct call *call)
{
	struct reg *r0 = cur_reg(env, 0);

	switch (call->helper->id) {
	case H_get_stack:
	case H_get_task_stack:
	case H_probe_read_str:
	case H_probe_read_kernel_str:
	case H_probe_read_user_str:
		if (call->most_bytes < MAX_VAR_OFF)
			r0->num = num_srange(-4095, (s64)call->most_bytes);
		break;
	case H_get_smp_processor_id:
		r0->num = num_range(0, CPU_MAX - 1);
		break;
	default:
		break;
	}
}

int check_helper_call(struct env *env, const struct skep_insn *insn)
{
	struct call call = {.helper = helper_find(insn->imm)};
	u32 callsite = env->insn;
	int err;

	if (!call.helper)
		return reject(env, -EINVAL, RULE_HELPER_UNKNOWN, "there is no helper number %d",
			      insn->imm);
	err = check_allowed(env, call.helper);
	if (!err)
		err = check_arguments(env, &call);
	if (err)
		return err;
	facts_call(env, call.map, call.key_known, call.key);
	err = make_dynptr(env, &call);
	if (!err)
		err = release(env, &call);
	if (!err)
		err = check_special(env, &call);
	if (err)
		return err;
	for (u32 i = 0; i < CALLER_SAVED; i++)
		reg_set_uninit(cur_reg(env, i));
	err = set_result(env, &call);
	if (!err)
		err = set_reference(env, &call);
	if (err)
		return err;
	refine_result(env, &call);
	/* a tail call that returns did nothing */
	if (call.helper->flags & HELPER_PKT && call.helper->id != H_tail_call)
		clear_packet_pointers(env);
	env->prev_insn = callsite;
	env->insn = callsite + 1;
	return 0;
}
