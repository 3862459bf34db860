/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The argument types of helper.def against the running kernel.
 *
 * For each argument of each helper that a network program may call, programs are loaded that set
 * the arguments before it as its row wants them, and this one in ways that the kernel answers
 * according to its own prototype: not at all, as a number, as NULL, as size 0, as memory that must
 * not be written, as packet memory. The arguments after those that a small program cannot have
 * (sockets, locks, dynptrs, callbacks) are not reached. The words are those of Linux 6.18.
 */
#include "../test.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/diag.h"
#include "insn/helper.h"
#include "insn/insn.h"
#include "kernel.h"

#define MEMORY "fp, pkt, pkt_meta, map_key, map_value, mem, ringbuf_mem, buf, trusted_ptr_"
#define SOCKET "sock_common, sock, tcp_sock, xdp_sock"

#define STACK_POINTER "r%u = r10\nr%u += -64\n"

struct kind {
	const char *expected; /* register types that the kernel lists; NULL: any number does */
	const char *valid;    /* sets the register; NULL: a small program has no such value */
	bool null, write, size, zero;
};

static const struct kind kinds[ARG_TYPE_MAX] = {
	[ARG_ANYTHING] = {.valid = "r%u = 0\n"},
	[ARG_CONST_MAP_PTR] = {.expected = "map_ptr", .valid = "map"},
	[ARG_MAP_KEY] = {.expected = MEMORY, .valid = STACK_POINTER},
	[ARG_MAP_VALUE] = {.expected = MEMORY, .valid = STACK_POINTER},
	[ARG_MAP_VALUE_OR_NULL] = {.expected = MEMORY, .valid = STACK_POINTER, .null = true},
	[ARG_UNINIT_MAP_VALUE] = {.expected = MEMORY, .valid = STACK_POINTER, .write = true},
	[ARG_MEM] = {.expected = MEMORY, .valid = STACK_POINTER},
	[ARG_MEM_OR_NULL] = {.expected = MEMORY, .valid = STACK_POINTER, .null = true},
	[ARG_MEM_WRITE] = {.expected = MEMORY, .valid = STACK_POINTER, .write = true},
	[ARG_MEM_WRITE_OR_NULL] = {.expected = MEMORY,
				   .valid = STACK_POINTER,
				   .null = true,
				   .write = true},
	[ARG_UNINIT_MEM] = {.expected = MEMORY, .valid = STACK_POINTER, .write = true},
	[ARG_CONST_SIZE] = {.valid = "r%u = 8\n", .size = true},
	[ARG_CONST_SIZE_OR_ZERO] = {.valid = "r%u = 8\n", .size = true, .zero = true},
	[ARG_CTX] = {.expected = "ctx", .valid = "r%u = r6\n"},
	[ARG_CTX_OR_NULL] = {.expected = "ctx", .valid = "r%u = r6\n", .null = true},
	[ARG_SPIN_LOCK] = {.expected = "map_value, ptr_"},
	[ARG_TIMER] = {.expected = "map_value"},
	[ARG_CALLBACK] = {.expected = "func"},
	[ARG_STACK_OR_NULL] = {.expected = "fp", .null = true},
	[ARG_RINGBUF_MEM] = {.expected = "ringbuf_mem"},
	[ARG_CONST_ALLOC_SIZE_OR_ZERO] = {.valid = "r%u = 8\n"},
	[ARG_CONST_STR] = {.expected = "map_value"},
	[ARG_PTR_TO_INT] = {.expected = MEMORY, .valid = STACK_POINTER, .write = true},
	[ARG_PTR_TO_LONG] = {.expected = MEMORY, .valid = STACK_POINTER, .write = true},
	[ARG_DYNPTR] = {.expected = "fp, dynptr_ptr"},
	[ARG_DYNPTR_UNINIT] = {.expected = "fp, dynptr_ptr"},
	[ARG_DYNPTR_UNINIT_RINGBUF] = {.expected = "fp, dynptr_ptr"},
	[ARG_DYNPTR_RINGBUF] = {.expected = "fp, dynptr_ptr"},
	[ARG_SOCK] = {.expected = SOCKET ", ptr_, trusted_ptr_"},
	[ARG_SOCK_RELEASE] = {.expected = SOCKET ", ptr_, trusted_ptr_"},
	[ARG_SOCK_OR_NULL] = {.expected = SOCKET ", ptr_, trusted_ptr_", .null = true},
	[ARG_SOCK_COMMON] = {.expected = SOCKET},
	[ARG_SOCKET_OR_NULL] = {.expected = "sock", .null = true},
	[ARG_BTF_ID] = {.expected = "ptr_, trusted_ptr_, rcu_ptr_"},
	[ARG_BTF_ID_OR_NULL] = {.expected = "ptr_, trusted_ptr_, rcu_ptr_", .null = true},
	[ARG_BTF_ID_OR_NULL_RELEASE] = {.expected = "ptr_, trusted_ptr_, rcu_ptr_", .null = true},
	[ARG_PERCPU_BTF_ID] = {.expected = "percpu_ptr_, percpu_rcu_ptr_, percpu_trusted_ptr_"},
	[ARG_KPTR] = {.expected = "map_value, ptr_"},
	[ARG_FIXED_MEM] = {.expected = MEMORY, .valid = STACK_POINTER},
};

static int map_fd, readonly_fd;
static u32 questions;

static int map_create(u32 flags)
{
	union bpf_attr attr = {.map_type = BPF_MAP_TYPE_ARRAY,
			       .key_size = 4,
			       .value_size = 64,
			       .max_entries = 1,
			       .map_flags = flags};

	return (int)syscall(__NR_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
}

static void set_valid(struct buf *text, enum helper_arg arg, u32 reg)
{
	const char *valid = kinds[arg].valid;

	if (strcmp(valid, "map") == 0)
		buf_printf(text, "r%u = map[fd:%d]\n", reg, map_fd);
	else if (strcmp(valid, STACK_POINTER) == 0)
		buf_printf(text, "r%u = r10\nr%u += -64\n", reg, reg);
	else if (strcmp(valid, "r%u = r6\n") == 0)
		buf_printf(text, "r%u = r6\n", reg);
	else
		buf_printf(text, "r%u = %d\n", reg, kinds[arg].size ? 8 : 0);
}

static u32 type_of(const struct helper_desc *desc)
{
	if (desc->hooks & HELPER_HOOK(XDP))
		return BPF_PROG_TYPE_XDP;
	return desc->hooks & HELPER_HOOK(TC_INGRESS) ? BPF_PROG_TYPE_SCHED_CLS
						     : BPF_PROG_TYPE_SOCKET_FILTER;
}

/* r8 = 64 bytes of packet, in programs that may look at packets. */
static void set_packet(struct buf *text, u32 type)
{
	u32 data = type == BPF_PROG_TYPE_XDP ? offsetof(struct xdp_md, data)
					     : offsetof(struct __sk_buff, data);

	buf_printf(text,
		   "r8 = *(u32 *)(r6 + %u)\nr9 = *(u32 *)(r6 + %u)\nr2 = r8\nr2 += 64\n"
		   "if r2 > r9 goto out\n",
		   data, data + 4);
}

/*
 * Call the helper with `set` in the place of argument i (from 0), valid arguments before, and a
 * valid size after when there is one. r6 holds the context, r7 a number nobody knows.
 */
static void ask(const struct helper_desc *desc, u32 i, const char *set)
{
	struct skep_diag *diag = skep_diag_new();
	struct skep_insn *insns;
	struct buf text = {};
	u32 nr;

	for (s32 off = -8; off >= -64; off -= 8)
		buf_printf(&text, "*(u64 *)(r10 - %d) = 0\n", -off);
	buf_printf(&text, "r6 = r1\ncall bpf_get_prandom_u32\nr7 = r0\nr7 >>= 1\nr7 |= 1\n");
	if (type_of(desc) != BPF_PROG_TYPE_SOCKET_FILTER)
		set_packet(&text, type_of(desc));
	buf_printf(&text, "call bpf_get_prandom_u32\n");
	for (u32 before = 0; before < i; before++)
		set_valid(&text, desc->args[before], before + 1);
	buf_printf(&text, "%s", set);
	if (i < 4 && kinds[desc->args[i + 1]].size)
		set_valid(&text, desc->args[i + 1], i + 2);
	buf_printf(&text, "call %u\nout: r0 = 0\nexit\n", desc->id);
	if (insn_assemble(buf_text(&text), NULL, NULL, &insns, &nr, diag))
		fail_msg("%s", skep_diag_problem(diag));
	kernel_load(type_of(desc), "GPL", insns, nr);
	questions++;
	free(insns);
	buf_free(&text);
	skep_diag_free(diag);
}

/* The end of what the kernel said: the register states before it are of no use. */
static const char *kernel_last_words(void)
{
	size_t length = strlen(kernel_log);

	return kernel_log + (length > 400 ? length - 400 : 0);
}

/* Did the kernel say "R<i> <words>", as `expected` says? */
static void check_said(const struct helper_desc *desc, u32 i, const char *words, bool expected,
		       const char *question)
{
	char pattern[256];

	snprintf(pattern, sizeof(pattern), "R%u %s", i + 1, words);
	if (kernel_said(pattern) != expected)
		fail_msg("bpf_%s, argument %u, %s: '%s' %s in\n%s", desc->name, i + 1, question,
			 pattern, expected ? "not" : "is", kernel_last_words());
}

static void check_pointer(const struct helper_desc *desc, u32 i)
{
	const struct kind *kind = &kinds[desc->args[i]];
	char set[64], words[192];

	snprintf(set, sizeof(set), "r%u = r7\n", i + 1);
	snprintf(words, sizeof(words), "type=scalar expected=%s\n", kind->expected);
	ask(desc, i, set);
	check_said(desc, i, words, true, "a number");
	snprintf(set, sizeof(set), "r%u = 0\n", i + 1);
	ask(desc, i, set);
	check_said(desc, i, words, !kind->null, "NULL");
	if (!kind->valid || strcmp(kind->valid, STACK_POINTER) != 0)
		return;
	snprintf(set, sizeof(set), "r%u = map[fd:%d][0]+0\n", i + 1, readonly_fd);
	ask(desc, i, set);
	if (kernel_said("write into map forbidden") != kind->write)
		fail_msg("bpf_%s, argument %u, read-only memory: %s", desc->name, i + 1,
			 kernel_last_words());
	if (type_of(desc) == BPF_PROG_TYPE_SOCKET_FILTER)
		return;
	snprintf(set, sizeof(set), "r%u = r8\n", i + 1);
	ask(desc, i, set);
	if (kernel_said("helper access to the packet is not allowed") ==
	    !!(desc->flags & HELPER_PKT_READ))
		fail_msg("bpf_%s, argument %u, packet memory: %s", desc->name, i + 1,
			 kernel_last_words());
}

static void check_number(const struct helper_desc *desc, u32 i)
{
	const struct kind *kind = &kinds[desc->args[i]];
	char set[64];

	snprintf(set, sizeof(set), "r%u = r7\n", i + 1);
	ask(desc, i, set);
	check_said(desc, i, "type=", false, "a number");
	check_said(desc, i, "unbounded memory access", kind->size, "an unknown size");
	if (!kind->size)
		return;
	snprintf(set, sizeof(set), "r%u = 0\n", i + 1);
	ask(desc, i, set);
	check_said(desc, i, "invalid zero-sized read", !kind->zero, "size 0");
}

/* False when arguments after this one cannot be asked about. */
static bool check_argument(const struct helper_desc *desc, u32 i)
{
	const struct kind *kind = &kinds[desc->args[i]];

	ask(desc, i, "");
	check_said(desc, i, "!read_ok", desc->args[i] != ARG_NONE, "not set");
	if (desc->args[i] == ARG_NONE)
		return false;
	if (kind->expected)
		check_pointer(desc, i);
	else
		check_number(desc, i);
	return kind->valid;
}

static void test_arguments(void **state)
{
	for (u32 id = 1; id <= helper_count(); id++) {
		const struct helper_desc *desc = helper_find(id);

		if (!desc->hooks || (desc->flags & HELPER_SLEEPS))
			continue;
		for (u32 i = 0; i < 5; i++) {
			ask(desc, 0, "");
			if (kernel_said("cannot use helper") || !check_argument(desc, i))
				break;
		}
	}
	assert_true(questions > 1000);
	print_message("# %u questions to the kernel\n", questions);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arguments),
	};

	if (!kernel_is_usable() || !kernel_is_at_least(6, 18)) {
		printf("1..0 # SKIP optional: no bpf(2) of Linux 6.18\n");
		return 0;
	}
	map_fd = map_create(0);
	readonly_fd = map_create(BPF_F_RDONLY_PROG);
	if (map_fd < 0 || readonly_fd < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
