/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "base/cpu.h"

#include <unistd.h>

_Thread_local u32 cpu_self;

static u32 cpu_pretended;

void cpu_count_set(u32 count)
{
	cpu_pretended = count;
}

u32 cpu_count(void)
{
	long n = cpu_pretended ? cpu_pretended : sysconf(_SC_NPROCESSORS_CONF);

	if (n < 1)
		return 1;
	return n > CPU_MAX ? CPU_MAX : (u32)n;
}
