/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The header length comes from the packet and is not compared again. */
#include "wrong.h"

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	unsigned char *data = DATA(ctx);
	__u64 size;

	if (data + 34 > (unsigned char *)DATA_END(ctx))
		return XDP_PASS;
	size = (data[14] & 15) * 4;
	return data[14 + size] ? XDP_DROP : XDP_PASS;
}
