/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What runs a plan: skep's targets (run_skep.c) and the running kernel (run_kernel.c), which
 * shows that what a case expects is what Linux does.
 */
#ifndef CASES_BACKEND_H
#define CASES_BACKEND_H

#include "base/buf.h"
#include "plan.h"

struct run {
	u64 r0;
	bool r0_low;    /* only the low 32 bits are known */
	struct buf out; /* the packet after the run */
	bool redirect_known, redirected;
	u32 ifindex; /* where bpf_redirect() or a devmap sends it */
};

struct session; /* of the backend */

struct backend {
	const char *name;
	/*
	 * Create maps and load programs. Returns the session; NULL with *failure. `target` is the
	 * name of a skep target.
	 */
	struct session *(*open)(const struct plan *plan, const char *target,
				struct failure *failure);
	void (*close)(struct session *session);
	/* Run the entry program; -1 with *failure when it was stopped. */
	int (*run)(struct session *session, const struct plan_packet *packet, struct run *run,
		   struct failure *failure);
	/* Number of a map by name, -1: none. */
	int (*map_find)(struct session *session, const char *name);
	const struct skep_map_def *(*map_def)(struct session *session, int map);
	/* Bytes of a value on the control side: all CPUs of a per-CPU map. */
	size_t (*value_bytes)(struct session *session, int map);
	/* 0 or -errno */
	int (*lookup)(struct session *session, int map, const void *key, void *value);
	int (*update)(struct session *session, int map, const void *key, const void *value,
		      u64 flags);
	int (*delete)(struct session *session, int map, const void *key);
	int (*next_key)(struct session *session, int map, const void *key, void *next);
	/* What goes into a prog array's slot for a program; -1: no such program. */
	s64 (*prog_value)(struct session *session, const char *name);
	/* Call `each` with every line of trace output; false: not known here. */
	bool (*trace)(struct session *session, void (*each)(void *arg, const char *line),
		      void *arg);
};

extern const struct backend backend_skep;
extern const struct backend backend_kernel;

/* The interpreter, with the soundness oracle looking at each step of verified programs. */
#define BACKEND_ORACLE "oracle"

/* Does bpf(2) work here, for this user? */
bool kernel_available(void);

/* Per-CPU maps have one value for each CPU, everything else one. */
bool map_is_percpu(const struct skep_map_def *def);

/*
 * Run one case and compare. Prints what differs as TAP comments; returns whether it passed.
 * `target` is a skep target's name, BACKEND_ORACLE, or "kernel".
 */
bool case_run(const struct test_case *test, const struct settings *settings, const char *target);

#endif
