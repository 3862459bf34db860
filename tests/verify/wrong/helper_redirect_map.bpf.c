/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* bpf_redirect_map() with a map that holds no devices. */
#include "wrong.h"

MAP(values, ARRAY, __u32, struct value, 4);

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	return bpf_redirect_map(&values, 0, 0);
}
