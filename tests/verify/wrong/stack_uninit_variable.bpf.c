/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A helper reads beyond the stack: the size is larger than the buffer. */
#include "wrong.h"

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	char buffer[16];

	bpf_xdp_store_bytes(ctx, 0, buffer, 600);
	return XDP_PASS;
}
