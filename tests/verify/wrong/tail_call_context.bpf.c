/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A tail call with something else as the context. */
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
	__u64 other = 0;

	bpf_tail_call(&other, &jumps, 0);
	return XDP_PASS;
}
