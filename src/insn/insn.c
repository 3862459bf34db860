/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The rows of insn.def as an array, and decoding.
 *
 * first_rows[] maps an opcode byte to its first row; rows of one opcode are neighbours in
 * insn_descs[], at most INSN_ROWS_OF_CODE_MAX of them, so decoding is one look-up and a short walk.
 */
#include "insn/insn.h"

const struct insn_desc insn_descs[INSN_ID_MAX] = {
	[INSN_INVALID] = {.id = INSN_INVALID, .name = "INVALID", .form = "", .slots = 1},
#define INSN(id_, kind_, code_, cpu_, size_, field_, value_, flags_, form_)                        \
	[INSN_##id_] = {.id = INSN_##id_,                                                          \
			.name = #id_,                                                              \
			.form = form_,                                                             \
			.kind = INSN_KIND_##kind_,                                                 \
			.flags = flags_,                                                           \
			.code = code_,                                                             \
			.cpu = cpu_,                                                               \
			.size = size_,                                                             \
			.slots = INSN_KIND_##kind_ == INSN_KIND_WIDE ? 2 : 1,                      \
			.field = INSN_FIELD_##field_,                                              \
			.value = value_},
#include "insn/insn.def"
};

static const u8 first_rows[256] = {
#define INSN(id, kind, code, ...) [code] = INSN_##id,
#define INSN_ALSO(...)
#include "insn/insn.def"
};

/* first_rows[] holds ids in bytes. */
_Static_assert(INSN_ID_MAX <= 256, "an insn_id must fit in a byte");

/* What the code relies on between rows: _IMM is followed by _REG, 64 by 32 (see insn.h). */
#define ROW_ORDER(name)                                                                            \
	_Static_assert(INSN_##name##64_REG == INSN_##name##64_IMM + 1 &&                           \
			       INSN_##name##32_IMM == INSN_##name##64_IMM + 2 &&                   \
			       INSN_##name##32_REG == INSN_##name##64_IMM + 3,                     \
		       "order of the rows of " #name)
ROW_ORDER(ADD);
ROW_ORDER(SUB);
ROW_ORDER(MUL);
ROW_ORDER(OR);
ROW_ORDER(AND);
ROW_ORDER(LSH);
ROW_ORDER(RSH);
ROW_ORDER(XOR);
ROW_ORDER(ARSH);
ROW_ORDER(JEQ);
ROW_ORDER(JNE);
ROW_ORDER(JGT);
ROW_ORDER(JGE);
ROW_ORDER(JLT);
ROW_ORDER(JLE);
ROW_ORDER(JSGT);
ROW_ORDER(JSGE);
ROW_ORDER(JSLT);
ROW_ORDER(JSLE);
ROW_ORDER(JSET);

static s32 insn_field_value(const struct skep_insn *insn, enum insn_field field)
{
	switch (field) {
	case INSN_FIELD_OFF:
		return insn->off;
	case INSN_FIELD_IMM:
		return insn->imm;
	case INSN_FIELD_SRC:
		return insn->src;
	case INSN_FIELD_NONE:
		break;
	}
	return 0;
}

enum insn_id insn_decode(const struct skep_insn *insn)
{
	u32 id = first_rows[insn->code];

	for (; id && id < INSN_ID_MAX && insn_descs[id].code == insn->code; id++) {
		const struct insn_desc *desc = &insn_descs[id];

		if (insn_field_value(insn, desc->field) == desc->value)
			return id;
	}
	return INSN_INVALID;
}
