/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Metadata is read without a comparison with data. */
#include "wrong.h"

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	__u32 *meta = (void *)(long)ctx->data_meta;

	return *meta ? XDP_DROP : XDP_PASS;
}
