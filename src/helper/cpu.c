/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Where a program runs, and for whom. A card runs programs for nobody: what the kernel answers
 * for the task that an interrupt found is, here, what it answers for the idle task.
 */
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cpu.h"
#include "helper/body.h"

u64 helper_get_smp_processor_id(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5)
{
	return cpu_self;
}

u64 helper_get_numa_node_id(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5)
{
	unsigned int cpu, node;

	return syscall(SYS_getcpu, &cpu, &node, NULL) ? 0 : node;
}

u64 helper_get_current_pid_tgid(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5)
{
	return 0;
}

u64 helper_get_current_uid_gid(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5)
{
	return 0;
}

/* r1 = buffer, r2 = its size; filled with zeros behind the name. */
u64 helper_get_current_comm(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5)
{
	char name[16] = "";
	u32 size = (u32)r2;

	snprintf(name, sizeof(name), "swapper/%u", cpu_self);
	memset(helper_pointer(r1), 0, size);
	memcpy(helper_pointer(r1), name, strnlen(name, size ? size - 1 : 0));
	return 0;
}
