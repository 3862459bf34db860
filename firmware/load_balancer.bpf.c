// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * A load balancer for TCP and UDP over IPv4: each flow goes to one of many servers, chosen by a
 * hash of source address and ports, in an IP-in-IP tunnel (RFC 2003), out of the port it came
 * from.
 *
 *   config[0]         = {slots: how many entries of servers the hash spreads over,
 *                        vip: balance this destination only, 0 = all}
 *   servers[slot]     = {tunnel source, tunnel destination, next hop's MAC}
 *   servers[FALLBACK] = takes the flows of slots without an entry
 *   counts[slot]      = packets and bytes sent to it, by CPU; the fallback's are counted apart
 *
 * before:  | eth | ip | ports ...          after:  | eth | ip to server | ip | ports ...
 *
 * The host gets what is not to be balanced: other protocols, fragments (their flow is unknown),
 * headers with options, and all when neither slot nor fallback is filled.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "skep/firmware.h"

#define MAX_SLOTS 512
#define FALLBACK MAX_SLOTS
#define HASH_SEED 0
#define TUNNEL_TTL 64
#define NOT_FIRST_OR_MORE 0x3fff /* fragment offset and MF of the IPv4 header */
#define DONT_FRAGMENT 0x4000

struct config {
	__u32 slots;
	__be32 vip;
};

struct server {
	__be32 source;
	__be32 dest;
	__u8 mac[ETH_ALEN];
	__u16 reserved;
};

struct total {
	__u64 packets;
	__u64 bytes; /* of the frames before the tunnel header */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct config);
} config SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_SLOTS + 1);
	__type(key, __u32);
	__type(value, struct server);
} servers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, MAX_SLOTS + 1);
	__type(key, __u32);
	__type(value, struct total);
} counts SEC(".maps");

/* The server of a flow; *slot becomes where it was found. */
static __always_inline struct server *server_find(const struct config *cfg, __be32 source,
						  const struct skep_ports *ports, __u32 *slot)
{
	__u32 words[2] = {source, (__u32)ports->source | (__u32)ports->dest << 16};
	struct server *server;

	*slot = FALLBACK;
	if (cfg->slots && cfg->slots <= MAX_SLOTS)
		*slot = skep_jhash(words, 2, HASH_SEED) % cfg->slots;
	server = bpf_map_lookup_elem(&servers, slot);
	if (server || *slot == FALLBACK)
		return server;
	*slot = FALLBACK;
	return bpf_map_lookup_elem(&servers, slot);
}

/* Move the Ethernet header 20 bytes to the front and put the tunnel header between. */
static __always_inline int tunnel(struct xdp_md *ctx, const struct server *server, __u16 length,
				  __u8 tos)
{
	struct ethhdr *eth, *from;
	struct iphdr *ip;
	void *end;

	if (bpf_xdp_adjust_head(ctx, -(int)sizeof(*ip)))
		return XDP_DROP;
	end = (void *)(long)ctx->data_end;
	eth = (void *)(long)ctx->data;
	from = (void *)eth + sizeof(*ip);
	ip = (void *)(eth + 1);
	if ((void *)(from + 1) > end || (void *)(ip + 1) > end)
		return XDP_DROP;
	__builtin_memcpy(eth->h_source, from->h_dest, ETH_ALEN);
	__builtin_memcpy(eth->h_dest, server->mac, ETH_ALEN);
	eth->h_proto = skep_htons(ETH_P_IP);
	ip->version = 4;
	ip->ihl = sizeof(*ip) / 4;
	ip->tos = tos;
	ip->tot_len = skep_htons(length + sizeof(*ip));
	ip->id = 0;
	ip->frag_off = skep_htons(DONT_FRAGMENT);
	ip->ttl = TUNNEL_TTL;
	ip->protocol = IPPROTO_IPIP;
	ip->saddr = server->source;
	ip->daddr = server->dest;
	ip->check = 0;
	ip->check = skep_csum_ipv4(ip);
	return XDP_TX;
}

static __always_inline void count(__u32 slot, __u64 bytes)
{
	struct total *total = bpf_map_lookup_elem(&counts, &slot);

	if (!total)
		return;
	total->packets++;
	total->bytes += bytes;
}

/* The IPv4 header of a packet to balance, and its ports; NULL for all others. */
static __always_inline struct iphdr *classify(struct xdp_md *ctx, struct skep_ports *ret_ports)
{
	struct skep_cursor cursor = {(void *)(long)ctx->data, (void *)(long)ctx->data_end};
	struct ethhdr *eth = skep_take(&cursor, sizeof(*eth));
	struct skep_ports *ports;
	struct iphdr *ip;

	if (!eth || eth->h_proto != skep_htons(ETH_P_IP))
		return 0;
	ip = skep_take(&cursor, sizeof(*ip));
	if (!ip || ip->version != 4 || ip->ihl != 5)
		return 0;
	if (ip->protocol != IPPROTO_TCP && ip->protocol != IPPROTO_UDP)
		return 0;
	if (ip->frag_off & skep_htons(NOT_FIRST_OR_MORE))
		return 0;
	ports = skep_take(&cursor, sizeof(*ports));
	if (!ports)
		return 0;
	*ret_ports = *ports;
	return ip;
}

SEC("xdp")
int load_balancer(struct xdp_md *ctx)
{
	__u64 bytes = ctx->data_end - ctx->data;
	struct skep_ports ports;
	struct iphdr *ip = classify(ctx, &ports);
	struct server *server;
	struct config *cfg;
	__u32 slot = 0;
	__u32 length;
	int verdict;

	if (!ip)
		return XDP_PASS;
	cfg = bpf_map_lookup_elem(&config, &slot);
	if (!cfg || (cfg->vip && cfg->vip != ip->daddr))
		return XDP_PASS;
	length = skep_ntohs(ip->tot_len);
	if (length > 0xffff - sizeof(*ip))
		return XDP_PASS;
	server = server_find(cfg, ip->saddr, &ports, &slot);
	if (!server)
		return XDP_PASS;
	verdict = tunnel(ctx, server, length, ip->tos);
	if (verdict == XDP_TX)
		count(slot, bytes);
	return verdict;
}

char _license[] SEC("license") = "Dual BSD/GPL";
