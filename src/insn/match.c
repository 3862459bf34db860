/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Fitting text to the forms of insn.def.
 *
 * A space in a form stands for any number of blanks, which must be there only where two words
 * would run together. Registers may be spelt r or w where the form says one and llvm-objdump,
 * with or without alu32, the other: see register_letters().
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "insn/helper.h"
#include "insn/match.h"

struct matcher {
	const char *text, *at;
	const struct insn_desc *desc;
	const struct match_names *names;
	struct match *match;
	struct match_problem *problem;
	bool has_dst, has_src;
};

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* What was reached last explains best; at the same place the first that knows a reason. */
static _printf_(2, 3) bool problem_set(struct matcher *matcher, const char *fmt, ...)
{
	struct match_problem *problem = matcher->problem;
	size_t rank = 2 * (size_t)(matcher->at - matcher->text) + 2;
	va_list args;

	if (rank <= problem->rank)
		return false;
	problem->rank = rank;
	problem->unknown[0] = '\0';
	va_start(args, fmt);
	vsnprintf(problem->text, sizeof(problem->text), fmt, args);
	va_end(args);
	return false;
}

/* The form stops fitting here, for no reason that a row could name. */
static bool problem_unfit(struct matcher *matcher)
{
	struct match_problem *problem = matcher->problem;
	size_t rank = 2 * (size_t)(matcher->at - matcher->text) + 1;
	const char *word = matcher->at;

	if (rank <= problem->rank)
		return false;
	problem->rank = rank;
	problem->unknown[0] = '\0';
	while (word > matcher->text && is_word(*word) && is_word(word[-1]))
		word--;
	if (*word)
		snprintf(problem->text, sizeof(problem->text), "'%.40s' is not understood", word);
	else
		snprintf(problem->text, sizeof(problem->text), "it ends too early for %s",
			 matcher->desc->name);
	return false;
}

static void skip_blanks(struct matcher *matcher)
{
	while (*matcher->at == ' ' || *matcher->at == '\t')
		matcher->at++;
}

/* The space of a form. */
static bool match_space(struct matcher *matcher)
{
	const char *start = matcher->at;

	skip_blanks(matcher);
	return matcher->at > start || start == matcher->text || !is_word(start[-1]) ||
	       !is_word(*start);
}

static bool match_text(struct matcher *matcher, const char *text)
{
	size_t length = strlen(text);

	if (strncmp(matcher->at, text, length) != 0)
		return false;
	matcher->at += length;
	return true;
}

/* Copy a name, [A-Za-z_][A-Za-z0-9_.]*, to name[]; false when there is none or it is too long. */
static bool match_name(struct matcher *matcher, char name[64])
{
	size_t length = 0;

	if (!isalpha((unsigned char)*matcher->at) && *matcher->at != '_')
		return false;
	while (is_word(matcher->at[length]) || matcher->at[length] == '.')
		length++;
	if (length > 63)
		return problem_set(matcher, "a name has at most 63 letters");
	memcpy(name, matcher->at, length);
	name[length] = '\0';
	matcher->at += length;
	return true;
}

/*
 * A number, decimal or 0x, signed, in [least, most]; what is over S64_MAX counts as its two's
 * complement when `bits` is 64, and what is over S32_MAX likewise when it is 32.
 */
static bool match_number(struct matcher *matcher, u32 bits, s64 *ret)
{
	u64 limit = bits == 64 ? UINT64_MAX : (1ull << bits) - 1;
	bool negative = *matcher->at == '-';
	const char *digits = matcher->at + (negative || *matcher->at == '+');
	char *end;
	u64 value;

	if (!isdigit((unsigned char)*digits))
		return false;
	errno = 0;
	if (digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X'))
		value = strtoull(digits, &end, 16);
	else
		value = strtoull(digits, &end, 10);
	if (is_word(*end))
		return problem_set(matcher, "'%.20s' is no number", digits);
	if (negative)
		limit = 1ull << (bits - 1);
	if (errno == ERANGE || value > limit)
		return problem_set(matcher, "'%.*s' does not fit in %u bits",
				   (int)(end - matcher->at < 40 ? end - matcher->at : 40),
				   matcher->at, bits);
	matcher->at = end;
	*ret = (s64)(negative ? 0 - value : value);
	return true;
}

static bool match_imm(struct matcher *matcher, s32 *imm)
{
	s64 value;

	if (!match_number(matcher, 32, &value))
		return false;
	*imm = (s32)(u32)value;
	return true;
}

static bool match_imm64(struct matcher *matcher)
{
	s64 value;

	if (!match_number(matcher, 64, &value))
		return false;
	matcher->match->insns[0].imm = (s32)(u32)value;
	matcher->match->insns[1].imm = (s32)(u32)((u64)value >> 32);
	return true;
}

/* Signed numbers: they fit when their upper bits repeat the sign. */
static bool match_signed(struct matcher *matcher, u32 bits, s64 *ret)
{
	const char *start = matcher->at;
	s64 value, limit = (s64)(1ull << (bits - 1));

	if (!match_number(matcher, 64, &value))
		return false;
	if (value < -limit || value >= limit || (value < 0 && *start != '-')) {
		const char *end = matcher->at;

		matcher->at = start;
		return problem_set(matcher, "'%.*s' does not fit in %u bits",
				   (int)(end - start < 40 ? end - start : 40), start, bits);
	}
	*ret = value;
	return true;
}

/* " + 4", " - 4", or nothing, which is 0. */
static bool match_sum(struct matcher *matcher, u32 bits, s64 *ret)
{
	const char *start = matcher->at;
	char text[32];
	size_t length = 1;
	struct matcher number = *matcher;

	*ret = 0;
	skip_blanks(matcher);
	if (*matcher->at != '+' && *matcher->at != '-') {
		matcher->at = start;
		return true;
	}
	text[0] = *matcher->at++;
	skip_blanks(matcher);
	while (is_word(matcher->at[length - 1]) && length < sizeof(text) - 1) {
		text[length] = matcher->at[length - 1];
		length++;
	}
	text[length] = '\0';
	number.text = text;
	number.at = text;
	if (length == 1 || !match_signed(&number, bits, ret))
		return problem_set(matcher, "offset '%s' is no number of %u bits", text, bits);
	matcher->at += length - 1;
	return true;
}

/*
 * The letters a register may have. llvm-objdump writes the data of loads, stores and atomic
 * operations up to 32 bits as w with alu32 and as r without; the instruction is the same.
 */
static const char *register_letters(const struct insn_desc *desc, char escape)
{
	bool data = desc->kind == INSN_KIND_LOAD ? escape == 'd' || escape == 'D'
						 : escape == 's' || escape == 'S';
	bool memory = desc->kind == INSN_KIND_LOAD || desc->kind == INSN_KIND_STORE ||
		      desc->kind == INSN_KIND_ATOMIC;

	if (memory && data && desc->size <= 4 && !(desc->flags & INSN_SIGNED))
		return "rw";
	return escape == 'd' || escape == 's' ? "r" : "w";
}

static bool match_register(struct matcher *matcher, char escape)
{
	struct skep_insn *insn = &matcher->match->insns[0];
	bool dst = escape == 'd' || escape == 'D';
	bool *seen = dst ? &matcher->has_dst : &matcher->has_src;
	u32 before = dst ? insn->dst : insn->src;
	char *end;
	unsigned long number;

	if (!*matcher->at || !strchr(register_letters(matcher->desc, escape), *matcher->at) ||
	    !isdigit((unsigned char)matcher->at[1]))
		return false;
	number = strtoul(matcher->at + 1, &end, 10);
	if (is_word(*end))
		return false;
	if (number >= SKEP_MAX_REG)
		return problem_set(matcher, "'%.20s' is no register: there are r0 to r10",
				   matcher->at);
	if (*seen && before != number)
		return problem_set(matcher, "register %.3s must be register %u again", matcher->at,
				   before);
	*seen = true;
	if (dst)
		insn->dst = (u8)number & 0xf;
	else
		insn->src = (u8)number & 0xf;
	matcher->at = end;
	return true;
}

/* "<symbol+0x8>" and "#name", which objdump and bpftool add to a target. */
static void skip_target_note(struct matcher *matcher)
{
	if (*matcher->at == '#') {
		matcher->at++;
		while (is_word(*matcher->at) || *matcher->at == '.')
			matcher->at++;
	}
	skip_blanks(matcher);
	if (*matcher->at == '<') {
		const char *end = strchr(matcher->at, '>');

		if (end)
			matcher->at = end + 1;
	}
}

static bool match_label(struct matcher *matcher)
{
	const char *start = matcher->at;
	char name[64];

	if (!match_name(matcher, name))
		return false;
	matcher->match->label = matcher->names->label(matcher->names->arg, name);
	if (matcher->match->label >= 0)
		return true;
	matcher->at = start;
	return problem_set(matcher, "there is no label '%s'", name);
}

/* "+5", "pc+5", or a label. */
static bool match_target(struct matcher *matcher, bool in_imm)
{
	const char *start = matcher->at;
	s64 value;

	if (matcher->at[0] == 'p' && matcher->at[1] == 'c' && !is_word(matcher->at[2]))
		matcher->at += 2;
	if (*matcher->at != '+' && *matcher->at != '-') {
		matcher->at = start;
		return match_label(matcher);
	}
	if (!match_signed(matcher, in_imm ? 32 : 16, &value))
		return false;
	if (in_imm)
		matcher->match->insns[0].imm = (s32)value;
	else
		matcher->match->insns[0].off = (s16)value;
	skip_target_note(matcher);
	return true;
}

/* A local function; a bare name is a label, "pc" is not. */
static bool match_func(struct matcher *matcher)
{
	return match_target(matcher, true);
}

static bool match_unknown_helper(struct matcher *matcher, const char *name)
{
	struct match_problem *problem = matcher->problem;
	size_t before = problem->rank;

	problem_set(matcher, "there is no helper and no label '%s'", name);
	if (problem->rank != before)
		snprintf(problem->unknown, sizeof(problem->unknown), "%s", name);
	return false;
}

/* "5", "bpf_ktime_get_ns", "bpf_ktime_get_ns#5", "unknown#4711"; labels go before helpers. */
static bool match_helper(struct matcher *matcher)
{
	s32 *imm = &matcher->match->insns[0].imm;
	const struct helper_desc *helper;
	const char *start = matcher->at;
	char name[64];

	if (!match_name(matcher, name))
		return match_imm(matcher, imm);
	if (*matcher->at == '#') {
		matcher->at++;
		return match_imm(matcher, imm);
	}
	helper = helper_find_name(name);
	matcher->at = start;
	if (matcher->names->label(matcher->names->arg, name) >= 0)
		return false;
	if (!helper)
		return match_unknown_helper(matcher, name);
	matcher->at += strlen(name);
	*imm = (s32)helper->id;
	return true;
}

/* "kernel-function#1234", "kernel-function#1234:5". */
static bool match_kfunc(struct matcher *matcher)
{
	s64 value;

	if (!match_text(matcher, "kernel-function#") ||
	    !match_imm(matcher, &matcher->match->insns[0].imm))
		return false;
	if (*matcher->at != ':')
		return true;
	matcher->at++;
	if (!match_signed(matcher, 16, &value))
		return false;
	matcher->match->insns[0].off = (s16)value;
	return true;
}

/* "fd:3" or "idx:3", as the row says; a name is an index. */
static bool match_map(struct matcher *matcher)
{
	bool index =
		matcher->desc->id == INSN_LD_MAP_IDX || matcher->desc->id == INSN_LD_MAP_IDX_VALUE;
	const char *start = matcher->at;
	char name[64];
	s32 number;

	if (match_text(matcher, index ? "idx:" : "fd:"))
		return match_imm(matcher, &matcher->match->insns[0].imm);
	if (!index || !match_name(matcher, name) || *matcher->at == ':')
		return false;
	number = matcher->names->map(matcher->names->arg, name);
	if (number < 0) {
		matcher->at = start;
		return problem_set(matcher, "there is no map '%s'", name);
	}
	matcher->match->insns[0].imm = number;
	return true;
}

/* "+8", or nothing, which is 0. */
static bool match_value_offset(struct matcher *matcher)
{
	return *matcher->at != '+' || match_imm(matcher, &matcher->match->insns[1].imm);
}

static bool match_offset(struct matcher *matcher, bool in_imm)
{
	s64 value;

	if (!match_sum(matcher, in_imm ? 32 : 16, &value))
		return false;
	if (in_imm)
		matcher->match->insns[0].imm = (s32)value;
	else
		matcher->match->insns[0].off = (s16)value;
	return true;
}

static bool match_escape(struct matcher *matcher, char escape)
{
	switch (escape) {
	case 'd':
	case 'D':
	case 's':
	case 'S':
		return match_register(matcher, escape);
	case 'i':
		return match_imm(matcher, &matcher->match->insns[0].imm);
	case 'j':
		return match_imm64(matcher);
	case 'o':
	case 'p':
		return match_offset(matcher, escape == 'p');
	case 't':
	case 'T':
		return match_target(matcher, escape == 'T');
	case 'h':
		return match_helper(matcher);
	case 'f':
		return match_func(matcher);
	case 'k':
		return match_kfunc(matcher);
	case 'm':
		return match_map(matcher);
	case 'v':
		return match_value_offset(matcher);
	case '%':
		return match_text(matcher, "%");
	}
	return false;
}

static bool match_form_element(struct matcher *matcher, const char **form)
{
	char c = *(*form)++;

	if (c == ' ')
		return match_space(matcher);
	if (c == '%')
		return match_escape(matcher, *(*form)++);
	if (*matcher->at != c)
		return false;
	matcher->at++;
	return true;
}

static struct skep_insn row_insn(const struct insn_desc *desc)
{
	struct skep_insn insn = {.code = desc->code};

	if (desc->field == INSN_FIELD_OFF)
		insn.off = (s16)desc->value;
	else if (desc->field == INSN_FIELD_IMM)
		insn.imm = desc->value;
	else if (desc->field == INSN_FIELD_SRC)
		insn.src = (u8)desc->value & 0xf;
	return insn;
}

bool match_row(const struct insn_desc *desc, const char *text, const struct match_names *names,
	       struct match *match, struct match_problem *problem)
{
	struct matcher matcher = {.text = text,
				  .at = text,
				  .desc = desc,
				  .names = names,
				  .match = match,
				  .problem = problem};
	const char *form = desc->form;

	*match = (struct match){.insns = {row_insn(desc)}, .label = -1};
	while (*form) {
		if (!match_form_element(&matcher, &form))
			return problem_unfit(&matcher);
	}
	skip_blanks(&matcher);
	if (*matcher.at)
		return problem_unfit(&matcher);
	return true;
}
