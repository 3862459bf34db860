/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A loop that ends when a helper says so. */
#include "wrong.h"

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	while (bpf_get_prandom_u32())
		asm volatile("");
	return XDP_PASS;
}
