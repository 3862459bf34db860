/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The soundness oracle: holds what the verifier claims (struct verifier_facts) against what a
 * run does. Before each instruction it looks at the operands that the instruction reads: a
 * number must lie in the claimed set, a pointer must be of the claimed kind and at a claimed
 * distance from where its memory begins, and no instruction that was claimed dead may run.
 */
#ifndef SKEP_TARGET_INTERP_ORACLE_H
#define SKEP_TARGET_INTERP_ORACLE_H

#include "skep/hook.h"
#include "target/interp/interp.h"
#include "verifier/verify.h"

struct oracle {
	const struct image *image; /* other images (tail calls) are not looked at */
	const struct verifier_facts *facts;
	const struct skep_insn *insns;
	struct skep_map **maps;
	u32 nr_maps;
	enum skep_hook hook;
	/* counted */
	u64 checks;             /* operands compared */
	u64 violations;         /* claims that did not hold */
	struct skep_diag *diag; /* words for the first violation; NULL allowed */
};

/* For struct interp_observer.each; arg is a struct oracle. */
void oracle_look(void *arg, const struct interp_view *view);

#endif
