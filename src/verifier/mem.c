/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Loads and stores: each kind of pointer has its own idea of what lies behind it. Memory of a
 * known size takes any offset that is proven inside; packets what a comparison with data_end
 * proved; the context a table (context.c); the stack is in stack.c.
 */
#include "verifier/env.h"

static const char *verb(enum access access)
{
	return access == ACCESS_READ ? "read" : "write";
}

int check_alignment(struct env *env, const struct reg *reg, s32 off, u32 size, bool strict)
{
	s64 fixed = (s64)reg->off + off;

	strict |= env->strict || reg->type == REG_STACK;
	if (!strict || size == 1)
		return 0;
	if (reg_is_packet(reg))
		fixed += 2; /* the network header stands two bytes behind an aligned one */
	if (tnum_alignment(reg->num.bits, (u64)fixed) >= size)
		return 0;
	return reject(
		env, -EACCES, RULE_ALIGNMENT,
		"access of %u byte%s through %s at an offset that may not be a multiple of %u",
		size, PLURAL(size), reg_type_name(reg), size);
}

static int reject_bounds(struct env *env, enum rule rule, u32 regno, s64 off, u32 size, u64 limit)
{
	const struct reg *reg = cur_reg(env, regno);
	int err = reject(env, -EACCES, rule,
			 "access of %u byte%s through r%u, %s, may be outside of it", size,
			 PLURAL(size), regno, reg_type_name(reg));

	if (num_is_const(&reg->num))
		explain_proven(env, "the access is at offset %lld",
			       (long long)(off + (s64)reg->num.bits.value));
	else
		explain_proven(env, "the access is at an offset in [%lld, %lld]",
			       (long long)(reg->num.smin + off),
			       (long long)((s64)reg->num.umax + off));
	explain_needed(env, "an offset in [0, %lld] (%llu byte%s there)",
		       (long long)((s64)limit - size), (unsigned long long)limit, PLURAL(limit));
	return err;
}

/* [off, off + size) with the register's variable offset, inside [0, limit). */
static int check_region(struct env *env, u32 regno, s32 off, u32 size, u64 limit, bool zero_allowed)
{
	const struct reg *reg = cur_reg(env, regno);
	s64 low;

	if (!size && !zero_allowed)
		return reject(env, -EACCES, RULE_ZERO_SIZE, "access of zero bytes through r%u",
			      regno);
	if (__builtin_add_overflow(reg->num.smin, (s64)off, &low) || low < 0 ||
	    reg->num.umax >= MAX_VAR_OFF || (s64)reg->num.umax + off + size > (s64)limit ||
	    (u64)low + size > limit)
		return reject_bounds(env, RULE_BOUNDS, regno, off, size, limit);
	return 0;
}

static int check_fields(struct env *env, u32 regno, s32 off, u32 size, bool direct)
{
	static const char *const names[] = {
		[FIELD_SPIN_LOCK] = "a spin lock",
		[FIELD_TIMER] = "a timer",
		[FIELD_KPTR] = "a kernel pointer",
		[FIELD_OTHER] = "an object of the kernel",
	};
	const struct reg *reg = cur_reg(env, regno);
	s64 min = reg->num.smin + off, max = (s64)reg->num.umax + off + size;
	const struct field *field = vmap_field_in(reg->map, min, max);

	if (!field)
		return 0;
	if (field->kind == FIELD_KPTR && direct && num_is_const(&reg->num) &&
	    min == (s64)field->off && size == 8)
		return 0;
	return reject(env, -EACCES, RULE_SPECIAL_FIELD,
		      "access to bytes %lld to %lld of a value of map %s, where %s is kept",
		      (long long)min, (long long)max - 1, reg->map->def->name, names[field->kind]);
}

int check_map_access(struct env *env, u32 regno, s32 off, u32 size, bool zero_allowed,
		     enum access access)
{
	const struct reg *reg = cur_reg(env, regno);
	u32 flags = reg->map->def->map_flags;
	int err;

	if (access == ACCESS_WRITE && flags & SKEP_F_RDONLY_PROG)
		return reject(env, -EACCES, RULE_MAP_READ_ONLY,
			      "write to map %s, which programs may only read", reg->map->def->name);
	if (access == ACCESS_READ && flags & SKEP_F_WRONLY_PROG)
		return reject(env, -EACCES, RULE_MAP_WRITE_ONLY,
			      "read from map %s, which programs may only write",
			      reg->map->def->name);
	err = check_region(env, regno, off, size, reg->map->def->value_size, zero_allowed);
	return err || !size ? err : check_fields(env, regno, off, size, false);
}

static int check_packet(struct env *env, u32 regno, s32 off, u32 size, bool zero_allowed)
{
	const struct reg *reg = cur_reg(env, regno);
	int err;

	if (!size && !zero_allowed)
		return reject(env, -EACCES, RULE_ZERO_SIZE, "access of zero bytes through r%u",
			      regno);
	if (reg->num.smin >= 0 && reg->range >= 0 && off >= 0 && (s64)off + size <= (s64)reg->range)
		return 0;
	err = reject(env, -EACCES, RULE_PACKET_BOUNDS,
		     "access of %u byte%s through r%u, %s, before it is shown that %s there", size,
		     PLURAL(size), regno, reg_type_name(reg), size == 1 ? "it is" : "they are");
	if (reg->num.smin < 0)
		explain_proven(env, "the variable part of its offset may be negative: %lld",
			       (long long)reg->num.smin);
	else if (reg->range > 0)
		explain_proven(env, "%d byte%s from its base on %s inside the packet", reg->range,
			       PLURAL(reg->range), reg->range == 1 ? "is" : "are");
	else
		explain_proven(env, "no comparison with the packet's end covers it on this path");
	if (off >= 0)
		explain_needed(env, "%lld byte%s", (long long)off + size, PLURAL(off + (s64)size));
	else
		explain_needed(env, "an offset that is not negative (it is %d)", off);
	return err;
}

int check_no_offset(struct env *env, u32 regno, bool fixed_allowed)
{
	const struct reg *reg = cur_reg(env, regno);

	if (reg->off && !fixed_allowed)
		return reject(env, -EACCES, RULE_POINTER_OFFSET,
			      "r%u, %s, must be used as it was given, not at offset %d", regno,
			      reg_type_name(reg), reg->off);
	if (!num_is(&reg->num, 0))
		return reject(env, -EACCES, RULE_POINTER_OFFSET,
			      "r%u, %s, must not have a variable offset", regno,
			      reg_type_name(reg));
	return 0;
}

static int load_map_value(struct env *env, u32 regno, s32 off, u32 size, struct reg *ret)
{
	const struct reg *reg = cur_reg(env, regno);
	u64 value;
	int err;

	if (reg->map->def->map_flags & SKEP_F_WRONLY_PROG)
		return check_map_access(env, regno, off, size, false, ACCESS_READ);
	err = check_region(env, regno, off, size, reg->map->def->value_size, false);
	if (!err)
		err = check_fields(env, regno, off, size, true);
	if (err)
		return err;
	if (vmap_field_in(reg->map, reg->num.smin + off, (s64)reg->num.umax + off + size)) {
		reg_set_pointer(ret, REG_KERNEL, REG_NULLABLE);
		ret->id = new_id(env);
	} else if (num_is_const(&reg->num) &&
		   vmap_read_const(reg->map, (u64)((s64)reg->num.bits.value + off), size, &value)) {
		reg_set_const(ret, value);
	}
	return 0;
}

/* Fields of struct bpf_map that programs may read: none has a meaning here but its pointers. */
static int reject_kind(struct env *env, u32 regno, enum access access)
{
	const struct reg *reg = cur_reg(env, regno);
	int err;

	if (reg->flags & REG_NULLABLE)
		return reject(env, -EACCES, RULE_NULL_CHECK,
			      "%s through r%u, %s, which may be NULL on this path", verb(access),
			      regno, reg_type_name(reg));
	if (reg->type == REG_SCALAR && num_is(&reg->num, 0))
		return reject(env, -EACCES, RULE_NULL_CHECK,
			      "%s through r%u, which is NULL on this path", verb(access), regno);
	if (reg->type == REG_SCALAR) {
		err = reject(env, -EACCES, RULE_NOT_A_POINTER,
			     "%s through r%u, which holds a number and no pointer", verb(access),
			     regno);
		explain_lost_pointer(env, regno);
		return err;
	}
	return reject(env, -EACCES, RULE_NOT_ACCESSIBLE, "%s through r%u, which is %s",
		      verb(access), regno, reg_type_name(reg));
}

static int access_mem(struct env *env, u32 regno, s32 off, u32 size, enum access access)
{
	const struct reg *reg = cur_reg(env, regno);

	if (access == ACCESS_WRITE && reg->flags & REG_RDONLY)
		return reject(env, -EACCES, RULE_READ_ONLY,
			      "write through r%u, which points to memory that is read only", regno);
	return check_region(env, regno, off, size, reg->size, false);
}

static int access_packet(struct env *env, u32 regno, s32 off, u32 size, enum access access)
{
	if (access == ACCESS_WRITE && !context_packet_writable(env))
		return reject(env, -EACCES, RULE_PACKET_READ_ONLY,
			      "programs of this hook may not write to packets");
	return check_packet(env, regno, off, size, false);
}

/*
 * Objects of the kernel that helpers hand out; only a kernel has such helpers, so that these
 * accesses are checked but never run here. What a map value says is a kernel pointer could be any
 * number here, and nothing is read through it (size 0).
 */
static int access_kernel(struct env *env, u32 regno, s32 off, u32 size, enum access access)
{
	const struct reg *reg = cur_reg(env, regno);

	if (access == ACCESS_WRITE)
		return reject(env, -EACCES, RULE_READ_ONLY, "write through r%u, which is %s", regno,
			      reg_type_name(reg));
	if (off < 0 || !num_is(&reg->num, 0) || off + (s64)size > (s64)reg->size)
		return reject_bounds(env, RULE_BOUNDS, regno, off, size, reg->size);
	return 0;
}

/* All but the stack. *ret was set to an unknown number, what is known better replaces it. */
static int access_region(struct env *env, u32 regno, s32 off, u32 size, enum access access,
			 struct reg *ret)
{
	const struct reg *reg = cur_reg(env, regno);
	int err;

	if (reg->flags & REG_NULLABLE)
		return reject_kind(env, regno, access);
	off += reg->off;
	switch (reg->type) {
	case REG_MAP_VALUE:
		if (access == ACCESS_READ)
			return load_map_value(env, regno, off, size, ret);
		return check_map_access(env, regno, off, size, false, access);
	case REG_MAP_KEY:
		if (access == ACCESS_WRITE)
			return reject(env, -EACCES, RULE_READ_ONLY,
				      "write through r%u, which points to a key of a map", regno);
		return check_region(env, regno, off, size, reg->map->def->key_size, false);
	case REG_MEM:
		return access_mem(env, regno, off, size, access);
	case REG_CTX:
		err = check_no_offset(env, regno, false);
		return err ? err : check_context(env, off, size, access, ret);
	case REG_PACKET:
	case REG_PACKET_META:
		return access_packet(env, regno, off, size, access);
	case REG_SOCKET:
	case REG_SOCK_COMMON:
	case REG_TCP_SOCK:
	case REG_XDP_SOCK:
		if (access == ACCESS_WRITE)
			return reject(env, -EACCES, RULE_READ_ONLY,
				      "write through r%u, which is %s", regno, reg_type_name(reg));
		return check_sock_field(env, regno, off, size);
	case REG_KERNEL:
		return access_kernel(env, regno, off, size, access);
	default:
		return reject_kind(env, regno, access);
	}
}

static void finish_load(struct reg *reg, u32 size, bool sign)
{
	if (reg->type != REG_SCALAR || size == 8)
		return;
	reg->num = sign ? num_sext(&reg->num, size * 8) : num_zext(&reg->num, size * 8);
	if (sign)
		reg->id = 0;
}

static bool is_rewritten(u8 type)
{
	switch (type) {
	case REG_CTX:
	case REG_SOCKET:
	case REG_SOCK_COMMON:
	case REG_TCP_SOCK:
	case REG_XDP_SOCK:
	case REG_KERNEL:
		return true;
	default:
		return false;
	}
}

/*
 * Targets may turn an access to a context or a socket into another instruction: it must be one on
 * every path.
 */
static int check_same_kind(struct env *env, u8 type)
{
	u8 *before = &env->aux[env->insn].pointer_type;

	if (*before == REG_UNINIT)
		*before = type;
	else if (*before != type && (is_rewritten(*before) || is_rewritten(type)))
		return reject(
			env, -EINVAL, RULE_MIXED_POINTERS,
			"this instruction accesses %s here, and something else on another path",
			reg_type_name(&(struct reg){.type = type}));
	return 0;
}

int check_load(struct env *env, const struct skep_insn *insn, const struct insn_desc *desc)
{
	u8 cur_type = cur_reg(env, insn->src)->type;
	struct reg result;
	int err = read_reg(env, insn->src);

	if (!err)
		err = write_reg(env, insn->dst);
	if (!err)
		err = check_alignment(env, cur_reg(env, insn->src), insn->off, desc->size, false);
	if (err)
		return err;
	reg_set_unknown(&result);
	if (cur_reg(env, insn->src)->type == REG_STACK)
		err = check_stack_load(env, insn->src, insn->off, desc->size, &result);
	else
		err = access_region(env, insn->src, insn->off, desc->size, ACCESS_READ, &result);
	if (!err)
		err = check_same_kind(env, cur_type);
	if (err)
		return err;
	if (result.type != REG_SCALAR && desc->flags & INSN_SIGNED)
		return reject(env, -EACCES, RULE_CONTEXT_FIELD,
			      "a load with sign extension of a pointer");
	finish_load(&result, desc->size, desc->flags & INSN_SIGNED);
	*cur_reg(env, insn->dst) = result;
	return 0;
}

int check_store(struct env *env, const struct skep_insn *insn, const struct insn_desc *desc)
{
	bool has_src = desc->flags & INSN_READS_SRC;
	const struct reg *ptr;
	struct reg value;
	int err = read_reg(env, insn->dst);

	if (!err && has_src)
		err = read_reg(env, insn->src);
	if (!err)
		err = check_alignment(env, cur_reg(env, insn->dst), insn->off, desc->size, false);
	if (err)
		return err;
	ptr = cur_reg(env, insn->dst);
	if (has_src)
		value = *cur_reg(env, insn->src);
	else
		reg_set_const(&value, (u64)(s64)insn->imm);
	if (desc->flags & INSN_ORDERED &&
	    (ptr->type == REG_CTX || reg_is_packet(ptr) || ptr->type == REG_SOCKET ||
	     ptr->type == REG_SOCK_COMMON || ptr->type == REG_TCP_SOCK ||
	     ptr->type == REG_XDP_SOCK))
		return reject(env, -EACCES, RULE_ATOMIC, "store with release through r%u, %s",
			      insn->dst, reg_type_name(ptr));
	err = check_same_kind(env, ptr->type);
	if (err)
		return err;
	if (ptr->type == REG_STACK)
		return check_stack_store(env, insn->dst, insn->off, desc->size, &value,
					 has_src ? insn->src : -1);
	return access_region(env, insn->dst, insn->off, desc->size, ACCESS_WRITE, NULL);
}

static bool takes_atomics(const struct reg *reg)
{
	switch (reg->type) {
	case REG_CTX:
	case REG_PACKET:
	case REG_PACKET_META:
	case REG_SOCKET:
	case REG_SOCK_COMMON:
	case REG_TCP_SOCK:
	case REG_XDP_SOCK:
		return false;
	default:
		return true;
	}
}

/* *ret: what was there before. */
static int check_atomic_memory(struct env *env, const struct skep_insn *insn, u32 size,
			       struct reg *ret)
{
	int err;

	if (cur_reg(env, insn->dst)->type == REG_STACK) {
		err = check_stack_load(env, insn->dst, insn->off, size, ret);
		if (!err)
			err = check_stack_store(env, insn->dst, insn->off, size, NULL, -1);
		return err;
	}
	err = access_region(env, insn->dst, insn->off, size, ACCESS_READ, ret);
	reg_set_unknown(ret); /* others may have changed it since */
	if (!err)
		err = access_region(env, insn->dst, insn->off, size, ACCESS_WRITE, NULL);
	return err;
}

int check_atomic(struct env *env, const struct skep_insn *insn, const struct insn_desc *desc)
{
	bool is_cmpxchg = desc->flags & INSN_WRITES_R0;
	u32 fetched = is_cmpxchg ? 0 : insn->src;
	struct reg before;
	int err = read_reg(env, insn->src);

	if (!err)
		err = read_reg(env, insn->dst);
	if (!err && is_cmpxchg)
		err = read_reg(env, 0);
	if (!err && desc->flags & INSN_FETCH)
		err = write_reg(env, fetched);
	if (err)
		return err;
	if (!takes_atomics(cur_reg(env, insn->dst)))
		return reject(env, -EACCES, RULE_ATOMIC, "atomic operation through r%u, %s",
			      insn->dst, reg_type_name(cur_reg(env, insn->dst)));
	err = check_alignment(env, cur_reg(env, insn->dst), insn->off, desc->size, true);
	if (!err)
		err = check_same_kind(env, cur_reg(env, insn->dst)->type);
	reg_set_unknown(&before);
	if (!err)
		err = check_atomic_memory(env, insn, desc->size, &before);
	if (err || !(desc->flags & INSN_FETCH))
		return err;
	finish_load(&before, desc->size, false);
	*cur_reg(env, fetched) = before;
	return 0;
}

/*
 * Where the packet lacks the bytes, the function returns 0 in the middle of what it does: its
 * caller goes on, and nothing of what follows the load was done. The path that found them waits.
 */
static int legacy_misses(struct env *env)
{
	int err = 0;

	if (!push_branch(env, env->insn + 1, &err))
		return err;
	reg_set_const(cur_reg(env, 0), 0);
	return return_to_caller(env);
}

int check_legacy(struct env *env, const struct skep_insn *insn, const struct insn_desc *desc)
{
	int err;

	if (!context_has_legacy(env))
		return reject(env, -EINVAL, RULE_LEGACY_LOAD,
			      "LD_ABS and LD_IND are only for programs that get an skb");
	err = check_no_refs(env, "LD_ABS");
	if (!err)
		err = read_reg(env, 6);
	if (!err)
		err = desc->flags & INSN_READS_SRC ? read_reg(env, insn->src) : 0;
	if (err)
		return err;
	if (cur_reg(env, 6)->type != REG_CTX)
		return reject(env, -EINVAL, RULE_LEGACY_LOAD,
			      "r6 must hold the context when LD_ABS is used; it is %s",
			      reg_type_name(cur_reg(env, 6)));
	err = check_no_offset(env, 6, false);
	if (err)
		return err;
	for (u32 i = 0; i < CALLER_SAVED; i++)
		reg_set_uninit(cur_reg(env, i));
	reg_set_unknown(cur_reg(env, 0));
	finish_load(cur_reg(env, 0), desc->size < 4 ? desc->size : 4, false);
	if (env->cur->depth)
		return legacy_misses(env);
	env->prev_insn = env->insn++; /* a miss ends the program */
	return 0;
}

int check_helper_mem(struct env *env, u32 regno, u32 size, enum access access, bool zero_allowed,
		     bool raw)
{
	const struct reg *reg = cur_reg(env, regno);

	switch (reg->type) {
	case REG_PACKET:
	case REG_PACKET_META:
		if (access == ACCESS_WRITE && !context_packet_writable(env))
			return reject(env, -EACCES, RULE_PACKET_READ_ONLY,
				      "programs of this hook may not write to packets");
		return check_packet(env, regno, reg->off, size, zero_allowed);
	case REG_MAP_KEY:
		if (access == ACCESS_WRITE)
			return reject(env, -EACCES, RULE_READ_ONLY,
				      "the helper writes through r%u, a key of a map", regno);
		return check_region(env, regno, reg->off, size, reg->map->def->key_size,
				    zero_allowed);
	case REG_MAP_VALUE:
		return check_map_access(env, regno, reg->off, size, zero_allowed, access);
	case REG_MEM:
		if (access == ACCESS_WRITE && reg->flags & REG_RDONLY)
			return reject(env, -EACCES, RULE_READ_ONLY,
				      "the helper writes through r%u, which is read only", regno);
		return check_region(env, regno, reg->off, size, reg->size, zero_allowed);
	case REG_STACK:
		return check_stack_helper(env, regno, size, access, raw, zero_allowed);
	default:
		if (zero_allowed && !size && reg_is_null(reg))
			return mark_precise(env, regno);
		return reject(env, -EACCES, RULE_HELPER_ARGUMENT,
			      "r%u is %s; the helper needs memory there", regno,
			      reg_type_name(reg));
	}
}
