/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What a program asks of skep: see check.h. The facts are helper.def's and insn.def's.
 */
#include "load/check.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/diag.h"
#include "insn/helper.h"
#include "insn/insn.h"

static const char *helper_name(void *arg, s32 id)
{
	const struct helper_desc *helper = helper_find(id);

	return helper ? helper->name : NULL;
}

void check_blame(const struct skep_object *object, const struct object_prog *prog, u32 insn,
		 struct skep_diag *diag)
{
	static const struct insn_names names = {.helper = helper_name};
	const struct object_line *line = object_line_at(prog, insn);
	struct buf text = {0};

	diag_object(diag, object->name);
	diag_section(diag, prog->section);
	diag_symbol(diag, prog->name);
	if (insn < prog->nr_insns) {
		insn_print(&text, prog->insns, prog->nr_insns, insn, &names);
		diag_insn(diag, insn, buf_text(&text));
		buf_free(&text);
	}
	if (line)
		diag_source(diag, line->file, line->line, line->text + strspn(line->text, " \t"));
}

static int refuse_helper(const struct object_prog *prog, s32 id, struct skep_diag *diag)
{
	const struct helper_desc *helper = helper_find(id);

	if (!helper) {
		diag_reject(diag, -EINVAL, "helper-unknown",
			    "program %s calls helper #%d, which does not exist: the last one is "
			    "bpf_%s (#%u)",
			    prog->name, id, helper_find(helper_count())->name, helper_count());
		diag_try(diag, "declare helpers by including <bpf/bpf_helpers.h>");
		return -EINVAL;
	}
	if (helper->flags & HELPER_MEANINGLESS)
		return diag_reject(
			diag, -EINVAL, "helper-unsupported",
			"program %s calls bpf_%s (#%d), which has no meaning on a network card",
			prog->name, helper->name, id);
	diag_reject(diag, -EOPNOTSUPP, "helper-unsupported",
		    "program %s calls bpf_%s (#%d), which skep does not implement", prog->name,
		    helper->name, id);
	diag_try(diag, "`skep helper show` lists the helpers that there are");
	return -EOPNOTSUPP;
}

int check_helper(const struct object_prog *prog, u32 at, struct skep_diag *diag)
{
	const struct skep_insn *insn = &prog->insns[at];
	const struct helper_desc *helper = helper_find(insn->imm);
	int err;

	/* the second slot of a wide immediate decodes to no call */
	if (insn_decode(insn) != INSN_CALL_HELPER ||
	    (helper && helper->flags & HELPER_IMPL && !(helper->flags & HELPER_MEANINGLESS)))
		return 0;
	err = refuse_helper(prog, insn->imm, diag);
	diag_category(diag, "helpers");
	return err;
}

/* May an unverified program call it? */
static int check_permission(const struct skep_object *object, const struct object_prog *prog,
			    enum skep_hook hook, s32 id, struct skep_diag *diag)
{
	const struct helper_desc *helper = helper_find(id);

	if (!(helper->hooks & 1u << hook))
		return diag_reject(
			diag, -EINVAL, "helper-hook",
			"program %s calls bpf_%s (#%d), which the %s hook does not allow",
			prog->name, helper->name, id, skep_hook_name(hook));
	if (helper->flags & HELPER_GPL && !object_is_gpl(object)) {
		diag_reject(diag, -EINVAL, "license",
			    "program %s calls bpf_%s (#%d), which is for GPL-compatible programs "
			    "only; the licence is '%s'",
			    prog->name, helper->name, id, object->license);
		diag_try(diag, "state a compatible licence in section \"license\", e.g. \"GPL\" or "
			       "\"Dual BSD/GPL\"");
		return -EINVAL;
	}
	return 0;
}

int check_program(const struct skep_object *object, const struct object_prog *prog,
		  struct skep_diag *diag)
{
	int err = object_prog_check(object, prog, diag);

	if (err && diag)
		diag->exit = SKEP_EXIT_REJECTED;
	return err;
}

int check_helpers(const struct skep_object *object, const struct object_prog *prog,
		  enum skep_hook hook, struct skep_diag *diag)
{
	int err = 0;

	for (u32 at = 0; at < prog->nr_insns && !err; at++) {
		err = check_helper(prog, at, diag);
		if (!err && insn_decode(&prog->insns[at]) == INSN_CALL_HELPER)
			err = check_permission(object, prog, hook, prog->insns[at].imm, diag);
		if (err)
			check_blame(object, prog, at, diag);
	}
	return err;
}
