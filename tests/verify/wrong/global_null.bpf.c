/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A global function does not test the pointer it is given. */
#include "wrong.h"

__noinline int sum(struct value *value)
{
	return value->count + value->slots[0];
}

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	struct value local = {};

	return sum(&local);
}
