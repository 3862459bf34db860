/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The assembler: text, one instruction a line, to slots.
 *
 * Pass one finds the names of labels, so that pass two knows a label from a helper; pass two fits
 * each line to the rows of insn.def (match.h) and notes which targets are labels; the end fills
 * those in. Listings can be pasted: "12:" and "(b7)" in front of an instruction are skipped.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "insn/helper.h"
#include "insn/insn.h"
#include "insn/match.h"

#define LABEL_MAX 64

struct label {
	char name[LABEL_MAX];
	s64 insn; /* -1 = not reached yet */
};

struct fixup {
	u32 insn, line;
	s32 label;
};

struct assembler {
	int (*map_index)(void *arg, const char *name);
	void *arg;
	struct skep_diag *diag;
	struct skep_insn *insns;
	struct label *labels;
	struct fixup *fixups;
	u32 nr, nr_labels, nr_fixups;
	u32 cap, cap_labels, cap_fixups;
	u32 line;
	char *text; /* of the line, without comment */
};

/* Make room for one more element; *array stays valid on failure. */
static int array_grow(void *array, u32 nr, u32 *cap, size_t size)
{
	void **data = array;
	u32 wanted = *cap ? *cap * 2 : 64;
	void *grown;

	if (nr < *cap)
		return 0;
	grown = reallocarray(*data, wanted, size);
	if (!grown)
		return -ENOMEM;
	*data = grown;
	*cap = wanted;
	return 0;
}

static int memory_fail(struct assembler *as)
{
	return diag_fail(as->diag, -ENOMEM, "line %u: no memory to assemble", as->line);
}

static s32 label_find(void *arg, const char *name)
{
	const struct assembler *as = arg;

	for (u32 i = 0; i < as->nr_labels; i++) {
		if (strcmp(as->labels[i].name, name) == 0)
			return (s32)i;
	}
	return -1;
}

static s32 map_find(void *arg, const char *name)
{
	const struct assembler *as = arg;

	return as->map_index ? as->map_index(as->arg, name) : -ENOENT;
}

/* '#' starts a comment at the start and after a blank; in "name#5" it does not. */
static bool comment_starts(const char *line, size_t i)
{
	if (line[i] == ';' || (line[i] == '/' && line[i + 1] == '/'))
		return true;
	return line[i] == '#' && (i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t');
}

/* The line at `text` without comment and outer blanks, in *ret (malloc). */
static int line_cut(const char *text, size_t length, char **ret)
{
	size_t end = 0;

	while (end < length && !comment_starts(text, end))
		end++;
	while (end && isspace((unsigned char)text[end - 1]))
		end--;
	while (end && isspace((unsigned char)*text)) {
		text++;
		end--;
	}
	*ret = strndup(text, end);
	return *ret ? 0 : -ENOMEM;
}

/* Length of "name" in "name:", 0 when the text does not start with a label. */
static size_t label_length(const char *text)
{
	size_t length = 0;

	if (!isalpha((unsigned char)*text) && *text != '_')
		return 0;
	while (isalnum((unsigned char)text[length]) || text[length] == '_' || text[length] == '.')
		length++;
	return text[length] == ':' ? length : 0;
}

static const char *skip_label(const char *text, size_t length)
{
	text += length + 1;
	while (*text == ' ' || *text == '\t')
		text++;
	return text;
}

static int label_add(struct assembler *as, const char *text, size_t length)
{
	struct label *label;

	if (length >= LABEL_MAX)
		return diag_fail(as->diag, -EINVAL, "line %u: label '%.40s...' has over %u letters",
				 as->line, text, LABEL_MAX - 1);
	if (array_grow(&as->labels, as->nr_labels, &as->cap_labels, sizeof(*label)))
		return memory_fail(as);
	label = &as->labels[as->nr_labels];
	memcpy(label->name, text, length);
	label->name[length] = '\0';
	label->insn = -1;
	if (label_find(as, label->name) >= 0)
		return diag_fail(as->diag, -EINVAL, "line %u: label '%s' stands here a second time",
				 as->line, label->name);
	as->nr_labels++;
	return 0;
}

/* Pass one, one line. */
static int labels_collect(struct assembler *as)
{
	const char *text = as->text;
	size_t length;

	while ((length = label_length(text))) {
		int err = label_add(as, text, length);

		if (err)
			return err;
		text = skip_label(text, length);
	}
	return 0;
}

static const char *labels_define(struct assembler *as)
{
	const char *text = as->text;
	char name[LABEL_MAX];
	size_t length;

	while ((length = label_length(text))) {
		memcpy(name, text, length);
		name[length] = '\0';
		as->labels[label_find(as, name)].insn = as->nr;
		text = skip_label(text, length);
	}
	return text;
}

static bool hex_byte(const char *text, u8 *ret)
{
	char digits[3] = {text[0], text[0] ? text[1] : '\0', '\0'};

	if (!isxdigit((unsigned char)digits[0]) || !isxdigit((unsigned char)digits[1]))
		return false;
	*ret = (u8)strtoul(digits, NULL, 16);
	return true;
}

/* "12:" and "(b7)" of listings; nothing else starts so. */
static const char *skip_listing(const char *text)
{
	const char *at = text;
	u8 code;

	while (isdigit((unsigned char)*at))
		at++;
	if (at > text && *at == ':')
		text = skip_label(at, 0);
	if (text[0] == '(' && hex_byte(text + 1, &code) && text[3] == ')')
		text = skip_label(text + 3, 0);
	return text;
}

/* "xx xx xx xx xx xx xx xx", what insn_print() writes for a slot that means nothing. */
static bool raw_slot(const char *text, struct skep_insn *ret)
{
	u8 bytes[sizeof(*ret)];

	for (size_t i = 0; i < sizeof(bytes); i++, text += 2) {
		if (i && *text++ != ' ')
			return false;
		if (!hex_byte(text, &bytes[i]))
			return false;
	}
	if (*text)
		return false;
	memcpy(ret, bytes, sizeof(bytes));
	return true;
}

static int insn_add(struct assembler *as, const struct skep_insn *insn)
{
	if (as->nr >= SKEP_MAX_INSNS)
		return diag_fail(as->diag, -EINVAL, "line %u: more than %u instructions", as->line,
				 SKEP_MAX_INSNS);
	if (array_grow(&as->insns, as->nr, &as->cap, sizeof(*insn)))
		return memory_fail(as);
	as->insns[as->nr++] = *insn;
	return 0;
}

static int match_add(struct assembler *as, const struct insn_desc *desc, const struct match *match)
{
	u32 at = as->nr;
	int err = 0;

	for (u32 slot = 0; slot < desc->slots && !err; slot++)
		err = insn_add(as, &match->insns[slot]);
	if (err || match->label < 0)
		return err;
	if (array_grow(&as->fixups, as->nr_fixups, &as->cap_fixups, sizeof(*as->fixups)))
		return memory_fail(as);
	as->fixups[as->nr_fixups++] =
		(struct fixup){.insn = at, .line = as->line, .label = match->label};
	return 0;
}

static int line_fail(struct assembler *as, const char *text, const struct match_problem *problem)
{
	const char *near = problem->unknown[0] ? helper_suggest(problem->unknown) : NULL;
	int err =
		diag_fail(as->diag, -EINVAL, "line %u: '%.80s': %s", as->line, text, problem->text);

	if (near)
		diag_try(as->diag, "did you mean '%s'?", near);
	return err;
}

/* Pass two, one line. */
static int line_assemble(struct assembler *as)
{
	const struct match_names names = {.label = label_find, .map = map_find, .arg = as};
	const char *text = skip_listing(labels_define(as));
	struct match_problem problem = {};
	struct skep_insn raw;
	struct match match;

	if (!*text)
		return 0;
	if (raw_slot(text, &raw))
		return insn_add(as, &raw);
	for (u32 id = INSN_INVALID + 1; id < INSN_ID_MAX; id++) {
		if (match_row(&insn_descs[id], text, &names, &match, &problem))
			return match_add(as, &insn_descs[id], &match);
	}
	return line_fail(as, text, &problem);
}

static int fixup_fail(struct assembler *as, const struct fixup *fixup, s64 distance, u32 bits)
{
	return diag_fail(as->diag, -EINVAL,
			 "line %u: label '%s' is %lld instructions away, which %u bits cannot say",
			 fixup->line, as->labels[fixup->label].name, (long long)distance, bits);
}

static int fixups_apply(struct assembler *as)
{
	for (u32 i = 0; i < as->nr_fixups; i++) {
		const struct fixup *fixup = &as->fixups[i];
		struct skep_insn *insn = &as->insns[fixup->insn];
		s64 distance = as->labels[fixup->label].insn - fixup->insn - 1;

		if (insn_descs[insn_decode(insn)].flags & INSN_TARGET_IMM) {
			insn->imm = (s32)distance; /* fits: SKEP_MAX_INSNS */
			continue;
		}
		if (distance < INT16_MIN || distance > INT16_MAX)
			return fixup_fail(as, fixup, distance, 16);
		insn->off = (s16)distance;
	}
	return 0;
}

static int lines_walk(struct assembler *as, const char *text, int (*visit)(struct assembler *))
{
	as->line = 0;
	while (*text) {
		size_t length = strcspn(text, "\n");
		int err;

		as->line++;
		if (line_cut(text, length, &as->text))
			return memory_fail(as);
		err = visit(as);
		free(as->text);
		as->text = NULL;
		if (err)
			return err;
		text += length + (text[length] == '\n');
	}
	return 0;
}

int insn_assemble(const char *text, int (*map_index)(void *arg, const char *name), void *arg,
		  struct skep_insn **ret_insns, u32 *ret_nr, struct skep_diag *diag)
{
	struct assembler as = {.map_index = map_index, .arg = arg, .diag = diag};
	int err;

	err = lines_walk(&as, text, labels_collect);
	if (!err)
		err = lines_walk(&as, text, line_assemble);
	if (!err)
		err = fixups_apply(&as);
	if (!err && !as.nr)
		err = diag_fail(diag, -EINVAL, "the text has no instructions");
	if (!err) {
		*ret_insns = TAKE_PTR(as.insns);
		*ret_nr = as.nr;
	}
	free(as.insns);
	free(as.labels);
	free(as.fixups);
	return err;
}
