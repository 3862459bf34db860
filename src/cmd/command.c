/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The command line: parsing and help, from the tables of skep.c. Nouns and verbs may be
 * shortened to an unambiguous prefix; options may stand anywhere.
 */
#include "command.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json_writer.h"

/* What the parser knows while it goes through argv. */
struct parser {
	int argc, at;
	char **argv;
	struct arguments *args;
	const char *words[MAX_OPERANDS + 2]; /* noun, verb, operands */
	size_t nr_words;
	/* rows of the options that were given, to be checked against the command */
	const struct option_row *given[64];
	size_t nr_given;
};

static bool use_color(const struct arguments *args)
{
	const char *no_color = getenv("NO_COLOR");

	if (args->color && strcmp(args->color, "auto"))
		return !strcmp(args->color, "always");
	return !(no_color && *no_color) && isatty(STDERR_FILENO);
}

static void print_prefix(const struct arguments *args)
{
	fputs(use_color(args) ? "\033[1;31mskep:\033[0m " : "skep: ", stderr);
}

static void print_json_error(const char *problem)
{
	struct json_writer json = {.to = stdout, .pretty = true};

	emit_begin_object(&json);
	emit_name(&json, "error");
	emit_begin_object(&json);
	emit_name(&json, "code");
	emit_s64(&json, -EINVAL);
	emit_string_member(&json, "category", "usage");
	emit_string_member(&json, "problem", problem);
	emit_end_object(&json);
	emit_end_object(&json);
	putchar('\n');
}

int usage_error(const struct arguments *args, const char *fmt, ...)
{
	char problem[512];
	va_list list;

	va_start(list, fmt);
	vsnprintf(problem, sizeof(problem), fmt, list);
	va_end(list);
	if (args->json) {
		print_json_error(problem);
	} else {
		print_prefix(args);
		fprintf(stderr, "%s\n  try:    skep help\n", problem);
	}
	return SKEP_EXIT_USAGE;
}

int report_failure(const struct arguments *args, struct skep_diag *diag)
{
	int status = skep_diag_exit(diag);
	char *json;

	if (args->json) {
		json = skep_diag_json(diag);
		puts(json ? json : "{\"error\":{\"problem\":\"no memory\"}}");
		free(json);
	} else {
		fflush(stdout);
		print_prefix(args);
		skep_diag_print(diag, stderr);
	}
	skep_diag_free(diag);
	return status;
}

uint32_t text_form(const struct arguments *args)
{
	return (args->json ? SKEP_TEXT_JSON : 0) | (args->pretty ? SKEP_TEXT_PRETTY : 0);
}

static const struct option_row *find_option(const char *name, size_t len)
{
	for (const struct option_row *row = option_rows; row->name; row++)
		if (strlen(row->name) == len && !memcmp(row->name, name, len))
			return row;
	return NULL;
}

static const struct option_row *find_letter(char letter)
{
	for (const struct option_row *row = option_rows; row->name; row++)
		if (row->letter == letter)
			return row;
	return NULL;
}

static int read_number(const struct arguments *args, const struct option_row *row, const char *text,
		       uint64_t *ret)
{
	uint64_t value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || end == text || *end || *text == '-')
		return usage_error(args, "--%s takes a number, not \"%s\"", row->name, text);
	if (value < row->min || value > row->max)
		return usage_error(args, "--%s takes a number from %llu to %llu, not %s", row->name,
				   (unsigned long long)row->min, (unsigned long long)row->max,
				   text);
	*ret = value;
	return 0;
}

/* Cut "NAME=REST" in two; NULL after saying what is wrong. */
static char *split_name(const struct arguments *args, const struct option_row *row, char *text)
{
	char *equals = strchr(text, '=');

	if (!equals || equals == text || !equals[1]) {
		usage_error(args, "--%s takes %s, not \"%s\"", row->name, row->argument, text);
		return NULL;
	}
	*equals = 0;
	return equals + 1;
}

static int add_fill(struct arguments *args, const struct option_row *row, char *text)
{
	char *path = split_name(args, row, text);

	if (!path)
		return SKEP_EXIT_USAGE;
	if (args->nr_fills == MAX_FILLS)
		return usage_error(args, "--%s is given more than %d times", row->name, MAX_FILLS);
	args->fills[args->nr_fills++] = (struct skep_run_fill){.map = text, .path = path};
	return 0;
}

static int add_size(struct arguments *args, const struct option_row *row, char *text)
{
	char *number = split_name(args, row, text);
	struct map_size *size = &args->sizes[args->nr_sizes];

	if (!number)
		return SKEP_EXIT_USAGE;
	if (args->nr_sizes == MAX_SIZES)
		return usage_error(args, "--%s is given more than %d times", row->name, MAX_SIZES);
	size->map = text;
	args->nr_sizes++;
	return read_number(args, row, number, &size->max_entries);
}

static int set_option(struct arguments *args, const struct option_row *row, char *text)
{
	static const bool yes = true;

	switch (row->kind) {
	case OPTION_FLAG:
		memcpy((char *)args + row->offset, &yes, sizeof(yes));
		return 0;
	case OPTION_TEXT:
		memcpy((char *)args + row->offset, &text, sizeof(text));
		return 0;
	case OPTION_NUMBER:
		return read_number(args, row, text,
				   (uint64_t *)(void *)((char *)args + row->offset));
	case OPTION_FILL:
		return add_fill(args, row, text);
	default:
		return add_size(args, row, text);
	}
}

/* Take an option; its argument is `attached` or, when that is NULL, the next word. */
static int take_option(struct parser *parser, const struct option_row *row, char *attached)
{
	if (parser->nr_given < sizeof(parser->given) / sizeof(parser->given[0]))
		parser->given[parser->nr_given++] = row;
	if (row->kind == OPTION_FLAG && attached)
		return usage_error(parser->args, "--%s takes no argument", row->name);
	if (row->kind != OPTION_FLAG && !attached) {
		if (parser->at == parser->argc)
			return usage_error(parser->args, "--%s needs an argument: %s", row->name,
					   row->argument);
		attached = parser->argv[parser->at++];
	}
	return set_option(parser->args, row, attached);
}

/* --name, --name=value */
static int parse_long(struct parser *parser, char *word)
{
	char *equals = strchr(word, '=');
	size_t len = equals ? (size_t)(equals - word) : strlen(word);
	const struct option_row *row = find_option(word, len);

	if (!row)
		return usage_error(parser->args, "there is no option --%.*s", (int)len, word);
	return take_option(parser, row, equals ? equals + 1 : NULL);
}

/* -j, -jp, -P NAME, -PNAME */
static int parse_letters(struct parser *parser, char *letters)
{
	int status = 0;

	while (!status && *letters) {
		const struct option_row *row = find_letter(*letters++);

		if (!row)
			return usage_error(parser->args, "there is no option -%c", letters[-1]);
		if (row->kind != OPTION_FLAG)
			return take_option(parser, row, *letters ? letters : NULL);
		status = take_option(parser, row, NULL);
	}
	return status;
}

static int parse_words(struct parser *parser)
{
	int status = 0;
	bool only_operands = false;

	while (!status && parser->at < parser->argc) {
		char *word = parser->argv[parser->at++];

		if (!only_operands && !strcmp(word, "--"))
			only_operands = true;
		else if (!only_operands && !strncmp(word, "--", 2))
			status = parse_long(parser, word + 2);
		else if (!only_operands && word[0] == '-' && word[1])
			status = parse_letters(parser, word + 1);
		else if (parser->nr_words < MAX_OPERANDS + 2)
			parser->words[parser->nr_words++] = word;
		else
			status = usage_error(parser->args, "too many arguments: \"%s\"", word);
	}
	return status;
}

/* Is -j among the words? Errors found before it is reached must be JSON too. */
static bool wants_json(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		if (!strcmp(argv[i], "--json"))
			return true;
		if (argv[i][0] == '-' && argv[i][1] != '-' && strspn(argv[i] + 1, "jphV") &&
		    strchr(argv[i], 'j'))
			return true;
	}
	return false;
}

static bool is_prefix(const char *word, const char *of)
{
	return !strncmp(word, of, strlen(word));
}

/* The noun that a word means, in full; NULL when it means none or several. */
static const char *find_noun(const char *word)
{
	const char *found = NULL;

	for (const struct command *row = commands; row->noun; row++) {
		if (!strcmp(row->noun, word))
			return row->noun;
		if (!is_prefix(word, row->noun))
			continue;
		if (found && strcmp(found, row->noun))
			return NULL;
		found = row->noun;
	}
	return found;
}

static const struct command *find_verb(const char *noun, const char *word)
{
	const struct command *found = NULL;

	for (const struct command *row = commands; row->noun; row++) {
		if (strcmp(row->noun, noun) || !row->verb || !is_prefix(word, row->verb))
			continue;
		if (!strcmp(row->verb, word))
			return row;
		if (found)
			return NULL;
		found = row;
	}
	return found;
}

/* The row of a noun that stands alone, NULL when it needs a verb. */
static const struct command *find_alone(const char *noun)
{
	for (const struct command *row = commands; row->noun; row++)
		if (!strcmp(row->noun, noun) && !row->verb)
			return row;
	return NULL;
}

/* "run, prog, map" or "show, dump"; in a static buffer */
static const char *list_words(const char *noun)
{
	static char text[256];
	const char *last = "";
	size_t len = 0;

	text[0] = 0;
	for (const struct command *row = commands; row->noun; row++) {
		const char *word = noun ? row->verb : row->noun;

		if ((noun && strcmp(row->noun, noun)) || !word || !strcmp(word, last))
			continue;
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", len ? ", " : "",
					word);
		last = word;
	}
	return text;
}

/* Which command do the words mean? *used: how many of them name it. */
static int find_command(const struct parser *parser, const struct command **ret, size_t *used)
{
	const char *noun = find_noun(parser->words[0]);

	if (!noun)
		return usage_error(parser->args, "\"%s\" is no command; there are: %s",
				   parser->words[0], list_words(NULL));
	*ret = find_alone(noun);
	*used = 1;
	if (*ret)
		return 0;
	*used = 2;
	if (parser->nr_words < 2) {
		if (parser->args->help) {
			command_help_noun(noun);
			exit(SKEP_EXIT_DONE);
		}
		return usage_error(parser->args, "%s needs a verb: %s", noun, list_words(noun));
	}
	*ret = find_verb(noun, parser->words[1]);
	if (!*ret)
		return usage_error(parser->args, "%s has no verb \"%s\"; there are: %s", noun,
				   parser->words[1], list_words(noun));
	return 0;
}

/* Is it an option of all commands, or one of this command? */
static bool takes_option(const struct command *command, const struct option_row *row)
{
	static const char *const global[] = {"json", "pretty", "help", "version", "color", NULL};

	for (size_t i = 0; global[i]; i++)
		if (!strcmp(global[i], row->name))
			return true;
	for (size_t i = 0; command->options && command->options[i]; i++)
		if (!strcmp(command->options[i], row->name))
			return true;
	return false;
}

static const char *verb_of(const struct command *command)
{
	return command->verb ? command->verb : "";
}

static int check_command(const struct parser *parser, const struct command *command)
{
	const struct arguments *args = parser->args;
	const char *space = command->verb ? " " : "";

	for (size_t i = 0; i < parser->nr_given; i++)
		if (!takes_option(command, parser->given[i]))
			return usage_error(args, "skep %s%s%s has no option --%s", command->noun,
					   space, verb_of(command), parser->given[i]->name);
	if (args->help)
		return 0;
	if (args->nr_operands < command->min_operands)
		return usage_error(args, "skep %s%s%s needs %s", command->noun, space,
				   verb_of(command), command->operands);
	if (args->nr_operands > command->max_operands)
		return usage_error(args, "skep %s%s%s takes no argument \"%s\"", command->noun,
				   space, verb_of(command), args->operands[command->max_operands]);
	return 0;
}

static int check_color(const struct arguments *args)
{
	const char *color = args->color;

	if (!color || !strcmp(color, "auto") || !strcmp(color, "always") || !strcmp(color, "never"))
		return 0;
	return usage_error(args, "--color takes auto, always or never, not \"%s\"", color);
}

int command_parse(int argc, char **argv, struct arguments *args, const struct command **ret)
{
	struct parser parser = {.argc = argc, .at = 1, .argv = argv, .args = args};
	const struct command *command = NULL;
	size_t used = 0;
	int status;

	args->json = wants_json(argc, argv);
	status = parse_words(&parser);
	args->json |= args->pretty;
	status = status ? status : check_color(args);
	if (status)
		return status;
	if (!parser.nr_words) {
		*ret = NULL;
		return args->help || args->version ? 0 : usage_error(args, "no command was given");
	}
	status = find_command(&parser, &command, &used);
	if (status)
		return status;
	for (size_t i = used; i < parser.nr_words && args->nr_operands < MAX_OPERANDS; i++)
		args->operands[args->nr_operands++] = parser.words[i];
	*ret = command;
	return check_command(&parser, command);
}

static void print_synopsis(const struct command *command)
{
	printf("skep %s", command->noun);
	if (command->verb)
		printf(" %s", command->verb);
	if (command->operands)
		printf(" %s", command->operands);
}

static void print_option(const struct option_row *row)
{
	char spelled[48];

	if (row->letter)
		snprintf(spelled, sizeof(spelled), "-%c, --%s %s", row->letter, row->name,
			 row->argument ? row->argument : "");
	else
		snprintf(spelled, sizeof(spelled), "    --%s %s", row->name,
			 row->argument ? row->argument : "");
	printf("  %-26s %s\n", spelled, row->help);
}

static void print_options(const struct command *command)
{
	static const struct command none;

	for (const struct option_row *row = option_rows; row->name; row++) {
		bool global = takes_option(&none, row);

		if (command ? !global && takes_option(command, row) : global)
			print_option(row);
	}
}

static void print_commands(const char *noun)
{
	for (const struct command *row = commands; row->noun; row++) {
		char spelled[64];

		if (noun && strcmp(row->noun, noun))
			continue;
		snprintf(spelled, sizeof(spelled), "skep %s%s%s %s", row->noun,
			 row->verb ? " " : "", verb_of(row), row->operands ? row->operands : "");
		printf("  %-36s %s\n", spelled, row->summary);
	}
}

void command_help(const struct command *command)
{
	if (!command) {
		printf("Usage: skep [OPTIONS] NOUN [VERB] [ARGUMENTS]\n\nCommands:\n");
		print_commands(NULL);
	} else {
		printf("Usage: ");
		print_synopsis(command);
		printf(" [OPTIONS]\n\n%s.\n", command->summary);
		if (command->details)
			printf("\n%s\n", command->details);
		if (command->options && command->options[0])
			printf("\nOptions of this command:\n");
		print_options(command);
	}
	printf("\nOptions everywhere:\n");
	print_options(NULL);
	printf("\nExit status: 0 done, 1 usage, 2 refused, 3 program rejected, 4 no daemon.\n");
}

int command_help_noun(const char *noun)
{
	const char *full = find_noun(noun);
	const struct command *alone;

	if (!full)
		return SKEP_EXIT_USAGE;
	alone = find_alone(full);
	if (alone) {
		command_help(alone);
		return SKEP_EXIT_DONE;
	}
	printf("Commands:\n");
	print_commands(full);
	printf("\n`skep %s VERB --help` tells more.\n", full);
	return SKEP_EXIT_DONE;
}
