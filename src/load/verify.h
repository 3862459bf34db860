/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The verifier as a load asks it: with the maps as they are, and with the target's own rules.
 */
#ifndef SKEP_LOAD_VERIFY_H
#define SKEP_LOAD_VERIFY_H

#include "object/object.h"
#include "verifier/verify.h"

struct skep_diag;
struct skep_map;
struct target;

/* Zero means the default for every member. */
struct load_verify {
	const struct target *target; /* its rules count too; NULL: no target's */
	/*
	 * [object->nr_maps], those that exist: their sizes count rather than the object's, and read
	 * only data is what they hold. NULL: as the object has them.
	 */
	struct skep_map *const *maps;
	/* Of programs whose section names no type. */
	enum skep_hook hook;
	u32 prog_type; /* enum bpf_prog_type; 0: the usual one of the hook */
	u32 attach_type;
	u32 flags; /* enum verify_flags, beside those of the object and program */
	u32 log_level;
	bool any_helper; /* allow helpers that skep has no body for: nothing will be run */
};

/*
 * Verify a program of the object. As verify_program(), with the object named in the words;
 * *result is filled in any case, free it with verify_result_free().
 */
int load_verify(const struct skep_object *object, const struct object_prog *prog,
		const struct load_verify *how, struct verify_result *result,
		struct skep_diag *diag);

#endif
