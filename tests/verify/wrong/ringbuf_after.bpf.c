/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A record is written after it was submitted. */
#include "wrong.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	__u64 *event = bpf_ringbuf_reserve(&events, 8, 0);

	if (!event)
		return XDP_PASS;
	bpf_ringbuf_submit(event, 0);
	*event = 1;
	return XDP_PASS;
}
