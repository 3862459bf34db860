/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * helper.def against the running kernel: a program that only calls the helper is loaded for each
 * program type, and the first words of the kernel's verifier say what it knows of the helper.
 *
 * Rows are facts of Linux 6.18. Older kernels allow less, so there only what they allow is
 * compared. Needs bpf(2); without it there is nothing to compare with.
 */
#include "../test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <linux/bpf.h>

#include "insn/helper.h"
#include "insn/insn.h"

struct type {
	u32 type;
	u32 hooks;
	const char *name;
};

static const struct type types[] = {
	{BPF_PROG_TYPE_XDP, HELPER_HOOK(XDP), "xdp"},
	{BPF_PROG_TYPE_SCHED_CLS, HELPER_HOOK(TC_INGRESS) | HELPER_HOOK(TC_EGRESS), "sched_cls"},
	{BPF_PROG_TYPE_SOCKET_FILTER, HELPER_HOOK(SOCKET), "socket_filter"},
};

/* Where table and kernel may differ, and why. */
static const struct {
	const char *helper, *reason;
} differences[] = {
	{"get_cgroup_classid", "two functions in Linux; the row is that of tc"},
	{"get_current_cgroup_id", "only with CONFIG_CGROUPS"},
	{"get_current_ancestor_cgroup_id", "only with CONFIG_CGROUPS"},
	{"current_task_under_cgroup", "only with CONFIG_CGROUPS"},
	{"cgrp_storage_get", "only with CONFIG_CGROUPS"},
	{"cgrp_storage_delete", "only with CONFIG_CGROUPS"},
	{"skb_cgroup_classid", "only with CONFIG_CGROUP_NET_CLASSID"},
	{"skb_cgroup_id", "only with CONFIG_SOCK_CGROUP_DATA"},
	{"skb_ancestor_cgroup_id", "only with CONFIG_SOCK_CGROUP_DATA"},
	{"skb_get_xfrm_state", "only with CONFIG_XFRM"},
	{"tcp_raw_gen_syncookie_ipv4", "only with CONFIG_SYN_COOKIES"},
	{"tcp_raw_gen_syncookie_ipv6", "only with CONFIG_SYN_COOKIES"},
	{"tcp_raw_check_syncookie_ipv4", "only with CONFIG_SYN_COOKIES"},
	{"tcp_raw_check_syncookie_ipv6", "only with CONFIG_SYN_COOKIES"},
	{"probe_read_kernel", "not in lockdown"},
	{"probe_read_kernel_str", "not in lockdown"},
};

static char kernel_log[65536];
static bool kernel_is_current;

static int prog_load(u32 type, const char *license, const struct skep_insn *insns, u32 nr)
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
	return fd < 0 ? -errno : (int)fd;
}

/* Load a program that only calls the helper; the answer is in kernel_log. */
static void call_load(u32 type, const char *license, u32 id)
{
	const struct skep_insn insns[] = {
		{.code = SKEP_JMP | SKEP_CALL, .imm = (s32)id},
		{.code = SKEP_ALU64 | SKEP_MOV},
		{.code = SKEP_JMP | SKEP_EXIT},
	};
	int fd = prog_load(type, license, insns, ARRAY_SIZE(insns));

	if (fd >= 0)
		close(fd);
}

static bool kernel_said(const char *words)
{
	return strstr(kernel_log, words);
}

static bool kernel_allows(void)
{
	return !kernel_said("cannot use helper") && !kernel_said("unknown func") &&
	       !kernel_said("invalid func");
}

static const char *difference(const char *helper)
{
	for (size_t i = 0; i < ARRAY_SIZE(differences); i++) {
		if (strcmp(differences[i].helper, helper) == 0)
			return differences[i].reason;
	}
	return NULL;
}

static void test_hooks(void **state)
{
	u32 wrong = 0;

	for (u32 id = 1; id <= helper_count(); id++) {
		const struct helper_desc *desc = helper_find(id);

		for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
			bool ours = (desc->hooks & types[i].hooks) == types[i].hooks;
			bool theirs;

			call_load(types[i].type, "GPL", id);
			theirs = kernel_allows();
			if (ours == theirs || (ours && !kernel_is_current))
				continue;
			print_message("# bpf_%s#%u in %s: table %s, kernel %s: %s\n", desc->name,
				      id, types[i].name, ours ? "yes" : "no", theirs ? "yes" : "no",
				      difference(desc->name) ?: "unexplained");
			wrong += !difference(desc->name);
		}
	}
	assert_int_equal(wrong, 0);
}

/* The kernel asks for the licence before it looks at arguments. */
static void test_licence_and_sleep(void **state)
{
	u32 compared = 0;

	for (u32 id = 1; id <= helper_count(); id++) {
		const struct helper_desc *desc = helper_find(id);

		for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
			call_load(types[i].type, "Proprietary", id);
			if (!kernel_allows() || difference(desc->name))
				continue;
			if (kernel_said("GPL-restricted") != !!(desc->flags & HELPER_GPL))
				fail_msg("GPL of bpf_%s: %s", desc->name, kernel_log);
			call_load(types[i].type, "GPL", id);
			if (kernel_is_current &&
			    kernel_said("might sleep") != !!(desc->flags & HELPER_SLEEPS))
				fail_msg("sleeping of bpf_%s: %s", desc->name, kernel_log);
			compared++;
		}
	}
	assert_true(compared > 200);
	print_message("# %u pairs of helper and program type compared\n", compared);
}

static bool bpf_is_usable(void)
{
	const struct skep_insn insns[] = {
		{.code = SKEP_ALU64 | SKEP_MOV},
		{.code = SKEP_JMP | SKEP_EXIT},
	};
	int fd = prog_load(BPF_PROG_TYPE_XDP, "GPL", insns, ARRAY_SIZE(insns));

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hooks),
		cmocka_unit_test(test_licence_and_sleep),
	};
	struct utsname name;
	u32 major = 0, minor = 0;

	if (!bpf_is_usable()) {
		printf("1..0 # SKIP optional: no permission for bpf(2)\n");
		return 0;
	}
	if (uname(&name) == 0 && sscanf(name.release, "%u.%u", &major, &minor) == 2)
		kernel_is_current = major > 6 || (major == 6 && minor >= 18);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
