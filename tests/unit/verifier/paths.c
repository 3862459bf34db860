/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Ways through a program that are easily forgotten: functions that end in their middle, tail calls
 * that fail, writes to constants behind the program's back, paths that end in an old state. Random
 * programs found a hole in each; every case here fails without its repair.
 */
#include "../test.h"

#include <bpf/btf.h>
#include <linux/bpf.h>
#include <stdlib.h>

#include "base/diag.h"
#include "insn/insn.h"
#include "verifier/verify.h"

#define XDP BPF_PROG_TYPE_XDP
#define SOCK BPF_PROG_TYPE_SOCKET_FILTER
#define PACKET "r2 = *(u32 *)(r1 + 0)\n r3 = *(u32 *)(r1 + 4)\n"
#define TAIL_CALL "r2 = map[progs]\n r3 = 1\n call tail_call\n"

static struct object_map maps[] = {
	{.def = {"progs", SKEP_MAP_PROG_ARRAY, 4, 4, 8}},
	{.def = {"constants", SKEP_MAP_HASH, 8, 8, 4, SKEP_F_RDONLY_PROG}},
	{.def = {"queue", SKEP_MAP_QUEUE, 0, 8, 4, SKEP_F_RDONLY_PROG}},
	{.def = {"tables", SKEP_MAP_ARRAY_OF_MAPS, 4, 4, 4}},
};

struct program {
	const char *name, *rule; /* rule NULL: accepted */
	u32 prog_type;
	const char *text;
	u32 flags;
};

/* r0 = 4 bytes of a value of the first map in `tables` */
#define INNER_LOOKUP(off)                                                                          \
	"*(u64 *)(r10 - 8) = 0\n r2 = r10\n r2 += -8\n r1 = map[tables]\n call map_lookup_elem\n"  \
	"if r0 == 0 goto out\n r1 = r0\n r2 = r10\n r2 += -8\n call map_lookup_elem\n"             \
	"if r0 == 0 goto out\n r0 = *(u32 *)(r0 + " off ")\n exit\n out: r0 = 0\n exit\n"

static const struct program programs[] = {
	{"update of constants", "map-read-only", XDP,
	 "r1 = map[constants]\n *(u64 *)(r10 - 8) = 0\n r2 = r10\n r2 += -8\n r3 = r2\n r4 = 0\n"
	 "call map_update_elem\n r0 = 0\n exit\n"},
	{"removal of constants", "map-read-only", XDP,
	 "r1 = map[constants]\n *(u64 *)(r10 - 8) = 0\n r2 = r10\n r2 += -8\n"
	 "call map_delete_elem\n r0 = 0\n exit\n"},
	{"look-up of constants", NULL, XDP,
	 "r1 = map[constants]\n *(u64 *)(r10 - 8) = 0\n r2 = r10\n r2 += -8\n"
	 "call map_lookup_elem\n if r0 == 0 goto out\n r0 = *(u64 *)(r0 + 0)\n exit\n"
	 "out: r0 = 0\n exit\n"},
	{"push to constants", "map-read-only", XDP,
	 "r1 = map[queue]\n *(u64 *)(r10 - 8) = 0\n r2 = r10\n r2 += -8\n r3 = 0\n"
	 "call map_push_elem\n r0 = 0\n exit\n"},
	{"pop of constants", "map-read-only", XDP,
	 "r1 = map[queue]\n r2 = r10\n r2 += -8\n call map_pop_elem\n r0 = 0\n exit\n"},
	{"peek at constants", NULL, XDP,
	 "r1 = map[queue]\n r2 = r10\n r2 += -8\n call map_peek_elem\n r0 = 0\n exit\n"},
	{"maps of no known kind", "bad-map", XDP, INNER_LOOKUP("4")},
	{"maps of the kind assumed", NULL, XDP, INNER_LOOKUP("4"), VERIFY_ASSUME_INNER},
	{"behind the value assumed", "bounds", XDP, INNER_LOOKUP("8"), VERIFY_ASSUME_INNER},
	{"r0 after a tail call", "uninit-register", XDP, TAIL_CALL "exit\n"},
	{"packet after a tail call that failed", NULL, XDP,
	 "r6 = r1\n" PACKET "r7 = r2\n r2 += 1\n if r2 > r3 goto out\n r1 = r6\n" TAIL_CALL
	 "r0 = *(u8 *)(r7 + 0)\n exit\n out: r0 = 0\n exit\n"},
	{"packet after a function with a tail call", "not-a-pointer", XDP,
	 "r6 = r1\n" PACKET "r7 = r2\n r2 += 1\n if r2 > r3 goto out\n r1 = r6\n call f\n"
	 "r0 = *(u8 *)(r7 + 0)\n exit\n out: r0 = 0\n exit\n"
	 "f: " TAIL_CALL "r0 = 0\n exit\n"},
	{"what follows a tail call was not done", "stack-pointer", XDP,
	 "r6 = r1\n r2 = r10\n r2 += -8\n *(u64 *)(r10 - 8) = r1\n *(u64 *)(r10 - 16) = r2\n"
	 "call f\n r0 = *(u32 *)(r10 - 8)\n exit\n"
	 "f: r6 = r2\n" TAIL_CALL "*(u64 *)(r6 + 0) = 1\n r0 = 0\n exit\n"},
	{"what precedes a tail call was done", NULL, XDP,
	 "r6 = r1\n r2 = r10\n r2 += -8\n *(u64 *)(r10 - 8) = r1\n call f\n"
	 "r0 = *(u32 *)(r10 - 8)\n exit\n"
	 "f: *(u64 *)(r2 + 0) = 1\n" TAIL_CALL "r0 = 0\n exit\n"},
	{"what follows LD_ABS was not done", "stack-pointer", SOCK,
	 "r2 = r10\n r2 += -8\n *(u64 *)(r10 - 8) = r1\n call f\n"
	 "r0 = *(u32 *)(r10 - 8)\n exit\n"
	 "f: r6 = r1\n r7 = r2\n r0 = *(u8 *)skb[0]\n *(u64 *)(r7 + 0) = 1\n r0 = 1\n exit\n"},
	{"where LD_ABS fails the function returns 0", NULL, SOCK,
	 "r2 = r10\n r2 += -8\n *(u64 *)(r10 - 8) = r1\n call f\n if r0 == 0 goto out\n"
	 "r0 = *(u32 *)(r10 - 8)\n exit\n out: r0 = 0\n exit\n"
	 "f: r6 = r1\n r7 = r2\n r0 = *(u8 *)skb[0]\n *(u64 *)(r7 + 0) = 1\n r0 = 1\n exit\n"},
};

struct run {
	struct verify_input in;
	struct verify_result result;
	struct skep_diag *diag;
	struct skep_insn *insns;
	struct object_func funcs[2];
	struct btf *btf;
	int err;
};

static int map_index(void *arg, const char *name)
{
	for (u32 i = 0; i < ARRAY_SIZE(maps); i++)
		if (!strcmp(maps[i].def.name, name))
			return (int)i;
	return -1;
}

/* One callee, where the first call leads, that BTF says returns int. */
static void describe_callee(struct run *run)
{
	int number, proto, func;

	run->btf = btf__new_empty();
	assert_non_null(run->btf);
	number = btf__add_int(run->btf, "int", 4, BTF_INT_SIGNED);
	proto = btf__add_func_proto(run->btf, number);
	func = btf__add_func(run->btf, "f", BTF_FUNC_STATIC, proto);
	assert_true(func > 0);
	run->funcs[0] = (struct object_func){.name = "main"};
	run->in.funcs = run->funcs;
	run->in.nr_funcs = 1;
	for (u32 i = 0; i < run->in.nr_insns; i++) {
		const struct skep_insn *insn = &run->insns[i];

		if (insn->code != 0x85 || insn->src != BPF_PSEUDO_CALL)
			continue;
		run->in.nr_funcs = 2;
		run->funcs[1] = (struct object_func){
			.name = "f", .insn = i + 1 + (u32)insn->imm, .btf_type_id = (u32)func};
	}
	run->in.btf = run->btf;
}

static void run_text(struct run *run, const struct program *program)
{
	memset(run, 0, sizeof(*run));
	run->diag = skep_diag_new();
	if (insn_assemble(program->text, map_index, NULL, &run->insns, &run->in.nr_insns,
			  run->diag))
		fail_msg("%s: %s", program->name, skep_diag_problem(run->diag));
	describe_callee(run);
	run->in.name = program->name;
	run->in.insns = run->insns;
	run->in.prog_type = program->prog_type;
	run->in.maps = maps;
	run->in.nr_maps = ARRAY_SIZE(maps);
	run->in.flags = VERIFY_GPL | program->flags;
	run->err = verify_program(&run->in, &run->result, run->diag);
}

static void run_release(struct run *run)
{
	verify_result_free(&run->result);
	skep_diag_free(run->diag);
	btf__free(run->btf);
	free(run->insns);
}

static void test_programs(void **state)
{
	u32 wrong = 0;

	for (u32 i = 0; i < ARRAY_SIZE(programs); i++) {
		const struct program *program = &programs[i];
		const char *rule;
		struct run run;

		run_text(&run, program);
		rule = run.err ? run.diag->rule : "acceptance";
		if (strcmp(rule, program->rule ? program->rule : "acceptance")) {
			print_message("# %s: expected %s, got %s: %s\n", program->name,
				      program->rule ? program->rule : "acceptance", rule,
				      skep_diag_problem(run.diag));
			wrong++;
		}
		run_release(&run);
	}
	assert_int_equal(wrong, 0);
}

/* r7 is 3 on the path that is walked on, and 5 on the one that ends in its state. */
static void test_facts_after_pruning(void **state)
{
	static const struct program program = {
		"pruned", NULL, XDP,
		"r2 = *(u32 *)(r1 + 12)\n"
		"r7 = 5\n if r2 == 0 goto l\n r7 = 3\n"
		"l: r2 = 0\n r9 = 0\n r9 = 1\n r9 = 2\n r9 = 3\n r9 = 4\n r9 = 5\n"
		"if r9 == 4 goto m\n if r9 == 3 goto m\n" /* 11, 12: states are kept */
		"m: r8 = r7\n"                            /* 13 */
		"r8 += 1\n"                               /* 14 */
		"r0 = r8\n"                               /* 15 */
		"exit\n"};
	const struct insn_facts *insns;
	struct run run;

	run_text(&run, &program);
	assert_int_equal(run.err, 0);
	insns = run.result.facts->insns;
	for (u32 at = 13; at <= 15; at++) {
		const struct value_facts *value = at == 14 ? &insns[at].dst : &insns[at].src;
		u64 add = at == 15;

		assert_int_equal(value->kind, VALUE_SCALAR);
		assert_in_range(3 + add, value->num.umin, value->num.umax);
		assert_in_range(5 + add, value->num.umin, value->num.umax);
	}
	run_release(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_programs),
		cmocka_unit_test(test_facts_after_pruning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
