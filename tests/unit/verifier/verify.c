/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Programs in assembly and what the verifier says of each: accepted, or the rule that it breaks.
 * Every rule of rules.def that a program can break has a case here (test_every_rule_has_a_case()).
 */
#include "../test.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/diag.h"
#include "insn/insn.h"
#include "verifier/verify.h"

static struct object_map maps[] = {
	{.def = {"hash", SKEP_MAP_HASH, 8, 48, 16}},
	{.def = {"array", SKEP_MAP_ARRAY, 4, 48, 4}},
	{.def = {"rodata", SKEP_MAP_ARRAY, 4, 16, 1, SKEP_F_RDONLY_PROG},
	 .kind = OBJECT_MAP_RODATA,
	 .data = "\x2a\0\0\0text\0\0\0\0\0\0\0"},
	{.def = {"ringbuf", SKEP_MAP_RINGBUF, 0, 0, 4096}},
	{.def = {"progs", SKEP_MAP_PROG_ARRAY, 4, 4, 8}},
	{.def = {"writeonly", SKEP_MAP_ARRAY, 4, 16, 1, SKEP_F_WRONLY_PROG}},
};

static int map_index(void *arg, const char *name)
{
	for (u32 i = 0; i < ARRAY_SIZE(maps); i++)
		if (!strcmp(maps[i].def.name, name))
			return (int)i;
	return -1;
}

struct program {
	const char *name, *rule; /* rule NULL: accepted */
	u32 prog_type;
	const char *text;
	u32 flags;
};

#define NOT_GPL (1u << 31)
#define XDP BPF_PROG_TYPE_XDP
#define TC BPF_PROG_TYPE_SCHED_CLS
#define SOCK BPF_PROG_TYPE_SOCKET_FILTER

/* r0 = value of `array` at key 0, or the program ends */
#define LOOKUP                                                                                     \
	"*(u64 *)(r10 - 8) = 0\n r2 = r10\n r2 += -8\n r1 = map[array]\n call map_lookup_elem\n"   \
	"if r0 == 0 goto out\n"
/* the same in a hash, where it may miss */
#define HASH_LOOKUP                                                                                \
	"*(u64 *)(r10 - 8) = 0\n r2 = r10\n r2 += -8\n r1 = map[hash]\n call map_lookup_elem\n"
/* r2 = data, r3 = data_end */
#define PACKET "r2 = *(u32 *)(r1 + 0)\n r3 = *(u32 *)(r1 + 4)\n"
#define OUT "out: r0 = 0\n exit\n"

static const struct program programs[] = {
	{"constant", NULL, XDP, "r0 = 2\n exit\n"},
	{"r0 is not set", "uninit-register", XDP, "exit\n"},
	{"r2 is not set", "uninit-register", XDP, "r0 = r2\n exit\n"},
	{"r1 after a call", "uninit-register", XDP, "call ktime_get_ns\n r0 = r1\n exit\n"},
	{"one path only", "uninit-register", XDP,
	 "r2 = *(u32 *)(r1 + 12)\n if r2 == 0 goto l\n r0 = 1\n l: exit\n"},
	{"writes r10", "frame-pointer", XDP, "r10 = 0\n r0 = 0\n exit\n"},
	{"pointer times two", "pointer-arithmetic", XDP, "r1 *= 2\n r0 = 0\n exit\n"},
	{"end plus one", "pointer-arithmetic", XDP, PACKET "r3 += 1\n r0 = 0\n exit\n"},
	{"distance of pointers", NULL, XDP, PACKET "r3 -= r2\n r0 = r3\n exit\n"},
	{"far pointer", "pointer-range", XDP, LOOKUP "r1 = *(u64 *)(r0 + 0)\n r0 += r1\n" OUT},
	{"moved context", "pointer-offset", XDP, "r1 += 4\n r0 = *(u32 *)(r1 + 0)\n exit\n"},
	{"no NULL check", "null-check", XDP, HASH_LOOKUP "r0 = *(u32 *)(r0 + 0)\n exit\n"},
	{"NULL check the wrong way", "null-check", XDP,
	 HASH_LOOKUP "if r0 != 0 goto out\n r0 = *(u32 *)(r0 + 0)\n exit\n" OUT},
	{"array look-up that can not miss", NULL, XDP,
	 "*(u64 *)(r10 - 8) = 3\n r2 = r10\n r2 += -8\n r1 = map[array]\n call map_lookup_elem\n"
	 "r0 = *(u32 *)(r0 + 0)\n exit\n"},
	{"array look-up that misses", "null-check", XDP,
	 "*(u64 *)(r10 - 8) = 4\n r2 = r10\n r2 += -8\n r1 = map[array]\n call map_lookup_elem\n"
	 "r0 = *(u32 *)(r0 + 0)\n exit\n"},
	{"number as pointer", "not-a-pointer", XDP, "r2 = 8\n r0 = *(u32 *)(r2 + 0)\n exit\n"},
	{"read through the end", "not-accessible", XDP, PACKET "r0 = *(u8 *)(r3 + 0)\n exit\n"},
	{"value, last byte", NULL, XDP, LOOKUP "r0 = *(u8 *)(r0 + 47)\n exit\n" OUT},
	{"value, one too far", "bounds", XDP, LOOKUP "r0 = *(u8 *)(r0 + 48)\n exit\n" OUT},
	{"value, below", "bounds", XDP, LOOKUP "r0 = *(u8 *)(r0 - 1)\n exit\n" OUT},
	{"bounded index", NULL, XDP,
	 LOOKUP "r1 = *(u64 *)(r0 + 0)\n if r1 > 40 goto out\n r0 += r1\n r0 = *(u64 *)(r0 + 0)\n "
		"exit\n" OUT},
	{"index bounded too late", "bounds", XDP,
	 LOOKUP "r1 = *(u64 *)(r0 + 0)\n if r1 > 41 goto out\n r0 += r1\n r0 = *(u64 *)(r0 + 0)\n "
		"exit\n" OUT},
	{"signed index", "bounds", XDP,
	 LOOKUP "r1 = *(u64 *)(r0 + 0)\n if r1 s> 40 goto out\n if r1 s< -1 goto out\n r0 += r1\n"
		"r0 = *(u64 *)(r0 + 0)\n exit\n" OUT},
	{"masked index", NULL, XDP,
	 LOOKUP "r1 = *(u64 *)(r0 + 0)\n r1 &= 31\n r0 += r1\n r0 = *(u64 *)(r0 + 0)\n exit\n" OUT},
	{"bounds of a copy", NULL, XDP,
	 LOOKUP "r1 = *(u64 *)(r0 + 0)\n r2 = r1\n if r2 > 40 goto out\n r0 += r1\n"
		"r0 = *(u64 *)(r0 + 0)\n exit\n" OUT},
	{"bounds of a spill", NULL, XDP,
	 LOOKUP "r1 = *(u64 *)(r0 + 0)\n *(u64 *)(r10 - 16) = r1\n if r1 > 40 goto out\n"
		"r2 = *(u64 *)(r10 - 16)\n r0 += r2\n r0 = *(u64 *)(r0 + 0)\n exit\n" OUT},
	{"spill overwritten in between", "pointer-range", XDP,
	 LOOKUP "r1 = *(u64 *)(r0 + 0)\n *(u64 *)(r10 - 16) = r1\n *(u8 *)(r10 - 12) = 1\n"
		"if r1 > 40 goto out\n"
		"r2 = *(u64 *)(r10 - 16)\n r0 += r2\n r0 = *(u64 *)(r0 + 0)\n exit\n" OUT},
	{"packet", NULL, XDP,
	 PACKET "r4 = r2\n r4 += 14\n if r4 > r3 goto out\n r0 = *(u16 *)(r2 + 12)\n exit\n" OUT},
	{"packet, data_end first", NULL, XDP,
	 PACKET "r4 = r2\n r4 += 14\n if r3 < r4 goto out\n r0 = *(u16 *)(r2 + 12)\n exit\n" OUT},
	{"packet, not checked", "packet-bounds", XDP, PACKET "r0 = *(u8 *)(r2 + 0)\n exit\n"},
	{"packet, one too far", "packet-bounds", XDP,
	 PACKET "r4 = r2\n r4 += 14\n if r4 > r3 goto out\n r0 = *(u16 *)(r2 + 13)\n exit\n" OUT},
	{"packet, on the wrong way", "packet-bounds", XDP,
	 PACKET "r4 = r2\n r4 += 14\n if r4 > r3 goto l\n r0 = 0\n exit\n"
		"l: r0 = *(u8 *)(r2 + 0)\n exit\n"},
	{"packet after adjust_head", "not-a-pointer", XDP,
	 "r6 = r1\n" PACKET "r7 = r2\n r2 += 1\n if r2 > r3 goto out\n r1 = r6\n r2 = 0\n"
	 "call xdp_adjust_head\n r0 = *(u8 *)(r7 + 0)\n exit\n" OUT},
	{"socket filters have no packet pointers", "context-field", SOCK,
	 "r0 = *(u32 *)(r1 + 76)\n exit\n"},
	{"context read only", "context-field", XDP, "*(u32 *)(r1 + 16) = 0\n r0 = 0\n exit\n"},
	{"context field in part", "context-field", XDP, "r0 = *(u16 *)(r1 + 12)\n exit\n"},
	{"skb mark", NULL, TC, "r2 = 7\n *(u32 *)(r1 + 8) = r2\n r0 = 0\n exit\n"},
	{"skb len is read only", "context-field", TC,
	 "r2 = 7\n *(u32 *)(r1 + 0) = r2\n r0 = 0\n exit\n"},
	{"skb cb, a byte", NULL, SOCK, "r0 = *(u8 *)(r1 + 50)\n *(u8 *)(r1 + 51) = r0\n exit\n"},
	{"stack", NULL, XDP, "*(u64 *)(r10 - 512) = 1\n r0 = *(u64 *)(r10 - 512)\n exit\n"},
	{"stack too deep", "stack-bounds", XDP, "*(u64 *)(r10 - 520) = 1\n r0 = 0\n exit\n"},
	{"stack above", "stack-bounds", XDP, "*(u64 *)(r10 + 0) = 1\n r0 = 0\n exit\n"},
	{"stack misaligned", "alignment", XDP, "*(u64 *)(r10 - 12) = 1\n r0 = 0\n exit\n"},
	{"stack never written", NULL, XDP, "r0 = *(u64 *)(r10 - 8)\n exit\n"},
	{"stack never written, strict", "stack-uninit", XDP, "r0 = *(u64 *)(r10 - 8)\n exit\n",
	 VERIFY_REFUSE_UNINIT_STACK},
	{"half a pointer", "stack-pointer", XDP, "*(u32 *)(r10 - 8) = r1\n r0 = 0\n exit\n"},
	{"part of a stored pointer", "stack-pointer", XDP,
	 "*(u64 *)(r10 - 8) = r1\n r0 = *(u32 *)(r10 - 8)\n exit\n"},
	{"stored pointer", NULL, XDP,
	 "*(u64 *)(r10 - 8) = r1\n r2 = *(u64 *)(r10 - 8)\n r0 = *(u32 *)(r2 + 12)\n exit\n"},
	{"combined stack", "stack-depth", XDP,
	 "*(u64 *)(r10 - 400) = 0\n call f\n r0 = 0\n exit\n"
	 "f: *(u64 *)(r10 - 128) = 0\n r0 = 0\n exit\n"},
	{"atomic on the packet", "atomic", XDP,
	 PACKET "r4 = r2\n r4 += 8\n if r4 > r3 goto out\n r1 = 1\n"
		"lock *(u64 *)(r2 + 0) += r1\n" OUT},
	{"atomic on a value", NULL, XDP, LOOKUP "r1 = 1\n lock *(u64 *)(r0 + 8) += r1\n" OUT},
	{"atomic, misaligned", "alignment", XDP,
	 LOOKUP "r1 = 1\n lock *(u64 *)(r0 + 4) += r1\n" OUT},
	{"context or stack", "mixed-pointers", XDP,
	 "r6 = r1\n *(u64 *)(r10 - 8) = 0\n r2 = *(u32 *)(r1 + 12)\n if r2 == 0 goto l\n"
	 "r6 = r10\n r6 += -16\n l: r0 = *(u32 *)(r6 + 12)\n exit\n"},
	{"write to constants", "map-read-only", XDP,
	 "r1 = map[rodata]\n *(u64 *)(r10 - 8) = 0\n r2 = r10\n r2 += -8\n call map_lookup_elem\n"
	 "if r0 == 0 goto out\n r1 = 0\n *(u32 *)(r0 + 0) = r1\n" OUT},
	{"read of a write-only map", "map-write-only", XDP,
	 "r1 = map[writeonly]\n *(u64 *)(r10 - 8) = 0\n r2 = r10\n r2 += -8\n"
	 "call map_lookup_elem\n if r0 == 0 goto out\n r0 = *(u32 *)(r0 + 0)\n exit\n" OUT},
	{"update of a prog array", "map-helper", XDP,
	 "r1 = map[progs]\n r2 = r10\n r2 += -8\n r3 = r2\n r4 = 0\n *(u64 *)(r10 - 8) = 0\n"
	 "call map_update_elem\n r0 = 0\n exit\n"},
	{"helper of another hook", "helper-hook", XDP,
	 "r2 = 0\n r3 = 0\n call skb_vlan_push\n r0 = 0\n exit\n"},
	{"helper that does not exist", "helper-unknown", XDP, "call 9999\n r0 = 0\n exit\n"},
	{"GPL helper", "license", XDP, "r1 = 0\n call trace_printk\n r0 = 0\n exit\n", NOT_GPL},
	{"no context", "helper-argument", XDP,
	 "r1 = 0\n r2 = 0\n call xdp_adjust_head\n r0 = 0\n exit\n"},
	{"size without bounds", "size-range", TC,
	 "r6 = *(u32 *)(r1 + 0)\n r2 = 0\n r3 = r10\n r3 += -16\n r4 = r6\n r4 <<= 32\n"
	 "call skb_load_bytes\n r0 = 0\n exit\n"},
	{"size of zero", "zero-size", TC,
	 "r2 = 0\n r3 = r10\n r3 += -16\n r4 = 0\n call skb_load_bytes\n r0 = 0\n exit\n"},
	{"buffer too small", "stack-bounds", TC,
	 "r2 = 0\n r3 = r10\n r3 += -16\n r4 = 17\n call skb_load_bytes\n r0 = 0\n exit\n"},
	{"buffer that fits", NULL, TC,
	 "r2 = 0\n r3 = r10\n r3 += -16\n r4 = 16\n call skb_load_bytes\n"
	 "r0 = *(u64 *)(r10 - 16)\n exit\n",
	 VERIFY_REFUSE_UNINIT_STACK},
	{"record kept", "reference-leak", XDP,
	 "r1 = map[ringbuf]\n r2 = 8\n r3 = 0\n call ringbuf_reserve\n r0 = 0\n exit\n"},
	{"record given back", NULL, XDP,
	 "r1 = map[ringbuf]\n r2 = 8\n r3 = 0\n call ringbuf_reserve\n if r0 == 0 goto out\n"
	 "*(u64 *)(r0 + 0) = 1\n r1 = r0\n r2 = 0\n call ringbuf_submit\n" OUT},
	{"record given back twice", "helper-argument", XDP,
	 "r1 = map[ringbuf]\n r2 = 8\n r3 = 0\n call ringbuf_reserve\n if r0 == 0 goto out\n"
	 "r6 = r0\n r1 = r0\n r2 = 0\n call ringbuf_submit\n r1 = r6\n r2 = 0\n"
	 "call ringbuf_submit\n" OUT},
	{"record used afterwards", "not-a-pointer", XDP,
	 "r1 = map[ringbuf]\n r2 = 8\n r3 = 0\n call ringbuf_reserve\n if r0 == 0 goto out\n"
	 "r6 = r0\n r1 = r0\n r2 = 0\n call ringbuf_submit\n r0 = *(u64 *)(r6 + 0)\n exit\n" OUT},
	{"record, one too far", "bounds", XDP,
	 "r1 = map[ringbuf]\n r2 = 8\n r3 = 0\n call ringbuf_reserve\n if r0 == 0 goto out\n"
	 "*(u64 *)(r0 + 8) = 1\n r1 = r0\n r2 = 0\n call ringbuf_submit\n" OUT},
	{"spin lock in a value without one", "lock", XDP, LOOKUP "r1 = r0\n call spin_lock\n" OUT},
	{"timer in a value without one", "timer", XDP,
	 LOOKUP "r1 = r0\n r2 = map[array]\n r3 = 0\n call timer_init\n" OUT},
	{"no dynptr there", "dynptr", XDP,
	 "r1 = r10\n r1 += -16\n r2 = 0\n call ringbuf_submit_dynptr\n r0 = 0\n exit\n"},
	{"LD_ABS without an skb", "legacy-load", XDP, "r6 = r1\n r0 = *(u8 *)skb[0]\n exit\n"},
	{"LD_ABS", NULL, SOCK, "r6 = r1\n r0 = *(u8 *)skb[0]\n exit\n"},
	{"tail call in a function without BTF", "early-exit", XDP,
	 "call f\n exit\n f: r2 = map[progs]\n r3 = 1\n call tail_call\n r0 = 2\n exit\n"},
	{"division by 0", "division-by-zero", XDP, "r0 = 1\n r0 /= 0\n exit\n"},
	{"shift by 64", "shift-count", XDP, "r0 = 1\n r0 <<= 64\n exit\n"},
	{"endless loop", "infinite-loop", XDP, "r0 = 0\n l: r2 = 1\n if r2 == 1 goto l\n exit\n"},
	{"bounded loop", NULL, XDP, "r0 = 0\n l: r0 += 1\n if r0 < 100 goto l\n exit\n"},
	{"loop without a limit", "too-complex", XDP,
	 "r0 = 0\n l: r0 += 1\n if r0 != -1 goto l\n exit\n"},
	{"recursion", "recursion", XDP, "call f\n exit\n f: call f\n exit\n"},
	{"nine frames", "call-depth", XDP,
	 "call a\n exit\n a: call b\n exit\n b: call c\n exit\n c: call d\n exit\n d: call e\n "
	 "exit\n"
	 "e: call f\n exit\n f: call g\n exit\n g: call h\n exit\n h: r0 = 0\n exit\n"},
	{"eight frames", NULL, XDP,
	 "call a\n exit\n a: call b\n exit\n b: call c\n exit\n c: call d\n exit\n d: call e\n "
	 "exit\n"
	 "e: call f\n exit\n f: call g\n exit\n g: r0 = 0\n exit\n"},
	{"callee writes the caller's stack", NULL, XDP,
	 "r1 = r10\n r1 += -8\n call f\n r0 = *(u64 *)(r10 - 8)\n exit\n"
	 "f: *(u64 *)(r1 + 0) = 5\n r0 = 0\n exit\n",
	 VERIFY_REFUSE_UNINIT_STACK},
	{"callee returns its stack", "stack-pointer", XDP, "call f\n exit\n f: r0 = r10\n exit\n"},
	{"dead code", "unreachable", XDP, "r0 = 0\n exit\n r0 = 1\n exit\n"},
	{"jump into another function", "bad-instruction", XDP,
	 "call f\n goto l\n exit\n f: r0 = 0\n l: exit\n"},
	{"function falls off", "bad-instruction", XDP,
	 "call f\n exit\n f: r0 = 0\n call g\n g: exit\n"},
	{"bpf_loop", NULL, XDP,
	 "*(u64 *)(r10 - 8) = 0\n r1 = 1000\n r2 = subprog[f]\n r3 = r10\n r3 += -8\n r4 = 0\n"
	 "call loop\n r0 = *(u64 *)(r10 - 8)\n exit\n"
	 "f: r3 = *(u64 *)(r2 + 0)\n r3 += 1\n *(u64 *)(r2 + 0) = r3\n r0 = 0\n exit\n"},
	{"callback returns 2", "callback-result", XDP,
	 "r1 = 1000\n r2 = subprog[f]\n r3 = 0\n r4 = 0\n call loop\n r0 = 0\n exit\n"
	 "f: r0 = 2\n exit\n"},
	{"callback runs off a value", "bounds", XDP,
	 LOOKUP "*(u64 *)(r10 - 16) = r0\n r1 = 1000\n r2 = subprog[f]\n r3 = r10\n r3 += -16\n"
		"r4 = 0\n call loop\n" OUT
		"f: r3 = *(u64 *)(r2 + 0)\n r3 += 1\n *(u64 *)(r2 + 0) = r3\n"
		"r4 = *(u8 *)(r3 + 0)\n r0 = 0\n exit\n"},
	{"tail call", NULL, XDP, "r2 = map[progs]\n r3 = 1\n call tail_call\n r0 = 2\n exit\n"},
	{"kernel function", "kfunc", XDP, "call kernel-function 7\n r0 = 0\n exit\n"},
	{"packet pointer to a helper that takes none", "helper-packet", TC,
	 "r2 = *(u32 *)(r1 + 76)\n r3 = *(u32 *)(r1 + 80)\n r4 = r2\n r4 += 16\n"
	 "if r4 > r3 goto out\n r3 = r2\n r2 = 0\n r4 = 4\n call skb_load_bytes\n" OUT},
	{"record released by a moved pointer", "pointer-offset", XDP,
	 "r1 = map[ringbuf]\n r2 = 16\n r3 = 0\n call ringbuf_reserve\n if r0 == 0 goto out\n"
	 "r1 = r0\n r1 += 8\n r2 = 0\n call ringbuf_submit\n" OUT},
	{"constant in read-only data decides", NULL, XDP,
	 "r1 = map[rodata][0]\n r0 = *(u32 *)(r1 + 0)\n if r0 == 42 goto l\n r0 = *(u64 *)(r0 + "
	 "0)\n"
	 "l: exit\n"},
};

struct run {
	struct verify_input in;
	struct verify_result result;
	struct skep_diag *diag;
	struct skep_insn *insns;
	int err;
};

/* `call kernel-function N` and `map[NAME][0]` are no assembler syntax: patched in. */
static void verify_text(struct run *run, const struct program *program, u32 log_level)
{
	memset(run, 0, sizeof(*run));
	run->diag = skep_diag_new();
	if (strstr(program->text, "kernel-function")) {
		static const struct skep_insn insns[] = {{0x85, 0, 2, 0, 7}, {0xb7}, {0x95}};

		run->insns = malloc(sizeof(insns));
		memcpy(run->insns, insns, sizeof(insns));
		run->in.nr_insns = ARRAY_SIZE(insns);
	} else if (insn_assemble(program->text, map_index, NULL, &run->insns, &run->in.nr_insns,
				 run->diag)) {
		fail_msg("%s: %s", program->name, skep_diag_problem(run->diag));
	}
	run->in.name = program->name;
	run->in.insns = run->insns;
	run->in.prog_type = program->prog_type;
	run->in.maps = maps;
	run->in.nr_maps = ARRAY_SIZE(maps);
	run->in.log_level = log_level;
	run->in.flags = program->flags & NOT_GPL ? 0 : program->flags | VERIFY_GPL;
	run->err = verify_program(&run->in, &run->result, run->diag);
}

static void run_release(struct run *run)
{
	verify_result_free(&run->result);
	skep_diag_free(run->diag);
	free(run->insns);
}

static void test_programs(void **state)
{
	u32 wrong = 0;

	for (u32 i = 0; i < ARRAY_SIZE(programs); i++) {
		const struct program *program = &programs[i];
		const char *rule;
		struct run run;

		verify_text(&run, program, 0);
		rule = run.err ? run.diag->rule : NULL;
		assert_int_equal(run.result.accepted, !run.err);
		if (!program->rule != !run.err || (rule && strcmp(rule, program->rule))) {
			print_message("# %s: expected %s, got %s: %s\n", program->name,
				      program->rule ? program->rule : "acceptance",
				      run.err ? (rule ? rule : "no rule") : "acceptance",
				      skep_diag_problem(run.diag));
			wrong++;
		}
		if (run.err) { /* a rejection always says what to do about it */
			assert_non_null(run.diag->category);
			assert_non_null(run.diag->suggestion);
			assert_int_equal(skep_diag_exit(run.diag), SKEP_EXIT_REJECTED);
			assert_null(run.result.facts);
		}
		run_release(&run);
	}
	assert_int_equal(wrong, 0);
}

/* Rules that other layers check first, or that need BTF, thousands of instructions or a target. */
static bool has_case_elsewhere(const char *rule)
{
	static const char *const elsewhere[] = {
		"packet-read-only",  "read-only",
		"special-field",     "helper-unsupported",
		"too-many-branches", "too-many-functions",
		"signature",         "jump-out-of-function",
		"falls-off",         "bad-map",
		"bad-program",       "target",
		"release",           "stack-uninit",
	};

	for (u32 i = 0; i < ARRAY_SIZE(elsewhere); i++)
		if (!strcmp(rule, elsewhere[i]))
			return true;
	return false;
}

static void test_every_rule_has_a_case(void **state)
{
	u32 nr;
	const struct verify_rule *rules = verify_rule_list(&nr);

	for (u32 i = 0; i < nr; i++) {
		bool found = has_case_elsewhere(rules[i].name);

		for (u32 j = 0; j < ARRAY_SIZE(programs) && !found; j++)
			found = programs[j].rule && !strcmp(programs[j].rule, rules[i].name);
		if (!found)
			fail_msg("no program breaks rule %s", rules[i].name);
		assert_ptr_equal(verify_rule_find(rules[i].name), &rules[i]);
	}
	assert_null(verify_rule_find("no-such-rule"));
}

static void test_facts(void **state)
{
	static const struct program program = {"facts", NULL, XDP,
					       "*(u64 *)(r10 - 8) = 2\n" /* 0 */
					       "r2 = r10\n"              /* 1 */
					       "r2 += -8\n"              /* 2 */
					       "r1 = map[array]\n"       /* 3, 4 */
					       "call map_lookup_elem\n"  /* 5 */
					       "r1 = *(u32 *)(r0 + 4)\n" /* 6 */
					       "w1 &= 7\n"               /* 7 */
					       "if r1 > 7 goto l\n"      /* 8 */
					       "r0 = r1\n"               /* 9 */
					       "exit\n"                  /* 10 */
					       "l: r0 = 9\n"             /* 11 */
					       "exit\n"};
	const struct insn_facts *insns;
	struct buf text = {0};
	struct run run;

	verify_text(&run, &program, 0);
	assert_int_equal(run.err, 0);
	insns = run.result.facts->insns;
	assert_true(insns[5].const_key);
	assert_int_equal(insns[5].const_key_value, 2);
	assert_int_equal(insns[5].map, 1);
	assert_int_equal(insns[6].src.kind, VALUE_MAP_VALUE);
	assert_int_equal(insns[6].src.map, 1);
	assert_int_equal(insns[6].alignment, 4);
	assert_true(insns[7].zext);
	assert_int_equal(insns[8].branches, BRANCH_FALLS);
	assert_int_equal(insns[8].dst.num.umax, 7);
	assert_false(insns[11].reached);
	assert_int_equal(run.result.facts->max_stack, 16);
	assert_int_equal(run.result.stats.insns, 10);
	verify_facts_print(&text, &run.in, run.result.facts);
	assert_contains(buf_text(&text), "key=2");
	assert_contains(buf_text(&text), "always falls through");
	assert_contains(buf_text(&text), "dead");
	buf_free(&text);
	run_release(&run);
}

static void test_explanation(void **state)
{
	static const struct program program = {
		"path", "packet-bounds", XDP,
		PACKET
		"r4 = r2\n r4 += 14\n if r4 > r3 goto out\n r0 = *(u16 *)(r2 + 13)\n exit\n" OUT};
	struct run run;
	char *text = NULL;
	size_t len;
	FILE *f;

	verify_text(&run, &program, 2);
	f = open_memstream(&text, &len);
	skep_diag_print(run.diag, f);
	fclose(f);
	assert_string_equal(
		text,
		"memory safety: access of 2 bytes through r2, a pointer into the packet, before it "
		"is "
		"shown that they are there\n"
		"  symbol path\n"
		"  instruction 5: r0 = *(u16 *)(r2 + 13)\n"
		"  path: 4: if r4 > r3 goto +2: false\n"
		"  proven: 14 bytes from its base on are inside the packet\n"
		"  needed: 15 bytes\n"
		"  try:    before: if ((void *)(header + 1) > data_end) return ...; with pointers "
		"loaded after the last helper that changes packets\n"
		"  rule:   packet-bounds (skep explain packet-bounds)\n");
	assert_contains(buf_text(&run.result.log), "R2=pkt(r=14)");
	free(text);
	run_release(&run);
}

static int refuse_seven(void *arg, u32 at, struct skep_diag *diag)
{
	return at == 1 ? diag_fail(diag, -EOPNOTSUPP, "no exits here") : 0;
}

static void test_target_refuses(void **state)
{
	static const struct program program = {"target", NULL, XDP, "r0 = 0\n exit\n"};
	struct verify_result result;
	struct run run;

	verify_text(&run, &program, 0);
	run.in.check_insn = refuse_seven;
	assert_int_equal(verify_program(&run.in, &result, run.diag), -EOPNOTSUPP);
	assert_string_equal(skep_diag_problem(run.diag), "no exits here");
	verify_result_free(&result);
	run_release(&run);
}

/* Time grows with the length of the program, not its square. */
static void test_long_straight_line(void **state)
{
	u32 nr = 200000;
	struct skep_insn *insns = calloc(nr, sizeof(*insns));
	struct verify_input in = {.name = "long", .insns = insns, .nr_insns = nr, .prog_type = XDP};
	struct verify_result result;

	for (u32 i = 0; i < nr; i++)
		insns[i] = (struct skep_insn){i ? 0x07 : 0xb7, 0, 0, 0, 1};
	insns[nr - 1] = (struct skep_insn){0x95};
	assert_int_equal(verify_program(&in, &result, NULL), 0);
	assert_int_equal(result.stats.insns, nr);
	verify_result_free(&result);
	free(insns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_programs),       cmocka_unit_test(test_every_rule_has_a_case),
		cmocka_unit_test(test_facts),          cmocka_unit_test(test_explanation),
		cmocka_unit_test(test_target_refuses), cmocka_unit_test(test_long_straight_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
