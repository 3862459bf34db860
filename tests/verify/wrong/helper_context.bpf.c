/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Something else where the context is wanted. */
#include "wrong.h"

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	__u64 other = 0;

	return bpf_xdp_adjust_tail((void *)&other, -4) ? XDP_DROP : XDP_PASS;
}
