/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Loads, stores, atomic operations, legacy packet access, wide immediates (RFC 9669 section 5). */
#include "target/x86_64/jit.h"

#include <errno.h>

#include "map/map.h"

static struct x86_mem at_src(const struct jit *jit)
{
	return MEM(jit_src(jit), jit->insn->off);
}

static struct x86_mem at_dst(const struct jit *jit)
{
	return MEM(jit_dst(jit), jit->insn->off);
}

/* A load whose bytes the next instruction turns round. */
static bool load_swapped(struct jit *jit, enum x86_width width)
{
	u32 id;
	const struct skep_insn *next = jit_follower(jit, &id);

	if (!next || next->dst != jit->insn->dst || !(jit->features & X86_MOVBE))
		return false;
	if (width == W32 ? id != INSN_BE32 && id != INSN_BSWAP32
			 : id != INSN_BE64 && id != INSN_BSWAP64)
		return false;
	op_load_swapped(&jit->code, width, jit_dst(jit), at_src(jit));
	jit->fused = 1;
	return true;
}

void jit_load(struct jit *jit, enum x86_width width)
{
	if (width < W32 || !load_swapped(jit, width))
		op_load(&jit->code, width, jit_dst(jit), at_src(jit));
}

void jit_load_sext(struct jit *jit, enum x86_width width)
{
	op_load_sext(&jit->code, width, jit_dst(jit), at_src(jit));
}

void jit_store(struct jit *jit, enum x86_width width, bool imm)
{
	if (!imm) {
		op_store(&jit->code, width, at_dst(jit), jit_src(jit));
	} else if (!jit->in->blind) {
		op_store_imm(&jit->code, width, at_dst(jit), jit->insn->imm);
	} else {
		jit_constant(jit, TMP0, (u64)(s64)jit->insn->imm);
		op_store(&jit->code, width, at_dst(jit), TMP0);
	}
}

void jit_atomic(struct jit *jit, enum x86_alu alu, enum x86_width width)
{
	op_lock_alu(&jit->code, width, alu, at_dst(jit), jit_src(jit));
}

void jit_fetch_add(struct jit *jit, enum x86_width width)
{
	op_lock_xadd(&jit->code, width, at_dst(jit), jit_src(jit));
}

/*
 * The processor has no fetching or, and, xor: compute and exchange until nobody came between.
 * RAX holds what was read, `work` what shall be written, TMP2 the operand, TMP0 the address.
 */
void jit_fetch(struct jit *jit, enum x86_alu alu, enum x86_width width)
{
	struct code *code = &jit->code;
	enum x86_reg src = jit_src(jit), work = src == RAX ? TMP1 : src;
	u32 again = label_new(code);

	op_lea(code, TMP0, at_dst(jit));
	op_mov(code, width, TMP2, src);
	if (src != RAX)
		op_mov(code, W64, TMP1, RAX);
	op_load(code, width, RAX, MEM(TMP0, 0));
	label_bind(code, again);
	op_mov(code, width, work, RAX);
	op_alu(code, width, alu, work, TMP2);
	op_lock_cmpxchg(code, width, MEM(TMP0, 0), work);
	op_branch(code, COND_NE, again);
	if (src == RAX)
		return;
	op_mov(code, width, src, RAX);
	op_mov(code, W64, RAX, TMP1);
}

void jit_exchange(struct jit *jit, enum x86_width width)
{
	op_xchg(&jit->code, width, at_dst(jit), jit_src(jit));
}

/* A 32-bit exchange that succeeds does not write RAX: its upper half is still to be cleared. */
void jit_compare_exchange(struct jit *jit, enum x86_width width)
{
	op_lock_cmpxchg(&jit->code, width, at_dst(jit), jit_src(jit));
	if (width == W32)
		op_mov(&jit->code, W32, RAX, RAX);
}

/* Out of line; where the packet has no such bytes the function ends with 0. */
void jit_legacy(struct jit *jit, u32 size, bool indirect)
{
	struct code *code = &jit->code;
	u32 found = label_new(code);

	if (indirect && jit_src(jit) != RSI)
		op_mov(code, W32, RSI, jit_src(jit));
	if (indirect)
		op_alu_imm(code, W32, X86_ADD, RSI, jit->insn->imm);
	else
		op_mov_imm(code, RSI, (u32)jit->insn->imm);
	op_mov(code, W64, RDI, jit_host(6));
	op_mov_imm(code, RDX, size);
	op_call_outside(code, (u64)(uintptr_t)x86_64_legacy);
	op_test(code, W64, RAX, RAX);
	op_branch(code, COND_GE, found);
	op_mov_imm(code, RAX, 0);
	jit_epilogue(jit);
	op_ret(code);
	label_bind(code, found);
}

static struct skep_map *wide_map(struct jit *jit)
{
	u32 index = (u32)jit->insn->imm;

	if (index < jit->in->nr_maps && jit->in->maps[index])
		return jit->in->maps[index];
	jit_refuse(jit, -EINVAL, "it names a map that does not exist");
	return NULL;
}

static u64 wide_map_value(struct jit *jit)
{
	struct skep_map *map = wide_map(jit);
	u32 off = (u32)jit->insn[1].imm, stride;
	char *values;

	if (!map)
		return 0;
	values = map->ops->direct ? map->ops->direct(map, &stride) : NULL;
	if (!values)
		jit_refuse(jit, -EINVAL, "values of this map have no fixed address");
	else if (off >= map->def.value_size)
		jit_refuse(jit, -EINVAL, "the offset is outside of the map's value");
	return values ? (u64)(uintptr_t)(values + off) : 0;
}

static void wide_function(struct jit *jit)
{
	s64 target = insn_target(jit->in->insns, jit->at);

	for (u32 i = 0; i < jit->nr_funcs; i++)
		if (jit->funcs[i].insn == target)
			op_lea_label(&jit->code, jit_dst(jit), jit->funcs[i].label);
}

void jit_wide(struct jit *jit)
{
	switch (jit->desc->id) {
	case INSN_LD_IMM64:
		jit_constant(jit, jit_dst(jit), insn_imm64(jit->insn));
		break;
	case INSN_LD_FUNC:
		wide_function(jit);
		break;
	case INSN_LD_MAP_IDX:
		op_mov_imm(&jit->code, jit_dst(jit), (u64)(uintptr_t)wide_map(jit));
		break;
	case INSN_LD_MAP_IDX_VALUE:
		op_mov_imm(&jit->code, jit_dst(jit), wide_map_value(jit));
		break;
	default:
		jit_refuse(jit, -EOPNOTSUPP,
			   "the translator takes maps by index and no kernel symbols; link the "
			   "object first");
	}
}
