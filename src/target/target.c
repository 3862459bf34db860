/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The list of targets, and words for a program that a target stopped. */
#include "target/target.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/diag.h"
#include "helper/env.h"
#include "insn/insn.h"
#include "map/map.h"

static const struct target *const targets[] = {
	&target_interp,
#ifdef __x86_64__
	&target_x86_64,
#endif
	NULL,
};

const struct target *const *target_list(void)
{
	return targets;
}

const struct target *target_find(const char *name)
{
	for (const struct target *const *target = targets; *target; target++) {
		if (!strcmp((*target)->name, name))
			return *target;
	}
	return NULL;
}

const char *target_abort_name(enum target_abort reason)
{
	static const char *const names[TARGET_ABORT_MAX] = {
		[TARGET_RAN] = "ran to its end",
		[TARGET_ABORT_BUDGET] = "ran out of its instruction budget",
		[TARGET_ABORT_MEMORY] = "touched memory it may not reach",
		[TARGET_ABORT_DEPTH] = "nested its calls too deep",
		[TARGET_ABORT_INSN] = "reached an instruction that cannot run",
		[TARGET_ABORT_HELPER] = "called a helper that cannot run here",
	};

	return reason < TARGET_ABORT_MAX ? names[reason] : "stopped for an unknown reason";
}

int target_claim_maps(const struct target_input *in, const struct image *image,
		      struct skep_diag *diag)
{
	for (u32 at = 0; at < in->nr_insns; at++) {
		u32 index = (u32)in->insns[at].imm;
		struct skep_map *map;

		if (insn_decode(&in->insns[at]) != INSN_LD_MAP_IDX)
			continue;
		map = index < in->nr_maps ? in->maps[index] : NULL;
		if (!map || map->def.type != SKEP_MAP_PROG_ARRAY || !map_claim(map, image))
			continue;
		diag_fail(diag, -EINVAL,
			  "prog array '%s' holds programs of another kind than '%s': a tail call "
			  "stays within one hook, one target and one frags mode",
			  map->def.name, image->name);
		diag_insn(diag, at, NULL);
		return -EINVAL;
	}
	return 0;
}

int target_explain_abort(const struct helper_env *env, struct skep_diag *diag)
{
	const struct helper_fault *fault = &env->fault;
	enum target_abort reason = (enum target_abort)env->aborted;

	if (!reason)
		return 0;
	diag_fail(diag, -EFAULT, "program '%s' %s", fault->prog, target_abort_name(reason));
	diag_category(diag, "run time");
	diag_insn(diag, fault->insn, NULL);
	if (fault->size)
		diag_path(diag, "%s of %" PRIu64 " bytes at 0x%" PRIx64,
			  fault->is_write ? "write" : "read", fault->size, fault->addr);
	if (fault->why)
		diag_path(diag, "%s", fault->why);
	for (u32 reg = 0; reg < ARRAY_SIZE(fault->regs); reg++)
		diag_path(diag, "r%u = 0x%" PRIx64, reg, fault->regs[reg]);
	return -EFAULT;
}
