/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Case files: text of named sections, several cases in a file. README.md describes them.
 *
 * Parsing a file gives a list of cases with their sections as text; what the sections mean is
 * the business of plan.c (what to run) and expect.c (what must come out). All memory lives until
 * the process ends.
 */
#ifndef CASES_CASE_H
#define CASES_CASE_H

#include "base/types.h"

struct section {
	const char *name;  /* "asm", "map", ... */
	const char *args;  /* the rest of its line, "" when none */
	const char *body;  /* the lines below, "" when none */
	unsigned int line; /* of the first line of the body, for messages */
};

struct test_case {
	char *name; /* topic/file/case */
	const char *file;
	unsigned int line;
	struct section *sections;
	size_t nr_sections;
};

struct case_list {
	struct test_case *cases;
	size_t nr;
};

/*
 * Add the cases of one file. `topic` is put before their names. A file that does not follow the
 * format ends the process with a message that names file and line.
 */
void case_list_read(struct case_list *list, const char *path, const char *topic);

/* The first section of that name after `after` (NULL: from the start); NULL: none. */
const struct section *case_section(const struct test_case *test, const char *name,
				   const struct section *after);

/* Cursor over the lines of a body without comment lines and blank lines. */
struct lines {
	const char *next;
	char line[4096];
	unsigned int number;
};

void lines_start(struct lines *lines, const struct section *section);
/* The next line with blanks cut at both ends, NULL after the last. */
char *lines_next(struct lines *lines);

/* Cut the first word off *text and return it ("" at the end). */
char *word_next(char **text);
/* Cut blanks at both ends, in place. */
char *text_trim(char *text);

/* End the process: the test is written wrongly. */
_Noreturn void case_bad(const char *file, unsigned int line, const char *fmt, ...) _printf_(3, 4);

/* Allocation that ends the process when memory is out. */
void *must_alloc(size_t size);
char *must_copy(const char *text, size_t len);
char *must_printf(const char *fmt, ...) _printf_(1, 2);

#endif
