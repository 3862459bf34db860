/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The interpreter: the reference semantics. translate() decodes a program once into operations
 * (run.h) in which everything is resolved; loop.h runs them.
 */
#include "target/interp/interp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/diag.h"
#include "helper/context.h"
#include "insn/helper.h"
#include "object/object.h"
#include "target/interp/run.h"

static const struct interp_context no_context;
static const struct interp_context xdp_md_context = {
	.size = sizeof(struct xdp_md),
	.has_packet = true,
	.data = offsetof(struct xdp_md, data),
	.data_end = offsetof(struct xdp_md, data_end),
	.data_meta = offsetof(struct xdp_md, data_meta),
};
static const struct interp_context sk_buff_context = {
	.size = sizeof(struct sk_buff_md),
	.writable = true,
	.has_packet = true,
	.data = offsetof(struct sk_buff_md, data),
	.data_end = offsetof(struct sk_buff_md, data_end),
	.data_meta = offsetof(struct sk_buff_md, data_meta),
	.has_legacy = true,
};

static const struct interp_context *const contexts[SKEP_HOOK_MAX] = {
	[SKEP_HOOK_NONE] = &no_context,
	[SKEP_HOOK_XDP] = &xdp_md_context,
	[SKEP_HOOK_TC_INGRESS] = &sk_buff_context,
	[SKEP_HOOK_TC_EGRESS] = &sk_buff_context,
	[SKEP_HOOK_TXQ] = &sk_buff_context,
	[SKEP_HOOK_FLOW] = &no_context,
	[SKEP_HOOK_SOCKET] = &sk_buff_context,
};

/* --- translate --- */

static int refuse_at(struct skep_diag *diag, u32 at, int err, const char *text)
{
	diag_fail(diag, err, "instruction %u: %s", at, text);
	diag_insn(diag, at, NULL);
	return err;
}

static int resolve_map(const struct target_input *in, u32 at, struct skep_map **ret,
		       struct skep_diag *diag)
{
	u32 index = (u32)in->insns[at].imm;

	if (index >= in->nr_maps || !in->maps[index])
		return refuse_at(diag, at, -EINVAL, "it names a map that does not exist");
	*ret = in->maps[index];
	return 0;
}

static int resolve_map_value(const struct target_input *in, u32 at, u64 *ret,
			     struct skep_diag *diag)
{
	u32 off = (u32)in->insns[at + 1].imm, stride;
	struct skep_map *map = NULL;
	void *values;
	int err = resolve_map(in, at, &map, diag);

	if (err)
		return err;
	values = map->ops->direct ? map->ops->direct(map, &stride) : NULL;
	if (!values)
		return refuse_at(diag, at, -EINVAL, "values of this map have no fixed address");
	if (off >= map->def.value_size)
		return refuse_at(diag, at, -EINVAL, "the offset is outside of the map's value");
	*ret = (u64)(uintptr_t)values + off;
	return 0;
}

/* Fill op->imm of a wide immediate. */
static int resolve_wide(const struct target_input *in, const struct interp_image *self, u32 at,
			struct interp_op *op, struct skep_diag *diag)
{
	struct skep_map *map = NULL;
	s64 target;
	int err;

	switch (op->id) {
	case INSN_LD_IMM64:
		op->imm = insn_imm64(&in->insns[at]);
		return 0;
	case INSN_LD_MAP_IDX:
		err = resolve_map(in, at, &map, diag);
		op->imm = (u64)(uintptr_t)map;
		return err;
	case INSN_LD_MAP_IDX_VALUE:
		return resolve_map_value(in, at, &op->imm, diag);
	case INSN_LD_FUNC:
		target = insn_target(in->insns, at);
		self->entries[target] = true;
		op->imm = (u64)(uintptr_t)&self->ops[target];
		return 0;
	default:
		return refuse_at(
			diag, at, -EOPNOTSUPP,
			"the interpreter takes maps by index and no kernel symbols; link the "
			"object first");
	}
}

static void resolve_helper(const struct skep_insn *insn, struct interp_op *op)
{
	op->off = insn->imm;
	op->imm = (u64)(uintptr_t)helper_body((u32)insn->imm);
	if (insn->imm == INTERP_HELPER_TAIL_CALL)
		op->id = INTERP_TAIL_CALL;
	else if (!op->imm)
		op->id = INTERP_NO_BODY;
}

static int decode_op(const struct target_input *in, const struct interp_image *self, u32 at,
		     struct skep_diag *diag)
{
	const struct skep_insn *insn = &in->insns[at];
	const struct insn_desc *desc = &insn_descs[insn_decode(insn)];
	struct interp_op *op = &self->ops[at];

	*op = (struct interp_op){.id = desc->id,
				 .dst = insn->dst,
				 .src = insn->src,
				 .off = insn->off,
				 .imm = (u64)(s64)insn->imm};
	if (desc->slots == 2)
		return resolve_wide(in, self, at, op, diag);
	if (op->id == INSN_CALL_HELPER)
		resolve_helper(insn, op);
	if (desc->flags & (INSN_TARGET_OFF | INSN_TARGET_IMM))
		op->off = (s32)(insn_target(in->insns, at) - at);
	if (op->id == INSN_CALL_LOCAL)
		self->entries[at + (u32)op->off] = true;
	return 0;
}

static int decode_program(const struct target_input *in, const struct interp_image *self,
			  struct skep_diag *diag)
{
	u32 at = 0;

	while (at < in->nr_insns) {
		int err = decode_op(in, self, at, diag);

		if (err)
			return err;
		at += insn_descs[self->ops[at].id < INSN_ID_MAX ? self->ops[at].id : INSN_EXIT]
			      .slots;
	}
	return 0;
}

static void image_free(struct image *image)
{
	struct interp_image *self = container_of(image, struct interp_image, image);

	free(self->ops);
	free(self->entries);
	free(self->maps);
	free(self);
}

const struct image_ops interp_image_ops = {
	.target = "interp",
	.free = image_free,
};

static struct interp_image *image_alloc(const struct target_input *in)
{
	struct interp_image *self = calloc(1, sizeof(*self));

	if (!self)
		return NULL;
	self->nr_ops = in->nr_insns;
	self->ops = calloc(in->nr_insns, sizeof(*self->ops));
	self->entries = calloc(in->nr_insns, sizeof(*self->entries));
	self->nr_maps = in->nr_maps;
	self->maps = calloc((size_t)in->nr_maps + 1, sizeof(*self->maps));
	self->checked = in->checked || !in->facts;
	self->budget = in->budget ? in->budget : TARGET_BUDGET_DEFAULT;
	self->context = contexts[in->hook];
	if (!self->ops || !self->entries || !self->maps) {
		image_free(&self->image);
		return NULL;
	}
	if (in->nr_maps)
		memcpy(self->maps, in->maps, in->nr_maps * sizeof(*in->maps));
	return self;
}

static u64 image_run(const struct image *image, void *ctx);

static int interp_translate(const struct target_input *in, struct image **ret,
			    struct skep_diag *diag)
{
	struct interp_image *self;
	int err = insn_check_program(in->insns, in->nr_insns, diag);

	if (err)
		return err;
	self = image_alloc(in);
	if (!self)
		return diag_fail(diag, -ENOMEM, "out of memory");
	err = decode_program(in, self, diag);
	if (err) {
		image_free(&self->image);
		return err;
	}
	image_init(&self->image, &interp_image_ops, in->hook, in->prog ? in->prog->name : "");
	self->image.run = image_run;
	if (in->prog) {
		self->image.frags = in->prog->frags;
		self->image.attach_type = in->prog->expected_attach_type;
	}
	err = target_claim_maps(in, &self->image, diag);
	if (err) {
		image_put(&self->image);
		return err;
	}
	*ret = &self->image;
	return 0;
}

static int interp_dump(const struct image *image, struct buf *out)
{
	const struct interp_image *self = container_of(image, struct interp_image, image);

	for (u32 at = 0; at < self->nr_ops; at++) {
		const struct interp_op *op = &self->ops[at];
		const char *name = op->id == INTERP_TAIL_CALL ? "TAIL_CALL"
				   : op->id == INTERP_NO_BODY ? "NO_BODY"
							      : insn_descs[op->id].name;

		if (op->id == INSN_INVALID) /* second slot of a wide immediate */
			continue;
		buf_printf(out, "%5u: %-20s dst=%u src=%u off=%d imm=0x%llx\n", at, name, op->dst,
			   op->src, op->off, (unsigned long long)op->imm);
	}
	return out->err;
}

const struct target target_interp = {
	.name = "interp",
	.summary =
		"interpreter: the reference semantics; runs everything, also unverified programs",
	.takes_unverified = true,
	.translate = interp_translate,
	.dump = interp_dump,
};

/* --- run --- */

/* helper_env.call: a function of the program that runs, on a frame of its own. */
static u64 call_function(struct helper_env *env, u64 fn, u64 r1, u64 r2, u64 r3, u64 r4, u64 r5)
{
	struct interp_run *run = env->target;
	const u64 args[5] = {r1, r2, r3, r4, r5};
	const struct interp_op *caller = run->pc;

	if (!interp_push(run, NULL)) {
		interp_fault(run, caller, TARGET_ABORT_DEPTH, "too many nested calls");
		return 0;
	}
	memcpy(&run->reg[1], args, sizeof(args));
	run->pc = (const struct interp_op *)(uintptr_t)fn;
	if (interp_loop(run) != INTERP_EXIT)
		return 0;
	run->pc = caller;
	return run->reg[0];
}

/* Run from the first instruction; r1 and r2 and what may be reached are set. */
static u64 run_image(const struct interp_image *self, struct interp_run *run)
{
	struct helper_env *env = helper_env;
	const struct helper_env outer = {
		.image = env->image, .call = env->call, .target = env->target};
	enum interp_stop stop;

	run->env = env;
	run->left = self->budget;
	run->tail_calls = run->depth = run->nr_given = run->nr_inner = 0;
	run->frames[0] = (struct interp_frame){.image = self, .may_goto = INTERP_MAY_GOTO};
	run->reg[10] = (u64)(uintptr_t)&run->stack[0][SKEP_STACK_SIZE];
	run->pc = self->ops;
	interp_clear_stack(run);

	env->image = &self->image;
	env->call = call_function;
	env->target = run;
	env->aborted = TARGET_RAN;
	stop = interp_loop(run);
	env->image = outer.image;
	env->call = outer.call;
	env->target = outer.target;
	return stop == INTERP_EXIT ? run->reg[0] : 0;
}

static u64 run_on_context(const struct image *image, void *ctx,
			  const struct interp_observer *observer)
{
	struct interp_run run;

	memset(run.reg, 0, sizeof(run.reg));
	run.reg[1] = (u64)(uintptr_t)ctx;
	run.ctx = ctx;
	run.memory = run.memory_size = 0;
	run.observer = observer;
	return run_image(container_of(image, const struct interp_image, image), &run);
}

static u64 image_run(const struct image *image, void *ctx)
{
	return run_on_context(image, ctx, NULL);
}

u64 interp_run_observed(const struct image *image, void *ctx,
			const struct interp_observer *observer)
{
	return run_on_context(image, ctx, observer);
}

u64 interp_run_memory(const struct image *image, void *memory, size_t size,
		      const struct interp_observer *observer)
{
	struct interp_run run;

	memset(run.reg, 0, sizeof(run.reg));
	run.reg[1] = run.memory = (u64)(uintptr_t)memory;
	run.reg[2] = run.memory_size = size;
	run.ctx = NULL;
	run.observer = observer;
	return run_image(container_of(image, const struct interp_image, image), &run);
}
