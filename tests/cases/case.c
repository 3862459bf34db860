/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Case files to lists of cases: sections, and the expansion of `-- each` tables.
 */
#include "case.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define CASE_FILE_MAX (4u << 20)
#define MAX_COLUMNS 16

_Noreturn void case_bad(const char *file, unsigned int line, const char *fmt, ...)
{
	va_list ap;

	printf("Bail out! %s:%u: ", file, line);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	fflush(stdout);
	_Exit(2);
}

/* Everything handed out stays reachable, so that a leak checker finds only the library's leaks. */
static struct kept {
	struct kept *next;
	max_align_t mem[];
} * kept;

void *must_alloc(size_t size)
{
	struct kept *new = calloc(1, sizeof(*new) + size);

	if (!new)
		abort();
	new->next = kept;
	kept = new;
	return new->mem;
}

char *must_copy(const char *text, size_t len)
{
	return memcpy(must_alloc(len + 1), text, len);
}

char *must_printf(const char *fmt, ...)
{
	_cleanup_(buf_free) struct buf buf = {};
	va_list ap;
	char *text;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	buf.data = text;
	return must_copy(text, strlen(text));
}

char *text_trim(char *text)
{
	size_t len;

	while (isspace((unsigned char)*text))
		text++;
	len = strlen(text);
	while (len && isspace((unsigned char)text[len - 1]))
		text[--len] = '\0';
	return text;
}

char *word_next(char **text)
{
	char *word = *text;
	char *end;

	while (isspace((unsigned char)*word))
		word++;
	end = word;
	while (*end && !isspace((unsigned char)*end))
		end++;
	if (*end)
		*end++ = '\0';
	*text = end;
	return word;
}

void lines_start(struct lines *lines, const struct section *section)
{
	lines->next = section->body;
	lines->number = section->line - 1;
}

char *lines_next(struct lines *lines)
{
	while (*lines->next) {
		size_t len = strcspn(lines->next, "\n");
		char *line;

		if (len >= sizeof(lines->line))
			len = sizeof(lines->line) - 1;
		memcpy(lines->line, lines->next, len);
		lines->line[len] = '\0';
		lines->next += strcspn(lines->next, "\n");
		lines->next += *lines->next == '\n';
		lines->number++;
		line = text_trim(lines->line);
		if (*line && *line != '#')
			return line;
	}
	return NULL;
}

const struct section *case_section(const struct test_case *test, const char *name,
				   const struct section *after)
{
	size_t i = after ? (size_t)(after - test->sections) + 1 : 0;

	for (; i < test->nr_sections; i++)
		if (!strcmp(test->sections[i].name, name))
			return &test->sections[i];
	return NULL;
}

static struct test_case *list_add(struct case_list *list)
{
	if (!(list->nr & (list->nr + 1))) {
		struct test_case *cases = must_alloc((list->nr * 2 + 2) * sizeof(*cases));

		if (list->nr)
			memcpy(cases, list->cases, list->nr * sizeof(*cases));
		list->cases = cases;
	}
	return &list->cases[list->nr++];
}

static void section_add(struct test_case *test, const struct section *section)
{
	struct section *sections = must_alloc((test->nr_sections + 1) * sizeof(*section));

	if (test->nr_sections)
		memcpy(sections, test->sections, test->nr_sections * sizeof(*section));
	sections[test->nr_sections++] = *section;
	test->sections = sections;
}

/* One row of an `-- each` table: the words that stand for $column in the other sections. */
struct row {
	const char *columns[MAX_COLUMNS];
	const char *values[MAX_COLUMNS];
	size_t nr;
};

/* Cells are separated by '|' where the head line has one, else by blanks. */
static size_t cells_split(char *line, bool bars, const char **cells)
{
	size_t nr = 0;

	while (nr < MAX_COLUMNS) {
		char *cell;

		if (bars) {
			if (!line)
				break;
			cell = text_trim(strsep(&line, "|"));
		} else {
			cell = word_next(&line);
			if (!*cell)
				break;
		}
		cells[nr++] = cell;
	}
	return nr;
}

/* The column that `text`, behind a '$', names: the longest that fits. */
static int column_find(const struct row *row, const char *text)
{
	int found = -1;

	for (size_t i = 0; i < row->nr; i++) {
		size_t len = strlen(row->columns[i]);

		if (!strncmp(text, row->columns[i], len) &&
		    (found < 0 || len > strlen(row->columns[found])))
			found = i;
	}
	return found;
}

static const char *row_apply(const struct row *row, const char *text)
{
	_cleanup_(buf_free) struct buf out = {};

	for (; *text; text++) {
		int column = *text == '$' ? column_find(row, text + 1) : -1;

		if (column < 0) {
			buf_add(&out, text, 1);
			continue;
		}
		buf_add(&out, row->values[column], strlen(row->values[column]));
		text += strlen(row->columns[column]);
	}
	if (out.err)
		abort();
	return must_copy(buf_text(&out), out.len);
}

static char *row_name(const char *name, const struct row *row)
{
	_cleanup_(buf_free) struct buf out = {};

	buf_printf(&out, "%s(", name);
	for (size_t i = 0; i < row->nr; i++)
		buf_printf(&out, "%s%s", i ? ", " : "", row->values[i]);
	buf_printf(&out, ")");
	for (char *at = out.data; at && *at; at++)
		if (*at == '#')
			*at = '.';
	return must_copy(buf_text(&out), out.len);
}

static void case_expand_row(struct case_list *list, const struct test_case *from,
			    const struct row *row, unsigned int line)
{
	struct test_case *test = list_add(list);

	test->name = row_name(from->name, row);
	test->file = from->file;
	test->line = line;
	for (size_t i = 0; i < from->nr_sections; i++) {
		struct section section = from->sections[i];

		if (!strcmp(section.name, "each"))
			continue;
		section.args = row_apply(row, section.args);
		section.body = row_apply(row, section.body);
		section_add(test, &section);
	}
}

/* Put the finished case into the list: once, or once for each row of its table. */
static void case_expand(struct case_list *list, const struct test_case *test)
{
	const struct section *each = case_section(test, "each", NULL);
	struct row row = {};
	struct lines lines;
	bool bars;
	char *line;

	if (!each) {
		*list_add(list) = *test;
		return;
	}
	lines_start(&lines, each);
	line = lines_next(&lines);
	if (!line)
		case_bad(test->file, each->line, "empty table");
	bars = strchr(line, '|');
	row.nr = cells_split(must_copy(line, strlen(line)), bars, row.columns);
	bars |= row.nr == 1; /* a cell of its own may have blanks */
	while ((line = lines_next(&lines))) {
		if (cells_split(must_copy(line, strlen(line)), bars, row.values) != row.nr)
			case_bad(test->file, lines.number, "not %zu cells", row.nr);
		case_expand_row(list, test, &row, lines.number);
	}
}

static void section_start(struct section *section, char *line, unsigned int number)
{
	char *rest = line + 3;

	*section = (struct section){.line = number + 1};
	section->name = word_next(&rest);
	section->args = text_trim(rest);
	section->body = "";
}

static void section_end(struct test_case *test, struct section *section, const char *from,
			const char *to)
{
	if (section->name && strcmp(section->name, "case")) {
		section->body = must_copy(from, to - from);
		section_add(test, section);
	}
	section->name = NULL;
}

static void case_end(struct case_list *list, struct test_case *test)
{
	if (test->name)
		case_expand(list, test);
	memset(test, 0, sizeof(*test));
}

void case_list_read(struct case_list *list, const char *path, const char *topic)
{
	struct section section = {};
	struct test_case test = {};
	_cleanup_(buf_free) struct buf text = {};
	const char *body = NULL;
	const char *at, *end;
	unsigned int number = 0;

	if (buf_read_file(&text, path, CASE_FILE_MAX))
		case_bad(path, 0, "cannot be read: %s", strerror(errno));
	for (at = text.data; *at; at = end) {
		end = at + strcspn(at, "\n");
		end += *end == '\n';
		number++;
		if (strncmp(at, "-- ", 3)) {
			if (!section.name && *at != '#' && *at != '\n')
				case_bad(path, number, "text before the first case");
			continue;
		}
		section_end(&test, &section, body, at);
		section_start(&section, must_copy(at, end - at), number);
		body = end;
		if (!strcmp(section.name, "case")) {
			case_end(list, &test);
			test.name = must_printf("%s/%s", topic, section.args);
			test.file = path;
			test.line = number;
		} else if (!test.name) {
			case_bad(path, number, "a section before the first case");
		}
	}
	section_end(&test, &section, body, at);
	case_end(list, &test);
}
