/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "helper/env.h"

#include <string.h>

_Thread_local struct helper_env *helper_env;

/* splitmix64: spreads a seed over the state, never all zero. */
static u64 next_seed(u64 *seed)
{
	u64 z = *seed += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

void helper_env_init(struct helper_env *env, u64 seed)
{
	memset(env, 0, sizeof(*env));
	for (size_t i = 0; i < ARRAY_SIZE(env->random); i++)
		env->random[i] = next_seed(&seed);
}
