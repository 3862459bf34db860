/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A tail call through an array of numbers. */
#include "wrong.h"

MAP(values, ARRAY, __u32, struct value, 4);

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	bpf_tail_call(ctx, &values, 0);
	return XDP_PASS;
}
