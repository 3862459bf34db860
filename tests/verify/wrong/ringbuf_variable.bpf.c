/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The size of a record must be known. */
#include "wrong.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	void *event = bpf_ringbuf_reserve(&events, ctx->rx_queue_index, 0);

	if (event)
		bpf_ringbuf_discard(event, 0);
	return XDP_PASS;
}
