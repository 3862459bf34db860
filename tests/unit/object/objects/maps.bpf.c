/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Every attribute of a BTF-defined map. */
#include "common.h"

struct key {
	u32 a, b;
};

struct value {
	u64 packets, bytes;
};

typedef struct value value_alias;

struct {
	NUMBER(type, 1);
	TYPE(key, struct key);
	TYPE(value, const value_alias);
	NUMBER(max_entries, 100);
	NUMBER(map_flags, 1);
	NUMBER(pinning, 1);
} by_type SEC(".maps");

struct {
	NUMBER(type, 2);
	NUMBER(key_size, 4);
	NUMBER(value_size, 24);
	NUMBER(max_entries, 7);
	NUMBER(numa_node, 1);
	NUMBER(map_flags, 4);
} by_size SEC(".maps");

struct {
	NUMBER(type, 27);
	NUMBER(max_entries, 5000);
} ring SEC(".maps");

struct {
	NUMBER(type, 30);
	NUMBER(value_size, 4);
	NUMBER(max_entries, 16);
	NUMBER(map_extra, 3);
} bloom SEC(".maps");

struct inner {
	NUMBER(type, 2);
	NUMBER(max_entries, 4);
	TYPE(key, u32);
	TYPE(value, u64);
} inner_a SEC(".maps"), inner_b SEC(".maps");

struct {
	NUMBER(type, 12);
	NUMBER(max_entries, 8);
	TYPE(key, u32);
	VALUES(values, struct inner);
} outer SEC(".maps") = {
	.values = {[1] = &inner_a, [6] = &inner_b},
};

typedef int program(void *ctx);

int first(void *ctx);
int second(void *ctx);

struct {
	NUMBER(type, 3);
	NUMBER(max_entries, 4);
	NUMBER(key_size, 4);
	VALUES(values, program);
} jumps SEC(".maps") = {
	.values = {[0] = &first, [3] = &second},
};

struct {
	NUMBER(type, 3);
	NUMBER(max_entries, 4);
	NUMBER(key_size, 4);
	NUMBER(value_size, 4);
} empty_jumps SEC(".maps");

SEC("xdp")
int first(void *ctx)
{
	struct key key = {1, 2};
	struct value *value = lookup(&by_type, &key);

	tail_call(ctx, &jumps, 3);
	return value ? (int)value->packets : 0;
}

SEC("xdp")
int second(void *ctx)
{
	u32 key = 1;

	tail_call(ctx, &empty_jumps, 0);
	return lookup(&outer, &key) || lookup(&by_size, &key) || lookup(&bloom, &key) ||
	       lookup(&ring, &key);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
u32 VERSION SEC("version") = 0x60100;
