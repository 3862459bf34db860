/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A 32-bit number of the packet is added to a pointer. */
#include "wrong.h"

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	unsigned char *data = DATA(ctx), *at;
	__u64 off;

	if (data + 34 > (unsigned char *)DATA_END(ctx))
		return XDP_PASS;
	off = *(__u32 *)(data + 20);
	at = data + off;
	if (at + 1 > (unsigned char *)DATA_END(ctx))
		return XDP_PASS;
	return *at ? XDP_DROP : XDP_PASS;
}
