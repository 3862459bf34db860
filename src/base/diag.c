/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Diagnostics: see diag.h. A field that is set stays; the innermost caller sets first.
 */
#include "base/diag.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void diag_init(struct skep_diag *diag)
{
	memset(diag, 0, sizeof(*diag));
	diag->off = -1;
	diag->insn = -1;
}

void diag_reset(struct skep_diag *diag)
{
	char **texts[] = {&diag->category, &diag->problem,   &diag->object,     &diag->section,
			  &diag->symbol,   &diag->insn_text, &diag->source,     &diag->source_text,
			  &diag->proven,   &diag->needed,    &diag->suggestion, &diag->rule};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		free(*texts[i]);
	while (diag->path) {
		struct diag_step *step = diag->path;

		diag->path = step->next;
		free(step->text);
		free(step);
	}
	diag_init(diag);
}

struct skep_diag *skep_diag_new(void)
{
	struct skep_diag *diag = malloc(sizeof(*diag));

	if (diag)
		diag_init(diag);
	return diag;
}

void skep_diag_free(struct skep_diag *diag)
{
	if (!diag)
		return;
	diag_reset(diag);
	free(diag);
}

static char *format_text(const char *fmt, va_list args)
{
	char *text;

	return vasprintf(&text, fmt, args) < 0 ? NULL : text;
}

/* Is there a failure to describe, and is this field of it still free? */
static bool field_is_free(const struct skep_diag *diag, char *const *field)
{
	return diag && diag->err && !*field;
}

static void set_text(struct skep_diag *diag, char **field, const char *text)
{
	if (text && field_is_free(diag, field))
		*field = strdup(text);
}

int diag_fail(struct skep_diag *diag, int err, const char *fmt, ...)
{
	va_list args;

	if (!diag || diag->err)
		return err;
	diag->err = err;
	diag->exit = SKEP_EXIT_REFUSED;
	va_start(args, fmt);
	diag->problem = format_text(fmt, args);
	va_end(args);
	return err;
}

int diag_reject(struct skep_diag *diag, int err, const char *rule, const char *fmt, ...)
{
	va_list args;

	if (!diag || diag->err)
		return err;
	diag->err = err;
	diag->exit = SKEP_EXIT_REJECTED;
	va_start(args, fmt);
	diag->problem = format_text(fmt, args);
	va_end(args);
	set_text(diag, &diag->rule, rule);
	return err;
}

void diag_category(struct skep_diag *diag, const char *category)
{
	if (diag)
		set_text(diag, &diag->category, category);
}

void diag_object(struct skep_diag *diag, const char *object)
{
	if (diag)
		set_text(diag, &diag->object, object);
}

void diag_section(struct skep_diag *diag, const char *section)
{
	if (diag)
		set_text(diag, &diag->section, section);
}

void diag_symbol(struct skep_diag *diag, const char *symbol)
{
	if (diag)
		set_text(diag, &diag->symbol, symbol);
}

void diag_off(struct skep_diag *diag, u64 off)
{
	if (diag && diag->err && diag->off < 0)
		diag->off = (s64)off;
}

void diag_insn(struct skep_diag *diag, u32 insn, const char *text)
{
	if (!diag || !diag->err || diag->insn >= 0)
		return;
	diag->insn = insn;
	set_text(diag, &diag->insn_text, text);
}

void diag_source(struct skep_diag *diag, const char *file, u32 line, const char *text)
{
	if (!diag || !field_is_free(diag, &diag->source))
		return;
	if (asprintf(&diag->source, "%s:%" PRIu32, file, line) < 0)
		diag->source = NULL;
	set_text(diag, &diag->source_text, text);
}

#define DEFINE_FORMATTED(setter, field)                                                            \
	void setter(struct skep_diag *diag, const char *fmt, ...)                                  \
	{                                                                                          \
		va_list args;                                                                      \
                                                                                                   \
		if (!diag || !field_is_free(diag, &diag->field))                                   \
			return;                                                                    \
		va_start(args, fmt);                                                               \
		diag->field = format_text(fmt, args);                                              \
		va_end(args);                                                                      \
	}

DEFINE_FORMATTED(diag_proven, proven)
DEFINE_FORMATTED(diag_needed, needed)
DEFINE_FORMATTED(diag_try, suggestion)

void diag_path(struct skep_diag *diag, const char *fmt, ...)
{
	struct diag_step *step, **end;
	va_list args;

	if (!diag || !diag->err)
		return;
	step = calloc(1, sizeof(*step));
	if (!step)
		return;
	va_start(args, fmt);
	step->text = format_text(fmt, args);
	va_end(args);
	for (end = &diag->path; *end; end = &(*end)->next)
		;
	*end = step;
}

int skep_diag_error(const struct skep_diag *diag)
{
	return diag->err;
}

enum skep_exit skep_diag_exit(const struct skep_diag *diag)
{
	return diag->err ? diag->exit : SKEP_EXIT_DONE;
}

const char *skep_diag_problem(const struct skep_diag *diag)
{
	if (!diag->err)
		return "";
	return diag->problem ? diag->problem : strerror(-diag->err);
}

/* "  object file.o, section xdp, symbol prog, offset 0x10" */
static void print_where(const struct skep_diag *diag, FILE *to)
{
	const struct {
		const char *label, *text;
	} parts[] = {
		{"object", diag->object}, {"section", diag->section}, {"symbol", diag->symbol}};
	const char *comma = "  ";

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (!parts[i].text)
			continue;
		fprintf(to, "%s%s %s", comma, parts[i].label, parts[i].text);
		comma = ", ";
	}
	if (diag->off >= 0) {
		fprintf(to, "%soffset 0x%" PRIx64, comma, diag->off);
		comma = ", ";
	}
	if (*comma == ',')
		fputc('\n', to);
}

static void print_code(const struct skep_diag *diag, FILE *to)
{
	if (diag->source)
		fprintf(to, "  %s: %s\n", diag->source, diag->source_text ? diag->source_text : "");
	if (diag->insn >= 0)
		fprintf(to, "  instruction %" PRId64 ": %s\n", diag->insn,
			diag->insn_text ? diag->insn_text : "");
}

void skep_diag_print(const struct skep_diag *diag, FILE *to)
{
	if (!diag->err)
		return;
	if (diag->category)
		fprintf(to, "%s: ", diag->category);
	fprintf(to, "%s\n", skep_diag_problem(diag));
	print_where(diag, to);
	print_code(diag, to);
	for (const struct diag_step *step = diag->path; step; step = step->next)
		fprintf(to, "  %s %s\n", step == diag->path ? "path:" : "     ",
			step->text ? step->text : "");
	if (diag->proven)
		fprintf(to, "  proven: %s\n", diag->proven);
	if (diag->needed)
		fprintf(to, "  needed: %s\n", diag->needed);
	if (diag->suggestion)
		fprintf(to, "  try:    %s\n", diag->suggestion);
	if (diag->rule)
		fprintf(to, "  rule:   %s (skep explain %s)\n", diag->rule, diag->rule);
}

/* Add a text field, in UTF-8 whatever the input was. */
static void json_add_text(json_t *to, const char *key, const char *text)
{
	json_t *value;

	if (!text)
		return;
	value = json_string(text);
	if (!value) { /* not UTF-8 (names in a broken ELF): keep what is ASCII */
		char *copy = strdup(text);

		for (char *c = copy; c && *c; c++)
			if (*c & 0x80)
				*c = '?';
		value = copy ? json_string(copy) : NULL;
		free(copy);
	}
	json_object_set_new(to, key, value ? value : json_null());
}

char *skep_diag_json(const struct skep_diag *diag)
{
	json_t *root = json_object(), *error = json_object(), *path = json_array();
	char *text;

	json_object_set_new(error, "code", json_integer(diag->err));
	json_add_text(error, "category", diag->category);
	json_add_text(error, "problem", skep_diag_problem(diag));
	json_add_text(error, "object", diag->object);
	json_add_text(error, "section", diag->section);
	json_add_text(error, "symbol", diag->symbol);
	if (diag->off >= 0)
		json_object_set_new(error, "offset", json_integer(diag->off));
	if (diag->insn >= 0)
		json_object_set_new(error, "insn", json_integer(diag->insn));
	json_add_text(error, "insn_text", diag->insn_text);
	json_add_text(error, "source", diag->source);
	json_add_text(error, "source_text", diag->source_text);
	for (const struct diag_step *step = diag->path; step; step = step->next)
		json_array_append_new(path, json_string(step->text ? step->text : ""));
	if (json_array_size(path))
		json_object_set(error, "path", path);
	json_decref(path);
	json_add_text(error, "proven", diag->proven);
	json_add_text(error, "needed", diag->needed);
	json_add_text(error, "try", diag->suggestion);
	json_add_text(error, "rule", diag->rule);
	json_object_set_new(root, "error", error);
	text = json_dumps(root, JSON_INDENT(2));
	json_decref(root);
	return text;
}
