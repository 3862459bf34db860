/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* egress_ifindex is for programs of devmaps only. */
#include "wrong.h"

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	return ctx->egress_ifindex == 3 ? XDP_DROP : XDP_PASS;
}
