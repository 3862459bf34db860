// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * A packet filter whose rules are map entries, for IPv4 and IPv6, behind up to two VLAN tags.
 *
 *   flows[{addresses, ports, protocol, family}]     exact 5-tuple, asked first
 *   prefixes[{family, side, length, address}]       source, then destination, longest first
 *   config[0]                                       which prefix lengths are in use, the default
 *
 * The first rule that fits decides: allow (XDP_PASS) or deny (XDP_DROP). Each rule counts its
 * packets and bytes, and so does counts[] for allow, deny, default and malformed.
 *
 * All but the first fragment carry no ports: they are looked up with ports 0. IPv6 extension
 * headers are followed up to MAX_EXTENSIONS; behind more, or behind ESP, ports are 0 too. What is
 * neither IPv4 nor IPv6 passes. Malformed headers are denied.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "skep/firmware.h"

#define MAX_RULES 4096
#define MAX_LENGTHS 8
#define MAX_EXTENSIONS 4
#define FAMILY_IPV4 4
#define FAMILY_IPV6 6

enum action { ACTION_DENY, ACTION_ALLOW };
enum side { SIDE_SOURCE, SIDE_DEST };
enum count { COUNT_DENY, COUNT_ALLOW, COUNT_DEFAULT, COUNT_MALFORMED, COUNT_MAX };

/* Addresses in network order; IPv4 takes the first of the four words, the others are 0. */
struct flow {
	__be32 source[4];
	__be32 dest[4];
	struct skep_ports ports;
	__u16 protocol;
	__u16 family;
};

struct prefix {
	__be32 address[4]; /* bits behind the length are 0 */
	__u16 family;
	__u8 side;
	__u8 length;
};

struct rule {
	__u32 action;
	__u32 reserved;
	__u64 packets;
	__u64 bytes;
};

struct total {
	__u64 packets;
	__u64 bytes;
};

struct config {
	__u32 default_action;
	__u8 nr_ipv4, nr_ipv6; /* how many lengths are in use */
	__u8 reserved[2];
	__u8 ipv4[MAX_LENGTHS]; /* prefix lengths, longest first, at most 32 */
	__u8 ipv6[MAX_LENGTHS]; /* at most 128 */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_RULES);
	__type(key, struct flow);
	__type(value, struct rule);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_RULES);
	__type(key, struct prefix);
	__type(value, struct rule);
} prefixes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct config);
} config SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, COUNT_MAX);
	__type(key, __u32);
	__type(value, struct total);
} counts SEC(".maps");

static __always_inline __u64 packet_bytes(const struct xdp_md *ctx)
{
	return ctx->data_end - ctx->data;
}

static __always_inline int end(struct xdp_md *ctx, __u32 what, int verdict)
{
	struct total *total = bpf_map_lookup_elem(&counts, &what);

	if (total) {
		total->packets++;
		total->bytes += packet_bytes(ctx);
	}
	return verdict;
}

static __always_inline int rule_apply(struct xdp_md *ctx, struct rule *rule)
{
	__sync_fetch_and_add(&rule->packets, 1);
	__sync_fetch_and_add(&rule->bytes, packet_bytes(ctx));
	if (rule->action == ACTION_ALLOW)
		return end(ctx, COUNT_ALLOW, XDP_PASS);
	return end(ctx, COUNT_DENY, XDP_DROP);
}

/* The first `length` bits of an address; one 32-bit word at a time. */
static __always_inline void prefix_cut(struct prefix *prefix, const __be32 *address, __u32 length)
{
#pragma clang loop unroll(full)
	for (__u32 i = 0; i < 4; i++) {
		__u32 mask = 0;

		if (length >= (i + 1) * 32)
			mask = 0xffffffff;
		else if (length > i * 32)
			mask = 0xffffffff << ((32 - (length - i * 32)) & 31);
		prefix->address[i] = address[i] & skep_htonl(mask);
	}
	prefix->length = length;
}

static __always_inline struct rule *prefix_find(const struct config *cfg, __u16 family, __u8 side,
						const __be32 *address)
{
	struct prefix prefix = {.family = family, .side = side};
	__u32 nr = family == FAMILY_IPV4 ? cfg->nr_ipv4 : cfg->nr_ipv6;

	for (__u32 i = 0; i < MAX_LENGTHS && i < nr; i++) {
		struct rule *rule;

		prefix_cut(&prefix, address, family == FAMILY_IPV4 ? cfg->ipv4[i] : cfg->ipv6[i]);
		rule = bpf_map_lookup_elem(&prefixes, &prefix);
		if (rule)
			return rule;
	}
	return 0;
}

static __always_inline int filter(struct xdp_md *ctx, const struct flow *flow)
{
	struct rule *rule = bpf_map_lookup_elem(&flows, flow);
	__u32 key = 0;
	struct config *cfg;

	if (rule)
		return rule_apply(ctx, rule);
	cfg = bpf_map_lookup_elem(&config, &key);
	if (!cfg)
		return XDP_ABORTED;
	rule = prefix_find(cfg, flow->family, SIDE_SOURCE, flow->source);
	if (!rule)
		rule = prefix_find(cfg, flow->family, SIDE_DEST, flow->dest);
	if (rule)
		return rule_apply(ctx, rule);
	return end(ctx, COUNT_DEFAULT, cfg->default_action == ACTION_ALLOW ? XDP_PASS : XDP_DROP);
}

static __always_inline int has_ports(__u8 protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP;
}

/* 0, or -1 when the protocol has ports and the packet ends before them. */
static __always_inline int flow_ports(struct skep_cursor *cursor, struct flow *flow)
{
	struct skep_ports *ports;

	if (!has_ports(flow->protocol))
		return 0;
	ports = skep_take(cursor, sizeof(*ports));
	if (!ports)
		return -1;
	flow->ports = *ports;
	return 0;
}

static __always_inline int flow_ipv4(struct skep_cursor *cursor, struct flow *flow)
{
	struct iphdr *ip = skep_take_ipv4(cursor);

	if (!ip)
		return -1;
	flow->family = FAMILY_IPV4;
	flow->protocol = ip->protocol;
	flow->source[0] = ip->saddr;
	flow->dest[0] = ip->daddr;
	if (ip->frag_off & skep_htons(0x1fff)) /* not the first fragment */
		return 0;
	return flow_ports(cursor, flow);
}

struct extension {
	__u8 next;
	__u8 length; /* in 8 bytes, not counting the first 8 */
	__be16 fragment;
	__u32 more;
};

/*
 * Follow the extension headers from `next` on. Returns the transport protocol, 256 when it has no
 * ports to look at (a later fragment, too many headers), -1 when the packet is too short.
 */
static __always_inline int skip_extensions(struct skep_cursor *cursor, __u8 next, __u16 *protocol)
{
#pragma clang loop unroll(full)
	for (int i = 0; i <= MAX_EXTENSIONS; i++) {
		struct extension *ext;
		__u32 more;

		*protocol = next;
		if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING && next != IPPROTO_DSTOPTS &&
		    next != IPPROTO_FRAGMENT)
			return next;
		ext = skep_take(cursor, sizeof(*ext));
		if (!ext)
			return -1;
		*protocol = ext->next;
		if (next == IPPROTO_FRAGMENT && (ext->fragment & skep_htons(0xfff8)))
			return 256;
		more = next == IPPROTO_FRAGMENT ? 0 : ext->length * 8;
		next = ext->next;
		if (cursor->at + more > cursor->end)
			return -1;
		cursor->at += more;
	}
	return 256;
}

static __always_inline int flow_ipv6(struct skep_cursor *cursor, struct flow *flow)
{
	struct ipv6hdr *ip = skep_take_ipv6(cursor);
	int transport;

	if (!ip)
		return -1;
	flow->family = FAMILY_IPV6;
	__builtin_memcpy(flow->source, &ip->saddr, sizeof(flow->source));
	__builtin_memcpy(flow->dest, &ip->daddr, sizeof(flow->dest));
	transport = skip_extensions(cursor, ip->nexthdr, &flow->protocol);
	if (transport < 0)
		return -1;
	return transport > 255 ? 0 : flow_ports(cursor, flow);
}

SEC("xdp")
int packet_filter(struct xdp_md *ctx)
{
	struct skep_cursor cursor = {(void *)(long)ctx->data, (void *)(long)ctx->data_end};
	struct flow flow = {};
	__be16 proto;
	int err;

	if (!skep_take_ethernet(&cursor, &proto))
		return end(ctx, COUNT_MALFORMED, XDP_DROP);
	if (proto == skep_htons(ETH_P_IP))
		err = flow_ipv4(&cursor, &flow);
	else if (proto == skep_htons(ETH_P_IPV6))
		err = flow_ipv6(&cursor, &flow);
	else
		return XDP_PASS;
	if (err)
		return end(ctx, COUNT_MALFORMED, XDP_DROP);
	return filter(ctx, &flow);
}

char _license[] SEC("license") = "Dual BSD/GPL";
