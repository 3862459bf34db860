/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A number where a callback is wanted. */
#include "wrong.h"

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	return bpf_loop(10, (void *)5, 0, 0) ? XDP_DROP : XDP_PASS;
}
