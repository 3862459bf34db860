/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * helper.def against the running kernel: a program that only calls the helper is loaded for each
 * program type, and the first words of the kernel's verifier say what it knows of the helper.
 *
 * Rows are facts of Linux 6.18. Older kernels allow less, so there only what they allow is
 * compared. Needs bpf(2); without it there is nothing to compare with.
 */
#include "../test.h"

#include "insn/helper.h"
#include "kernel.h"

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

static bool kernel_is_current;

/* Load a program that only calls the helper; the answer is in kernel_log. */
static void call_load(u32 type, const char *license, u32 id)
{
	const struct skep_insn insns[] = {
		{.code = SKEP_JMP | SKEP_CALL, .imm = (s32)id},
		{.code = SKEP_ALU64 | SKEP_MOV},
		{.code = SKEP_JMP | SKEP_EXIT},
	};

	kernel_load(type, license, insns, ARRAY_SIZE(insns));
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hooks),
		cmocka_unit_test(test_licence_and_sleep),
	};

	if (!kernel_is_usable()) {
		printf("1..0 # SKIP optional: no permission for bpf(2)\n");
		return 0;
	}
	kernel_is_current = kernel_is_at_least(6, 18);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
