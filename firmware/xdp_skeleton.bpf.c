// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * A chain of three XDP programs to start one's own from.
 *
 *   xdp_skeleton ---jmp_map[1]---> xdp_skeleton_1 ---jmp_map[2]---> xdp_skeleton_2
 *   parse; not IPv4: pass          validate; a lie: drop            redirect if told so, else pass
 *
 * Only the entry needs to be attached: the object fills jmp_map by itself. A stage that cannot
 * reach the next one, because somebody emptied its slot, says so: it counts the miss in stage_map
 * and ends with XDP_ABORTED. What one stage learns travels to the next in chain_map, which has
 * one value for each CPU and so no limit on how many CPUs there are.
 *
 * To redirect what arrives on interface A to interface B, set if_redirect[A] = B; interface
 * numbers may be of any size.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "skep/firmware.h"

/* Stages; each is also the program's slot in jmp_map (the entry's stays empty). */
enum stage { STAGE_ENTRY, STAGE_VALIDATE, STAGE_FORWARD, STAGE_MAX };

struct datarec {
	__u64 packets;
	__u64 bytes;
};

struct stagerec {
	__u64 packets; /* that entered this stage */
	__u64 missed;  /* of these, could not go on because the next slot is empty */
};

struct chain {
	__u32 length;    /* of the whole packet */
	__u16 l3_length; /* of the IPv4 packet, as its header says, host order */
	__u8 protocol;   /* of the IPv4 header: one byte has no byte order */
	__u8 header_words;
};

int xdp_skeleton_1(struct xdp_md *ctx);
int xdp_skeleton_2(struct xdp_md *ctx);

/* Packets and bytes by verdict of the chain. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, XDP_REDIRECT + 1);
	__type(key, __u32);
	__type(value, struct datarec);
} stats_map SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, STAGE_MAX);
	__type(key, __u32);
	__type(value, struct stagerec);
} stage_map SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct chain);
} chain_map SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u32);
} if_redirect SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, STAGE_MAX);
	__uint(key_size, sizeof(__u32));
	__array(values, int(void *));
} jmp_map SEC(".maps") = {
	.values =
		{
			[STAGE_VALIDATE] = (void *)&xdp_skeleton_1,
			[STAGE_FORWARD] = (void *)&xdp_skeleton_2,
		},
};

/* The chain ends here, once for each packet. */
static __always_inline int chain_end(struct xdp_md *ctx, __u32 verdict)
{
	struct datarec *rec = bpf_map_lookup_elem(&stats_map, &verdict);

	if (!rec)
		return XDP_ABORTED;
	rec->packets++;
	rec->bytes += (__u64)ctx->data_end - ctx->data;
	return verdict;
}

static __always_inline void stage_enter(__u32 stage)
{
	struct stagerec *rec = bpf_map_lookup_elem(&stage_map, &stage);

	if (rec)
		rec->packets++;
}

/* Go on with stage `next`; comes back only when that slot is empty. */
static __always_inline int stage_leave(struct xdp_md *ctx, __u32 stage, __u32 next)
{
	struct stagerec *rec;

	bpf_tail_call(ctx, &jmp_map, next);
	rec = bpf_map_lookup_elem(&stage_map, &stage);
	if (rec)
		rec->missed++;
	return chain_end(ctx, XDP_ABORTED);
}

static __always_inline struct chain *chain_get(void)
{
	__u32 key = 0;

	return bpf_map_lookup_elem(&chain_map, &key);
}

SEC("xdp")
int xdp_skeleton(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	struct skep_cursor cursor = {data, (void *)(long)ctx->data_end};
	struct chain *chain = chain_get();
	struct ethhdr *eth;
	struct iphdr *ip;

	stage_enter(STAGE_ENTRY);
	eth = skep_take(&cursor, sizeof(*eth));
	if (!eth || eth->h_proto != skep_htons(ETH_P_IP))
		return chain_end(ctx, XDP_PASS);
	ip = skep_take(&cursor, sizeof(*ip));
	if (!ip)
		return chain_end(ctx, XDP_DROP);
	if (!chain)
		return chain_end(ctx, XDP_ABORTED);
	chain->length = cursor.end - data;
	chain->l3_length = skep_ntohs(ip->tot_len);
	chain->protocol = ip->protocol;
	chain->header_words = ip->version == 4 ? ip->ihl : 0;
	return stage_leave(ctx, STAGE_ENTRY, STAGE_VALIDATE);
}

SEC("xdp")
int xdp_skeleton_1(struct xdp_md *ctx)
{
	struct chain *chain = chain_get();

	stage_enter(STAGE_VALIDATE);
	if (!chain)
		return chain_end(ctx, XDP_ABORTED);
	if (chain->header_words < 5 || chain->l3_length < chain->header_words * 4 ||
	    chain->l3_length + sizeof(struct ethhdr) > chain->length)
		return chain_end(ctx, XDP_DROP);
	return stage_leave(ctx, STAGE_VALIDATE, STAGE_FORWARD);
}

SEC("xdp")
int xdp_skeleton_2(struct xdp_md *ctx)
{
	stage_enter(STAGE_FORWARD);
	/* The low bits of the flags are the verdict where if_redirect has no such entry. */
	return chain_end(ctx, bpf_redirect_map(&if_redirect, ctx->ingress_ifindex, XDP_PASS));
}

char _license[] SEC("license") = "Dual BSD/GPL";
