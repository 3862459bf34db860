/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * skep(8): the tables of commands and options, and main().
 */
#include <stdio.h>
#include <string.h>

#include "command.h"

#define FIELD(name) offsetof(struct arguments, name)
#define ANY UINT64_MAX

const struct option_row option_rows[] = {
	{"prog", 'P', OPTION_TEXT, FIELD(prog), 0, 0, "PROG", "the program of the object"},
	{"in", 0, OPTION_TEXT, FIELD(in), 0, 0, "FILE",
	 "pcap or pcapng to read; -: standard input"},
	{"out", 0, OPTION_TEXT, FIELD(out), 0, 0, "FILE",
	 "pcapng to write, with a verdict for each packet"},
	{"repeat", 0, OPTION_NUMBER, FIELD(repeat), 1, ANY, "N", "rounds over the capture (1)"},
	{"target", 0, OPTION_TEXT, FIELD(target), 0, 0, "NAME",
	 "what executes the program: interp, x86_64 (interp)"},
	{"ifindex", 0, OPTION_NUMBER, FIELD(ifindex), 1, INT32_MAX, "N",
	 "device packets arrive on (1)"},
	{"rx-queue", 0, OPTION_NUMBER, FIELD(rx_queue), 0, UINT32_MAX, "N",
	 "queue packets arrive on (0)"},
	{"budget", 0, OPTION_NUMBER, FIELD(budget), 1, ANY, "N",
	 "instructions one packet may take"},
	{"map", 0, OPTION_FILL, 0, 0, 0, "NAME=FILE", "fill a map from a JSON file before the run"},
	{"max-entries", 0, OPTION_SIZE, 0, 1, UINT32_MAX, "NAME=N", "give a map that many entries"},
	{"dump-maps", 0, OPTION_FLAG, FIELD(dump_maps), 0, 0, NULL,
	 "print every map after the run"},
	{"type", 0, OPTION_TEXT, FIELD(type), 0, 0, "SECTION",
	 "what programs are whose section names no type: xdp, tc, ..."},
	{"details", 'd', OPTION_FLAG, FIELD(details), 0, 0, NULL,
	 "the state log of the verifier and the facts it found"},
	{"unsafe", 0, OPTION_FLAG, FIELD(unsafe), 0, 0, NULL,
	 "do not verify; the interpreter checks every access"},
	{"checked", 0, OPTION_FLAG, FIELD(checked), 0, 0, NULL,
	 "check every access although the program is verified"},
	{"all", 'a', OPTION_FLAG, FIELD(all), 0, 0, NULL,
	 "also those that skep does not implement"},
	{"json", 'j', OPTION_FLAG, FIELD(json), 0, 0, NULL, "JSON on standard output, errors too"},
	{"pretty", 'p', OPTION_FLAG, FIELD(pretty), 0, 0, NULL, "JSON over several lines"},
	{"color", 0, OPTION_TEXT, FIELD(color), 0, 0, "WHEN", "auto, always or never"},
	{"version", 'V', OPTION_FLAG, FIELD(version), 0, 0, NULL, "print the version"},
	{"help", 'h', OPTION_FLAG, FIELD(help), 0, 0, NULL,
	 "print help, on a command after its name"},
	{0},
};

static const char *const run_options[] = {"prog",    "in",          "out",       "repeat",
					  "target",  "ifindex",     "rx-queue",  "budget",
					  "map",     "max-entries", "dump-maps", "unsafe",
					  "checked", NULL};
static const char *const verify_options[] = {"prog", "target", "type", "details", NULL};
static const char *const dump_options[] = {"prog", NULL};
static const char *const helper_options[] = {"all", NULL};

static const char run_details[] =
	"Without -P the run starts with the object's only XDP program, or with the only one\n"
	"that no program array names. A map file is an array of {\"key\": .., \"value\": ..}.";

static const char verify_details[] =
	"Needs no privilege, no daemon and no kernel. A rejection says what is wrong, where, on\n"
	"which path, what was proven and what was needed, and what to try. Exit status 3: one was\n"
	"rejected.";

const struct command commands[] = {
	{"run", NULL, "OBJ", 1, 1, run_options, "Run a program of an object over a capture",
	 run_details, cmd_run},
	{"verify", NULL, "OBJ", 1, 1, verify_options,
	 "Tell whether programs are safe to run, and why not", verify_details, cmd_verify},
	{"explain", NULL, "[RULE]", 0, 1, NULL,
	 "Explain a rule that the verifier names, or list all", NULL, cmd_explain},
	{"prog", "show", "OBJ", 1, 1, NULL, "List the programs of an object", NULL, cmd_prog_show},
	{"prog", "dump", "OBJ [xlated|source]", 1, 2, dump_options,
	 "Print the instructions of programs", NULL, cmd_prog_dump},
	{"map", "show", "OBJ", 1, 1, NULL, "List the maps of an object", NULL, cmd_map_show},
	{"helper", "show", NULL, 0, 0, helper_options, "List the helper functions for programs",
	 NULL, cmd_helper_show},
	{"help", NULL, "[NOUN [VERB]]", 0, 2, NULL, "Explain the commands", NULL, cmd_help},
	{0},
};

int cmd_help(const struct arguments *args)
{
	if (!args->nr_operands) {
		command_help(NULL);
		return SKEP_EXIT_DONE;
	}
	for (const struct command *row = commands; args->nr_operands == 2 && row->noun; row++)
		if (row->verb && !strcmp(row->noun, args->operands[0]) &&
		    !strcmp(row->verb, args->operands[1])) {
			command_help(row);
			return SKEP_EXIT_DONE;
		}
	if (args->nr_operands == 1 && !command_help_noun(args->operands[0]))
		return SKEP_EXIT_DONE;
	return usage_error(args, "there is no command %s%s%s", args->operands[0],
			   args->nr_operands == 2 ? " " : "",
			   args->nr_operands == 2 ? args->operands[1] : "");
}

static int finish(int status)
{
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	perror("skep: standard output");
	return status ? status : SKEP_EXIT_REFUSED;
}

int main(int argc, char **argv)
{
	static struct arguments args;
	const struct command *command;
	int status = command_parse(argc, argv, &args, &command);

	if (status)
		return finish(status);
	if (args.version) {
		printf("skep %s\n", skep_version());
		return finish(SKEP_EXIT_DONE);
	}
	if (args.help) {
		command_help(command);
		return finish(SKEP_EXIT_DONE);
	}
	return finish(command->run(&args));
}
