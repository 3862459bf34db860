/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* bpf_csum_diff() works on whole words: its size may be larger than the buffer. */
#include "wrong.h"

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	__be32 from = 1;

	return bpf_csum_diff(&from, 8192, 0, 0, 0) ? XDP_DROP : XDP_PASS;
}
