/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* CO-RE: every question, asked of types of this file. */
#include "common.h"

#define CORE __attribute__((preserve_access_index))

struct inside {
	u32 first;
	short second;
} CORE;

struct packet {
	u64 pad;
	u32 length;
	struct inside inside;
	int negative;
	u32 low : 4, high : 28;
} CORE;

enum colour { RED = 3, BLUE = 0x7fffffff };

enum field_info { BYTE_OFFSET, BYTE_SIZE, EXISTS, SIGNED, LSHIFT, RSHIFT };

SEC("xdp")
int access(struct packet *packet)
{
	return (int)packet->length + packet->inside.second;
}

SEC("xdp")
int fields(struct packet *packet)
{
	return (int)(__builtin_preserve_field_info(packet->length, EXISTS) +
		     10 * __builtin_preserve_field_info(packet->inside.second, BYTE_SIZE) +
		     100 * __builtin_preserve_field_info(packet->negative, SIGNED) +
		     1000 * __builtin_preserve_field_info(packet->length, BYTE_OFFSET));
}

SEC("xdp")
int types(struct packet *packet)
{
	return (int)(__builtin_preserve_type_info(*(struct packet *)0, 0) +
		     10 * __builtin_preserve_type_info(*(struct inside *)0, 1));
}

SEC("xdp")
int type_id(struct packet *packet)
{
	return (int)__builtin_btf_type_id(*(struct inside *)0, 0);
}

SEC("xdp")
int enums(struct packet *packet)
{
	return (int)(__builtin_preserve_enum_value(*(enum colour *)RED, 0) +
		     10 * __builtin_preserve_enum_value(*(enum colour *)RED, 1));
}

char LICENSE[] SEC("license") = "GPL";
