/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The size has no bound. */
#include "wrong.h"

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	char buffer[32];
	__u32 size = ctx->data_end - ctx->data;

	return bpf_xdp_load_bytes(ctx, 0, buffer, size) ? XDP_DROP : XDP_PASS;
}
