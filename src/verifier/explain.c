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
	static const char page_why_##id[] = why;                                                   \
	static const char page_wrong_##id[] = wrong, page_right_##id[] = right;
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

/* The way that led here, backwards, one instruction at a time. */
struct walk {
	const struct state *state;
	const struct step *step;
	u32 at;	  /* the instruction that was executed ... */
	u32 next; /* ... before this one */
};

static void walk_start(const struct env *env, struct walk *walk)
{
	*walk = (struct walk){.state = env->cur, .at = env->insn, .next = env->insn};
	walk->step = env->cur ? env->cur->steps : NULL;
}

/* One instruction back; false at the beginning. */
static bool walk_back(const struct env *env, struct walk *walk)
{
	while (walk->state) {
		const struct step *step = walk->step;
		u32 at = walk->at;

		if (at == walk->state->first_insn &&
		    (!step || (!step->prev && step->insn == at))) {
			walk->state = walk->state->parent;
			if (!walk->state)
				break;
			walk->at = walk->state->insn;
			walk->step = walk->state->steps;
			continue;
		}
		walk->next = at;
		if (step && step->insn == at) {
			walk->at = step->from;
			walk->step = step->prev;
		} else {
			walk->at = at - 1 - env->aux[at - 1].second_slot;
		}
		return true;
	}
	return false;
}

struct turn {
	u32 insn;
	bool taken;
};

/* Collect conditional jumps on the way, newest first; returns how many (PATH_STEPS at most). */
static u32 collect_turns(const struct env *env, struct turn *turns, bool *ret_more)
{
	struct walk walk;
	u32 nr = 0;

	*ret_more = false;
	walk_start(env, &walk);
	while (walk_back(env, &walk)) {
		enum insn_kind kind = insn_descs[env->aux[walk.at].id].kind;

		if (kind != INSN_KIND_BRANCH64 && kind != INSN_KIND_BRANCH32)
			continue;
		if (nr == PATH_STEPS) {
			*ret_more = true;
			break;
		}
		turns[nr++] = (struct turn){walk.at, walk.next != walk.at + 1};
	}
	return nr;
}

/* Did this call take away pointers? Then say so. */
static bool explain_loss(struct env *env, const struct helper_desc *helper, u32 insn)
{
	const struct object_line *line = line_at(env, insn);
	struct buf place = {0};

	if (!helper || !(helper->flags & (HELPER_PKT | HELPER_RELEASE)))
		return false;
	if (line)
		buf_printf(&place, "in line %u", line->line);
	else
		buf_printf(&place, "at instruction %u", insn);
	if (helper->flags & HELPER_PKT)
		explain_proven(env,
			       "nothing: bpf_%s %s may have moved the packet, and pointers from "
			       "before that are lost",
			       helper->name, buf_text(&place));
	else
		explain_proven(env, "nothing: bpf_%s %s has given it back", helper->name,
			       buf_text(&place));
	buf_free(&place);
	return true;
}

void explain_lost_pointer(struct env *env, u32 regno)
{
	struct walk walk;

	walk_start(env, &walk);
	while (walk_back(env, &walk)) {
		const struct skep_insn *insn = &env->insns[walk.at];
		const struct insn_desc *desc = &insn_descs[env->aux[walk.at].id];

		if (desc->id == INSN_MOV64_REG && insn->dst == regno)
			regno = insn->src;
		else if (desc->flags & INSN_WRITES_DST && insn->dst == regno)
			return;
		if (desc->id == INSN_CALL_HELPER &&
		    (regno < CALLER_SAVED || explain_loss(env, helper_find(insn->imm), walk.at)))
			return;
	}
}

/* One step of the path; the same one again is counted only. */
static void add_step(struct env *env, struct buf *last, u32 *times, const char *text)
{
	if (text && last->len && !strcmp(buf_text(last), text)) {
		++*times;
		return;
	}
	if (last->len && *times > 1)
		diag_path(env->diag, "%s, %u times", buf_text(last), *times);
	else if (last->len)
		diag_path(env->diag, "%s", buf_text(last));
	buf_free(last);
	*times = 1;
	if (text)
		buf_printf(last, "%s", text);
}

static void print_turn(struct env *env, const struct turn *turn, struct buf *out)
{
	const struct object_line *line = line_at(env, turn->insn);
	bool has_text = line && *line->text;

	if (has_text)
		buf_printf(out, "%s:%u: %s (", file_of(line->file), line->line,
			   trimmed(line->text));
	buf_printf(out, "%u: ", turn->insn);
	insn_print(out, env->insns, env->nr, turn->insn, NULL);
	buf_printf(out, ": %s%s", turn->taken ? "true" : "false", has_text ? ")" : "");
}

static void explain_path(struct env *env)
{
	struct turn turns[PATH_STEPS];
	struct buf last = {0}, text = {0};
	u32 times = 0, nr;
	bool more;

	nr = collect_turns(env, turns, &more);
	if (more)
		diag_path(env->diag, "...");
	while (nr--) {
		buf_free(&text);
		print_turn(env, &turns[nr], &text);
		add_step(env, &last, &times, buf_text(&text));
	}
	add_step(env, &last, &times, NULL);
	buf_free(&last);
	buf_free(&text);
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
