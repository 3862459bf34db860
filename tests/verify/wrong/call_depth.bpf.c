/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Ten frames. */
#include "wrong.h"

static __noinline int f9(int n)
{
	opaque(n);
	return n;
}

static __noinline int f8(int n)
{
	opaque(n);
	return f9(n) + 1;
}

static __noinline int f7(int n)
{
	opaque(n);
	return f8(n) + 1;
}

static __noinline int f6(int n)
{
	opaque(n);
	return f7(n) + 1;
}

static __noinline int f5(int n)
{
	opaque(n);
	return f6(n) + 1;
}

static __noinline int f4(int n)
{
	opaque(n);
	return f5(n) + 1;
}

static __noinline int f3(int n)
{
	opaque(n);
	return f4(n) + 1;
}

static __noinline int f2(int n)
{
	opaque(n);
	return f3(n) + 1;
}

static __noinline int f1(int n)
{
	opaque(n);
	return f2(n) + 1;
}

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	return f1(ctx->rx_queue_index);
}
