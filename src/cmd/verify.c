/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * skep verify, skep explain.
 */
#include "skep/verify.h"
#include "command.h"

int cmd_verify(const struct arguments *args)
{
	const struct skep_verify_opts opts = {
		.sz = sizeof(opts),
		.prog = args->prog,
		.target = args->target,
		.type = args->type,
		.details = args->details,
	};
	struct skep_verify *verify = NULL;
	struct skep_object *object;
	struct skep_diag *diag;
	int status = open_object(args, &object);

	if (status)
		return status;
	diag = skep_diag_new();
	if (skep_verify(object, &opts, &verify, diag)) {
		status = report_failure(args, diag);
	} else {
		skep_diag_free(diag);
		skep_verify_print(verify, stdout, text_form(args));
		status = skep_verify_passed(verify) ? SKEP_EXIT_DONE : SKEP_EXIT_REJECTED;
	}
	skep_verify_free(verify);
	skep_object_close(object);
	return status;
}

int cmd_explain(const struct arguments *args)
{
	const char *rule = args->nr_operands ? args->operands[0] : NULL;
	struct skep_diag *diag = skep_diag_new();

	if (skep_rule_print(rule, stdout, text_form(args), diag))
		return report_failure(args, diag);
	skep_diag_free(diag);
	return SKEP_EXIT_DONE;
}
