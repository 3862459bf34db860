/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Well-formedness: what is refused, and that the message names field and value. */
#include "../test.h"

#include <errno.h>
#include <stdlib.h>

#include "base/diag.h"
#include "insn/insn.h"

struct refusal {
	struct skep_insn insn;
	const char *problem;
};

static const struct refusal refusals[] = {
	{{.code = 0xff}, "unknown opcode 0xff"},
	{{.code = 0x00}, "opcode 0x00 is only the second slot of a wide immediate"},
	{{.code = 0x8c}, "unknown opcode 0x8c"},
	{{.code = 0x37, .off = 2}, "field off of opcode 0x37 holds 2, which names no operation"},
	{{.code = 0xbc, .off = 32}, "field off of opcode 0xbc holds 32, which names no operation"},
	{{.code = 0xd4, .imm = 24}, "field imm of opcode 0xd4 holds 24, which names no operation"},
	{{.code = 0xdb, .imm = 0x10},
	 "field imm of opcode 0xdb holds 16, which names no operation"},
	{{.code = 0x85, .src = 3}, "field src of opcode 0x85 holds 3, which names no operation"},
	{{.code = 0x18, .src = 7}, "field src of opcode 0x18 holds 7, which names no operation"},
	{{.code = 0x07, .dst = 11}, "field dst names register 11, but there are r0 to r10"},
	{{.code = 0x61, .src = 15}, "field src names register 15, but there are r0 to r10"},
	{{.code = 0x07, .off = -1},
	 "field off holds -1, but ADD64_IMM does not use it: it must be 0"},
	{{.code = 0x07, .src = 1},
	 "field src holds 1, but ADD64_IMM does not use it: it must be 0"},
	{{.code = 0x0f, .imm = 5},
	 "field imm holds 5, but ADD64_REG does not use it: it must be 0"},
	{{.code = 0x95, .dst = 1}, "field dst holds 1, but EXIT does not use it: it must be 0"},
	{{.code = 0x85, .off = 1, .imm = 5},
	 "field off holds 1, but CALL_HELPER does not use it: it must be 0"},
	{{.code = 0x18}, "LD_IMM64 takes two slots, but the program ends after the first"},
};

static void test_single_instructions(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		struct skep_diag *diag = skep_diag_new();

		assert_int_equal(insn_check(&refusals[i].insn, 1, 0, diag), -EINVAL);
		assert_string_equal(skep_diag_problem(diag), refusals[i].problem);
		assert_int_equal(diag->insn, 0);
		assert_non_null(diag->insn_text);
		assert_int_equal(insn_check(&refusals[i].insn, 1, 0, NULL), -EINVAL);
		skep_diag_free(diag);
	}
}

/* problem NULL: the program is well-formed. */
static void check_program(const char *text, s64 insn, const char *problem)
{
	struct skep_diag *diag = skep_diag_new();
	struct skep_insn *insns;
	u32 nr;

	assert_int_equal(insn_assemble(text, NULL, NULL, &insns, &nr, NULL), 0);
	assert_int_equal(insn_check_program(insns, nr, diag), problem ? -EINVAL : 0);
	assert_string_equal(skep_diag_problem(diag), problem ? problem : "");
	if (problem)
		assert_int_equal(diag->insn, insn);
	free(insns);
	skep_diag_free(diag);
}

static void test_programs(void **state)
{
	check_program("r0 = 0\nexit", 0, NULL);
	check_program("x: goto x", 0, NULL);
	check_program("x: r0 = 0\ngotol x", 0, NULL);
	check_program("call f\nexit\nf: r0 = 1\nexit", 0, NULL);
	check_program("r1 = subprog[f]\nr0 = 0\nexit\nf: r0 = 1\nexit", 0, NULL);
	check_program("r0 = 0", 0,
		      "the function falls off its end: instruction 0 is neither exit nor a jump");
	check_program("r0 = 1 ll", 0,
		      "the function falls off its end: instruction 0 is neither exit nor a jump");
	check_program("if r1 == 0 goto +1\nexit", 0,
		      "field off leads to instruction 2, outside of the program's 2");
	check_program("goto -2\nexit", 0,
		      "field off leads to instruction -1, outside of the program's 2");
	check_program("gotol +2147483647\nexit", 0,
		      "field imm leads to instruction 2147483648, outside of the program's 2");
	check_program("goto +1\nr1 = 0 ll\nexit", 0,
		      "field off leads to instruction 2, the second slot of a wide immediate");
	check_program("call pc+7\nexit", 0,
		      "field imm leads to instruction 8, outside of the program's 2");
	check_program("call f\nexit\nf: r0 = 1\nif r0 == 1 goto -3\nexit", 3,
		      "jump to instruction 1 leaves its function, which is 2 to 4");
	check_program("call f\nr0 = 0\nf: r0 = 1\nexit", 1,
		      "the function falls off its end: instruction 1 is neither exit nor a jump");
}

static void test_second_slot(void **state)
{
	static const struct skep_insn bad[] = {{0x18, 1, 0, 0, 1}, {0, 0, 0, 4, 0}};
	static const struct skep_insn unclean[] = {{0x18, 1, 5, 0, 1}, {0, 0, 0, 0, 9}};
	struct skep_diag *diag = skep_diag_new();

	assert_int_equal(insn_check(bad, 2, 0, diag), -EINVAL);
	assert_string_equal(skep_diag_problem(diag), "second slot of LD_IMM64: code 0x00, dst 0, "
						     "src 0, off 4 must be 0");
	skep_diag_free(diag);
	diag = skep_diag_new();
	assert_int_equal(insn_check(unclean, 2, 0, diag), -EINVAL);
	assert_string_equal(skep_diag_problem(diag), "field imm of the second slot holds 9, but "
						     "LD_MAP_IDX does not use it: it must be 0");
	skep_diag_free(diag);
}

static void test_no_and_too_many_instructions(void **state)
{
	struct skep_diag *diag = skep_diag_new();
	struct skep_insn insn = {.code = 0x95};

	assert_int_equal(insn_check_program(&insn, 0, diag), -EINVAL);
	assert_string_equal(skep_diag_problem(diag), "the program has no instructions");
	assert_int_equal(insn_check_program(&insn, SKEP_MAX_INSNS + 1, NULL), -EINVAL);
	assert_int_equal(insn_check(&insn, 1, 1, NULL), -EINVAL);
	skep_diag_free(diag);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_single_instructions),
		cmocka_unit_test(test_programs),
		cmocka_unit_test(test_second_slot),
		cmocka_unit_test(test_no_and_too_many_instructions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
