/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the translator must know before it writes a byte: functions, jump targets, how each helper
 * call will be done, and which registers are read later.
 *
 * Liveness is the usual backward analysis, except that an instruction which computes only what
 * nobody reads counts as absent: with
 *
 *	out(i) = union of in(s) over successors s
 *	in(i)  = out(i)                        if i is pure and defines nothing in out(i)
 *	         out(i) - def(i) + use(i)      otherwise
 *
 * the least solution (sets grow from empty) leaves such instructions out, cycles of them as well.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "insn/helper.h"
#include "map/map.h"
#include "target/x86_64/jit.h"

_Static_assert(INSN_ID_MAX <= UINT8_MAX, "jit_note.id holds an enum insn_id");

#define REG(n) (1u << (n))
#define ARGS (REG(1) | REG(2) | REG(3) | REG(4) | REG(5))

static const struct insn_desc *desc_at(const struct jit *jit, u32 at)
{
	return &insn_descs[jit->notes[at].id];
}

static const struct insn_facts *facts_at(const struct jit *jit, u32 at)
{
	return jit->in->facts ? &jit->in->facts->insns[at] : NULL;
}

/* --- functions ------------------------------------------------------------------------ */

static int func_compare(const void *a, const void *b)
{
	const struct jit_func *x = a, *y = b;

	return (x->insn > y->insn) - (x->insn < y->insn);
}

static bool func_known(const struct jit *jit, u32 insn)
{
	for (u32 i = 0; i < jit->nr_funcs; i++)
		if (jit->funcs[i].insn == insn)
			return true;
	return false;
}

static int func_add(struct jit *jit, u32 insn)
{
	struct jit_func *more;

	if (func_known(jit, insn))
		return 0;
	more = realloc(jit->funcs, (jit->nr_funcs + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	jit->funcs = more;
	jit->funcs[jit->nr_funcs++] = (struct jit_func){.insn = insn, .stack = SKEP_STACK_SIZE};
	return 0;
}

static int funcs_find(struct jit *jit)
{
	int err = func_add(jit, 0);

	for (u32 at = 0; !err && at < jit->in->nr_insns; at += desc_at(jit, at)->slots) {
		u32 id = jit->notes[at].id;

		if (id == INSN_CALL_LOCAL || id == INSN_LD_FUNC)
			err = func_add(jit, (u32)insn_target(jit->in->insns, at));
	}
	if (err)
		return err;
	qsort(jit->funcs, jit->nr_funcs, sizeof(*jit->funcs), func_compare);
	for (u32 i = 0; i < jit->nr_funcs; i++) {
		u32 end = i + 1 < jit->nr_funcs ? jit->funcs[i + 1].insn : jit->in->nr_insns;

		jit->funcs[i].nr_insns = end - jit->funcs[i].insn;
		jit->notes[jit->funcs[i].insn].target = true;
	}
	return 0;
}

/* --- calls ---------------------------------------------------------------------------- */

static u32 written_at(const struct jit *jit, u32 at)
{
	const struct insn_desc *desc = desc_at(jit, at);
	const struct skep_insn *insn = &jit->in->insns[at];
	u32 set = 0;

	if (desc->flags & INSN_WRITES_DST)
		set |= REG(insn->dst);
	if (desc->flags & INSN_WRITES_SRC)
		set |= REG(insn->src);
	if (desc->flags & INSN_WRITES_R0)
		set |= REG(0);
	if (desc->flags & INSN_CLOBBERS_ARGS)
		set |= ARGS;
	return jit->notes[at].call == JIT_CALL_TAIL ? 0 : set;
}

/* The map that `reg` holds at `at`, as far as straight code tells; NULL: not known. */
static struct skep_map *map_in(const struct jit *jit, u32 at, u32 reg)
{
	while (at && !jit->notes[at].target) {
		const struct skep_insn *insn = &jit->in->insns[--at];

		if (!jit->notes[at].id || !(written_at(jit, at) & REG(reg)))
			continue;
		if (jit->notes[at].id == INSN_LD_MAP_IDX)
			return (u32)insn->imm < jit->in->nr_maps ? jit->in->maps[insn->imm] : NULL;
		if (jit->notes[at].id != INSN_MOV64_REG)
			return NULL;
		reg = insn->src;
	}
	return NULL;
}

static enum jit_call look_up(const struct jit *jit, u32 at, const struct skep_map *map)
{
	const struct insn_facts *facts = facts_at(jit, at);
	bool array = map->def.type == SKEP_MAP_ARRAY;
	bool constant = facts && facts->const_key && facts->map >= 0 &&
			(u32)facts->map < jit->in->nr_maps && jit->in->maps[facts->map] == map;

	if ((!array && map->def.type != SKEP_MAP_PERCPU_ARRAY) || map->value_stride > INT32_MAX)
		return JIT_CALL_BODY;
	if (!array)
		return JIT_CALL_PERCPU_ARRAY;
	if (!constant)
		return JIT_CALL_ARRAY;
	return facts->const_key_value < map->def.max_entries ? JIT_CALL_CONST : JIT_CALL_MISS;
}

/* Bodies that look at no more of helper_env than what a worker sets once. */
static bool needs_env(const char *name)
{
	static const char *const plain[] = {
		"map_lookup_elem",      "map_update_elem",     "map_delete_elem", "ktime_get_ns",
		"ktime_get_boot_ns",    "ktime_get_coarse_ns", "jiffies64",       "get_prandom_u32",
		"get_smp_processor_id", "csum_diff",           "xdp_adjust_head", "xdp_adjust_meta",
		"xdp_adjust_tail",      "xdp_get_buff_len",    "xdp_load_bytes",  "xdp_store_bytes",
	};

	for (size_t i = 0; i < ARRAY_SIZE(plain); i++)
		if (!strcmp(plain[i], name))
			return false;
	return true;
}

static void call_choose(struct jit *jit, u32 at)
{
	const struct helper_desc *helper = helper_find(jit->in->insns[at].imm);
	const char *name = helper ? helper->name : "";
	struct jit_note *note = &jit->notes[at];

	jit->needs_env |= needs_env(name);
	note->map = map_in(jit, at, 1);
	if (!strcmp(name, "tail_call")) {
		note->call = JIT_CALL_TAIL;
		jit->tail_calls = true;
	} else if (!strcmp(name, "get_smp_processor_id")) {
		note->call = JIT_CALL_CPU;
	} else if (!strcmp(name, "map_lookup_elem") && note->map) {
		note->call = (u8)look_up(jit, at, note->map);
	}
}

/* --- liveness ------------------------------------------------------------------------- */

static u32 args_read(const struct jit *jit, u32 at)
{
	const struct helper_desc *helper = helper_find(jit->in->insns[at].imm);
	u32 set = 0;

	switch ((enum jit_call)jit->notes[at].call) {
	case JIT_CALL_CPU:
	case JIT_CALL_CONST:
	case JIT_CALL_MISS:
		return 0;
	case JIT_CALL_ARRAY:
	case JIT_CALL_PERCPU_ARRAY:
		return REG(2);
	case JIT_CALL_TAIL:
	case JIT_CALL_BODY:
		break;
	}
	/* bpf_trace_printk takes more than its row says: trust rows of map operations only */
	if (!helper || !jit->notes[at].map)
		return ARGS;
	for (u32 i = 0; i < 5; i++)
		if (helper->args[i] != ARG_NONE)
			set |= REG(i + 1);
	return set;
}

static u32 read_at(const struct jit *jit, u32 at)
{
	const struct insn_desc *desc = desc_at(jit, at);
	const struct skep_insn *insn = &jit->in->insns[at];
	u32 set = 0;

	if (desc->flags & INSN_READS_DST)
		set |= REG(insn->dst);
	if (desc->flags & INSN_READS_SRC)
		set |= REG(insn->src);
	if (desc->flags & INSN_READS_R0)
		set |= REG(0);
	if (desc->flags & INSN_READS_R6)
		set |= REG(6);
	if (desc->id == INSN_CALL_HELPER)
		set |= args_read(jit, at);
	else if (desc->id == INSN_CALL_LOCAL)
		set |= jit->notes[insn_target(jit->in->insns, at)].live_in & ARGS;
	else if (desc->id == INSN_CALLX)
		set |= ARGS;
	return set;
}

static bool is_pure(const struct insn_desc *desc)
{
	switch (desc->kind) {
	case INSN_KIND_ALU64:
	case INSN_KIND_ALU32:
	case INSN_KIND_SWAP:
	case INSN_KIND_WIDE:
		return true;
	case INSN_KIND_LOAD:
		return !(desc->flags & INSN_ORDERED);
	default:
		return false;
	}
}

static u32 live_after(const struct jit *jit, u32 at)
{
	const struct insn_desc *desc = desc_at(jit, at);
	u32 next = at + desc->slots;
	u32 set = 0;

	if (desc->kind == INSN_KIND_EXIT)
		return 0;
	if (desc->kind != INSN_KIND_JUMP && next < jit->in->nr_insns)
		set = jit->notes[next].live_in;
	if (desc->flags & (INSN_TARGET_OFF | INSN_TARGET_IMM) && desc->kind != INSN_KIND_CALL &&
	    desc->kind != INSN_KIND_WIDE)
		set |= jit->notes[insn_target(jit->in->insns, at)].live_in;
	return set;
}

/* One instruction of the equations; returns whether its sets have grown. */
static bool live_step(struct jit *jit, u32 at)
{
	struct jit_note *note = &jit->notes[at];
	u32 out = live_after(jit, at), in = out;

	note->unused = is_pure(desc_at(jit, at)) && !(written_at(jit, at) & out);
	if (!note->unused)
		in = (out & ~written_at(jit, at)) | read_at(jit, at);
	if (note->live_out == out && note->live_in == in)
		return false;
	note->live_out = (u16)out;
	note->live_in = (u16)in;
	return true;
}

static void liveness(struct jit *jit)
{
	bool changed;

	do {
		changed = false;
		for (u32 at = jit->in->nr_insns; at-- > 0;)
			if (jit->notes[at].id)
				changed |= live_step(jit, at);
	} while (changed);
	for (u32 at = 0; jit->in->facts && at < jit->in->nr_insns; at++)
		if (jit->notes[at].id && !facts_at(jit, at)->reached)
			jit->notes[at].unused = true;
}

/* --- frames --------------------------------------------------------------------------- */

static void func_stack(const struct jit *jit, struct jit_func *func)
{
	const struct verifier_facts *facts = jit->in->facts;

	for (u32 i = 0; facts && i < facts->nr_subprogs; i++)
		if (facts->subprogs[i].insn == func->insn &&
		    facts->subprogs[i].stack_depth <= SKEP_STACK_SIZE)
			func->stack = ALIGN_UP(facts->subprogs[i].stack_depth, 8);
}

static void func_shape(struct jit *jit, struct jit_func *func)
{
	bool stack = false, rounds = false;

	func_stack(jit, func);
	for (u32 at = func->insn; at < func->insn + func->nr_insns; at++) {
		const struct insn_desc *desc = desc_at(jit, at);
		u32 touched;

		if (!jit->notes[at].id || jit->notes[at].unused)
			continue;
		touched = read_at(jit, at) | written_at(jit, at);
		stack |= touched & REG(10);
		func->saved |= written_at(jit, at) & (REG(6) | REG(7) | REG(8) | REG(9));
		rounds |= desc->id == INSN_MAY_GOTO;
		func->calls |=
			desc->kind == INSN_KIND_LEGACY || desc->id == INSN_CALL_LOCAL ||
			desc->id == INSN_CALLX ||
			(desc->id == INSN_CALL_HELPER && jit->notes[at].call <= JIT_CALL_TAIL);
	}
	if (!stack)
		func->stack = 0;
	func->rounds = rounds ? func->stack + 8 : 0;
	func->framed = stack || rounds || func->calls;
}

int jit_analyse(struct jit *jit)
{
	const struct target_input *in = jit->in;
	int err;

	for (u32 at = 0; at < in->nr_insns; at += desc_at(jit, at)->slots) {
		const struct insn_desc *desc = &insn_descs[insn_decode(&in->insns[at])];

		jit->notes[at].id = (u8)desc->id;
		if (desc->flags & (INSN_TARGET_OFF | INSN_TARGET_IMM))
			jit->notes[insn_target(in->insns, at)].target = true;
	}
	err = funcs_find(jit);
	if (err)
		return diag_fail(jit->diag, err, "out of memory");
	for (u32 at = 0; at < in->nr_insns; at += desc_at(jit, at)->slots) {
		if (jit->notes[at].id == INSN_CALL_HELPER)
			call_choose(jit, at);
		jit->needs_env |= jit->notes[at].id == INSN_CALLX;
	}
	liveness(jit);
	for (u32 i = 0; i < jit->nr_funcs; i++)
		func_shape(jit, &jit->funcs[i]);
	return 0;
}
