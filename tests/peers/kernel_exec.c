/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The kernel's eBPF execution tests (lib/test_bpf.c) on the interpreter, unverified and checked.
 * Prints what differs and a summary. usage: kernel_exec [-v] [-a] [NAME]
 *   -a  also the tests of more than 4,096 instructions
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/diag.h"
#include "exec_records.h"
#include "helper/env.h"
#include "object/object.h"
#include "peer_packet.h"
#include "target/interp/interp.h"
#include "target/target.h"

#define INSNS_MAX 4096

struct totals {
	unsigned passed, failed, left_out;
};

/* The context that the suite's own runner would build for this run. */
static u64 run_once(const struct image *image, const struct exec_record *record, unsigned run,
		    struct peer_packet *packet)
{
	size_t size = (size_t)record->runs[run].data_size;
	u64 r0;

	if (record->no_data)
		return interp_run_memory(image, NULL, 0, NULL);
	if (record->large_memory) {
		void *memory = calloc(1, size);

		r0 = interp_run_memory(image, memory, size, NULL);
		free(memory);
		return r0;
	}
	peer_packet_fill(packet, SKEP_HOOK_SOCKET, record->data, size);
	return image->run(image, &packet->ctx);
}

static bool run_record(const struct exec_record *record, struct peer_packet *packet)
{
	struct object_func func = {.name = record->name, .nr_insns = record->nr_insns};
	struct object_prog prog = {.name = record->name,
				   .insns = (struct skep_insn *)record->insns,
				   .nr_insns = record->nr_insns,
				   .funcs = &func,
				   .nr_funcs = 1};
	struct target_input in = {.prog = &prog,
				  .hook = SKEP_HOOK_SOCKET,
				  .insns = record->insns,
				  .nr_insns = record->nr_insns,
				  .checked = true};
	struct skep_diag *diag = skep_diag_new();
	struct image *image = NULL;
	bool right = true;

	if (target_interp.translate(&in, &image, diag)) {
		printf("FAILED %s: does not translate: %s\n", record->name,
		       skep_diag_problem(diag));
		right = false;
	}
	for (unsigned run = 0; right && run < record->nr_runs; run++) {
		u64 r0;

		helper_env->aborted = TARGET_RAN;
		r0 = run_once(image, record, run, packet);
		if (target_explain_abort(helper_env, diag)) {
			printf("FAILED %s: %s\n", record->name, skep_diag_problem(diag));
			right = false;
		} else if ((u32)r0 != record->runs[run].result) {
			printf("FAILED %s: returned 0x%x, not 0x%x\n", record->name, (u32)r0,
			       record->runs[run].result);
			right = false;
		}
	}
	image_put(image);
	skep_diag_free(diag);
	return right;
}

int main(int argc, char **argv)
{
	bool all = false, verbose = false;
	struct peer_packet packet;
	struct totals totals = {0};
	struct helper_env env;
	int option;

	while ((option = getopt(argc, argv, "av")) != -1) {
		if (option == '?')
			return 1;
		*(option == 'a' ? &all : &verbose) = true;
	}
	if (peer_packet_init(&packet))
		return 2;
	helper_env_init(&env, 1);
	helper_env = &env;
	for (unsigned i = 0; i < exec_record_count(); i++) {
		struct exec_record record;

		if (!exec_record_get(i, &record))
			continue;
		if (optind < argc && strcmp(argv[optind], record.name)) {
			exec_record_release(&record);
			continue;
		}
		if (record.nr_insns > INSNS_MAX && !all)
			totals.left_out++;
		else if (run_record(&record, &packet))
			totals.passed++;
		else
			totals.failed++;
		if (verbose)
			printf("%s\n", record.name);
		exec_record_release(&record);
	}
	printf("%u passed, %u failed, %u left out (over %u instructions)\n", totals.passed,
	       totals.failed, totals.left_out, INSNS_MAX);
	return totals.failed || !totals.passed;
}
