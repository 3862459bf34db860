/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Execution tests of the kernel's lib/test_bpf.c as neutral records: see exec_records.c. */
#ifndef SKEP_TESTS_EXEC_RECORDS_H
#define SKEP_TESTS_EXEC_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct exec_record {
	const char *name;
	const void *insns; /* struct bpf_insn */
	unsigned nr_insns;
	bool expect_error; /* must not load */
	bool no_data;      /* the context is NULL */
	bool large_memory; /* the context is plain memory of data_size bytes */
	bool fragments;    /* the packet's tail is in a fragment */
	bool allocated;
	uint8_t data[128], fragment[128];
	unsigned nr_runs;
	struct {
		int data_size;
		uint32_t result;
	} runs[3];
};

unsigned exec_record_count(void);
/* false: no eBPF test. Release the record when it returned true. */
bool exec_record_get(unsigned i, struct exec_record *record);
void exec_record_release(struct exec_record *record);

#endif
