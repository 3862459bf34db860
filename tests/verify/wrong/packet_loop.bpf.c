/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A loop over the packet that compares only before it begins. */
#include "wrong.h"

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	char *data = DATA(ctx);
	int sum = 0;

	if (data + 8 > (char *)DATA_END(ctx))
		return XDP_PASS;
	for (int i = 0; i < 16; i++)
		sum += *(volatile char *)(data + i);
	return sum & 1 ? XDP_DROP : XDP_PASS;
}
