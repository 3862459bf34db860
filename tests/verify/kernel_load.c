/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * kernel-load OBJECT: does the running kernel's verifier take the programs of an object?
 *
 * Prints the verdict, and for a rejection the last words of the verifier's log. Exit status:
 * 0 loaded, 3 rejected by the verifier, 4 refused before it came to the verifier, 77 when bpf(2)
 * is not permitted here.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define LOG_BYTES (16u << 20)

static char verifier_log[LOG_BYTES];

static int be_quiet(enum libbpf_print_level level, const char *fmt, va_list args)
{
	return 0;
}

/* The last line but the statistics. */
static void print_reason(void)
{
	char *line, *rest = verifier_log;
	const char *reason = "";

	while ((line = strsep(&rest, "\n")))
		if (*line && strncmp(line, "processed ", 10) &&
		    strncmp(line, "verification time", 17) && strncmp(line, "stack depth", 11))
			reason = line;
	printf("rejected: %s\n", reason);
}

static bool is_permitted(void)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "probe", 4, 4, 1, NULL);

	return fd >= 0 || errno != EPERM;
}

int main(int argc, char **argv)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .kernel_log_buf = verifier_log,
		    .kernel_log_size = LOG_BYTES, .kernel_log_level = 1);
	struct bpf_object *object;
	int err;

	if (argc != 2 || !is_permitted())
		return 77;
	libbpf_set_print(be_quiet);
	object = bpf_object__open_file(argv[1], &opts);
	if (!object) {
		printf("refused: %s\n", strerror(errno));
		return 4;
	}
	err = bpf_object__load(object);
	bpf_object__close(object);
	if (!err) {
		printf("loaded\n");
		return 0;
	}
	if (strstr(verifier_log, "processed ")) {
		print_reason();
		return 3;
	}
	printf("refused: %s %.200s\n", strerror(-err), verifier_log);
	return 4;
}
