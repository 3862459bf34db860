/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The pages of `skep explain`, from the verifier's table of rules.
 */
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/diag.h"
#include "base/json_writer.h"
#include "skep/verify.h"
#include "verifier/verify.h"

static void fill(const struct verify_rule *from, struct skep_rule *ret)
{
	const struct skep_rule rule = {
		.sz = ret->sz,
		.name = from->name,
		.category = from->category,
		.title = from->title,
		.why = from->why,
		.wrong = from->wrong,
		.right = from->right,
		.suggestion = from->suggestion,
	};

	memcpy(ret, &rule, rule.sz < sizeof(rule) ? rule.sz : sizeof(rule));
}

int skep_rule(size_t nr, struct skep_rule *ret)
{
	u32 count;
	const struct verify_rule *rules = verify_rule_list(&count);

	if (nr >= count)
		return -ENOENT;
	fill(&rules[nr], ret);
	return 0;
}

/* Rules that share a word with what was asked for. */
static int no_rule(const char *name, struct skep_diag *diag)
{
	char word[64];
	struct buf near = {0};
	u32 count;
	const struct verify_rule *rules = verify_rule_list(&count);

	snprintf(word, sizeof(word), "%.*s", (int)strcspn(name, "-_ "), name);
	for (u32 i = 0; i < count && *word; i++)
		if (strstr(rules[i].name, word))
			buf_printf(&near, "%s%s", near.len ? ", " : "", rules[i].name);
	diag_fail(diag, -ENOENT, "there is no rule \"%s\"", name);
	if (diag)
		diag->exit = SKEP_EXIT_USAGE;
	if (near.len)
		diag_try(diag, "one of: %s", buf_text(&near));
	else
		diag_try(diag, "`skep explain` lists them all");
	buf_free(&near);
	return -ENOENT;
}

static void print_code(const char *head, const char *code, FILE *to)
{
	fprintf(to, "\n%s:\n", head);
	while (*code) {
		size_t len = strcspn(code, "\n");

		fprintf(to, "    %.*s\n", (int)len, code);
		code += len + (code[len] == '\n');
	}
}

static void print_page(const struct verify_rule *rule, FILE *to)
{
	fprintf(to, "%s (%s)\n\n%s\n\n%s\n", rule->name, rule->category, rule->title, rule->why);
	print_code("Wrong", rule->wrong, to);
	print_code("Right", rule->right, to);
	fprintf(to, "\nTry: %s\n", rule->suggestion);
}

static void write_page(const struct verify_rule *rule, struct json_writer *json)
{
	emit_begin_object(json);
	emit_string_member(json, "rule", rule->name);
	emit_string_member(json, "category", rule->category);
	emit_string_member(json, "title", rule->title);
	emit_string_member(json, "why", rule->why);
	emit_string_member(json, "wrong", rule->wrong);
	emit_string_member(json, "right", rule->right);
	emit_string_member(json, "try", rule->suggestion);
	emit_end_object(json);
}

static void print_list(FILE *to, struct json_writer *json)
{
	u32 count;
	const struct verify_rule *rules = verify_rule_list(&count);

	if (json)
		emit_begin_array(json);
	for (u32 i = 0; i < count; i++) {
		if (json)
			write_page(&rules[i], json);
		else
			fprintf(to, "%-22s %s\n", rules[i].name, rules[i].title);
	}
	if (json)
		emit_end_array(json);
}

int skep_rule_print(const char *name, FILE *to, uint32_t form, struct skep_diag *diag)
{
	struct json_writer json = {.to = to, .pretty = form & SKEP_TEXT_PRETTY};
	bool as_json = form & SKEP_TEXT_JSON;
	const struct verify_rule *rule = name ? verify_rule_find(name) : NULL;

	if (name && !rule)
		return no_rule(name, diag);
	if (!name)
		print_list(to, as_json ? &json : NULL);
	else if (as_json)
		write_page(rule, &json);
	else
		print_page(rule, to);
	if (as_json)
		fputc('\n', to);
	return 0;
}
