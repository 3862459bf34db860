/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* One byte more than was compared. */
#include "wrong.h"

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	char *data = DATA(ctx);

	if (data + 20 > (char *)DATA_END(ctx))
		return XDP_PASS;
	return data[20] ? XDP_DROP : XDP_PASS;
}
