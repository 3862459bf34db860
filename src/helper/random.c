/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* xoshiro256++, one state for each worker: fast, and no lock. */
#include "helper/body.h"

static u64 rotate(u64 x, int n)
{
	return x << n | x >> (64 - n);
}

u64 helper_get_prandom_u32(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5)
{
	u64 *s = helper_env->random;
	u64 result = rotate(s[0] + s[3], 23) + s[0];
	u64 shifted = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= shifted;
	s[3] = rotate(s[3], 45);
	return result >> 32;
}
