/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Subprograms: static, global, hidden, shared, nested, by address, and several programs each. */
#include "common.h"

volatile u32 counter;

noinline int global_leaf(int x)
{
	counter += 3;
	return x * 3 + (int)counter;
}

hidden noinline int hidden_leaf(int x)
{
	counter += 5;
	return x * 5 + (int)counter;
}

static noinline int static_leaf(int x)
{
	counter += 7;
	return x * 7 + (int)counter;
}

static noinline int static_middle(int x)
{
	return static_leaf(x) + global_leaf(x + 1) + (int)counter;
}

static noinline int callback(u32 index, void *arg)
{
	*(u32 *)arg += index + counter;
	return 0;
}

noinline int unused_global(int x)
{
	return x + (int)counter + 9;
}

SEC("xdp")
int plain(void *ctx)
{
	return 2;
}

SEC("xdp")
int nested(void *ctx)
{
	return static_middle((int)counter) + hidden_leaf(4);
}

SEC("tc")
int shared(void *ctx)
{
	return static_leaf(1) + global_leaf((int)counter);
}

SEC("xdp")
int by_address(void *ctx)
{
	u32 total = 0;

	loop(10, callback, &total, 0);
	return (int)total;
}

char LICENSE[] SEC("license") = "GPL";
