/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* bpf_loop. Source: kernel bpf_iter.c. */
#include <errno.h>

#include "helper/body.h"

#define LOOPS_MAX (1u << 23) /* BPF_MAX_LOOPS */

/* r1 = how often, r2 = function, r3 = what it gets beside the index, r4 = flags, none defined. */
u64 helper_loop(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5)
{
	struct helper_env *env = helper_env;
	u32 count = (u32)r1;

	if (r4)
		return helper_error(-EINVAL);
	if (count > LOOPS_MAX)
		return helper_error(-E2BIG);
	for (u32 i = 0; i < count; i++) {
		if (env->call(env, r2, i, r3, 0, 0, 0) || env->aborted)
			return i + 1;
	}
	return count;
}
