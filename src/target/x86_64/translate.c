/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The translator on one page: analyse, emit, lay out, place, publish. */
#include <cpuid.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/diag.h"
#include "object/object.h"
#include "target/x86_64/jit.h"
#include "target/x86_64/x86_64.h"

#define TRAP 0xcc /* int3, behind the code */

static u32 pretended_features = UINT32_MAX;
static bool pretended_far;

void x86_64_pretend(u32 features, bool far)
{
	pretended_features = features;
	pretended_far = far;
}

u32 x86_features(void)
{
	u32 a, b, c, d, features = 0;

	if (__get_cpuid(1, &a, &b, &c, &d) && c & bit_MOVBE)
		features |= X86_MOVBE;
	if (__get_cpuid_count(7, 0, &a, &b, &c, &d) && b & bit_BMI2)
		features |= X86_BMI2;
	return features & pretended_features;
}

static int jit_init(struct jit *jit, const struct target_input *in, struct skep_diag *diag)
{
	*jit = (struct jit){.in = in, .diag = diag, .features = x86_features()};
	jit->notes = calloc((size_t)in->nr_insns + 1, sizeof(*jit->notes));
	jit->image = calloc(1, sizeof(*jit->image));
	if (!jit->notes || !jit->image)
		return diag_fail(diag, -ENOMEM, "out of memory");
	jit->image->exec.fd = -1;
	jit->image->insns = calloc(in->nr_insns, sizeof(*in->insns));
	jit->image->offsets = calloc((size_t)in->nr_insns + 1, sizeof(u32));
	jit->image->nr_insns = in->nr_insns;
	if (!jit->image->insns || !jit->image->offsets)
		return diag_fail(diag, -ENOMEM, "out of memory");
	memcpy(jit->image->insns, in->insns, in->nr_insns * sizeof(*in->insns));
	if (in->blind && getrandom(&jit->blinding, sizeof(jit->blinding), 0) < 0)
		return diag_fail(diag, -errno, "no random numbers to blind constants with");
	jit->blinding |= 1; /* the generator never leaves zero */
	return 0;
}

static void jit_release(struct jit *jit)
{
	code_free(&jit->code);
	free(jit->notes);
	free(jit->funcs);
	if (jit->image)
		x86_64_image_ops.free(&jit->image->image);
}

/* Labels of instructions are numbered as they are. */
static void make_labels(struct jit *jit)
{
	for (u32 at = 0; at <= jit->in->nr_insns; at++)
		label_new(&jit->code);
	for (u32 i = 0; i < jit->nr_funcs; i++)
		jit->funcs[i].label = label_new(&jit->code);
}

static void emit_insn(struct jit *jit, u32 at)
{
	jit->at = at;
	jit->insn = &jit->in->insns[at];
	jit->desc = &insn_descs[jit->notes[at].id];
	jit->facts = jit->in->facts ? &jit->in->facts->insns[at] : NULL;
	jit->fused = 0;
	label_bind(&jit->code, at);
	if (!jit->notes[at].unused)
		jit_row(jit);
	for (u32 i = 1; i <= jit->fused; i++)
		label_bind(&jit->code, at + i);
}

static void emit_func(struct jit *jit, const struct jit_func *func)
{
	jit->func = func;
	label_bind(&jit->code, func->label);
	jit_prologue(jit);
	for (u32 at = func->insn; at < func->insn + func->nr_insns;
	     at += jit->desc->slots + jit->fused)
		emit_insn(jit, at);
}

static int emit(struct jit *jit)
{
	make_labels(jit);
	if (!jit->needs_env)
		jit_entry(jit);
	for (u32 i = 0; i < jit->nr_funcs; i++)
		emit_func(jit, &jit->funcs[i]);
	label_bind(&jit->code, jit->in->nr_insns);
	return jit->code.err ? diag_fail(jit->diag, jit->code.err, "cannot translate: %s",
					 strerror(-jit->code.err))
			     : 0;
}

static int lay_out(struct jit *jit)
{
	int err = code_layout(&jit->code);

	if (err)
		return diag_fail(jit->diag, err, "cannot lay out the code: %s", strerror(-err));
	for (u32 at = jit->in->nr_insns + 1; at-- > 0;) {
		u32 offset = jit->code.labels[at];

		jit->image->offsets[at] =
			offset == LABEL_UNBOUND ? jit->image->offsets[at + 1] : offset;
	}
	return 0;
}

static int place(struct jit *jit)
{
	struct exec *exec = &jit->image->exec;
	const void *near = (const void *)(uintptr_t)x86_64_run;
	int err = exec_new(code_size(&jit->code), near, exec);

	if (err)
		return diag_fail(jit->diag, err, "no memory for machine code: %s", strerror(-err));
	memset(exec->write, TRAP, exec->size);
	jit->image->size =
		code_place(&jit->code, exec->write, (u64)(uintptr_t)exec->run, pretended_far);
	err = exec_publish(exec);
	if (err)
		return diag_fail(jit->diag, err, "machine code cannot be made executable: %s",
				 strerror(-err));
	return 0;
}

/* From here on the image counts its references. */
static int finish(struct jit *jit, struct image **ret)
{
	struct x86_64_image *self = TAKE_PTR(jit->image);
	const struct target_input *in = jit->in;
	u8 *code = self->exec.run;
	int err;

	image_init(&self->image, &x86_64_image_ops, in->hook, in->prog ? in->prog->name : "");
	self->entry = (u64(*)(u64, u64))(uintptr_t)(code + jit->code.labels[jit->funcs[0].label]);
	self->image.run = x86_64_run;
	self->image.run_batch = x86_64_run_batch;
	if (!jit->needs_env) {
		self->image.run = (u64(*)(const struct image *, void *))(uintptr_t)code;
		self->image.run_batch = x86_64_run_batch_plain;
	}
	if (in->prog) {
		self->image.frags = in->prog->frags;
		self->image.attach_type = in->prog->expected_attach_type;
	}
	err = target_claim_maps(in, &self->image, jit->diag);
	if (err)
		image_put(&self->image);
	else
		*ret = &self->image;
	return err;
}

static int check(const struct target_input *in, struct skep_diag *diag)
{
	int err = insn_check_program(in->insns, in->nr_insns, diag);

	if (err || in->facts || in->unsafe)
		return err;
	return diag_fail(diag, -EPERM,
			 "target x86_64 runs verified programs only, and '%s' was not verified",
			 in->prog ? in->prog->name : "");
}

static int x86_64_translate(const struct target_input *in, struct image **ret,
			    struct skep_diag *diag)
{
	struct jit jit;
	int err = check(in, diag);

	if (err)
		return err;
	err = jit_init(&jit, in, diag);
	err = err ?: jit_analyse(&jit);
	err = err ?: emit(&jit);
	err = err ?: lay_out(&jit);
	err = err ?: place(&jit);
	err = err ?: finish(&jit, ret);
	jit_release(&jit);
	return err;
}

const struct target target_x86_64 = {
	.name = "x86_64",
	.summary = "translator to x86-64 machine code; runs verified programs",
	.translate = x86_64_translate,
	.dump = x86_64_dump,
};
