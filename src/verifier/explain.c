/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Why a program was rejected: the rule, the place, the way there, what was proven and what was
 * needed. The way is read off the steps that backtracking keeps: the conditional jumps that led
 * here, oldest first.
 */
#include "verifier/env.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define PATH_STEPS 12

/* A constant for each rule: one without a page does not compile. */
#define PAGE(id, why, wrong, right)                                                                \
	enum { page_exists_##id = RULE_##id };                                                     \
	static const char page_why_##id[] = why, page_wrong_##id[] = wrong, page_right_##id[] = right;
#include "verifier/pages.def"

static const struct verify_rule rules[] = {
#define RULE(id, name, category, title, suggestion)                                                \
	[RULE_##id] = {name,		 category,	    title,		suggestion,	   \
		       page_why_##id, page_wrong_##id, page_right_##id},
#include "verifier/rules.def"
};

const struct verify_rule *verify_rule_list(u32 *ret_nr)
{
	*ret_nr = ARRAY_SIZE(rules);
	return rules;
}

const struct verify_rule *verify_rule_find(const char *name)
{
	for (u32 i = 0; i < ARRAY_SIZE(rules); i++)
		if (!strcmp(rules[i].name, name))
			return &rules[i];
	return NULL;
}

const char *reg_type_name(const struct reg *reg)
{
	static const char *const names[REG_TYPE_MAX][2] = {
		[REG_UNINIT] = {"not initialised", "not initialised"},
		[REG_SCALAR] = {"a number", "a number"},
		[REG_CTX] = {"the context", "the context or NULL"},
		[REG_MAP] = {"a map", "a map or NULL"},
		[REG_MAP_VALUE] = {"a map value", "a map value or NULL"},
		[REG_MAP_KEY] = {"a map key", "a map key or NULL"},
		[REG_STACK] = {"a pointer to the stack", "a pointer to the stack or NULL"},
		[REG_PACKET_META] = {"a pointer to packet metadata", "packet metadata or NULL"},
		[REG_PACKET] = {"a pointer into the packet", "a pointer into the packet or NULL"},
		[REG_PACKET_END] = {"the packet's end", "the packet's end or NULL"},
		[REG_MEM] = {"a pointer to memory", "a pointer to memory or NULL"},
		[REG_SOCKET] = {"a socket", "a socket or NULL"},
		[REG_SOCK_COMMON] = {"a socket", "a socket or NULL"},
		[REG_TCP_SOCK] = {"a TCP socket", "a TCP socket or NULL"},
		[REG_XDP_SOCK] = {"an AF_XDP socket", "an AF_XDP socket or NULL"},
		[REG_FUNC] = {"a function", "a function or NULL"},
		[REG_KERNEL] = {"an object of the kernel", "an object of the kernel or NULL"},
	};

	return names[reg->type][!!(reg->flags & REG_NULLABLE && reg_is_pointer(reg))];
}

static const struct object_line *line_at(const struct env *env, u32 insn)
{
	u32 low = 0, high = env->in->nr_lines;

	if (!high || env->in->lines[0].insn > insn)
		return NULL;
	while (high - low > 1) {
		u32 mid = (low + high) / 2;

		if (env->in->lines[mid].insn <= insn)
			low = mid;
		else
			high = mid;
	}
	return &env->in->lines[low];
}

static const char *file_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static const char *trimmed(const char *text)
{
	while (*text == ' ' || *text == '\t')
		text++;
	return text;
}

struct turn {
	u32 insn;
	bool taken;
};

/* Collect conditional jumps on the way, newest first; returns how many (PATH_STEPS at most). */
static u32 collect_turns(const struct env *env, struct turn *turns, bool *ret_more)
{
	const struct state *state = env->cur;
	u32 nr = 0, at = env->insn;
	const struct step *step = state->steps;

	*ret_more = false;
	while (state) {
		u32 prev;
		u8 id;

		if (at == state->first_insn && (!step || (!step->prev && step->insn == at))) {
			state = state->parent;
			if (!state)
				break;
			at = state->insn;
			step = state->steps;
			continue;
		}
		if (step && step->insn == at) {
			prev = step->from;
			step = step->prev;
		} else {
			prev = at - 1;
			if (env->aux[prev].second_slot)
				prev--;
		}
		id = env->aux[prev].id;
		if (insn_descs[id].kind == INSN_KIND_BRANCH64 ||
		    insn_descs[id].kind == INSN_KIND_BRANCH32) {
			if (nr == PATH_STEPS) {
				*ret_more = true;
				break;
			}
			turns[nr++] = (struct turn){prev, at != prev + 1};
		}
		at = prev;
	}
	return nr;
}

static void explain_path(struct env *env)
{
	struct turn turns[PATH_STEPS];
	bool more;
	u32 nr = collect_turns(env, turns, &more);

	if (more)
		diag_path(env->diag, "...");
	while (nr--) {
		const struct object_line *line = line_at(env, turns[nr].insn);
		struct buf text = {0};

		insn_print(&text, env->insns, env->nr, turns[nr].insn, NULL);
		if (line && *line->text)
			diag_path(env->diag, "%s:%u: %s (%u: %s: %s)", file_of(line->file),
				  line->line, trimmed(line->text), turns[nr].insn, buf_text(&text),
				  turns[nr].taken ? "true" : "false");
		else
			diag_path(env->diag, "%u: %s: %s", turns[nr].insn, buf_text(&text),
				  turns[nr].taken ? "true" : "false");
		buf_free(&text);
	}
}

static void explain_place(struct env *env)
{
	const struct object_line *line = line_at(env, env->insn);
	struct buf text = {0};

	if (env->insn >= env->nr)
		return;
	insn_print(&text, env->insns, env->nr, env->insn, NULL);
	diag_insn(env->diag, env->insn, buf_text(&text));
	buf_free(&text);
	if (line)
		diag_source(env->diag, file_of(line->file), line->line, trimmed(line->text));
	if (env->nr_subprogs) {
		const struct subprog *subprog = &env->subprogs[subprog_of(env, env->insn)];

		diag_symbol(env->diag, *subprog->name ? subprog->name : env->in->name);
	}
}

/* Place, way and advice, where the diag has none yet. */
static void explain(struct env *env, enum rule rule)
{
	diag_category(env->diag, rules[rule].category);
	explain_place(env);
	if (env->cur && !env->diag->path)
		explain_path(env);
	diag_try(env->diag, "%s", rules[rule].suggestion);
}

int reject_in_words(struct env *env, int err, enum rule rule)
{
	if (!env->diag || !env->diag->err)
		return reject(env, err, rule, "%s", rules[rule].title);
	log_line(env, "%s", skep_diag_problem(env->diag));
	env->diag->exit = SKEP_EXIT_REJECTED;
	if (!env->diag->rule)
		env->diag->rule = strdup(rules[rule].name);
	explain(env, rule);
	return err;
}

int reject(struct env *env, int err, enum rule rule, const char *fmt, ...)
{
	va_list args;
	char *text = NULL;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		text = NULL;
	va_end(args);
	log_line(env, "%s", text ? text : "");
	if (env->diag && !env->diag->err) {
		diag_reject(env->diag, err, rules[rule].name, "%s", text ? text : "");
		explain(env, rule);
	}
	free(text);
	return err;
}

#define DEFINE_EXPLAIN(name, setter)                                                               \
	void name(struct env *env, const char *fmt, ...)                                           \
	{                                                                                          \
		va_list args;                                                                      \
		char *text = NULL;                                                                 \
                                                                                                   \
		va_start(args, fmt);                                                               \
		if (vasprintf(&text, fmt, args) >= 0)                                              \
			setter(env->diag, "%s", text);                                             \
		va_end(args);                                                                      \
		free(text);                                                                        \
	}

DEFINE_EXPLAIN(explain_proven, diag_proven)
DEFINE_EXPLAIN(explain_needed, diag_needed)
