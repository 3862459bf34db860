/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * One program that does what `mode` says, for the tests of skep run: every verdict, every way to
 * redirect, every way to be stopped, and maps of each shape to fill and dump.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 4);
	__type(key, __u32);
	__uint(value_size, 4);
} ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, struct bpf_devmap_val);
} exits SEC(".maps");

enum color { RED = 1, GREEN = 2 };

struct record {
	__u32 number;
	__u16 low : 3, high : 5;
	char name[8];
	enum color color;
	_Bool yes;
	__s8 negative;
	__u64 big;
	struct {
		__u8 mac[6];
		__u16 list[3];
	} inner;
	union {
		__u32 word;
		__u8 bytes[4];
	} either;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, struct record);
} records SEC(".maps");

/* without BTF for key and value */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2);
	__uint(key_size, 3);
	__uint(value_size, 20);
} raw SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__uint(key_size, 4);
	__uint(value_size, 4);
} words SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 2);
	__uint(key_size, 4);
	__uint(value_size, 20);
} raw_counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 4);
	__uint(key_size, 4);
	__uint(value_size, 4);
} jump SEC(".maps");

#ifndef TOUCH_ONLY /* the kernel refuses the programs that misbehave */

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} first SEC(".maps"), second SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 4);
	__type(key, __u32);
	__array(values, struct inner);
} nested SEC(".maps") = {.values = {[1] = (void *)&first}};

enum mode {
	MODE_PASS,
	MODE_DROP,
	MODE_TX,
	MODE_ABORTED,
	MODE_INVALID,
	MODE_REDIRECT,
	MODE_REDIRECT_NOWHERE,
	MODE_REDIRECT_MAP,
	MODE_BROADCAST,
	MODE_EGRESS,
	MODE_MEMORY,
	MODE_ENDLESS,
	MODE_TRACE,
	MODE_TAIL_CALL,
	MODE_PUSH,
	MODE_RECORD,
	MODE_CONTEXT,
	MODE_NESTED,
};

const volatile enum mode mode = MODE_PASS;
const volatile __u32 argument = 0;
__u64 egress_runs = 7;
__u64 packets; /* in .bss */

static int redirect(struct xdp_md *ctx)
{
	switch (mode) {
	case MODE_REDIRECT:
		return bpf_redirect(argument, 0);
	case MODE_REDIRECT_NOWHERE:
		return XDP_REDIRECT;
	case MODE_REDIRECT_MAP:
		return bpf_redirect_map(&ports, argument, XDP_DROP);
	case MODE_BROADCAST:
		return bpf_redirect_map(&ports, 0, BPF_F_BROADCAST | BPF_F_EXCLUDE_INGRESS);
	default:
		return bpf_redirect_map(&exits, argument, 0);
	}
}

static int be_stopped(struct xdp_md *ctx)
{
	volatile int endless = 0;

	if (mode == MODE_MEMORY)
		return *(volatile int *)(long)ctx->data_end;
	for (;;)
		endless++;
}

static int count_nested(__u32 key)
{
	void *map = bpf_map_lookup_elem(&nested, &key);
	__u32 zero = 0;
	__u64 *count = map ? bpf_map_lookup_elem(map, &zero) : 0;

	if (!count)
		return XDP_DROP;
	++*count;
	return XDP_PASS;
}

static int do_mode(struct xdp_md *ctx)
{
	struct record *record;
	__u32 key = argument;

	switch (mode) {
	case MODE_TRACE:
		bpf_printk("length %d", (int)(ctx->data_end - ctx->data));
		return XDP_PASS;
	case MODE_TAIL_CALL:
		bpf_tail_call(ctx, &jump, argument);
		return XDP_ABORTED;
	case MODE_PUSH:
		return bpf_xdp_adjust_head(ctx, -14) ? XDP_ABORTED : XDP_PASS;
	case MODE_RECORD:
		record = bpf_map_lookup_elem(&records, &key);
		return record ? (int)record->color : XDP_ABORTED;
	case MODE_NESTED:
		return count_nested(key);
	case MODE_CONTEXT:
		return ctx->ingress_ifindex == 3 && ctx->rx_queue_index == 5 ? XDP_PASS : XDP_DROP;
	default:
		return 77;
	}
}

SEC("xdp")
int hooks(struct xdp_md *ctx)
{
	static const int verdicts[] = {XDP_PASS, XDP_DROP, XDP_TX, XDP_ABORTED};
	__u32 zero = 0;
	__u64 *count = bpf_map_lookup_elem(&counts, &zero);

	packets++;
	if (count)
		++*count;
	if (mode <= MODE_ABORTED)
		return verdicts[mode & 3];
	if (mode >= MODE_REDIRECT && mode <= MODE_EGRESS)
		return redirect(ctx);
	if (mode == MODE_MEMORY || mode == MODE_ENDLESS)
		return be_stopped(ctx);
	return do_mode(ctx);
}

SEC("xdp")
int next(struct xdp_md *ctx)
{
	return XDP_TX;
}

/* a section that names no program type, as iproute2's default "prog" */
SEC("prog")
int untyped(struct xdp_md *ctx)
{
	return XDP_DROP;
}

/* not loaded unless asked for */
SEC("?xdp")
int optional(struct xdp_md *ctx)
{
	return XDP_TX;
}

SEC("xdp/devmap")
int egress(struct xdp_md *ctx)
{
	egress_runs++;
	return ctx->egress_ifindex == 12 ? XDP_PASS : XDP_DROP;
}

SEC("tc")
int classify(struct __sk_buff *skb)
{
	return 0;
}

#endif

/* reach maps that nothing else does, so that a run creates them */
SEC("xdp")
int touch(struct xdp_md *ctx)
{
	__u32 key = 0;
	__u8 raw_key[3] = {0};

	bpf_map_lookup_elem(&raw, raw_key);
	bpf_map_lookup_elem(&words, &key);
	bpf_map_lookup_elem(&raw_counts, &key);
	bpf_map_lookup_elem(&records, &key);
	bpf_map_lookup_elem(&counts, &key);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
