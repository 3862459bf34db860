/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What r1 points at when a program starts, as tables: one per program type. A new hook is a new
 * table. Rules are those of the kernel's is_valid_access() functions in net/core/filter.c: aligned
 * accesses only; numbers may be read in part; writes are whole, where the table allows them.
 */
#include "verifier/env.h"

#include <linux/bpf.h>

enum field_type {
	CTX_NUMBER,	/* 32 bits; may be read in part */
	CTX_WHOLE,	/* `size` bytes, only as a whole */
	CTX_BYTES,	/* any aligned part may be read, and written where writable */
	CTX_DATA,
	CTX_META,
	CTX_END,
	CTX_SOCK,
};

enum field_access { R = 1, W = 2, RW = 3, EGRESS = 4 /* only for programs of a devmap */ };

struct context_field {
	u16 off, size;
	u8 type;   /* enum field_type */
	u8 access; /* enum field_access */
	const char *name;
};

struct context_desc {
	u32 prog_type;
	const char *name;
	u32 size;
	bool exact; /* no access in part at all */
	bool packet, packet_write, legacy;
	const struct context_field *fields;
	u32 nr_fields;
};

#define XDP(field, type, access) {offsetof(struct xdp_md, field), 4, type, access, #field}
static const struct context_field xdp_fields[] = {
	XDP(data, CTX_DATA, R),
	XDP(data_end, CTX_END, R),
	XDP(data_meta, CTX_META, R),
	XDP(ingress_ifindex, CTX_NUMBER, R),
	XDP(rx_queue_index, CTX_NUMBER, R),
	XDP(egress_ifindex, CTX_NUMBER, R | EGRESS),
};

#define SKB(field, type, access)                                                                   \
	{offsetof(struct __sk_buff, field), sizeof(((struct __sk_buff *)0)->field), type, access,  \
	 #field}
#define SKB_END offsetof(struct __sk_buff, tstamp_type)

static const struct context_field socket_fields[] = {
	SKB(len, CTX_NUMBER, R),
	SKB(pkt_type, CTX_NUMBER, R),
	SKB(mark, CTX_NUMBER, R),
	SKB(queue_mapping, CTX_NUMBER, R),
	SKB(protocol, CTX_NUMBER, R),
	SKB(vlan_present, CTX_NUMBER, R),
	SKB(vlan_tci, CTX_NUMBER, R),
	SKB(vlan_proto, CTX_NUMBER, R),
	SKB(priority, CTX_NUMBER, R),
	SKB(ingress_ifindex, CTX_NUMBER, R),
	SKB(ifindex, CTX_NUMBER, R),
	SKB(tc_index, CTX_NUMBER, R),
	SKB(cb, CTX_BYTES, RW),
	SKB(hash, CTX_NUMBER, R),
	SKB(napi_id, CTX_NUMBER, R),
	SKB(gso_segs, CTX_NUMBER, R),
	SKB(sk, CTX_SOCK, R),
	SKB(gso_size, CTX_NUMBER, R),
};

static const struct context_field tc_fields[] = {
	SKB(len, CTX_NUMBER, R),
	SKB(pkt_type, CTX_NUMBER, R),
	SKB(mark, CTX_NUMBER, RW),
	SKB(queue_mapping, CTX_NUMBER, RW),
	SKB(protocol, CTX_NUMBER, R),
	SKB(vlan_present, CTX_NUMBER, R),
	SKB(vlan_tci, CTX_NUMBER, R),
	SKB(vlan_proto, CTX_NUMBER, R),
	SKB(priority, CTX_NUMBER, RW),
	SKB(ingress_ifindex, CTX_NUMBER, R),
	SKB(ifindex, CTX_NUMBER, R),
	SKB(tc_index, CTX_NUMBER, RW),
	SKB(cb, CTX_BYTES, RW),
	SKB(hash, CTX_NUMBER, R),
	SKB(tc_classid, CTX_NUMBER, RW),
	SKB(data, CTX_DATA, R),
	SKB(data_end, CTX_END, R),
	SKB(napi_id, CTX_NUMBER, R),
	SKB(data_meta, CTX_META, R),
	SKB(tstamp, CTX_WHOLE, RW),
	SKB(wire_len, CTX_NUMBER, R),
	SKB(gso_segs, CTX_NUMBER, R),
	SKB(sk, CTX_SOCK, R),
	SKB(gso_size, CTX_NUMBER, R),
	{SKB_END, 1, CTX_WHOLE, R, "tstamp_type"},
	SKB(hwtstamp, CTX_WHOLE, R),
};

#define FIELDS(table) table, ARRAY_SIZE(table)
static const struct context_desc contexts[] = {
	{BPF_PROG_TYPE_XDP, "struct xdp_md", sizeof(struct xdp_md), true, true, true, false,
	 FIELDS(xdp_fields)},
	{BPF_PROG_TYPE_SCHED_CLS, "struct __sk_buff", sizeof(struct __sk_buff), false, true, true,
	 true, FIELDS(tc_fields)},
	{BPF_PROG_TYPE_SCHED_ACT, "struct __sk_buff", sizeof(struct __sk_buff), false, true, true,
	 true, FIELDS(tc_fields)},
	{BPF_PROG_TYPE_SOCKET_FILTER, "struct __sk_buff", sizeof(struct __sk_buff), false, false,
	 false, true, FIELDS(socket_fields)},
};

const struct context_desc *context_find(u32 prog_type)
{
	for (u32 i = 0; i < ARRAY_SIZE(contexts); i++)
		if (contexts[i].prog_type == prog_type)
			return &contexts[i];
	return NULL;
}

bool context_has_packet(const struct env *env)
{
	return env->context->packet;
}

bool context_packet_writable(const struct env *env)
{
	return env->context->packet_write;
}

bool context_has_legacy(const struct env *env)
{
	return env->context->legacy;
}

static const struct context_field *field_at(const struct env *env, s32 off)
{
	for (u32 i = 0; i < env->context->nr_fields; i++) {
		const struct context_field *field = &env->context->fields[i];

		if (off >= field->off && off < field->off + field->size)
			return field;
	}
	return NULL;
}

static bool read_is_allowed(const struct env *env, const struct context_field *field, s32 off,
			    u32 size)
{
	if (field->access & EGRESS && env->in->expected_attach_type != BPF_XDP_DEVMAP)
		return false;
	if (!(field->access & R))
		return false;
	switch (field->type) {
	case CTX_NUMBER:
		return env->context->exact ? size == 4 : size <= 4;
	case CTX_BYTES:
		return off + (s32)size <= field->off + field->size;
	case CTX_WHOLE:
		return off == field->off && size == field->size;
	case CTX_SOCK:
		return off == field->off && size == 8;
	default:
		return off == field->off && size == 4;
	}
}

static bool write_is_allowed(const struct context_field *field, s32 off, u32 size)
{
	if (!(field->access & W))
		return false;
	if (field->type == CTX_BYTES)
		return off + (s32)size <= field->off + field->size;
	return off == field->off && size == field->size;
}

static void set_result(struct env *env, const struct context_field *field, struct reg *ret)
{
	switch (field->type) {
	case CTX_DATA:
		reg_set_pointer(ret, REG_PACKET, 0);
		break;
	case CTX_META:
		reg_set_pointer(ret, REG_PACKET_META, 0);
		break;
	case CTX_END:
		reg_set_pointer(ret, REG_PACKET_END, 0);
		break;
	case CTX_SOCK:
		reg_set_pointer(ret, REG_SOCK_COMMON, REG_NULLABLE);
		ret->id = new_id(env);
		break;
	default:
		return;
	}
	ret->num = num_const(0);
}

int check_context(struct env *env, s32 off, u32 size, enum access access, struct reg *ret)
{
	const struct context_field *field = NULL;
	bool allowed = false;

	if (off >= 0 && !(off % (s32)size))
		field = field_at(env, off);
	if (field)
		allowed = access == ACCESS_READ ? read_is_allowed(env, field, off, size)
						: write_is_allowed(field, off, size);
	if (!allowed) {
		int err = reject(env, -EACCES, RULE_CONTEXT_FIELD,
				 "%s of %u byte%s at offset %d of the context, %s",
				 access == ACCESS_READ ? "read" : "write", size, PLURAL(size), off,
				 env->context->name);

		if (field)
			explain_proven(env, "the field there is %s: %u byte%s at offset %u, %s",
				       field->name, field->size, PLURAL(field->size), field->off,
				       field->access & W ? "readable and writable" : "read only");
		else
			explain_proven(env, "no field that programs of this hook may use is there");
		return err;
	}
	if (access == ACCESS_READ && ret)
		set_result(env, field, ret);
	return 0;
}

/* struct bpf_sock: parts of fields up to 4 bytes, but for the first and two others */
static bool sock_access(u32 off, u32 size, bool full)
{
	u32 port = offsetof(struct bpf_sock, dst_port);

	if (off >= sizeof(struct bpf_sock) || off % size)
		return false;
	if (!full && off >= offsetof(struct bpf_sock, type) &&
	    off < offsetof(struct bpf_sock, src_ip4))
		return false;
	if (off >= port && off < port + 2)
		return size <= (off == port && size == 4 ? 4u : 2u);
	if (off >= port + 2 && off < port + 4)
		return false;
	if (off < 4 || (off >= offsetof(struct bpf_sock, mark) &&
			off < offsetof(struct bpf_sock, src_ip4)))
		return size == 4;
	return size <= 4;
}

int check_sock_field(struct env *env, u32 regno, s32 off, u32 size)
{
	const struct reg *reg = cur_reg(env, regno);
	bool allowed = false;

	if (reg->num.smin < 0 || !num_is_const(&reg->num))
		return reject(env, -EACCES, RULE_POINTER_OFFSET,
			      "r%u, %s, must not have a variable offset", regno,
			      reg_type_name(reg));
	off += (s32)reg->num.bits.value;
	if (off >= 0) {
		u32 at = (u32)off;

		switch (reg->type) {
		case REG_SOCK_COMMON:
			allowed = sock_access(at, size, false);
			break;
		case REG_SOCKET:
			allowed = sock_access(at, size, true);
			break;
		case REG_TCP_SOCK:
			allowed = at < sizeof(struct bpf_tcp_sock) && !(at % size) &&
				  size == (at == offsetof(struct bpf_tcp_sock, bytes_received) ||
							   at == offsetof(struct bpf_tcp_sock,
									  bytes_acked)
						   ? 8u
						   : 4u);
			break;
		default:
			allowed = at < sizeof(struct bpf_xdp_sock) && size == 4 && !(at % 4);
			break;
		}
	}
	if (allowed)
		return 0;
	return reject(env, -EACCES, RULE_CONTEXT_FIELD,
		      "read of %u byte%s at offset %d of r%u, %s", size, PLURAL(size), off,
		      regno, reg_type_name(reg));
}
