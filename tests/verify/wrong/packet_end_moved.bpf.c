/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Arithmetic on data_end. */
#include "wrong.h"

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	char *data = DATA(ctx), *end = DATA_END(ctx);

	end -= 4;
	opaque(end);
	if (data > end)
		return XDP_PASS;
	return *(volatile char *)data ? XDP_DROP : XDP_PASS;
}
