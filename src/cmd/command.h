/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The grammar of skep(8): skep [OPTIONS] NOUN [VERB] [ARGUMENTS]. Commands and options are rows
 * of the tables in skep.c; the parser and --help read the same rows.
 */
#ifndef SKEP_CMD_COMMAND_H
#define SKEP_CMD_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "skep/run.h"
#include "skep/text.h"

#define MAX_OPERANDS 8
#define MAX_FILLS 256
#define MAX_SIZES 256

/* --max-entries NAME=N */
struct map_size {
	const char *map;
	uint64_t max_entries;
};

/* What was given on the command line, all commands together. */
struct arguments {
	bool json, pretty, help, version;
	const char *color;
	const char *prog, *in, *out, *target, *type;
	uint64_t repeat, ifindex, rx_queue, budget;
	bool dump_maps, all, unsafe, checked, details;
	struct skep_run_fill fills[MAX_FILLS];
	size_t nr_fills;
	struct map_size sizes[MAX_SIZES];
	size_t nr_sizes;
	const char *operands[MAX_OPERANDS];
	size_t nr_operands;
};

enum option_kind {
	OPTION_FLAG,   /* bool */
	OPTION_TEXT,   /* const char * */
	OPTION_NUMBER, /* uint64_t, within [min, max] of the row */
	OPTION_FILL,   /* NAME=FILE, appended to fills */
	OPTION_SIZE,   /* NAME=N, appended to sizes */
};

struct option_row {
	const char *name; /* without the dashes */
	char letter;      /* 0: none */
	enum option_kind kind;
	size_t offset; /* in struct arguments */
	uint64_t min, max;
	const char *argument; /* "N", "FILE"; NULL for a flag */
	const char *help;
};

struct command {
	const char *noun, *verb; /* verb NULL: the noun stands alone */
	const char *operands;    /* "OBJ" for the synopsis */
	size_t min_operands, max_operands;
	const char *const *options; /* names of what it takes besides the global ones, NULL ends */
	const char *summary;
	const char *details; /* paragraphs of --help, may be NULL */
	/* Returns the exit status. */
	int (*run)(const struct arguments *args);
};

extern const struct command commands[];
extern const struct option_row option_rows[];

/*
 * Fill in args and *ret from the command line; *ret is NULL when only --help or --version was
 * asked of skep itself. Returns 0, or SKEP_EXIT_USAGE after saying why.
 */
int command_parse(int argc, char **argv, struct arguments *args, const struct command **ret);

/* Help on one command, on the verbs of a noun, or (NULL) on skep. */
void command_help(const struct command *command);
int command_help_noun(const char *noun);

/* Say what was wrong with the command line, in JSON mode on stdout. Returns SKEP_EXIT_USAGE. */
int usage_error(const struct arguments *args, const char *fmt, ...)
	__attribute__((__format__(__printf__, 2, 3)));

/* Say why the library refused. Frees diag; returns the exit status. */
int report_failure(const struct arguments *args, struct skep_diag *diag);

/* SKEP_TEXT_* for the library's printers. */
uint32_t text_form(const struct arguments *args);

/* Open the object of the first operand, or say why not. Returns the exit status. */
int open_object(const struct arguments *args, struct skep_object **ret);

/* The commands: run.c, show.c, verify.c, skep.c */
int cmd_run(const struct arguments *args);
int cmd_prog_show(const struct arguments *args);
int cmd_prog_dump(const struct arguments *args);
int cmd_map_show(const struct arguments *args);
int cmd_helper_show(const struct arguments *args);
int cmd_verify(const struct arguments *args);
int cmd_explain(const struct arguments *args);
int cmd_help(const struct arguments *args);

#endif
