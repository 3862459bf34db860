/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Verifying an object for its user: see skep/verify.h. verify_print.c writes the results.
 */
#include "ctl/verify.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "ctl/names.h"
#include "load/check.h"
#include "load/verify.h"
#include "object/section.h"
#include "target/target.h"

static int choose_target(const char *name, const struct target **ret, struct skep_diag *diag)
{
	const struct target *const *all = target_list();
	struct buf names = {0};

	*ret = name ? target_find(name) : NULL;
	if (*ret || !name)
		return 0;
	for (size_t i = 0; all[i]; i++)
		buf_printf(&names, "%s%s", i ? ", " : "", all[i]->name);
	diag_fail(diag, -ENOENT, "there is no target %s; there are: %s", name, buf_text(&names));
	if (diag)
		diag->exit = SKEP_EXIT_USAGE;
	buf_free(&names);
	return -ENOENT;
}

static int choose_type(const struct skep_verify_opts *opts, const struct section_rule **ret,
		       struct skep_diag *diag)
{
	const char *type = opts->type ? opts->type : opts->prog ? "xdp" : NULL;

	*ret = type ? section_find_rule(type) : NULL;
	if (!type || (*ret && (*ret)->hook != SKEP_HOOK_NONE))
		return 0;
	diag_fail(diag, -EINVAL, "%s is no type of program that a network card runs", type);
	diag_try(diag, "use the name of a section: xdp, tc, socket");
	if (diag)
		diag->exit = SKEP_EXIT_USAGE;
	return -EINVAL;
}

/* Is it nothing that a network card runs? Says so in row->why. */
static bool is_foreign(const struct skep_object *object, const struct object_prog *prog,
		       const struct section_rule *type, struct verify_row *row)
{
	if (prog->prog_type ? prog->hook != SKEP_HOOK_NONE : type != NULL)
		return false;
	row->verdict = SKEP_VERIFY_NOT_FOR_NIC;
	if (prog->prog_type) {
		diag_fail(&row->why, -EOPNOTSUPP,
			  "program %s is not for a network card: its type is %s", prog->name,
			  skep_prog_type_name(prog->prog_type));
	} else {
		diag_fail(&row->why, -EOPNOTSUPP,
			  "the section of program %s, \"%s\", names no type of program", prog->name,
			  prog->section);
		diag_try(&row->why, "say what it is, for example --type xdp");
	}
	diag_object(&row->why, object->name);
	return true;
}

static void keep_facts(const struct skep_object *object, const struct object_prog *prog,
		       struct verify_row *row)
{
	struct verify_input in;

	verify_input_of(object, prog, &in);
	verify_facts_print(&row->facts, &in, row->result.facts);
}

static void verify_row(const struct skep_object *object, const struct section_rule *type,
		       const struct target *target, bool details, struct verify_row *row)
{
	const struct object_prog *prog = row->prog;
	const struct load_verify how = {
		.target = target,
		.hook = type ? type->hook : SKEP_HOOK_NONE,
		.prog_type = type ? type->prog_type : 0,
		.attach_type = type ? type->attach_type : 0,
		.log_level = details ? 2 : 0,
		.flags = VERIFY_ASSUME_INNER,
		.any_helper = true,
	};
	int err;

	diag_init(&row->why);
	row->type = prog->prog_type ? prog->prog_type : how.prog_type;
	if (is_foreign(object, prog, type, row))
		return;
	err = check_program(object, prog, &row->why);
	if (!err)
		err = load_verify(object, prog, &how, &row->result, &row->why);
	row->verdict = err ? SKEP_VERIFY_REJECTED : SKEP_VERIFY_ACCEPTED;
	if (!err && details)
		keep_facts(object, prog, row);
}

static int verify_rows(struct skep_verify *verify, const struct skep_verify_opts *opts,
		       struct skep_diag *diag)
{
	const struct skep_object *object = verify->object;
	const struct section_rule *type;
	const struct target *target;
	int err;

	err = choose_target(opts->target, &target, diag);
	err = err ?: choose_type(opts, &type, diag);
	if (!err && opts->prog && !object_find_prog(object, opts->prog))
		err = names_no_prog(object, opts->prog, diag);
	for (size_t p = 0; !err && p < object->nr_progs; p++) {
		struct verify_row *row = &verify->rows[verify->nr];

		if (opts->prog && strcmp(object->progs[p].name, opts->prog))
			continue;
		row->prog = &object->progs[p];
		verify->nr++;
		verify_row(object, type, target, opts->details, row);
	}
	return err;
}

int skep_verify(const struct skep_object *object, const struct skep_verify_opts *opts,
		struct skep_verify **ret, struct skep_diag *diag)
{
	struct skep_verify *verify = calloc(1, sizeof(*verify));
	int err;

	if (opts->sz < sizeof(*opts)) {
		free(verify);
		return diag_fail(diag, -EINVAL, "options of verifying need their size");
	}
	if (verify)
		verify->rows = calloc(object->nr_progs + 1, sizeof(*verify->rows));
	if (!verify || !verify->rows) {
		free(verify);
		return diag_fail(diag, -ENOMEM, "no memory");
	}
	verify->object = object;
	err = verify_rows(verify, opts, diag);
	if (err)
		skep_verify_free(verify);
	else
		*ret = verify;
	return err;
}

void skep_verify_free(struct skep_verify *verify)
{
	if (!verify)
		return;
	for (size_t i = 0; i < verify->nr; i++) {
		verify_result_free(&verify->rows[i].result);
		buf_free(&verify->rows[i].facts);
		diag_reset(&verify->rows[i].why);
	}
	free(verify->rows);
	free(verify);
}

bool skep_verify_passed(const struct skep_verify *verify)
{
	for (size_t i = 0; i < verify->nr; i++)
		if (verify->rows[i].verdict == SKEP_VERIFY_REJECTED)
			return false;
	return true;
}

int skep_verify_result(const struct skep_verify *verify, size_t nr, struct skep_verify_result *ret)
{
	const struct verify_row *row = &verify->rows[nr];
	const struct verify_stats *stats = &row->result.stats;
	struct skep_verify_result result;
	size_t size = ret->sz;

	if (nr >= verify->nr)
		return -ENOENT;
	result = (struct skep_verify_result){
		.prog = row->prog->name,
		.section = row->prog->section,
		.type = skep_prog_type_name(row->type),
		.verdict = row->verdict,
		.insns = row->prog->nr_insns,
		.visited = stats->insns,
		.states = stats->total_states,
		.peak_states = stats->peak_states,
		.max_states_per_insn = stats->max_states_per_insn,
		.stack_depth = stats->stack_depth,
		.duration_ns = stats->time_ns,
		.memory = stats->memory,
		.why = row->why.err ? &row->why : NULL,
		.log = row->result.log.len ? buf_text(&row->result.log) : NULL,
		.facts = row->facts.len ? buf_text(&row->facts) : NULL,
	};
	memcpy(ret, &result, size < sizeof(result) ? size : sizeof(result));
	ret->sz = size;
	return 0;
}
