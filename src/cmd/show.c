/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * skep prog show, prog dump, map show, helper show: what is in a file and in skep.
 */
#include <stdio.h>
#include <string.h>

#include "command.h"

int open_object(const struct arguments *args, struct skep_object **ret)
{
	struct skep_diag *diag = skep_diag_new();

	if (skep_object_open(args->operands[0], ret, diag))
		return report_failure(args, diag);
	skep_diag_free(diag);
	return SKEP_EXIT_DONE;
}

int cmd_prog_show(const struct arguments *args)
{
	struct skep_object *object;
	int status = open_object(args, &object);

	if (status)
		return status;
	skep_prog_show(object, stdout, text_form(args));
	skep_object_close(object);
	return SKEP_EXIT_DONE;
}

int cmd_map_show(const struct arguments *args)
{
	struct skep_object *object;
	int status = open_object(args, &object);

	if (status)
		return status;
	skep_map_show(object, stdout, text_form(args));
	skep_object_close(object);
	return SKEP_EXIT_DONE;
}

int cmd_prog_dump(const struct arguments *args)
{
	const char *form = args->nr_operands > 1 ? args->operands[1] : "xlated";
	enum skep_listing listing;
	struct skep_object *object;
	struct skep_diag *diag;
	int status;

	if (!strcmp(form, "xlated"))
		listing = SKEP_LISTING_XLATED;
	else if (!strcmp(form, "source"))
		listing = SKEP_LISTING_SOURCE;
	else
		return usage_error(args, "a program is dumped as xlated or source, not \"%s\"",
				   form);
	status = open_object(args, &object);
	if (status)
		return status;
	diag = skep_diag_new();
	if (skep_prog_dump(object, args->prog, listing, stdout, text_form(args), diag))
		status = report_failure(args, diag);
	else
		skep_diag_free(diag);
	skep_object_close(object);
	return status;
}

int cmd_helper_show(const struct arguments *args)
{
	skep_helper_show(stdout, text_form(args), !args->all);
	return SKEP_EXIT_DONE;
}
