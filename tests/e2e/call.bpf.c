/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Calls the helper number HELPER, or with KFUNC a kernel function; uses a map of type MAP_TYPE. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#ifndef HELPER
#define HELPER 5
#endif
#ifndef MAP_TYPE
#define MAP_TYPE BPF_MAP_TYPE_ARRAY
#endif
#ifndef ENTRIES
#define ENTRIES 1
#endif

struct {
	__uint(type, MAP_TYPE);
	__uint(max_entries, ENTRIES);
	__uint(key_size, 4);
	__uint(value_size, 8);
} wanted SEC(".maps");

#ifdef KFUNC
extern int bpf_xdp_metadata_rx_hash(const struct xdp_md *ctx, __u32 *hash, __u32 *type) __ksym;
#endif

static long (*const helper)(void *, long, long, long, long) = (void *)HELPER;

SEC("xdp")
int call(struct xdp_md *ctx)
{
	__u32 key = 0;

	if (!bpf_map_lookup_elem(&wanted, &key))
		return XDP_DROP;
#ifdef KFUNC
	if (bpf_xdp_metadata_rx_hash(ctx, &key, &key))
		return XDP_DROP;
#endif
	return helper(ctx, 0, 0, 0, 0) == 1 ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
