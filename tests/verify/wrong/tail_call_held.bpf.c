/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A tail call while a record of the ring buffer is held. */
#include "wrong.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 4);
	__uint(key_size, 4);
	__uint(value_size, 4);
} jumps SEC(".maps");

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	void *event = bpf_ringbuf_reserve(&events, 8, 0);

	if (!event)
		return XDP_PASS;
	bpf_tail_call(ctx, &jumps, 0);
	bpf_ringbuf_discard(event, 0);
	return XDP_PASS;
}
