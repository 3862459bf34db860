/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Global data in every kind of section, at offsets that are not zero. */
#include "common.h"

const volatile u32 constant_a = 11, constant_b = 12;
const volatile u32 extra_constant SEC(".rodata.extra") = 13;
volatile u32 data_a = 21, data_b = 22;
volatile u32 data_array[4] = {31, 32, 33, 34};
volatile u32 extra_data SEC(".data.extra") = 41;
volatile u32 zero_a, zero_b;
hidden volatile u32 hidden_zero;
static volatile u32 static_data = 51, static_data_b = 52;
static volatile u32 static_zero, static_zero_b;

SEC("xdp")
int sum(void *ctx)
{
	static const char text[] = "a text in .rodata";
	volatile u32 *second = &data_array[2];
	u32 total = constant_a + constant_b + extra_constant + data_a + data_b + extra_data;

	static_zero_b = total;
	total += *second + zero_a + zero_b + hidden_zero + static_data + static_data_b;
	return (int)(total + static_zero + static_zero_b + (u8)text[total & 15]);
}

char LICENSE[] SEC("license") = "GPL";
