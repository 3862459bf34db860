/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Running: frames, tail calls, legacy packet access, and the three loops made from loop.h. Which
 * loop runs depends on the image of the current frame; a tail call, or the return from one, may
 * change it.
 */
#include <endian.h>
#include <string.h>

#include "target/interp/alu.h"
#include "target/interp/run.h"
#include "target/legacy.h"

enum tail_call { TAIL_CALL_MADE, TAIL_CALL_MISSED, TAIL_CALL_FAULT };

void interp_clear_stack(struct interp_run *run)
{
	if (run->observer || interp_current(run)->checked)
		memset(run->stack[run->depth], 0, SKEP_STACK_SIZE);
}

bool interp_push(struct interp_run *run, const struct interp_op *back)
{
	const struct interp_frame *caller = &run->frames[run->depth];
	struct interp_frame *frame = &run->frames[run->depth + 1];

	if (run->depth - caller->base + 1 >= SKEP_MAX_FRAMES)
		return false;
	frame->image = caller->image;
	frame->base = caller->base;
	frame->back = back;
	frame->may_goto = INTERP_MAY_GOTO;
	memcpy(frame->saved, &run->reg[6], sizeof(frame->saved));
	run->depth++;
	run->reg[10] = (u64)(uintptr_t)&run->stack[run->depth][SKEP_STACK_SIZE];
	interp_clear_stack(run);
	return true;
}

/*
 * Replace the program of the current frame (r2 = map, r3 = index). A miss leaves every register
 * alone, and only a call that is made counts, as in the kernel's x86 JIT. Source: kernel
 * ___bpf_prog_run, JMP_TAIL_CALL; emit_bpf_tail_call_indirect.
 */
static enum tail_call tail_call(struct interp_run *run, const struct interp_op *op)
{
	struct skep_map *map = (struct skep_map *)(uintptr_t)run->reg[2];
	struct interp_frame *frame = &run->frames[run->depth];
	u32 index = (u32)run->reg[3];
	const struct image *image;

	if (!map->ops->image) {
		interp_fault(run, op, TARGET_ABORT_HELPER,
			     "tail call through a map of another type");
		return TAIL_CALL_FAULT;
	}
	if (index >= map->def.max_entries || run->tail_calls >= SKEP_MAX_TAIL_CALLS)
		return TAIL_CALL_MISSED;
	image = map->ops->image(map, index);
	if (!image)
		return TAIL_CALL_MISSED;
	if (image->ops != &interp_image_ops || image->hook != frame->image->image.hook) {
		interp_fault(run, op, TARGET_ABORT_HELPER,
			     "tail call into a program of another target or hook");
		return TAIL_CALL_FAULT;
	}
	run->tail_calls++;
	frame->image = container_of(image, const struct interp_image, image);
	frame->base = run->depth;
	frame->may_goto = INTERP_MAY_GOTO;
	run->env->image = image;
	interp_clear_stack(run);
	return TAIL_CALL_MADE;
}

/* Does `value` name a function of the current program? */
bool interp_is_function(const struct interp_run *run, u64 value)
{
	const struct interp_image *image = interp_current(run);
	u64 off = value - (u64)(uintptr_t)image->ops;

	if (off >= image->nr_ops * sizeof(*image->ops) || off % sizeof(*image->ops))
		return false;
	return image->entries[off / sizeof(*image->ops)];
}

static void observe(const struct interp_run *run, const struct interp_op *op)
{
	const struct interp_view view = {
		.image = &interp_current(run)->image,
		.insn = interp_insn(run, op),
		.depth = run->depth,
		.regs = run->reg,
		.stack = run->stack[run->depth],
		.ctx = run->ctx,
	};

	run->observer->each(run->observer->arg, &view);
}

#define LOOP loop_fast
#define LOOP_CHECKED 0
#define LOOP_OBSERVED 0
#include "target/interp/loop.h"

#define LOOP loop_checked
#define LOOP_CHECKED 1
#define LOOP_OBSERVED 0
#include "target/interp/loop.h"

#define LOOP loop_observed
#define LOOP_CHECKED 1
#define LOOP_OBSERVED 1
#include "target/interp/loop.h"

enum interp_stop interp_loop(struct interp_run *run)
{
	enum interp_stop stop;

	do {
		if (run->observer)
			stop = loop_observed(run);
		else if (interp_current(run)->checked)
			stop = loop_checked(run);
		else
			stop = loop_fast(run);
	} while (stop == INTERP_SWITCH);
	return stop;
}
