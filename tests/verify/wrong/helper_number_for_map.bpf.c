/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A number where a map is wanted. */
#include "wrong.h"

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	__u32 key = 0;

	return bpf_map_lookup_elem((void *)5, &key) ? XDP_DROP : XDP_PASS;
}
