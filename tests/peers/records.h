/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The array-style tests of the kernel's own verifier suite, as neutral records. records.c takes
 * them by compile-time include of a kernel tree (never committed); nothing here depends on it.
 */
#ifndef SKEP_TESTS_RECORDS_H
#define SKEP_TESTS_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORD_FD_BASE 100000 /* a map's "fd" in an instruction is this + its index */
#define RECORD_MAPS 32
#define RECORD_SLOTS 4
#define RECORD_RUNS 8
#define RECORD_DATA 64

/* A program that a prog array of the record holds. */
struct record_prog {
	uint32_t prog_type;
	void *insns; /* struct bpf_insn */
	uint32_t nr_insns;
};

struct record_slot {
	uint32_t key;
	int prog; /* index into progs, -1: a value */
};

struct record_map {
	uint32_t type, key_size, value_size, max_entries, flags;
	uint32_t btf_key, btf_value;
	bool btf;  /* the suite's shared BTF (record_btf()) describes it */
	int inner; /* index into maps of the template, -1 = none */
	struct record_slot slots[RECORD_SLOTS];
	int nr_slots;
	bool filled; /* value holds the element at key 0 */
	uint8_t value[64];
};

struct record_run {
	uint32_t retval;
	uint8_t data[RECORD_DATA];
};

struct record_func {
	uint32_t insn, type_id;
};

struct record {
	const char *name;
	uint32_t prog_type, attach_type;
	const void *insns; /* struct bpf_insn, maps as RECORD_FD_BASE + index */
	uint32_t nr_insns;
	bool accept; /* what the suite expects */
	bool strict, any_alignment, state_frequent, sleepable;
	bool kfuncs;
	const char *errstr;
	uint32_t nr_runs; /* 0: is not run */
	bool any_retval;  /* a pointer, different each time */
	struct record_run runs[RECORD_RUNS];
	struct record_map maps[RECORD_MAPS];
	int nr_maps;
	struct record_prog progs[8];
	int nr_progs;
	struct record_func funcs[8];
	int nr_funcs;
	void *btf; /* the record's own BTF, NULL = none; of the program, not of the maps */
	size_t btf_size;
};

unsigned record_count(void);
/* Record number i, valid until the next call. */
struct record *record_get(unsigned i);
/* Raw BTF that maps with .btf set refer to. */
const void *record_btf(size_t *ret_size);

#endif
