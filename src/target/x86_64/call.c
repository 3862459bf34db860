/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Calls and returns (RFC 9669 sections 4.3.1, 4.3.2), and what is done in place of some. */
#include "target/x86_64/jit.h"

#include <errno.h>

#include "base/cpu.h"
#include "helper/env.h"
#include "insn/helper.h"
#include "map/map.h"
#include "map/prog_array.h"

/* helper_env->image = the image in `reg`. Clobbers TMP2. */
static void note_image(struct jit *jit, enum x86_reg reg)
{
	op_load(&jit->code, W64, TMP2, MEM_THREAD(jit_thread_offset(&helper_env)));
	op_store(&jit->code, W64, MEM(TMP2, offsetof(struct helper_env, image)), reg);
}

/*
 * Jump into the program at r2[r3], behind the frame of this one. As the kernel's x86 JIT, a miss
 * leaves every register alone and only a call that is made counts.
 */
static void call_tail(struct jit *jit)
{
	struct x86_mem made = MEM_THREAD(jit_thread_offset(&x86_64_tail_calls));
	struct code *code = &jit->code;
	u32 miss = label_new(code);

	op_alu_mem(code, W32, X86_CMP, RDX, MEM(RSI, offsetof(struct skep_map, def.max_entries)));
	op_branch(code, COND_AE, miss);
	op_mem_alu_imm(code, W32, X86_CMP, made, SKEP_MAX_TAIL_CALLS);
	op_branch(code, COND_AE, miss);
	op_load(code, W64, TMP0, MEM(RSI, offsetof(struct skep_map, priv)));
	op_mov(code, W32, TMP1, RDX);
	op_load(code, W64, TMP0,
		MEM_INDEX(TMP0, TMP1, sizeof(void *), offsetof(struct prog_array, images)));
	op_test(code, W64, TMP0, TMP0);
	op_branch(code, COND_E, miss);
	op_mem_alu_imm(code, W32, X86_ADD, made, 1);
	note_image(jit, TMP0);
	op_load(code, W64, TMP0, MEM(TMP0, offsetof(struct x86_64_image, entry)));
	jit_epilogue(jit);
	op_jump_reg(code, TMP0);
	label_bind(code, miss);
}

/* RAX = RAX * stride, for a stride of at most 31 bits. */
static void scale(struct code *code, enum x86_reg reg, u32 stride)
{
	if (!(stride & (stride - 1)))
		op_shift_imm(code, W64, X86_SHL, reg, (u32)__builtin_ctz(stride));
	else
		op_mul_imm(code, W64, reg, reg, (s32)stride);
}

/* Address of value number *r2, NULL beyond the end. */
static void look_up_array(struct jit *jit, const struct skep_map *map, bool percpu)
{
	struct code *code = &jit->code;
	u32 missing = label_new(code);

	op_load(code, W32, TMP0, MEM(RSI, 0));
	op_mov_imm(code, RAX, 0);
	op_alu_imm(code, W32, X86_CMP, TMP0, (s32)map->def.max_entries);
	op_branch(code, COND_AE, missing);
	if (percpu) {
		op_load(code, W32, TMP1, MEM_THREAD(jit_thread_offset(&cpu_self)));
		op_alu_imm(code, W32, X86_CMP, TMP1, (s32)map->nr_cpus);
		op_branch(code, COND_AE, missing);
		op_mov_imm(code, TMP2, map->cpu_stride);
		op_mul(code, W64, TMP1, TMP2);
	}
	scale(code, TMP0, map->value_stride);
	op_mov_imm(code, RAX, (u64)(uintptr_t)map->base);
	op_alu(code, W64, X86_ADD, RAX, TMP0);
	if (percpu)
		op_alu(code, W64, X86_ADD, RAX, TMP1);
	label_bind(code, missing);
}

/* A test of r0 for NULL that follows a look-up known to succeed. */
static void skip_null_test(struct jit *jit)
{
	u32 id;
	const struct skep_insn *next = jit_follower(jit, &id);

	if (!next || next->dst != 0 || next->imm)
		return;
	if (id == INSN_JEQ64_IMM)
		jit->fused = 1;
	else if (id == INSN_JNE64_IMM) {
		op_jump(&jit->code, (u32)insn_target(jit->in->insns, jit->at + 1));
		jit->fused = 1;
	}
}

static void look_up_constant(struct jit *jit, const struct skep_map *map)
{
	const char *value = map->base;

	value += (size_t)jit->facts->const_key_value * map->value_stride;
	op_mov_imm(&jit->code, RAX, (u64)(uintptr_t)value);
	skip_null_test(jit);
}

/* Where a helper on a known map ends up: at the map's own operation. */
static u64 body_of(const struct jit *jit, u32 id)
{
	const struct skep_map *map = jit->notes[jit->at].map;
	const char *name = helper_find(id) ? helper_find(id)->name : "";

	if (map && !__builtin_strcmp(name, "map_lookup_elem"))
		return (u64)(uintptr_t)map->ops->lookup;
	if (map && !__builtin_strcmp(name, "map_update_elem"))
		return (u64)(uintptr_t)map->ops->update;
	if (map && !__builtin_strcmp(name, "map_delete_elem"))
		return (u64)(uintptr_t)map->ops->delete;
	return (u64)(uintptr_t)helper_body(id);
}

static void call_body(struct jit *jit)
{
	u64 body = body_of(jit, (u32)jit->insn->imm);

	if (body)
		op_call_outside(&jit->code, body);
	else
		jit_refuse(jit, -EOPNOTSUPP, "skep has no body for this helper");
}

void jit_call_helper(struct jit *jit)
{
	const struct jit_note *note = &jit->notes[jit->at];

	switch ((enum jit_call)note->call) {
	case JIT_CALL_TAIL:
		call_tail(jit);
		break;
	case JIT_CALL_CPU:
		op_load(&jit->code, W32, RAX, MEM_THREAD(jit_thread_offset(&cpu_self)));
		break;
	case JIT_CALL_ARRAY:
		look_up_array(jit, note->map, false);
		break;
	case JIT_CALL_PERCPU_ARRAY:
		look_up_array(jit, note->map, true);
		break;
	case JIT_CALL_CONST:
		look_up_constant(jit, note->map);
		break;
	case JIT_CALL_MISS:
		op_mov_imm(&jit->code, RAX, 0);
		break;
	case JIT_CALL_BODY:
		call_body(jit);
		break;
	}
}

/* A function may tail-call into another program, which then was the one that ran last. */
static void note_own_image(struct jit *jit)
{
	if (!jit->tail_calls)
		return;
	op_mov_imm(&jit->code, TMP0, (u64)(uintptr_t)&jit->image->image);
	note_image(jit, TMP0);
}

void jit_call_local(struct jit *jit)
{
	s64 target = insn_target(jit->in->insns, jit->at);

	for (u32 i = 0; i < jit->nr_funcs; i++)
		if (jit->funcs[i].insn == target)
			op_call(&jit->code, jit->funcs[i].label);
	note_own_image(jit);
}

/* A function of the program by its address, or a helper by its number (a page holds no code). */
void jit_call_any(struct jit *jit)
{
	struct code *code = &jit->code;
	u32 helper = label_new(code), done = label_new(code);

	op_mov(code, W64, TMP0, jit_dst(jit));
	op_alu_imm(code, W64, X86_CMP, TMP0, 4096);
	op_branch(code, COND_B, helper);
	op_call_reg(code, TMP0);
	op_jump(code, done);
	label_bind(code, helper);
	op_mov(code, W64, R9, TMP0); /* sixth argument */
	op_call_outside(code, (u64)(uintptr_t)x86_64_call_any);
	label_bind(code, done);
	note_own_image(jit);
}

void jit_exit(struct jit *jit)
{
	jit_epilogue(jit);
	op_ret(&jit->code);
}
