/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the walk learnt, per instruction, joined over all paths, for the passes that follow:
 * ranges and kinds of operands, maps and constant keys, branches that are never taken.
 * Paths that were pruned are covered by the state that ended them, but for numbers that no check
 * relied on: loose.c takes their facts back.
 */
#include "verifier/env.h"

#include <inttypes.h>
#include <stdlib.h>

int facts_new(struct env *env)
{
	struct verifier_facts *facts = calloc(1, sizeof(*facts));

	env->facts = facts;
	if (!facts)
		return -ENOMEM;
	facts->nr_insns = env->nr;
	facts->insns = calloc(env->nr, sizeof(*facts->insns));
	facts->subprogs = calloc(env->nr_subprogs, sizeof(*facts->subprogs));
	facts->nr_subprogs = env->nr_subprogs;
	return facts->insns && facts->subprogs ? 0 : -ENOMEM;
}

static enum value_kind kind_of(const struct reg *reg)
{
	static const u8 kinds[REG_TYPE_MAX] = {
		[REG_UNINIT] = VALUE_NONE,
		[REG_SCALAR] = VALUE_SCALAR,
		[REG_CTX] = VALUE_CTX,
		[REG_MAP] = VALUE_MAP,
		[REG_MAP_VALUE] = VALUE_MAP_VALUE,
		[REG_MAP_KEY] = VALUE_MAP_KEY,
		[REG_STACK] = VALUE_STACK,
		[REG_PACKET_META] = VALUE_PACKET_META,
		[REG_PACKET] = VALUE_PACKET,
		[REG_PACKET_END] = VALUE_PACKET_END,
		[REG_MEM] = VALUE_MEM,
		[REG_SOCKET] = VALUE_SOCKET,
		[REG_SOCK_COMMON] = VALUE_SOCKET,
		[REG_TCP_SOCK] = VALUE_SOCKET,
		[REG_XDP_SOCK] = VALUE_SOCKET,
		[REG_FUNC] = VALUE_FUNC,
		[REG_KERNEL] = VALUE_MEM,
	};

	return kinds[reg->type];
}

static void value_first(struct value_facts *value, const struct reg *reg)
{
	value->kind = (u8)kind_of(reg);
	value->maybe_null = reg_is_pointer(reg) && reg->flags & REG_NULLABLE;
	value->map = reg->map ? reg->map->index : -1;
	value->off = reg_is_pointer(reg) ? reg->off : 0;
	value->num = reg->num;
}

static struct num moved(const struct num *num, s32 off)
{
	struct num by = num_const((u64)(s64)off);

	return num_alu(NUM_ADD, num, &by);
}

static void value_join(struct value_facts *value, const struct reg *reg)
{
	struct value_facts other;

	value_first(&other, reg);
	if (value->kind != other.kind) {
		*value = (struct value_facts){.kind = VALUE_MIXED, .map = -1, .num = num_unknown()};
		return;
	}
	value->maybe_null |= other.maybe_null;
	if (value->map != other.map)
		value->map = -1;
	if (value->off != other.off) {
		value->num = moved(&value->num, value->off);
		other.num = moved(&other.num, other.off);
		value->off = 0;
	}
	if (!num_within(&other.num, &value->num))
		value->num = num_join(&value->num, &other.num);
}

static void value_note(struct value_facts *value, const struct reg *reg, bool first)
{
	if (first)
		value_first(value, reg);
	else
		value_join(value, reg);
}

void facts_before(struct env *env)
{
	struct insn_facts *facts = &env->facts->insns[env->insn];
	const struct insn_desc *desc = &insn_descs[env->aux[env->insn].id];
	const struct skep_insn *insn = &env->insns[env->insn];
	bool first = !facts->reached;
	const struct reg *ptr;
	u32 alignment;

	if (first) {
		facts->reached = true;
		facts->map = -1;
		facts->dst.map = facts->src.map = -1;
		facts->alignment = 8;
	}
	if (desc->flags & INSN_READS_DST)
		value_note(&facts->dst, cur_reg(env, insn->dst), first);
	if (desc->flags & INSN_READS_SRC)
		value_note(&facts->src, cur_reg(env, insn->src), first);
	if (desc->kind != INSN_KIND_LOAD && desc->kind != INSN_KIND_STORE &&
	    desc->kind != INSN_KIND_ATOMIC)
		return;
	ptr = cur_reg(env, desc->kind == INSN_KIND_LOAD ? insn->src : insn->dst);
	alignment = tnum_alignment(ptr->num.bits, (u64)((s64)ptr->off + insn->off));
	facts->alignment = alignment < facts->alignment ? alignment : facts->alignment;
}

void facts_branch(struct env *env, u32 insn, u8 branches)
{
	env->facts->insns[insn].branches |= branches;
}

void facts_call(struct env *env, const struct vmap *map, bool key_known, u64 key)
{
	struct insn_facts *facts = &env->facts->insns[env->insn];
	s32 index = map ? map->index : -1;

	if (!facts->called) {
		facts->called = true;
		facts->map = index;
		facts->const_key = key_known;
		facts->const_key_value = key;
		return;
	}
	if (facts->map != index)
		facts->map = -1;
	if (!key_known || facts->const_key_value != key)
		facts->const_key = false;
}

/* Does a 32-bit operation or a narrow load leave an upper half that someone reads? */
static bool needs_zext(const struct env *env, u32 at)
{
	const struct insn_desc *desc = &insn_descs[env->aux[at].id];
	const struct skep_insn *insn = &env->insns[at];
	u32 written = insn->dst;

	if (desc->kind == INSN_KIND_ATOMIC && desc->size == 4 && desc->flags & INSN_FETCH)
		written = desc->flags & INSN_WRITES_R0 ? 0 : insn->src;
	else if (desc->kind != INSN_KIND_ALU32 &&
		 !(desc->kind == INSN_KIND_LOAD && desc->size < 8 &&
		   !(desc->flags & INSN_SIGNED)) &&
		 !(desc->kind == INSN_KIND_SWAP && desc->size < 8))
		return false;
	return env->aux[at].live_upper_out >> written & 1;
}

void facts_end(struct env *env)
{
	struct verifier_facts *facts = env->facts;

	loose_forget(env);
	for (u32 at = 0; at < env->nr; at += insn_descs[env->aux[at].id].slots)
		facts->insns[at].zext = needs_zext(env, at);
	for (u32 i = 0; i < env->nr_subprogs; i++) {
		const struct subprog *subprog = &env->subprogs[i];

		facts->subprogs[i] = (struct subprog_facts){
			.insn = subprog->start,
			.nr_insns = subprog->end - subprog->start,
			.stack_depth = subprog->stack_depth,
			.tail_call = subprog->has_tail_call,
			.callback = subprog->is_callback,
		};
	}
}

static void print_value(struct buf *out, const char *name, const struct value_facts *value)
{
	static const char *const kinds[] = {
		[VALUE_NONE] = "none",
		[VALUE_SCALAR] = "scalar",
		[VALUE_CTX] = "ctx",
		[VALUE_STACK] = "stack",
		[VALUE_PACKET] = "packet",
		[VALUE_PACKET_META] = "packet_meta",
		[VALUE_PACKET_END] = "packet_end",
		[VALUE_MAP] = "map",
		[VALUE_MAP_VALUE] = "map_value",
		[VALUE_MAP_KEY] = "map_key",
		[VALUE_MEM] = "mem",
		[VALUE_SOCKET] = "socket",
		[VALUE_FUNC] = "func",
		[VALUE_MIXED] = "mixed",
	};

	if (value->kind == VALUE_NONE)
		return;
	buf_printf(out, " %s=%s%s", name, kinds[value->kind], value->maybe_null ? "?" : "");
	if (value->map >= 0)
		buf_printf(out, "#%d", value->map);
	if (value->off)
		buf_printf(out, "%+d", value->off);
	if (num_is_const(&value->num))
		buf_printf(out, "[%" PRId64 "]", (s64)value->num.bits.value);
	else if (!num_is_unknown(&value->num))
		buf_printf(out, "[%" PRIu64 "..%" PRIu64 "]", value->num.umin, value->num.umax);
}

void verify_facts_print(struct buf *out, const struct verify_input *in,
			const struct verifier_facts *facts)
{
	for (u32 at = 0; at < facts->nr_insns; at++) {
		const struct insn_facts *insn = &facts->insns[at];

		if (at && insn_descs[insn_decode(&in->insns[at - 1])].slots == 2 &&
		    !in->insns[at].code)
			continue;
		buf_printf(out, "%u: ", at);
		insn_print(out, in->insns, in->nr_insns, at, NULL);
		buf_printf(out, "  ;");
		if (!insn->reached)
			buf_printf(out, " dead");
		print_value(out, "dst", &insn->dst);
		print_value(out, "src", &insn->src);
		if (insn->branches == BRANCH_TAKEN || insn->branches == BRANCH_FALLS)
			buf_printf(out, " always %s",
				   insn->branches == BRANCH_TAKEN ? "taken" : "falls through");
		if (insn->map >= 0)
			buf_printf(out, " map#%d", insn->map);
		if (insn->const_key)
			buf_printf(out, " key=%" PRIu64, insn->const_key_value);
		if (insn->zext)
			buf_printf(out, " zext");
		buf_printf(out, "\n");
	}
}
