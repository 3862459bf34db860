/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Tables of programs, with and without a link. */
#include "common.h"

struct firmware_ops {
	int (*attach)(void *arg);
	u32 flags;
	void (*detach)(void *arg);
	int (*unset)(void *arg);
	char name[16];
};

SEC("struct_ops/attach")
int do_attach(u64 *ctx)
{
	return 1;
}

SEC("struct_ops.s/detach")
int do_detach(u64 *ctx)
{
	return 0;
}

SEC(".struct_ops")
struct firmware_ops plain_ops = {
	.attach = (void *)do_attach,
	.flags = 7,
	.name = "plain",
};

SEC(".struct_ops.link")
struct firmware_ops link_ops = {
	.attach = (void *)do_attach,
	.detach = (void *)do_detach,
	.name = "link",
};

char LICENSE[] SEC("license") = "GPL";
