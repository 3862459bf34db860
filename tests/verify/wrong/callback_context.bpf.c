/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A callback goes beyond what it was given. */
#include "wrong.h"

static long step(__u32 index, void *arg)
{
	((volatile __u64 *)arg)[8] = index;
	return 0;
}

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	__u64 sum = 0;

	bpf_loop(10, step, &sum, 0);
	return sum & 1;
}
