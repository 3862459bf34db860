/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * For people who write firmware: what nearly every program does to a packet.
 *
 * For clang -target bpf, with <linux/bpf.h> included before. All functions are inlined, keep
 * every access behind a bound check that a verifier sees, and take or return network byte order
 * where the type says __be16 or __be32.
 */
#ifndef SKEP_FIRMWARE_H
#define SKEP_FIRMWARE_H

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/types.h>

#define SKEP_INLINE static inline __attribute__((__always_inline__, __unused__))

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define skep_htons(x) ((__be16)__builtin_bswap16(x))
#define skep_htonl(x) ((__be32)__builtin_bswap32(x))
#else
#define skep_htons(x) ((__be16)(x))
#define skep_htonl(x) ((__be32)(x))
#endif
#define skep_ntohs(x) ((__u16)skep_htons(x))
#define skep_ntohl(x) ((__u32)skep_htonl(x))

/* The part of a packet that has not been parsed yet: at <= end. */
struct skep_cursor {
	void *at;
	void *end;
};

struct skep_vlan {
	__be16 tci;
	__be16 proto;
};

/* TCP, UDP, SCTP, UDP-Lite and DCCP begin with them. */
struct skep_ports {
	__be16 source;
	__be16 dest;
};

#define SKEP_MAX_VLAN_TAGS 2

/*
 * Take the next `size` bytes (a constant): their address, or NULL, and then nothing is taken,
 * when the packet is shorter.
 */
#define skep_take(cursor, size)                                                                    \
	({                                                                                         \
		void *taken_ = (cursor)->at;                                                       \
		if (taken_ + (size) > (cursor)->end)                                               \
			taken_ = 0;                                                                \
		else                                                                               \
			(cursor)->at = taken_ + (size);                                            \
		taken_;                                                                            \
	})

/*
 * Take the Ethernet header and up to two VLAN tags (802.1Q, 802.1ad). *proto is what follows
 * them, ETH_P_8021Q where there are more. NULL: too short.
 */
SKEP_INLINE struct ethhdr *skep_take_ethernet(struct skep_cursor *cursor, __be16 *proto)
{
	struct ethhdr *eth = skep_take(cursor, sizeof(*eth));
	__be16 next;

	if (!eth)
		return 0;
	next = eth->h_proto;
#pragma clang loop unroll(full)
	for (int i = 0; i < SKEP_MAX_VLAN_TAGS; i++) {
		struct skep_vlan *tag;

		if (next != skep_htons(ETH_P_8021Q) && next != skep_htons(ETH_P_8021AD))
			break;
		tag = skep_take(cursor, sizeof(*tag));
		if (!tag)
			return 0;
		next = tag->proto;
	}
	*proto = next;
	return eth;
}

/*
 * Take an IPv4 header with its options. NULL: too short, or a version or header length that
 * cannot be.
 */
SKEP_INLINE struct iphdr *skep_take_ipv4(struct skep_cursor *cursor)
{
	struct iphdr *ip = cursor->at;
	__u32 length;

	if ((void *)(ip + 1) > cursor->end || ip->version != 4)
		return 0;
	length = ip->ihl * 4;
	if (length < sizeof(*ip) || cursor->at + length > cursor->end)
		return 0;
	cursor->at += length;
	return ip;
}

/* Take the fixed IPv6 header. NULL: too short or not version 6. */
SKEP_INLINE struct ipv6hdr *skep_take_ipv6(struct skep_cursor *cursor)
{
	struct ipv6hdr *ip = skep_take(cursor, sizeof(*ip));

	return ip && ip->version == 6 ? ip : 0;
}

/* Ones' complement sum of 16-bit words to the 16 bits of a checksum field (RFC 1071). */
SKEP_INLINE __u16 skep_csum_fold(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

/* Correct a checksum for one changed 16-bit word of what it covers: RFC 1624, equation 3. */
SKEP_INLINE __u16 skep_csum_replace(__u16 check, __u16 from, __u16 to)
{
	return skep_csum_fold((__u32)(__u16)~check + (__u16)~from + to);
}

/* The checksum of an IPv4 header without options; its check field must be 0. */
SKEP_INLINE __u16 skep_csum_ipv4(const struct iphdr *ip)
{
	const __u16 *word = (const __u16 *)ip;
	__u32 sum = 0;

#pragma clang loop unroll(full)
	for (int i = 0; i < (int)sizeof(*ip) / 2; i++)
		sum += word[i];
	return skep_csum_fold(sum);
}

SKEP_INLINE __u32 skep_rotate_left(__u32 x, int by)
{
	return x << by | x >> (32 - by);
}

/* One row of Bob Jenkins' lookup3 mixing: a takes c in, c takes b in. */
#define SKEP_JHASH_MIX(a, b, c, by)                                                                \
	do {                                                                                       \
		(a) -= (c);                                                                        \
		(a) ^= skep_rotate_left((c), (by));                                                \
		(c) += (b);                                                                        \
	} while (0)

#define SKEP_JHASH_FINAL(a, b, by)                                                                 \
	do {                                                                                       \
		(a) ^= (b);                                                                        \
		(a) -= skep_rotate_left((b), (by));                                                \
	} while (0)

/*
 * Bob Jenkins' lookup3 hash of `nr` (a constant) 32-bit words; equals the kernel's jhash2().
 */
SKEP_INLINE __u32 skep_jhash(const __u32 *words, __u32 nr, __u32 seed)
{
	__u32 a = 0xdeadbeef + nr * 4 + seed;
	__u32 b = a;
	__u32 c = a;

#pragma clang loop unroll(full)
	for (; nr > 3; nr -= 3, words += 3) {
		a += words[0];
		b += words[1];
		c += words[2];
		SKEP_JHASH_MIX(a, b, c, 4);
		SKEP_JHASH_MIX(b, c, a, 6);
		SKEP_JHASH_MIX(c, a, b, 8);
		SKEP_JHASH_MIX(a, b, c, 16);
		SKEP_JHASH_MIX(b, c, a, 19);
		SKEP_JHASH_MIX(c, a, b, 4);
	}
	if (!nr)
		return c;
	a += words[0];
	if (nr > 1)
		b += words[1];
	if (nr > 2)
		c += words[2];
	SKEP_JHASH_FINAL(c, b, 14);
	SKEP_JHASH_FINAL(a, c, 11);
	SKEP_JHASH_FINAL(b, a, 25);
	SKEP_JHASH_FINAL(c, b, 16);
	SKEP_JHASH_FINAL(a, c, 4);
	SKEP_JHASH_FINAL(b, a, 14);
	SKEP_JHASH_FINAL(c, b, 24);
	return c;
}

#endif
