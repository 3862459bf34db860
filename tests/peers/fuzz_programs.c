/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Random programs: verified by skep and, if asked, by the running kernel; what skep accepts runs
 * on the interpreter under the soundness oracle.
 *
 *   fuzz_programs [-t SECONDS] [-n PROGRAMS] [-s SEED] [-r RUNS] [-k] [-c] [-T] [-v]
 *   fuzz_programs [-k] -p SEED      one program, with both verifiers' logs
 *
 *   -k  compare verdicts with the running kernel's
 *   -c  compare results with it, too (XDP programs that depend on nothing but their input)
 *   -T  print TAP
 *   -v  show a program for each class of disagreement
 *
 * Exit status 1: a promise of the verifier did not hold, or a result differs from the kernel's.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fuzz_peers.h"
#include "map/image.h"

#define CLASSES 256
#define LOG_BYTES (1u << 22)

/* Programs on which the verdicts differ, by what the one who refuses says. */
struct class
{
	char words[120];
	bool ours; /* skep refuses */
	u64 count;
	struct fuzz_program example; /* the shortest */
};

struct options {
	u64 seed, programs, single;
	u32 seconds, runs;
	bool kernel, compare, tap, verbose, one;
};

static struct {
	struct options options;
	struct skep_diag *diag;
	char *log;
	u64 made, accepted, runs, checks, unsound, compared, differ;
	u64 agree, too_strict, too_lax;
	struct class classes[CLASSES];
	u32 nr_classes;
} fuzz;

static double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The sentence in which the kernel's log says why: the last one but for the statistics. */
static void kernel_words(const char *log, char *words, size_t size)
{
	const char *line = log, *found = log;
	size_t len = 0;

	while (*line) {
		size_t n = strcspn(line, "\n");

		if (n && strncmp(line, "processed ", 10) &&
		    strncmp(line, "verification time", 17) && strncmp(line, "stack depth", 11) &&
		    *line != ';') {
			found = line;
			len = n;
		}
		line += n + (line[n] != 0);
	}
	if (len >= size)
		len = size - 1;
	memcpy(words, found, len);
	words[len] = 0;
}

/* Numbers are no part of a class. */
static void without_numbers(char *words)
{
	char *to = words;

	for (char *from = words; *from; from++) {
		bool digit = *from >= '0' && *from <= '9';

		if (digit && to > words && to[-1] == 'N')
			continue;
		*to++ = digit ? 'N' : *from;
	}
	*to = 0;
}

static struct class *find_class(const char *words, bool ours)
{
	for (u32 i = 0; i < fuzz.nr_classes; i++)
		if (fuzz.classes[i].ours == ours && !strcmp(fuzz.classes[i].words, words))
			return &fuzz.classes[i];
	if (fuzz.nr_classes == CLASSES)
		return &fuzz.classes[CLASSES - 1];
	snprintf(fuzz.classes[fuzz.nr_classes].words, sizeof(fuzz.classes[0].words), "%s", words);
	fuzz.classes[fuzz.nr_classes].ours = ours;
	return &fuzz.classes[fuzz.nr_classes++];
}

static int kernel_verdict(const struct fuzz_program *program, char *words, size_t size)
{
	int fd = fuzz_kernel_load(program, NULL, 0);

	if (fd >= 0 || !words)
		return fd;
	fuzz_kernel_load(program, fuzz.log, LOG_BYTES);
	kernel_words(fuzz.log, words, size);
	without_numbers(words);
	return fd;
}

static int skep_verdict(const struct fuzz_program *program, char *words, size_t size)
{
	struct skep_diag *diag = skep_diag_new();
	struct verify_result result;
	int err = fuzz_verify(program, 0, &result, diag);

	if (words) {
		snprintf(words, size, "%s: %s", diag->rule ? diag->rule : "no rule",
			 skep_diag_problem(diag));
		without_numbers(words);
	}
	verify_result_free(&result);
	skep_diag_free(diag);
	return err;
}

static bool still_differs(void *arg, const struct fuzz_program *program)
{
	const struct class *class = arg;
	char words[sizeof(class->words)] = "";
	int fd;

	if (class->ours) {
		fd = kernel_verdict(program, NULL, 0);
		if (fd >= 0)
			close(fd);
		return fd >= 0 && skep_verdict(program, words, sizeof(words)) &&
		       !strcmp(words, class->words);
	}
	if (skep_verdict(program, NULL, 0))
		return false;
	fd = kernel_verdict(program, words, sizeof(words));
	if (fd >= 0)
		close(fd);
	return fd < 0 && !strcmp(words, class->words);
}

static void note_disagreement(const struct fuzz_program *program, bool ours, const char *words)
{
	struct class *class = find_class(words, ours);

	if (!class->count || program->nr_insns < class->example.nr_insns)
		class->example = *program;
	class->count++;
}

/* Returns the kernel's program, or -errno. */
static int compare_verdicts(const struct fuzz_program *program, int err)
{
	char words[sizeof(fuzz.classes[0].words)] = "";
	int fd = kernel_verdict(program, err ? NULL : words, sizeof(words));

	if ((fd < 0) == (err != 0)) {
		fuzz.agree++;
	} else if (err) {
		fuzz.too_strict++;
		skep_verdict(program, words, sizeof(words));
		note_disagreement(program, true, words);
	} else {
		fuzz.too_lax++;
		note_disagreement(program, false, words);
	}
	return fd;
}

static bool outputs_differ(const struct fuzz_output *a, const struct fuzz_output *b)
{
	return a->r0 != b->r0 || a->packet_size != b->packet_size ||
	       memcmp(a->packet, b->packet, a->packet_size) ||
	       memcmp(a->maps, b->maps, sizeof(a->maps));
}

static void report_unsound(const struct fuzz_program *program, u32 run)
{
	if (fuzz.unsound++ >= 20)
		return;
	printf("UNSOUND seed %016llx, run %u: %s\n", (unsigned long long)program->seed, run,
	       skep_diag_problem(fuzz.diag));
	skep_diag_print(fuzz.diag, stdout);
	fuzz_print(program);
}

static void report_difference(const struct fuzz_program *program, u32 run,
			      const struct fuzz_output *skep, const struct fuzz_output *kernel)
{
	if (fuzz.differ++ >= 20)
		return;
	printf("DIFFERS seed %016llx, run %u: r0 0x%x, the kernel's 0x%x; packet %s, maps %s\n",
	       (unsigned long long)program->seed, run, skep->r0, kernel->r0,
	       skep->packet_size == kernel->packet_size &&
			       !memcmp(skep->packet, kernel->packet, skep->packet_size)
		       ? "same"
		       : "different",
	       memcmp(skep->maps, kernel->maps, sizeof(skep->maps)) ? "different" : "same");
	fuzz_print(program);
}

static void run_accepted(const struct fuzz_program *program, const struct verifier_facts *facts,
			 int kernel)
{
	static struct fuzz_input input;
	static struct fuzz_output skep_output, kernel_output;
	bool compare = fuzz.options.compare && kernel >= 0 && program->comparable &&
		       program->hook == SKEP_HOOK_XDP;
	struct image *image = fuzz_translate(program, facts, fuzz.diag);
	u64 random = program->seed;

	if (!image) {
		report_unsound(program, 0);
		return;
	}
	for (u32 run = 0; run < fuzz.options.runs; run++) {
		int err;

		fuzz_input(&input, &random, compare);
		err = fuzz_run(program, image, facts, &input, compare ? &skep_output : NULL,
			       &fuzz.checks, fuzz.diag);

		if (err < 0) {
			report_unsound(program, run);
			break;
		}
		fuzz.runs++;
		if (err || !compare || fuzz_kernel_run(kernel, &input, &kernel_output))
			continue;
		fuzz.compared++;
		if (outputs_differ(&skep_output, &kernel_output)) {
			report_difference(program, run, &skep_output, &kernel_output);
			break;
		}
	}
	image_put(image);
}

static void try_program(const struct fuzz_program *program)
{
	struct verify_result result;
	int err, kernel = -1;

	diag_reset(fuzz.diag);
	err = fuzz_verify(program, 0, &result, fuzz.diag);
	fuzz.made++;
	if (fuzz.options.kernel)
		kernel = compare_verdicts(program, err);
	if (!err) {
		fuzz.accepted++;
		diag_reset(fuzz.diag);
		run_accepted(program, result.facts, kernel);
	}
	if (kernel >= 0)
		close(kernel);
	verify_result_free(&result);
}

static void show_one(void)
{
	static struct fuzz_program program;
	struct verify_result result;
	int err;

	fuzz_generate(&program, fuzz.options.single, 0);
	err = fuzz_verify(&program, 2, &result, fuzz.diag);
	fuzz_print(&program);
	printf("--- skep: %s\n%s\n", err ? "rejected" : "accepted", buf_text(&result.log));
	if (err)
		skep_diag_print(fuzz.diag, stdout);
	verify_result_free(&result);
	if (fuzz.options.kernel) {
		err = fuzz_kernel_load(&program, fuzz.log, LOG_BYTES);
		printf("--- kernel: %s\n%s\n", err < 0 ? "rejected" : "accepted", fuzz.log);
	}
	diag_reset(fuzz.diag);
	try_program(&program);
}

static int by_count(const void *a, const void *b)
{
	const struct class *x = a, *y = b;

	return (x->count < y->count) - (x->count > y->count);
}

static void print_classes(bool ours)
{
	for (u32 i = 0; i < fuzz.nr_classes; i++) {
		struct class *class = &fuzz.classes[i];

		if (class->ours != ours)
			continue;
		printf("%s %llu: %s (seed %016llx)\n", ours ? "KERNEL ACCEPTS" : "SKEP ACCEPTS",
		       (unsigned long long)class->count, class->words,
		       (unsigned long long)class->example.seed);
		if (!fuzz.options.verbose)
			continue;
		fuzz_shorten(&class->example, still_differs, class);
		fuzz_print(&class->example);
	}
}

static void print_summary(double seconds)
{
	const char *hash = fuzz.options.tap ? "# " : "";

	qsort(fuzz.classes, fuzz.nr_classes, sizeof(fuzz.classes[0]), by_count);
	if (!fuzz.options.tap) {
		print_classes(true);
		print_classes(false);
	}
	printf("%sseed %llu: programs %llu, accepted %llu, runs %llu, claims checked %llu, "
	       "violations %llu; %.0f accepted programs a second\n",
	       hash, (unsigned long long)fuzz.options.seed, (unsigned long long)fuzz.made,
	       (unsigned long long)fuzz.accepted, (unsigned long long)fuzz.runs,
	       (unsigned long long)fuzz.checks, (unsigned long long)fuzz.unsound,
	       (double)fuzz.accepted / seconds);
	if (fuzz.options.kernel)
		printf("%skernel: agree %llu, kernel accepts and skep rejects %llu, skep accepts "
		       "and "
		       "kernel rejects %llu\n",
		       hash, (unsigned long long)fuzz.agree, (unsigned long long)fuzz.too_strict,
		       (unsigned long long)fuzz.too_lax);
	if (fuzz.options.compare)
		printf("%sresults compared with the kernel's %llu, differ %llu\n", hash,
		       (unsigned long long)fuzz.compared, (unsigned long long)fuzz.differ);
}

static void print_tap(void)
{
	bool enough = fuzz.accepted * 4 > fuzz.made && fuzz.runs;

	printf("1..2\n%s 1 - %llu of %llu random programs are accepted\n", enough ? "ok" : "not ok",
	       (unsigned long long)fuzz.accepted, (unsigned long long)fuzz.made);
	printf("%s 2 - the verifier's claims hold in %llu runs\n",
	       fuzz.unsound || fuzz.differ ? "not ok" : "ok", (unsigned long long)fuzz.runs);
}

static void loop(void)
{
	static struct fuzz_program program;
	double start = seconds_now(), end = start + fuzz.options.seconds;
	u64 random = fuzz.options.seed;

	for (u64 i = 0; !fuzz.options.programs || i < fuzz.options.programs; i++) {
		if (fuzz.options.seconds && i % 64 == 0 && seconds_now() > end)
			break;
		fuzz_generate(&program, fuzz_random(&random), 0);
		try_program(&program);
	}
	print_summary(seconds_now() - start);
}

static int parse(int argc, char **argv)
{
	int option;

	fuzz.options = (struct options){.seed = 1, .runs = 4};
	while ((option = getopt(argc, argv, "t:n:s:r:p:kcTv")) != -1) {
		switch (option) {
		case 't':
			fuzz.options.seconds = (u32)strtoul(optarg, NULL, 10);
			break;
		case 'n':
			fuzz.options.programs = strtoull(optarg, NULL, 10);
			break;
		case 's':
			fuzz.options.seed = strtoull(optarg, NULL, 10);
			break;
		case 'r':
			fuzz.options.runs = (u32)strtoul(optarg, NULL, 10);
			break;
		case 'p':
			fuzz.options.single = strtoull(optarg, NULL, 16);
			fuzz.options.one = true;
			break;
		case 'k':
			fuzz.options.kernel = true;
			break;
		case 'c':
			fuzz.options.kernel = fuzz.options.compare = true;
			break;
		case 'T':
			fuzz.options.tap = true;
			break;
		case 'v':
			fuzz.options.verbose = true;
			break;
		default:
			return -EINVAL;
		}
	}
	if (!fuzz.options.seconds && !fuzz.options.programs)
		fuzz.options.seconds = 10;
	return 0;
}

int main(int argc, char **argv)
{
	int err;

	if (parse(argc, argv))
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	fuzz.diag = skep_diag_new();
	fuzz.log = malloc(LOG_BYTES);
	err = fuzz_run_init();
	if (!err && fuzz.options.kernel)
		err = fuzz_kernel_init();
	if (err || !fuzz.diag || !fuzz.log) {
		fprintf(stderr, "fuzz_programs: set-up failed: %s\n", strerror(-err));
		return 2;
	}
	if (fuzz.options.one)
		show_one();
	else
		loop();
	if (fuzz.options.tap)
		print_tap();
	fuzz_run_exit();
	skep_diag_free(fuzz.diag);
	free(fuzz.log);
	return fuzz.unsound || fuzz.differ;
}
