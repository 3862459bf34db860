/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A target turns a verified program into an image. Targets are listed in target.c.
 */
#ifndef SKEP_TARGET_TARGET_H
#define SKEP_TARGET_TARGET_H

#include "base/types.h"
#include "map/image.h"
#include "skep/insn.h"

struct buf;
struct helper_env;
struct object_prog;
struct skep_diag;
struct skep_map;
struct verifier_facts;

/* Why a target stopped a program by itself: helper_env.aborted. */
enum target_abort {
	TARGET_RAN = 0,
	TARGET_ABORT_BUDGET, /* more instructions than the budget */
	TARGET_ABORT_MEMORY, /* an access outside of everything the program may reach */
	TARGET_ABORT_DEPTH,  /* calls nested deeper than 8 frames */
	TARGET_ABORT_INSN,   /* an instruction that does not decode */
	TARGET_ABORT_HELPER, /* a helper without a body, or not callable here */
	TARGET_ABORT_MAX
};

/* "ran out of its instruction budget", ...; static. */
const char *target_abort_name(enum target_abort reason);
/*
 * Words for env->aborted and env->fault: program, instruction, access, registers. Returns 0 when
 * the program ran to its end, else -EFAULT (in diag, too).
 */
int target_explain_abort(const struct helper_env *env, struct skep_diag *diag);

struct target_input {
	const struct object_prog *prog; /* names, functions, lines; for messages and dumps */
	enum skep_hook hook;
	const struct skep_insn *insns; /* linked, perhaps optimised */
	u32 nr_insns;
	struct skep_map *
		*maps; /* what MAP_IDX immediates index; borrowed, must outlive the image */
	u32 nr_maps;
	const struct verifier_facts *facts; /* NULL: unverified (interp only, unless unsafe) */
	/* Check every memory access at run time (interp); set when facts is NULL. */
	bool checked;
	u64 budget; /* instructions per run, 0 = the default (interp) */
	/*
	 * For tests of targets: translate an unverified program although nothing will check its
	 * accesses or end its loops. The conformance suite's programs, which are known to behave,
	 * have no context that a verifier could know.
	 */
	bool unsafe;
	bool blind; /* hide the program's constants from who reads the machine code (x86_64) */
};

#define TARGET_BUDGET_DEFAULT (64ull << 20)

struct target {
	const char *name;
	const char *summary; /* for --help */
	bool takes_unverified; /* it can check every access at run time: facts may be NULL */
	/*
	 * Can this target run the instruction at `at`? Called by the verifier while it walks.
	 * NULL: everything that decodes. Returns 0, or -EOPNOTSUPP with the target's own words.
	 */
	int (*check_insn)(const struct target_input *in, u32 at, struct skep_diag *diag);
	/* Returns 0 and *ret (one reference), or -errno with words. */
	int (*translate)(const struct target_input *in, struct image **ret, struct skep_diag *diag);
	/* Append what the image is made of, as text; NULL: nothing to show. */
	int (*dump)(const struct image *image, struct buf *out);
};

/*
 * For translate(): claim the prog arrays that the program names for programs like it (same hook,
 * frags, target). 0, or -EINVAL with words when one is for others already.
 */
int target_claim_maps(const struct target_input *in, const struct image *image,
		      struct skep_diag *diag);

extern const struct target target_interp;
/* Only on such a machine. */
extern const struct target target_x86_64;

/* By name; NULL when there is none. */
const struct target *target_find(const char *name);
/* In order of preference on this machine, NULL-terminated. */
const struct target *const *target_list(void);

#endif
