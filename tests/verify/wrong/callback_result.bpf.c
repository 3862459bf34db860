/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A callback returns more than 0 and 1. */
#include "wrong.h"

static long step(__u32 index, void *arg)
{
	opaque(index);
	return index;
}

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	bpf_loop(10, step, 0, 0);
	return XDP_PASS;
}
