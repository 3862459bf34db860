/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A loop of ten million rounds. */
#include "wrong.h"

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	volatile __u64 sum = 0;

	for (__u32 i = 0; i < 10000000; i++)
		sum += i;
	return sum & 1;
}
