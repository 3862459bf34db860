/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The table of instructions against itself, and decoding against the table. */
#include "../test.h"

#include "insn/insn.h"
#include "skep/hook.h"

static struct skep_insn insn_of_row(const struct insn_desc *desc)
{
	struct skep_insn insn = {.code = desc->code};

	if (desc->field == INSN_FIELD_OFF)
		insn.off = (s16)desc->value;
	else if (desc->field == INSN_FIELD_IMM)
		insn.imm = desc->value;
	else if (desc->field == INSN_FIELD_SRC)
		insn.src = (u8)desc->value;
	return insn;
}

static void test_every_row_decodes_to_itself(void **state)
{
	assert_int_equal(INSN_ID_MAX - 1, 180);
	for (u32 id = 1; id < INSN_ID_MAX; id++) {
		struct skep_insn insn = insn_of_row(&insn_descs[id]);

		assert_int_equal(insn_descs[id].id, id);
		assert_int_equal(insn_decode(&insn), id);
		assert_int_equal(insn_descs[id].slots, insn.code == 0x18 ? 2 : 1);
	}
}

/* Decoding walks neighbours: no opcode may have rows in two places. */
static void test_rows_of_one_opcode_are_neighbours(void **state)
{
	bool seen[256] = {false};

	for (u32 id = 1; id < INSN_ID_MAX; id++) {
		const struct insn_desc *desc = &insn_descs[id];

		if (desc->code == insn_descs[id - 1].code && id > 1) {
			assert_int_not_equal(desc->field, INSN_FIELD_NONE);
			assert_int_equal(desc->field, insn_descs[id - 1].field);
			assert_int_not_equal(desc->value, insn_descs[id - 1].value);
			continue;
		}
		assert_false(seen[desc->code]);
		seen[desc->code] = true;
	}
}

static void test_hook_and_verdict_names(void **state)
{
	assert_string_equal(skep_hook_name(SKEP_HOOK_XDP), "xdp");
	assert_string_equal(skep_hook_name(SKEP_HOOK_TC_EGRESS), "tc egress");
	assert_string_equal(skep_hook_name(SKEP_HOOK_MAX), "?");
	assert_string_equal(skep_verdict_name(SKEP_HOOK_XDP, 2), "XDP_PASS");
	assert_string_equal(skep_verdict_name(SKEP_HOOK_TC_INGRESS, -1), "TC_ACT_UNSPEC");
	assert_null(skep_verdict_name(SKEP_HOOK_XDP, 5));
	assert_null(skep_verdict_name(SKEP_HOOK_XDP, 0x100000002));
	assert_null(skep_verdict_name(SKEP_HOOK_TXQ, 0));
	for (u32 hook = 0; hook < SKEP_HOOK_MAX; hook++)
		assert_non_null(skep_hook_name(hook));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_row_decodes_to_itself),
		cmocka_unit_test(test_rows_of_one_opcode_are_neighbours),
		cmocka_unit_test(test_hook_and_verdict_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
