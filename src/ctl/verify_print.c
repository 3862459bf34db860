/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The results of the verifier as a table or JSON.
 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/verify.h"

static const char *const verdict_names[] = {
	[SKEP_VERIFY_ACCEPTED] = "accepted",
	[SKEP_VERIFY_REJECTED] = "rejected",
	[SKEP_VERIFY_NOT_FOR_NIC] = "not for a network card",
};

static int longest_name(const struct skep_verify *verify)
{
	size_t longest = strlen("program");

	for (size_t i = 0; i < verify->nr; i++)
		if (strlen(verify->rows[i].prog->name) > longest)
			longest = strlen(verify->rows[i].prog->name);
	return (int)longest;
}

/* Indent what belongs to the row above. */
static void print_block(const char *head, const char *text, FILE *to)
{
	if (!text)
		return;
	fprintf(to, "%s:\n%s", head, text);
}

static void print_row(const struct skep_verify_result *row, int width, FILE *to)
{
	if (row->verdict == SKEP_VERIFY_NOT_FOR_NIC)
		fprintf(to, "%-*s  not for a network card (%s)\n", width, row->prog,
			row->type && strcmp(row->type, "unspec") ? row->type : row->section);
	else
		fprintf(to,
			"%-*s  %-8s  %7" PRIu32 "  %8" PRIu32 "  %7" PRIu32 "  %7" PRIu32
			"  %8" PRIu32 "  %6" PRIu32 "  %8" PRIu64 "\n",
			width, row->prog, verdict_names[row->verdict], row->insns, row->visited,
			row->states, row->peak_states, row->max_states_per_insn, row->stack_depth,
			row->duration_ns / 1000);
	if (row->verdict == SKEP_VERIFY_REJECTED)
		skep_diag_print(row->why, to);
	print_block("log", row->log, to);
	print_block("facts", row->facts, to);
}

static void add_text(json_t *to, const char *name, const char *text)
{
	if (text)
		json_object_set_new(to, name, json_string(text));
}

/* The diag's own JSON, without the envelope. */
static void add_error(json_t *to, const struct skep_diag *why)
{
	char *text = skep_diag_json(why);
	json_t *whole = text ? json_loads(text, 0, NULL) : NULL;

	json_object_set(to, "error", json_object_get(whole, "error"));
	json_decref(whole);
	free(text);
}

static json_t *row_json(const struct skep_verify *verify, const struct skep_verify_result *row)
{
	const struct {
		const char *name;
		u64 value;
	} figures[] = {
		{"insns", row->insns},
		{"visited", row->visited},
		{"states", row->states},
		{"peak_states", row->peak_states},
		{"max_states_per_insn", row->max_states_per_insn},
		{"stack_depth", row->stack_depth},
		{"duration_us", row->duration_ns / 1000},
		{"memory_bytes", row->memory},
	};
	json_t *json = json_object();

	add_text(json, "object", verify->object->name);
	add_text(json, "prog", row->prog);
	add_text(json, "section", row->section);
	add_text(json, "type", row->type);
	add_text(json, "verdict", verdict_names[row->verdict]);
	for (size_t i = 0; i < ARRAY_SIZE(figures); i++)
		json_object_set_new(json, figures[i].name,
				    json_integer((json_int_t)figures[i].value));
	if (row->why)
		add_error(json, row->why);
	add_text(json, "log", row->log);
	add_text(json, "facts", row->facts);
	return json;
}

static int print_json(const struct skep_verify *verify, FILE *to, uint32_t form)
{
	struct skep_verify_result row = {.sz = sizeof(row)};
	json_t *rows = json_array();
	int err;

	for (size_t i = 0; !skep_verify_result(verify, i, &row); i++)
		json_array_append_new(rows, row_json(verify, &row));
	err = json_dumpf(rows, to, form & SKEP_TEXT_PRETTY ? JSON_INDENT(2) : JSON_COMPACT);
	fputc('\n', to);
	json_decref(rows);
	return err ? -ENOMEM : 0;
}

int skep_verify_print(const struct skep_verify *verify, FILE *to, uint32_t form)
{
	struct skep_verify_result row = {.sz = sizeof(row)};
	int width = longest_name(verify);

	if (form & SKEP_TEXT_JSON)
		return print_json(verify, to, form);
	fprintf(to, "%-*s  %-8s  %7s  %8s  %7s  %7s  %8s  %6s  %8s\n", width, "program", "verdict",
		"insns", "visited", "states", "peak", "max/insn", "stack", "us");
	for (size_t i = 0; !skep_verify_result(verify, i, &row); i++)
		print_row(&row, width, to);
	return 0;
}
