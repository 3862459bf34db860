/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The kernel's verifier tests through skep's verifier, one line a test:
 *
 *     agree|DISAGREE|not applicable  TYPE  expected  got  name  [words]
 *
 * and a summary. Accepted programs run on the interpreter in checked mode, observed by the
 * soundness oracle, and must return what the suite says. usage: kernel_verifier [-k] [-v] [NAME]
 *   -k  give each record to the running kernel too, and print where it differs from the suite
 *   -v  print the lines of tests that agree as well, and the log of the one named
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "peers.h"
#include "records.h"

struct options {
	bool kernel, verbose;
	const char *name;
};

struct summary {
	unsigned agree, disagree, not_applicable;
	unsigned unsafe; /* the suite rejects, skep accepts */
	unsigned runs, wrong_runs, skipped_runs;
	unsigned kernel_agree, kernel_disagree;
};

static const char *type_name(u32 type)
{
	switch (type) {
	case 1:
		return "socket";
	case 3:
		return "sched_cls";
	case 4:
		return "sched_act";
	case 6:
		return "xdp";
	default:
		return "other";
	}
}

/* Helpers about sockets and cgroups: ids of the uapi. */
static const struct {
	s32 id;
	const char *why;
} foreign_helpers[] = {
	{84, "socket lookup"},   {85, "socket lookup"},      {86, "socket release"},
	{95, "full sockets"},    {96, "TCP sockets"},        {98, "listening sockets"},
	{99, "socket lookup"},   {97, "ECN on sockets"},     {107, "socket storage"},
	{108, "socket storage"}, {124, "socket assignment"}, {81, "cgroup local storage"},
};

static const struct {
	u32 type;
	const char *why;
} foreign_maps[] = {
	{15, "sockmap"},        {18, "sockhash"},       {19, "cgroup storage"},
	{21, "cgroup storage"}, {24, "socket storage"}, {20, "reuseport sockets"},
	{7, "stack traces"},
};

/* Why no network card has what this test needs; NULL when it applies. */
static const char *not_applicable(const struct record *record)
{
	const struct skep_insn *insns = record->insns;

	if (!strcmp(type_name(record->prog_type), "other"))
		return "program type";
	if (record->kfuncs)
		return "kernel functions";
	for (int m = 0; m < record->nr_maps; m++)
		for (size_t i = 0; i < ARRAY_SIZE(foreign_maps); i++)
			if (record->maps[m].type == foreign_maps[i].type)
				return foreign_maps[i].why;
	for (int m = 0; m < record->nr_maps; m++)
		if (record->maps[m].btf && record->maps[m].btf_value == 14)
			return "pointers to kernel objects in maps";
	for (u32 i = 0; i < record->nr_insns; i++) {
		if (insns[i].code == (SKEP_JMP | SKEP_CALL) && insns[i].src == SKEP_CALL_KFUNC)
			return "kernel functions";
		if (insns[i].code != (SKEP_JMP | SKEP_CALL) || insns[i].src != SKEP_CALL_HELPER)
			continue;
		for (size_t h = 0; h < ARRAY_SIZE(foreign_helpers); h++)
			if (insns[i].imm == foreign_helpers[h].id)
				return foreign_helpers[h].why;
	}
	return NULL;
}

static void print_line(const char *verdict, const struct record *record, const char *got,
		       const char *words)
{
	printf("%-14s %-9s %-6s %-6s %s%s%s\n", verdict, type_name(record->prog_type),
	       record->accept ? "accept" : "reject", got, record->name, *words ? ": " : "", words);
}

static void check_runs(struct peer_program *program, const struct record *record,
		       struct summary *summary)
{
	char words[512];

	for (u32 i = 0; i < record->nr_runs; i++) {
		int outcome = peer_run(program, record, i, words, sizeof(words));

		if (outcome == PEER_RUN_SKIPPED)
			summary->skipped_runs++;
		else
			summary->runs++;
		if (outcome == PEER_RUN_WRONG) {
			summary->wrong_runs++;
			printf("WRONG RUN      %s: %s\n", record->name, words);
		}
	}
}

static void check_record(const struct record *record, const struct options *options,
			 struct summary *summary)
{
	const char *why = not_applicable(record);
	struct peer_program program;
	struct skep_diag *diag;
	bool agrees;
	int err;

	if (why) {
		summary->not_applicable++;
		if (options->verbose)
			print_line("not applicable", record, "-", why);
		return;
	}
	diag = skep_diag_new();
	err = peer_verify(&program, record, options->name ? 2 : 0, diag);
	agrees = program.result.accepted == record->accept;
	agrees ? summary->agree++ : summary->disagree++;
	if (program.result.accepted && !record->accept)
		summary->unsafe++;
	if (!agrees || options->verbose)
		print_line(agrees ? "agree" : "DISAGREE", record, err ? "reject" : "accept",
			   err              ? skep_diag_problem(diag)
			   : record->accept ? ""
					    : record->errstr);
	if (options->name)
		fputs(buf_text(&program.result.log), stdout);
	if (options->name && err)
		skep_diag_print(diag, stdout);
	if (program.result.accepted && record->accept)
		check_runs(&program, record, summary);
	if (options->kernel) {
		bool accepted = peer_kernel_accepts(record);

		accepted == record->accept ? summary->kernel_agree++ : summary->kernel_disagree++;
		if (accepted != record->accept)
			print_line("KERNEL", record, accepted ? "accept" : "reject", "");
	}
	peer_release(&program);
	skep_diag_free(diag);
}

static void print_summary(const struct summary *summary, const struct options *options)
{
	printf("agree %u, disagree %u, not applicable %u\n", summary->agree, summary->disagree,
	       summary->not_applicable);
	printf("accepted although the suite rejects: %u\n", summary->unsafe);
	printf("runs %u, wrong %u, not run (helper without a body) %u\n", summary->runs,
	       summary->wrong_runs, summary->skipped_runs);
	if (options->kernel)
		printf("running kernel: agree %u, disagree %u\n", summary->kernel_agree,
		       summary->kernel_disagree);
}

int main(int argc, char **argv)
{
	struct options options = {0};
	struct summary summary = {0};
	int option;

	while ((option = getopt(argc, argv, "kv")) != -1) {
		if (option == 'k')
			options.kernel = true;
		else if (option == 'v')
			options.verbose = true;
		else
			return 1;
	}
	if (optind < argc)
		options.name = argv[optind];
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (unsigned i = 0; i < record_count(); i++) {
		const struct record *record = record_get(i);

		if (!options.name || !strcmp(options.name, record->name))
			check_record(record, &options, &summary);
	}
	print_summary(&summary, &options);
	return summary.agree ? 0 : 2;
}
