/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Calls the helper with the number HELPER; uses a map of the type MAP_TYPE. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#ifndef HELPER
#define HELPER 5
#endif
#ifndef MAP_TYPE
#define MAP_TYPE BPF_MAP_TYPE_ARRAY
#endif

struct {
	__uint(type, MAP_TYPE);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, 8);
} wanted SEC(".maps");

static long (*const helper)(void *, long, long, long, long) = (void *)HELPER;

SEC("xdp")
int call(struct xdp_md *ctx)
{
	__u32 key = 0;

	if (!bpf_map_lookup_elem(&wanted, &key))
		return XDP_DROP;
	return helper(ctx, 0, 0, 0, 0) == 1 ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
