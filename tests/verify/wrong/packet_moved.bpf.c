/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The pointers are from before the packet was moved. */
#include "wrong.h"

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	char *data = DATA(ctx);

	if (data + 14 > (char *)DATA_END(ctx))
		return XDP_PASS;
	if (bpf_xdp_adjust_head(ctx, 4))
		return XDP_DROP;
	return data[0] ? XDP_DROP : XDP_PASS;
}
