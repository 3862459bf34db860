/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The verifier: is a program safe to run whatever packets and maps hold, and if not, why?
 * Needs no privilege, no daemon and no kernel; nothing is created and nothing runs.
 *
 *   skep_object_open() -> skep_verify() -> look at each program -> skep_verify_free()
 */
#ifndef SKEP_VERIFY_H
#define SKEP_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "skep/diag.h"
#include "skep/object.h"
#include "skep/text.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Zero means the default for every member but sz. */
struct skep_verify_opts {
	size_t sz;          /* sizeof(struct skep_verify_opts): lets the struct grow */
	const char *prog;   /* this one only; NULL: every program of the object */
	const char *target; /* its own rules count too; NULL: those of no target */
	/*
	 * A section name, "xdp" or "tc": what programs are whose own section names no type. NULL:
	 * "xdp" for a program that `prog` names, else they are listed and not verified.
	 */
	const char *type;
	bool details; /* keep the state log and the facts */
};

enum skep_verify_verdict {
	SKEP_VERIFY_ACCEPTED,
	SKEP_VERIFY_REJECTED,
	SKEP_VERIFY_NOT_FOR_NIC, /* of a type that no hook of a network card runs: not looked at */
};

/* veristat's columns, and what stands behind them. Pointers live as long as the results. */
struct skep_verify_result {
	size_t sz; /* set by the caller */
	const char *prog, *section;
	const char *type; /* "xdp", "sched_cls", ... */
	enum skep_verify_verdict verdict;
	uint32_t insns;   /* slots of the program */
	uint32_t visited; /* instructions walked, over all paths */
	uint32_t states, peak_states, max_states_per_insn;
	uint32_t stack_depth; /* bytes */
	uint64_t duration_ns, memory;
	const struct skep_diag *why; /* unless accepted */
	const char *log;   /* with details: each step and its state, in the kernel's style */
	const char *facts; /* with details, when accepted: what is known at each instruction */
};

struct skep_verify; /* the results for one object */

/*
 * Verify programs. Returns 0 and *ret whatever the verdicts are (free it with
 * skep_verify_free()), or -errno with words when there is no such program, target or type. The
 * object must outlive the results.
 */
SKEP_API int skep_verify(const struct skep_object *object, const struct skep_verify_opts *opts,
			 struct skep_verify **ret, struct skep_diag *diag);
SKEP_API void skep_verify_free(struct skep_verify *verify);

/* Was no program rejected? */
SKEP_API bool skep_verify_passed(const struct skep_verify *verify);
/* In order of the object. Returns 0, or -ENOENT at the end. */
SKEP_API int skep_verify_result(const struct skep_verify *verify, size_t nr,
				struct skep_verify_result *ret);
/* A table, each rejection explained below its row; or JSON, an array. */
SKEP_API int skep_verify_print(const struct skep_verify *verify, FILE *to, uint32_t form);

/* The rules that programs must keep; a rejection names the one that was broken. */
struct skep_rule {
	size_t sz; /* set by the caller */
	const char *name, *category;
	const char *title;         /* the rule, one sentence */
	const char *why;           /* what would go wrong */
	const char *wrong, *right; /* code, several lines */
	const char *suggestion;
};

/* Returns 0, or -ENOENT at the end. */
SKEP_API int skep_rule(size_t nr, struct skep_rule *ret);
/*
 * The page of a rule as text or JSON; NULL: a list of all. Returns 0, or -ENOENT with words that
 * name the nearest rules.
 */
SKEP_API int skep_rule_print(const char *name, FILE *to, uint32_t form, struct skep_diag *diag);

#ifdef __cplusplus
}
#endif
#endif
