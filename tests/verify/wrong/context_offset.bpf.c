/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The context is passed on with an offset. */
#include "wrong.h"

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	return bpf_xdp_adjust_head((void *)ctx + 4, 4) ? XDP_DROP : XDP_PASS;
}
