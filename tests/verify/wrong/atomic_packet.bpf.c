/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* An atomic operation on the packet. */
#include "wrong.h"

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	__u32 *data = DATA(ctx);

	if ((void *)(data + 1) > DATA_END(ctx))
		return XDP_PASS;
	__sync_fetch_and_add(data, 1);
	return XDP_PASS;
}
