/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What a case wants to run: programs, maps, packets. Made from the text of its sections, the
 * same for every target.
 */
#ifndef CASES_PLAN_H
#define CASES_PLAN_H

#include "base/buf.h"
#include "base/types.h"
#include "case.h"
#include "skep/hook.h"
#include "skep/insn.h"
#include "skep/map.h"

#define MAX_PROGS 40
#define MAX_MAPS 72
#define MAX_PACKETS 64

/* How something ended that did not simply run. */
enum failure_kind {
	FAILURE_NONE,
	FAILURE_REFUSED,  /* before any program was looked at: assembler, object, maps */
	FAILURE_REJECTED, /* a verifier or a target said no to a program */
	FAILURE_ABORTED,  /* stopped while it ran */
	FAILURE_UNSOUND,  /* the verifier accepted it and was wrong about it */
};

struct failure {
	enum failure_kind kind;
	int err; /* -errno, 0 = unknown */
	char text[1 << 16];
};

struct plan_prog {
	const char *name;
	struct skep_insn *insns;
	u32 nr_insns;
};

struct plan_map {
	const char *name;
	bool create; /* false: the object has it */
	struct skep_map_def def;
	const struct section *section; /* body: initial contents */
};

struct plan_packet {
	const u8 *data;
	u32 len;
};

struct plan {
	const struct test_case *test;
	enum skep_hook hook;
	const char *license;
	struct plan_prog progs[MAX_PROGS];
	size_t nr_progs;
	struct plan_map maps[MAX_MAPS];
	size_t nr_maps;
	struct buf elf;    /* an object instead of progs and maps; empty: none */
	const char *entry; /* program to run, NULL: the first */
	bool unsafe;       /* run it although the verifier rejects it */
	u64 budget;        /* 0: the default */
	struct plan_packet packets[MAX_PACKETS];
	size_t nr_packets;     /* at least one */
	u32 ifindex, rx_queue; /* of the context */
	bool has_context;      /* the case says so */
	u32 cpu, cpus;         /* the CPU to run on; how many there are, 0 = as many as there are */
};

struct settings {
	const char *source_root; /* captures are named from here */
	const char *object_dir;  /* compiled objects are named from here */
	const char *clang;
	const char *cflags[32];
	size_t nr_cflags;
};

/*
 * Fill the plan. Returns 0; or -1 with *failure when the assembler refuses a program. A section
 * that cannot be understood ends the process. Free plan->elf with plan_free().
 */
int plan_make(const struct test_case *test, const struct settings *settings, struct plan *plan,
	      struct failure *failure);
void plan_free(struct plan *plan);

/* Index of a map by name, -1 when the plan has none. */
int plan_find_map(const struct plan *plan, const char *name);

/* The object of a `-- c`, `-- elf` or `-- object` section with its patches (elf.c). */
void plan_object(const struct test_case *test, const struct settings *settings, struct buf *elf);

#endif
