/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* An access in front of the packet. */
#include "wrong.h"

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	char *data = DATA(ctx);

	if (data + 14 > (char *)DATA_END(ctx))
		return XDP_PASS;
	return data[-1] ? XDP_DROP : XDP_PASS;
}
