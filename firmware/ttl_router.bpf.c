// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * A router stub: what a router does to each IPv4 and IPv6 packet, with routes to single hosts
 * and one default route for each family.
 *
 *   next_hops[{family, destination}] = {destination MAC, source MAC, interface}
 *   next_hops[{family, all zero}]    = the default route
 *   ports[interface]                 = interface; which ones may be sent through
 *
 * TTL or hop limit goes down by one (the IPv4 checksum is corrected, not computed anew), both
 * MAC addresses are rewritten, and the packet leaves through the next hop's interface, or where
 * it came from when that is 0.
 *
 * The host gets (XDP_PASS) what a router must answer or look at itself: packets whose TTL ends
 * here (it sends the ICMP message), without a route, with IPv4 options, to groups, and all that
 * is no IP. Headers that cannot be are dropped. counts says how often what happened.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "skep/firmware.h"

#define MAX_ROUTES 1024
#define MAX_PORTS 64
#define FAMILY_IPV4 4
#define FAMILY_IPV6 6

enum count {
	COUNT_FORWARDED,
	COUNT_EXPIRED,
	COUNT_NO_ROUTE,
	COUNT_HOST,
	COUNT_MALFORMED,
	COUNT_MAX
};

/* IPv4 addresses take the first of the four words. */
struct route_key {
	__u32 family;
	__be32 address[4];
};

struct next_hop {
	__u8 dest[ETH_ALEN];
	__u8 source[ETH_ALEN];
	__u32 ifindex; /* 0: back through the interface it came from */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_ROUTES);
	__type(key, struct route_key);
	__type(value, struct next_hop);
} next_hops SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP_HASH);
	__uint(max_entries, MAX_PORTS);
	__type(key, __u32);
	__type(value, __u32);
} ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, COUNT_MAX);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

static __always_inline int count(__u32 what, int verdict)
{
	__u64 *counter = bpf_map_lookup_elem(&counts, &what);

	if (counter)
		*counter += 1;
	return verdict;
}

static __always_inline struct next_hop *route_find(struct route_key *key)
{
	struct next_hop *hop = bpf_map_lookup_elem(&next_hops, key);

	if (hop)
		return hop;
	__builtin_memset(key->address, 0, sizeof(key->address));
	return bpf_map_lookup_elem(&next_hops, key);
}

/* The last step: nothing in the packet was changed before. */
static __always_inline int route_send(struct ethhdr *eth, const struct next_hop *hop)
{
	__builtin_memcpy(eth->h_dest, hop->dest, ETH_ALEN);
	__builtin_memcpy(eth->h_source, hop->source, ETH_ALEN);
	count(COUNT_FORWARDED, 0);
	return hop->ifindex ? bpf_redirect_map(&ports, hop->ifindex, XDP_DROP) : XDP_TX;
}

static __always_inline int route_ipv4(struct skep_cursor *cursor, struct ethhdr *eth)
{
	struct iphdr *ip = skep_take_ipv4(cursor);
	struct route_key key = {.family = FAMILY_IPV4};
	struct next_hop *hop;
	__u16 *ttl_word;
	__u16 before;

	if (!ip || skep_ntohs(ip->tot_len) < ip->ihl * 4)
		return count(COUNT_MALFORMED, XDP_DROP);
	if (ip->ihl != 5 || (ip->daddr & skep_htonl(0xf0000000)) == skep_htonl(0xe0000000))
		return count(COUNT_HOST, XDP_PASS);
	if (ip->ttl <= 1)
		return count(COUNT_EXPIRED, XDP_PASS);
	key.address[0] = ip->daddr;
	hop = route_find(&key);
	if (!hop)
		return count(COUNT_NO_ROUTE, XDP_PASS);
	ttl_word = (__u16 *)&ip->ttl; /* TTL and protocol: one word of the checksum */
	before = *ttl_word;
	ip->ttl--;
	ip->check = skep_csum_replace(ip->check, before, *ttl_word);
	return route_send(eth, hop);
}

static __always_inline int route_ipv6(struct skep_cursor *cursor, struct ethhdr *eth)
{
	struct ipv6hdr *ip = skep_take_ipv6(cursor);
	struct route_key key = {.family = FAMILY_IPV6};
	struct next_hop *hop;

	if (!ip)
		return count(COUNT_MALFORMED, XDP_DROP);
	/* groups, and link-local addresses, which never leave their link */
	if (ip->daddr.s6_addr[0] == 0xff ||
	    (ip->daddr.s6_addr16[0] & skep_htons(0xffc0)) == skep_htons(0xfe80))
		return count(COUNT_HOST, XDP_PASS);
	if (ip->hop_limit <= 1)
		return count(COUNT_EXPIRED, XDP_PASS);
	__builtin_memcpy(key.address, &ip->daddr, sizeof(key.address));
	hop = route_find(&key);
	if (!hop)
		return count(COUNT_NO_ROUTE, XDP_PASS);
	ip->hop_limit--;
	return route_send(eth, hop);
}

SEC("xdp")
int ttl_router(struct xdp_md *ctx)
{
	struct skep_cursor cursor = {(void *)(long)ctx->data, (void *)(long)ctx->data_end};
	struct ethhdr *eth = skep_take(&cursor, sizeof(*eth));

	if (!eth)
		return count(COUNT_MALFORMED, XDP_DROP);
	if (eth->h_proto == skep_htons(ETH_P_IP))
		return route_ipv4(&cursor, eth);
	if (eth->h_proto == skep_htons(ETH_P_IPV6))
		return route_ipv6(&cursor, eth);
	return count(COUNT_HOST, XDP_PASS);
}

char _license[] SEC("license") = "Dual BSD/GPL";
