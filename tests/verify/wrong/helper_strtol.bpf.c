/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* bpf_strtol() gets no place for the result. */
#include "wrong.h"

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	char text[4] = "12";

	return bpf_strtol(text, sizeof(text), 0, 0) ? XDP_DROP : XDP_PASS;
}
