/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Values of an array of programs are no memory. */
#include "wrong.h"

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 4);
	__uint(key_size, 4);
	__uint(value_size, 4);
} jumps SEC(".maps");

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	__u32 key = 0;

	return bpf_map_lookup_elem(&jumps, &key) ? XDP_DROP : XDP_PASS;
}
