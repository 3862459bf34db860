/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Printing and assembling: each undoes the other, and refusals say what is wrong. */
#include "../test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/diag.h"
#include "insn/insn.h"

static const s32 imms[] = {0, 1, -1, 255, -128, 0x7fffffff, -0x7fffffff - 1};
static const s16 offs[] = {0, 1, -1, 4, -512, 32767, -32768};

/* One instruction of a row whose fields hold what the row lets vary. */
static u32 fill_row(const struct insn_desc *desc, u32 i, struct skep_insn insns[2])
{
	struct skep_insn *insn = &insns[0];

	memset(insns, 0, 2 * sizeof(*insns));
	insn->code = desc->code;
	if (desc->flags & (INSN_READS_DST | INSN_WRITES_DST))
		insn->dst = (i + 3) % SKEP_MAX_REG;
	if (desc->flags & (INSN_READS_SRC | INSN_WRITES_SRC))
		insn->src = (i + 10) % SKEP_MAX_REG;
	if (desc->flags & (INSN_USES_OFF | INSN_TARGET_OFF))
		insn->off = offs[i];
	if (desc->flags & (INSN_USES_IMM | INSN_TARGET_IMM))
		insn->imm = imms[i];
	if (desc->flags & INSN_USES_NEXT)
		insns[1].imm = imms[ARRAY_SIZE(imms) - 1 - i];
	if (desc->field == INSN_FIELD_OFF)
		insn->off = (s16)desc->value;
	else if (desc->field == INSN_FIELD_IMM)
		insn->imm = desc->value;
	else if (desc->field == INSN_FIELD_SRC)
		insn->src = desc->value & 0xf;
	return desc->slots;
}

static void check_round_trip(const struct skep_insn *insns, u32 nr)
{
	struct skep_diag *diag = skep_diag_new();
	struct skep_insn *again = NULL;
	struct buf text = {};
	u32 nr_again = 0;

	insn_print(&text, insns, nr, 0, NULL);
	if (insn_assemble(buf_text(&text), NULL, NULL, &again, &nr_again, diag))
		fail_msg("%s", skep_diag_problem(diag));
	assert_int_equal(nr_again, nr);
	if (memcmp(again, insns, nr * sizeof(*insns)) != 0)
		fail_msg("'%s' is another instruction when assembled", buf_text(&text));
	free(again);
	buf_free(&text);
	skep_diag_free(diag);
}

static void test_every_row_survives_print_and_assemble(void **state)
{
	struct skep_insn insns[2];

	for (u32 id = 1; id < INSN_ID_MAX; id++) {
		for (u32 i = 0; i < ARRAY_SIZE(imms); i++) {
			u32 nr = fill_row(&insn_descs[id], i, insns);

			assert_int_equal(insn_decode(insns), id);
			assert_int_equal(insn_check(insns, nr, 0, NULL), 0);
			check_round_trip(insns, nr);
		}
	}
}

static void test_two_rows_never_print_the_same(void **state)
{
	struct buf texts[INSN_ID_MAX] = {};
	struct skep_insn insns[2];

	for (u32 id = 1; id < INSN_ID_MAX; id++) {
		u32 nr = fill_row(&insn_descs[id], 1, insns);

		insn_print(&texts[id], insns, nr, 0, NULL);
		for (u32 other = 1; other < id; other++)
			assert_string_not_equal(buf_text(&texts[id]), buf_text(&texts[other]));
	}
	for (u32 id = 1; id < INSN_ID_MAX; id++)
		buf_free(&texts[id]);
}

static void test_slots_that_mean_nothing_are_bytes(void **state)
{
	struct skep_insn insn = {.code = 0x8f, .dst = 2, .src = 1, .off = 3, .imm = 0x01020304};
	struct skep_insn half = {.code = 0x18, .imm = 7};
	struct buf text = {};

	insn_print(&text, &insn, 1, 0, NULL);
	assert_string_equal(buf_text(&text), "(8f) 8f 12 03 00 04 03 02 01");
	check_round_trip(&insn, 1);
	check_round_trip(&half, 1);
	buf_free(&text);
}

static const char *some_helper(void *arg, s32 id)
{
	return id == 7 ? "my_random" : NULL;
}

static const char *some_map(void *arg, s32 fd_or_index)
{
	return fd_or_index == 3 ? "flows" : NULL;
}

static const char *some_func(void *arg, u32 insn)
{
	return insn == 3 ? "parse" : NULL;
}

static void check_named(struct skep_insn insn, const char *expected)
{
	const struct insn_names names = {some_helper, some_map, some_func, NULL};
	struct skep_insn insns[2] = {insn};
	struct buf text = {};

	insn_print(&text, insns, 2, 0, &names);
	assert_string_equal(buf_text(&text), expected);
	buf_free(&text);
}

static void test_names_in_listings(void **state)
{
	check_named((struct skep_insn){.code = 0x85, .imm = 7}, "call my_random#7");
	check_named((struct skep_insn){.code = 0x85, .imm = 1}, "call bpf_map_lookup_elem#1");
	check_named((struct skep_insn){.code = 0x85, .imm = 999}, "call unknown#999");
	check_named((struct skep_insn){.code = 0x85, .src = 1, .imm = 2}, "call pc+2#parse");
	check_named((struct skep_insn){.code = 0x85, .src = 1, .imm = -3}, "call pc-3");
	check_named((struct skep_insn){.code = 0x85, .src = 2, .imm = 9, .off = 1},
		    "call kernel-function#9:1");
	check_named((struct skep_insn){.code = 0x18, .src = 5, .imm = 3}, "r0 = map[flows]");
	check_named((struct skep_insn){.code = 0x18, .src = 6, .imm = 4}, "r0 = map[idx:4][0]+0");
}

static int some_index(void *arg, const char *name)
{
	return strcmp(name, "flows") == 0 ? 3 : -1;
}

static void test_labels_comments_numbers_names(void **state)
{
	static const char text[] = "# a comment\n"
				   "start: r1 = 0x10 // sixteen\n"
				   "\tr2 = map[flows]\t# two slots\n"
				   "  r3 = 0x1122334455667788 ll ; and two more\n"
				   "loop:\n"
				   "r1 -= 1; if it is over\n"
				   "if r1 != 0 goto loop\n"
				   "call trace_printk\n"
				   "call bpf_loop#181\n"
				   "call loop\n"
				   "gotol end\n"
				   "w4 = *(u32 *)(r1)\n"
				   " 12: (63) *(u32 *)(r10 -4) = w4\n"
				   "*(u8 *)(r1 + 0x4) = -1\n"
				   "end: out: exit\n";
	static const struct skep_insn expected[] = {
		{0xb7, 1, 0, 0, 16},         {0x18, 2, 5, 0, 3},       {0, 0, 0, 0, 0},
		{0x18, 3, 0, 0, 0x55667788}, {0, 0, 0, 0, 0x11223344}, {0x17, 1, 0, 0, 1},
		{0x55, 1, 0, -2, 0},         {0x85, 0, 0, 0, 6},       {0x85, 0, 0, 0, 181},
		{0x85, 0, 1, 0, -5},         {0x06, 0, 0, 0, 3},       {0x61, 4, 1, 0, 0},
		{0x63, 10, 4, -4, 0},        {0x72, 1, 0, 4, -1},      {0x95, 0, 0, 0, 0},
	};
	struct skep_diag *diag = skep_diag_new();
	struct skep_insn *insns = NULL;
	u32 nr = 0;

	if (insn_assemble(text, some_index, NULL, &insns, &nr, diag))
		fail_msg("%s", skep_diag_problem(diag));
	assert_int_equal(nr, ARRAY_SIZE(expected));
	assert_memory_equal(insns, expected, sizeof(expected));
	free(insns);
	skep_diag_free(diag);
}

static void check_refused(const char *text, const char *problem, const char *suggestion)
{
	struct skep_diag *diag = skep_diag_new();
	struct skep_insn *insns = NULL;
	u32 nr = 77;

	assert_int_equal(insn_assemble(text, NULL, NULL, &insns, &nr, diag), -EINVAL);
	assert_string_equal(skep_diag_problem(diag), problem);
	if (suggestion)
		assert_string_equal(diag->suggestion, suggestion);
	else
		assert_null(diag->suggestion);
	assert_null(insns);
	assert_int_equal(nr, 77);
	assert_int_equal(insn_assemble(text, NULL, NULL, &insns, &nr, NULL), -EINVAL);
	skep_diag_free(diag);
}

static void test_refusals_name_line_and_reason(void **state)
{
	check_refused("exit\nr1 = r12\n",
		      "line 2: 'r1 = r12': 'r12' is no register: there are r0 to r10", NULL);
	check_refused("r1 += 5000000000",
		      "line 1: 'r1 += 5000000000': '5000000000' does not fit "
		      "in 32 bits",
		      NULL);
	check_refused("r1 = 5000000000",
		      "line 1: 'r1 = 5000000000': it ends too early for LD_IMM64", NULL);
	check_refused("call map_lokup_elem",
		      "line 1: 'call map_lokup_elem': there is no helper "
		      "and no label 'map_lokup_elem'",
		      "did you mean 'map_lookup_elem'?");
	check_refused("goto foo", "line 1: 'goto foo': there is no label 'foo'", NULL);
	check_refused("goto +40000", "line 1: 'goto +40000': '+40000' does not fit in 16 bits",
		      NULL);
	check_refused("goto +18446744073709551615",
		      "line 1: 'goto +18446744073709551615': '+18446744073709551615' does not fit "
		      "in 16 bits",
		      NULL);
	check_refused("r1 = be16 r2",
		      "line 1: 'r1 = be16 r2': register r2 must be register 1 again", NULL);
	check_refused("x:\nx: exit", "line 2: label 'x' stands here a second time", NULL);
	check_refused("r1 = map[flows]", "line 1: 'r1 = map[flows]': there is no map 'flows'",
		      NULL);
	check_refused("r1 = 5 6", "line 1: 'r1 = 5 6': '6' is not understood", NULL);
	check_refused("w1 = *(u64 *)(r2 + 0)",
		      "line 1: 'w1 = *(u64 *)(r2 + 0)': 'u64 *)(r2 + 0)' is not understood", NULL);
	check_refused("frob", "line 1: 'frob': 'frob' is not understood", NULL);
	check_refused("# nothing\n\n", "the text has no instructions", NULL);
}

static void test_far_label(void **state)
{
	struct buf text = {};

	buf_printf(&text, "goto end\n");
	for (u32 i = 0; i < 32768; i++)
		buf_printf(&text, "r0 = 0\n");
	buf_printf(&text, "end: exit\n");
	check_refused(buf_text(&text),
		      "line 1: label 'end' is 32768 instructions away, which 16 "
		      "bits cannot say",
		      NULL);
	buf_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_row_survives_print_and_assemble),
		cmocka_unit_test(test_two_rows_never_print_the_same),
		cmocka_unit_test(test_slots_that_mean_nothing_are_bytes),
		cmocka_unit_test(test_names_in_listings),
		cmocka_unit_test(test_labels_comments_numbers_names),
		cmocka_unit_test(test_refusals_name_line_and_reason),
		cmocka_unit_test(test_far_label),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
