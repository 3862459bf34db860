/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * run-cases: runs case files, one process for each case and target, and prints TAP.
 *
 * A child prints what differs into a pipe and exits 0 or 1; one that dies by a signal or does not
 * end in time has failed. Results are printed in the order of the files.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "backend.h"
#include "case.h"
#include "target/target.h"

#define MAX_TARGETS 8
#define OUTPUT_MAX (64u << 10)
#define SECONDS_DEFAULT 20

struct job {
	const struct test_case *test;
	const char *target;
	pid_t pid;
	FILE *output;
	double deadline;
	bool done, passed;
	const char *why; /* it ended like this, NULL: by itself */
};

static struct options {
	struct settings settings;
	const char *targets[MAX_TARGETS];
	size_t nr_targets;
	const char *select;
	unsigned int seconds, parallel;
	bool list;
} options = {.seconds = SECONDS_DEFAULT, .parallel = 2};

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static bool has_word(const char *text, const char *word)
{
	char *rest = must_copy(text, strlen(text));
	const char *next;

	while (*(next = word_next(&rest)))
		if (!strcmp(next, word))
			return true;
	return false;
}

/* Does the case want to run there? `-- target A B` lists skep's targets, `-- kernel skip` no
 * kernel. */
static bool case_wants(const struct test_case *test, const char *target)
{
	const struct section *section;

	if (!strcmp(target, "kernel")) {
		section = case_section(test, "kernel", NULL);
		if (case_section(test, "mem", NULL))
			return false;
		return !section || strncmp(section->args, "skip ", 5);
	}
	if (!strcmp(target, BACKEND_ORACLE)) {
		if (case_section(test, "mem", NULL) || case_section(test, "unsafe", NULL))
			return false;
		target = "interp";
	}
	if (case_section(test, "mem", NULL) && strcmp(target, "interp"))
		return false;
	if (case_section(test, "unsafe", NULL) && target_find(target) &&
	    !target_find(target)->takes_unverified)
		return false;
	section = case_section(test, "target", NULL);
	return !section || has_word(section->args, target);
}

static void job_start(struct job *job)
{
	job->output = tmpfile();
	if (!job->output)
		abort();
	fflush(stdout);
	job->pid = fork();
	if (job->pid < 0)
		abort();
	if (!job->pid) {
		bool passed;

		dup2(fileno(job->output), STDOUT_FILENO);
		dup2(fileno(job->output), STDERR_FILENO);
		setvbuf(stdout, NULL, _IOLBF, 0);
		passed = case_run(job->test, &options.settings, job->target);
		fflush(stdout);
		exit(passed ? 0 : 1);
	}
	job->deadline = now() + options.seconds;
}

/* Has the job ended, or is it too late for it? */
static bool job_poll(struct job *job)
{
	int status;
	pid_t pid = waitpid(job->pid, &status, WNOHANG);

	if (!pid && now() > job->deadline) {
		kill(job->pid, SIGKILL);
		waitpid(job->pid, &status, 0);
		job->why = must_printf("not done after %u seconds", options.seconds);
	} else if (!pid) {
		return false;
	} else if (WIFSIGNALED(status)) {
		job->why = must_printf("died: %s", strsignal(WTERMSIG(status)));
	} else if (WEXITSTATUS(status) > 1) {
		job->why = must_printf("exit status %d", WEXITSTATUS(status));
	}
	job->done = true;
	job->passed = !job->why && !WEXITSTATUS(status);
	return true;
}

static void job_print(struct job *job, size_t number)
{
	char line[4096];

	printf("%sok %zu - %s [%s]\n", job->passed ? "" : "not ", number, job->test->name,
	       job->target);
	if (job->why)
		printf("#   %s\n", job->why);
	if (!job->passed) {
		printf("#   at %s:%u\n", job->test->file, job->test->line);
		rewind(job->output);
		for (size_t size = 0; size < OUTPUT_MAX && fgets(line, sizeof(line), job->output);
		     size += strlen(line))
			printf("%s%s", *line == '#' ? "" : "# ", line);
	}
	fclose(job->output);
	fflush(stdout);
}

/* Keep `parallel` jobs going; print each when all before it are printed. */
static size_t jobs_run(struct job *jobs, size_t nr)
{
	size_t started = 0, printed = 0, running = 0, failed = 0;

	while (printed < nr) {
		struct timespec pause = {.tv_nsec = 500000};

		for (; started < nr && running < options.parallel; running++)
			job_start(&jobs[started++]);
		for (size_t i = printed; i < started; i++)
			if (!jobs[i].done && job_poll(&jobs[i]))
				running--;
		for (; printed < started && jobs[printed].done; printed++) {
			job_print(&jobs[printed], printed + 1);
			failed += !jobs[printed].passed;
		}
		nanosleep(&pause, NULL);
	}
	return failed;
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text);

	return len >= strlen(end) && !strcmp(text + len - strlen(end), end);
}

static void read_path(struct case_list *list, const char *path, const char *topic);

static void read_folder(struct case_list *list, const char *path, const char *topic)
{
	struct dirent **entries;
	int nr = scandir(path, &entries, NULL, alphasort);

	for (int i = 0; i < nr; i++) {
		const char *name = entries[i]->d_name;
		char *inner = must_printf("%s/%s", path, name);
		struct stat st;

		if (*name != '.' && !stat(inner, &st) &&
		    (S_ISDIR(st.st_mode) || ends_with(name, ".case")))
			read_path(list, inner, *topic ? must_printf("%s/%s", topic, name) : name);
		free(entries[i]);
	}
	if (nr >= 0)
		free(entries);
}

static void read_path(struct case_list *list, const char *path, const char *topic)
{
	char *name = must_copy(topic, strlen(topic));
	struct stat st;

	if (stat(path, &st))
		case_bad(path, 0, "%s", strerror(errno));
	if (S_ISDIR(st.st_mode)) {
		read_folder(list, path, name);
		return;
	}
	if (ends_with(name, ".case"))
		name[strlen(name) - 5] = '\0';
	case_list_read(list, path, name);
}

/* Without --target: all of skep's targets, the oracle, and the kernel where bpf(2) is permitted. */
static bool targets_default(void)
{
	const struct target *const *targets = target_list();
	bool kernel = kernel_available();

	for (; *targets && options.nr_targets < MAX_TARGETS - 2; targets++)
		options.targets[options.nr_targets++] = (*targets)->name;
	options.targets[options.nr_targets++] = BACKEND_ORACLE;
	if (kernel)
		options.targets[options.nr_targets++] = "kernel";
	return kernel;
}

static const char usage[] =
	"usage: run-cases [OPTIONS] FILE|FOLDER...\n"
	"  -t, --target NAME    run on this target only (may repeat; `oracle`, `kernel` too)\n"
	"  -s, --select TEXT    only cases whose name contains TEXT\n"
	"  -l, --list           print names instead\n"
	"  -p, --parallel N     how many at once (2)\n"
	"  -w, --wait SECONDS   how long one may take (20)\n"
	"      --root DIR       source folder, captures are named from there\n"
	"      --objects DIR    build folder of compiled objects\n"
	"      --clang PATH     compiler for `-- c` sections\n"
	"      --cflag FLAG     one flag for it (may repeat)\n";

enum { OPTION_ROOT = 256, OPTION_OBJECTS, OPTION_CLANG, OPTION_CFLAG };

static void option_set(int option, const char *value)
{
	struct settings *settings = &options.settings;

	if (option == 't' && options.nr_targets < MAX_TARGETS)
		options.targets[options.nr_targets++] = value;
	else if (option == 's')
		options.select = value;
	else if (option == 'l')
		options.list = true;
	else if (option == 'p')
		options.parallel = strtoul(value, NULL, 10) ?: 1;
	else if (option == 'w')
		options.seconds = strtoul(value, NULL, 10) ?: 1;
	else if (option == OPTION_ROOT)
		settings->source_root = value;
	else if (option == OPTION_OBJECTS)
		settings->object_dir = value;
	else if (option == OPTION_CLANG)
		settings->clang = value;
	else if (option == OPTION_CFLAG && settings->nr_cflags < ARRAY_SIZE(settings->cflags))
		settings->cflags[settings->nr_cflags++] = value;
	else {
		fputs(usage, stderr);
		exit(2);
	}
}

static void options_read(int argc, char **argv)
{
	static const struct option longs[] = {
		{"target", required_argument, NULL, 't'},
		{"select", required_argument, NULL, 's'},
		{"list", no_argument, NULL, 'l'},
		{"parallel", required_argument, NULL, 'p'},
		{"wait", required_argument, NULL, 'w'},
		{"root", required_argument, NULL, OPTION_ROOT},
		{"objects", required_argument, NULL, OPTION_OBJECTS},
		{"clang", required_argument, NULL, OPTION_CLANG},
		{"cflag", required_argument, NULL, OPTION_CFLAG},
		{},
	};
	int option;

	options.settings.source_root = ".";
	options.settings.object_dir = ".";
	options.settings.clang = "clang";
	while ((option = getopt_long(argc, argv, "t:s:lp:w:", longs, NULL)) >= 0)
		option_set(option, optarg);
}

int main(int argc, char **argv)
{
	struct case_list list = {};
	struct job *jobs;
	size_t nr = 0, failed;
	bool kernel = true;

	options_read(argc, argv);
	if (!options.nr_targets)
		kernel = targets_default();
	for (int i = optind; i < argc; i++)
		read_path(&list, argv[i], "");
	jobs = must_alloc((list.nr + 1) * MAX_TARGETS * sizeof(*jobs));
	for (size_t i = 0; i < list.nr; i++) {
		if (options.select && !strstr(list.cases[i].name, options.select))
			continue;
		if (options.list)
			printf("%s\n", list.cases[i].name);
		for (size_t t = 0; t < options.nr_targets && !options.list; t++)
			if (case_wants(&list.cases[i], options.targets[t]))
				jobs[nr++] = (struct job){.test = &list.cases[i],
							  .target = options.targets[t]};
	}
	if (options.list)
		return 0;
	printf("1..%zu\n", nr + !kernel);
	failed = jobs_run(jobs, nr);
	if (!kernel)
		printf("ok %zu - kernel # SKIP optional: bpf(2) is not permitted here\n", nr + 1);
	return failed ? 1 : 0;
}
