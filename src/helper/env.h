/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What a helper knows beyond its arguments: the state of the worker that runs the program.
 * Each worker thread has one env and points helper_env at it before it runs images.
 */
#ifndef SKEP_HELPER_ENV_H
#define SKEP_HELPER_ENV_H

#include "base/types.h"
#include "map/map.h"

struct trace_log;

/* Where bpf_redirect() or bpf_redirect_map() said the packet shall go. */
struct helper_redirect {
	bool set;
	struct skep_map *map; /* NULL: plain bpf_redirect */
	u64 key;
	u64 flags;
	struct map_redirect to; /* resolved at the time of the call */
};

/* Memory of a helper that its callback may use while it runs (checked execution asks). */
struct helper_loan {
	void *memory;
	size_t size;
	struct helper_loan *next;
};

/* Where and why a target stopped a program; filled in when `aborted` becomes non-zero. */
struct helper_fault {
	char prog[SKEP_NAME_MAX];
	u32 insn;
	u64 addr, size; /* of the refused access; size 0 = not about an access */
	bool is_write;
	u64 regs[11];
	const char *why; /* static; NULL = no more to say */
};

struct helper_env {
	const struct image *image; /* running now; a tail call changes it */
	/*
	 * Call a function of the running program (a callback): set by the target for the time it
	 * runs an image. `fn` is what the program passed as ARG_CALLBACK.
	 */
	u64 (*call)(struct helper_env *env, u64 fn, u64 r1, u64 r2, u64 r3, u64 r4, u64 r5);
	void *target;              /* of the target, while it runs */
	struct helper_loan *loans; /* of helpers that call back now; innermost first */
	struct helper_redirect redirect;
	struct trace_log *trace; /* NULL: trace output is dropped */
	u64 random[4];           /* state of get_prandom_u32 */
	/*
	 * A target stopped the program (budget, bad access): enum target_abort. Set anew by each
	 * run. A helper that calls back must return when it is non-zero after a call.
	 */
	u64 aborted;
	struct helper_fault fault;
};

extern _Thread_local struct helper_env *helper_env
	__attribute__((tls_model("initial-exec"))); /* translators need a fixed offset */

/* A zeroed env with a seeded random state. */
void helper_env_init(struct helper_env *env, u64 seed);

/*
 * The body of a helper, NULL when skep has none. Bodies take five 64-bit arguments and return r0;
 * tail_call has no body: targets implement it.
 */
typedef u64 (*helper_fn)(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5);
helper_fn helper_body(u32 id);

/*
 * Trace log: what bpf_trace_printk wrote, bounded, oldest lines lost first (and counted).
 * One log may be shared by several workers.
 */
struct trace_log *trace_log_new(size_t bytes);
void trace_log_free(struct trace_log *log);
/* Append one line (a missing newline is added). */
void trace_log_write(struct trace_log *log, const char *text, size_t len);
/*
 * Hand every line, without its newline, to `each` in order and empty the log; returns the number
 * of lines lost since the last time.
 */
u64 trace_log_drain(struct trace_log *log, void (*each)(void *arg, const char *line), void *arg);

#endif
