/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Asking the running kernel's verifier: load a program, read its log. */
#ifndef SKEP_TEST_KERNEL_H
#define SKEP_TEST_KERNEL_H

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <linux/bpf.h>

#include "base/types.h"
#include "skep/insn.h"

static char kernel_log[65536];

/* Load and forget; the answer is in kernel_log. Returns 0 or -errno. */
static inline int kernel_load(u32 type, const char *license, const struct skep_insn *insns, u32 nr)
{
	union bpf_attr attr = {.prog_type = type,
			       .insns = (u64)(uintptr_t)insns,
			       .insn_cnt = nr,
			       .license = (u64)(uintptr_t)license,
			       .log_buf = (u64)(uintptr_t)kernel_log,
			       .log_size = sizeof(kernel_log),
			       .log_level = 1};
	long fd;

	kernel_log[0] = '\0';
	fd = syscall(__NR_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	if (fd < 0)
		return -errno;
	close((int)fd);
	return 0;
}

static inline bool kernel_said(const char *words)
{
	return strstr(kernel_log, words);
}

static inline bool kernel_is_usable(void)
{
	static const struct skep_insn insns[] = {
		{.code = SKEP_ALU64 | SKEP_MOV},
		{.code = SKEP_JMP | SKEP_EXIT},
	};

	return kernel_load(BPF_PROG_TYPE_XDP, "GPL", insns, ARRAY_SIZE(insns)) == 0;
}

static inline bool kernel_is_at_least(u32 major, u32 minor)
{
	struct utsname name;
	u32 major_here = 0, minor_here = 0;

	if (uname(&name) || sscanf(name.release, "%u.%u", &major_here, &minor_here) != 2)
		return false;
	return major_here > major || (major_here == major && minor_here >= minor);
}

#endif
