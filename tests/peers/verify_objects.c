/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Verify every program of many objects, as fast as it goes: one TSV line a program, then figures.
 *
 *     object program section type insns verdict time_us processed states peak max_states stack
 *     memory words
 *
 * usage: verify-objects OBJECT... | verify-objects <LIST of file names
 * Programs of types that no network card runs are left out. Helpers without a body count as there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/diag.h"
#include "object/object.h"
#include "verifier/verify.h"

#define TIMES_MAX 100000

struct figures {
	unsigned objects, unreadable, accepted, rejected;
	u64 times[TIMES_MAX];
	unsigned nr_times;
};

static bool is_network(u32 prog_type)
{
	return prog_type == 1 || prog_type == 3 || prog_type == 4 || prog_type == 6;
}

static void verify_one(const struct skep_object *object, const struct object_prog *prog,
		       struct figures *figures)
{
	struct skep_diag *diag = skep_diag_new();
	struct verify_result result;
	struct verify_input input;
	int err;

	verify_input_of(object, prog, &input);
	input.flags |= VERIFY_ASSUME_INNER;
	err = verify_program(&input, &result, diag);
	printf("%s\t%s\t%s\t%u\t%u\t%s\t%llu\t%u\t%u\t%u\t%u\t%u\t%llu\t%s\n", object->name,
	       prog->name, prog->section, prog->prog_type, prog->nr_insns,
	       err ? "reject" : "accept", (unsigned long long)result.stats.time_ns / 1000,
	       result.stats.insns, result.stats.total_states, result.stats.peak_states,
	       result.stats.max_states_per_insn, result.stats.stack_depth,
	       (unsigned long long)result.stats.memory, skep_diag_problem(diag));
	err ? figures->rejected++ : figures->accepted++;
	if (!err && figures->nr_times < TIMES_MAX)
		figures->times[figures->nr_times++] = result.stats.time_ns;
	verify_result_free(&result);
	skep_diag_free(diag);
}

static void verify_object(const char *path, struct figures *figures)
{
	struct skep_diag *diag = skep_diag_new();
	struct skep_object *object = NULL;

	figures->objects++;
	if (skep_object_open(path, &object, diag)) {
		printf("%s\t-\t-\t0\t0\tunreadable\t0\t0\t0\t0\t0\t0\t0\t%s\n", path,
		       skep_diag_problem(diag));
		figures->unreadable++;
	} else {
		for (size_t i = 0; i < object->nr_progs; i++)
			if (is_network(object->progs[i].prog_type))
				verify_one(object, &object->progs[i], figures);
		skep_object_close(object);
	}
	skep_diag_free(diag);
}

static int compare_times(const void *a, const void *b)
{
	const u64 *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void print_figures(struct figures *figures)
{
	const u64 *times = figures->times;
	unsigned nr = figures->nr_times;
	struct rusage usage;

	fprintf(stderr, "%u objects, %u unreadable; %u programs accepted, %u rejected\n",
		figures->objects, figures->unreadable, figures->accepted, figures->rejected);
	if (!nr)
		return;
	qsort(figures->times, nr, sizeof(times[0]), compare_times);
	getrusage(RUSAGE_SELF, &usage);
	fprintf(stderr,
		"time of the accepted: median %.3f ms, p90 %.3f ms, p99 %.3f ms, max %.3f ms\n",
		(double)times[nr / 2] / 1e6, (double)times[nr * 9ull / 10] / 1e6,
		(double)times[nr * 99ull / 100] / 1e6, (double)times[nr - 1] / 1e6);
	fprintf(stderr, "peak memory of the process: %ld MiB\n", usage.ru_maxrss / 1024);
}

int main(int argc, char **argv)
{
	static struct figures figures;
	char line[4096];

	for (int i = 1; i < argc; i++)
		verify_object(argv[i], &figures);
	while (argc == 1 && fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		verify_object(line, &figures);
	}
	print_figures(&figures);
	return figures.accepted ? 0 : 2;
}
