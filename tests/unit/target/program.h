/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Programs in tests: instructions by row name, and running them on the interpreter. */
#ifndef SKEP_TEST_PROGRAM_H
#define SKEP_TEST_PROGRAM_H

#include "../test.h"

#include "base/diag.h"
#include "base/lowmem.h"
#include "helper/context.h"
#include "helper/env.h"
#include "insn/insn.h"
#include "target/interp/interp.h"
#include "target/target.h"

/* OP(ADD64_IMM, dst, src, off, imm): the field that selects the row is filled in. */
#define OP(row, dst, src, off, imm) make_insn(INSN_##row, dst, src, off, imm)
#define MOV(dst, imm) OP(MOV64_IMM, dst, 0, 0, imm)
#define COPY(dst, src) OP(MOV64_REG, dst, src, 0, 0)
#define CALL(id) OP(CALL_HELPER, 0, 0, 0, id)
#define EXIT OP(EXIT, 0, 0, 0, 0)
/* Both slots of a wide immediate. */
#define WIDE(row, dst, low, high) OP(row, dst, 0, 0, low), ((struct skep_insn){.imm = (s32)(high)})

static inline struct skep_insn make_insn(enum insn_id id, u8 dst, u8 src, s16 off, s32 imm)
{
	const struct insn_desc *desc = &insn_descs[id];
	struct skep_insn insn = {.code = desc->code, .off = off, .imm = imm};

	insn.dst = dst & 15;
	insn.src = src & 15;
	if (desc->field == INSN_FIELD_OFF)
		insn.off = (s16)desc->value;
	else if (desc->field == INSN_FIELD_IMM)
		insn.imm = desc->value;
	else if (desc->field == INSN_FIELD_SRC)
		insn.src = desc->value & 15;
	return insn;
}

static inline int try_translate(const struct target_input *in, struct image **ret,
				struct skep_diag *diag)
{
	return target_find("interp")->translate(in, ret, diag);
}

static inline struct image *translate(const struct target_input *in)
{
	struct skep_diag diag;
	struct image *image = NULL;

	diag_init(&diag);
	if (try_translate(in, &image, &diag))
		fail_msg("translate: %s", skep_diag_problem(&diag));
	diag_reset(&diag);
	return image;
}

/* An image of code[] for a hook, unverified. */
#define IMAGE(code_, hook_)                                                                        \
	translate(&(struct target_input){                                                          \
		.hook = SKEP_HOOK_##hook_, .insns = code_, .nr_insns = ARRAY_SIZE(code_)})

/* Run code[] once on memory; the env keeps what happened. */
static inline u64 run_insns(const struct skep_insn *insns, u32 nr, void *memory, size_t size,
			    struct helper_env *env)
{
	struct target_input in = {.hook = SKEP_HOOK_NONE, .insns = insns, .nr_insns = nr};
	struct image *image = translate(&in);
	u64 ret;

	helper_env = env;
	ret = interp_run_memory(image, memory, size, NULL);
	helper_env = NULL;
	image_put(image);
	return ret;
}

#define RUN(code, memory, size, env) run_insns(code, ARRAY_SIZE(code), memory, size, env)

#endif
