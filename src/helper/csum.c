/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * bpf_csum_diff, as Linux 6.18 computes it: the result is folded to 16 bits, and sizes need not be
 * multiples of 4 (older kernels do neither and refuse other sizes with -EINVAL).
 * Source: kernel bpf_csum_diff(), csum_partial(), csum_from32to16().
 */
#include <string.h>

#include "helper/body.h"

/* 32-bit ones' complement sum: the carry comes back in at the low end. */
static u32 sum_add(u32 a, u32 b)
{
	u64 sum = (u64)a + b;

	return (u32)(sum + (sum >> 32));
}

/* The last word is filled up with zero bytes. */
static u32 sum_words(const u8 *data, u32 size, u32 sum)
{
	for (u32 off = 0; off < size; off += sizeof(u32)) {
		u32 word = 0;

		memcpy(&word, data + off, size - off < sizeof(word) ? size - off : sizeof(word));
		sum = sum_add(sum, word);
	}
	return sum;
}

static u64 fold(u32 sum)
{
	return (u16)((sum + (sum >> 16 | sum << 16)) >> 16);
}

/* r1, r2 = bytes that go; r3, r4 = bytes that come; r5 = the sum so far. */
u64 helper_csum_diff(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5)
{
	u32 from_size = (u32)r2, to_size = (u32)r4, sum = (u32)r5;

	if (from_size && to_size)
		sum = sum_add(sum_words(helper_pointer(r3), to_size, sum),
			      ~sum_words(helper_pointer(r1), from_size, 0));
	else if (to_size)
		sum = sum_words(helper_pointer(r3), to_size, sum);
	else if (from_size)
		sum = ~sum_words(helper_pointer(r1), from_size, ~sum);
	return fold(sum);
}
