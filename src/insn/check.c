/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Well-formedness: what can be said of instructions without following a program.
 *
 * Rules: RFC 9669 section 3 (reserved fields), 4.3 (targets), 5.4 (wide immediates), and what
 * Linux asks before it follows a path: functions do not jump into each other and end in a jump or
 * exit. That r10 is not written and that shifts are in range is the verifier's to say.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/diag.h"
#include "insn/insn.h"

static int check_fail(const struct skep_insn *insns, u32 nr, u32 at, struct skep_diag *diag)
{
	struct buf text = {};

	insn_print(&text, insns, nr, at, NULL);
	diag_insn(diag, at, buf_text(&text));
	buf_free(&text);
	return -EINVAL;
}

static const char *field_name(enum insn_field field)
{
	switch (field) {
	case INSN_FIELD_OFF:
		return "off";
	case INSN_FIELD_IMM:
		return "imm";
	case INSN_FIELD_SRC:
		return "src";
	case INSN_FIELD_NONE:
		break;
	}
	return "";
}

/* No row fits: is it the opcode, or the field that tells rows of this opcode apart? */
static int check_unknown(const struct skep_insn *insn, struct skep_diag *diag)
{
	for (u32 id = 1; id < INSN_ID_MAX; id++) {
		const struct insn_desc *desc = &insn_descs[id];
		s32 value = desc->field == INSN_FIELD_OFF   ? insn->off
			    : desc->field == INSN_FIELD_IMM ? insn->imm
							    : insn->src;

		if (desc->code == insn->code)
			return diag_fail(
				diag, -EINVAL,
				"field %s of opcode 0x%02x holds %d, which names no operation",
				field_name(desc->field), insn->code, value);
	}
	if (!insn->code)
		return diag_fail(diag, -EINVAL,
				 "opcode 0x00 is only the second slot of a wide immediate");
	return diag_fail(diag, -EINVAL, "unknown opcode 0x%02x", insn->code);
}

static int check_reserved(const struct insn_desc *desc, const char *field, s64 value,
			  struct skep_diag *diag)
{
	if (!value)
		return 0;
	return diag_fail(diag, -EINVAL, "field %s holds %lld, but %s does not use it: it must be 0",
			 field, (long long)value, desc->name);
}

static int check_register(const char *field, u8 number, struct skep_diag *diag)
{
	if (number < SKEP_MAX_REG)
		return 0;
	return diag_fail(diag, -EINVAL, "field %s names register %u, but there are r0 to r10",
			 field, number);
}

static int check_fields(const struct insn_desc *desc, const struct skep_insn *insn,
			struct skep_diag *diag)
{
	u32 flags = desc->flags;
	int err;

	if (flags & (INSN_READS_DST | INSN_WRITES_DST))
		err = check_register("dst", insn->dst, diag);
	else
		err = check_reserved(desc, "dst", insn->dst, diag);
	if (err)
		return err;
	if (flags & (INSN_READS_SRC | INSN_WRITES_SRC))
		err = check_register("src", insn->src, diag);
	else if (desc->field != INSN_FIELD_SRC)
		err = check_reserved(desc, "src", insn->src, diag);
	if (err)
		return err;
	if (!(flags & (INSN_USES_OFF | INSN_TARGET_OFF)) && desc->field != INSN_FIELD_OFF)
		err = check_reserved(desc, "off", insn->off, diag);
	if (!err && !(flags & (INSN_USES_IMM | INSN_TARGET_IMM)) && desc->field != INSN_FIELD_IMM)
		err = check_reserved(desc, "imm", insn->imm, diag);
	return err;
}

static int check_second_slot(const struct insn_desc *desc, const struct skep_insn *insns, u32 nr,
			     u32 at, struct skep_diag *diag)
{
	const struct skep_insn *next = &insns[at + 1];

	if (nr - at < 2)
		return diag_fail(diag, -EINVAL,
				 "%s takes two slots, but the program ends after the first",
				 desc->name);
	if (next->code || next->dst || next->src || next->off)
		return diag_fail(diag, -EINVAL,
				 "second slot of %s: code 0x%02x, dst %u, src %u, off %d must be 0",
				 desc->name, next->code, next->dst, next->src, next->off);
	if (!(desc->flags & INSN_USES_NEXT))
		return check_reserved(desc, "imm of the second slot", next->imm, diag);
	return 0;
}

int insn_check(const struct skep_insn *insns, u32 nr, u32 at, struct skep_diag *diag)
{
	const struct insn_desc *desc;
	int err;

	if (at >= nr)
		return diag_fail(diag, -EINVAL, "instruction %u is past the end at %u", at, nr);
	desc = &insn_descs[insn_decode(&insns[at])];
	if (desc->id == INSN_INVALID)
		err = check_unknown(&insns[at], diag);
	else
		err = check_fields(desc, &insns[at], diag);
	if (!err && desc->slots == 2)
		err = check_second_slot(desc, insns, nr, at, diag);
	return err ? check_fail(insns, nr, at, diag) : 0;
}

/* What is known of a slot before targets are checked. */
enum mark {
	MARK_SECOND = 1 << 0,   /* second slot of a wide immediate */
	MARK_FUNCTION = 1 << 1, /* a function starts here */
};

static bool desc_has_target(const struct insn_desc *desc)
{
	return desc->flags & (INSN_TARGET_OFF | INSN_TARGET_IMM);
}

static bool desc_names_function(const struct insn_desc *desc)
{
	return desc->id == INSN_CALL_LOCAL || desc->id == INSN_LD_FUNC;
}

static int check_target(const struct skep_insn *insns, u32 nr, u32 at, const u8 *marks,
			struct skep_diag *diag)
{
	const struct insn_desc *desc = &insn_descs[insn_decode(&insns[at])];
	const char *field = desc->flags & INSN_TARGET_IMM ? "imm" : "off";
	s64 target = insn_target(insns, at);

	if (target < 0 || target >= nr) {
		diag_fail(diag, -EINVAL,
			  "field %s leads to instruction %lld, outside of the program's %u", field,
			  (long long)target, nr);
		return check_fail(insns, nr, at, diag);
	}
	if (marks[target] & MARK_SECOND) {
		diag_fail(diag, -EINVAL,
			  "field %s leads to instruction %lld, the second slot of a wide immediate",
			  field, (long long)target);
		return check_fail(insns, nr, at, diag);
	}
	return 0;
}

/* Fill marks[]; every slot must be well-formed and every target a possible one. */
static int check_slots(const struct skep_insn *insns, u32 nr, u8 *marks, struct skep_diag *diag)
{
	const struct insn_desc *desc;

	for (u32 at = 0; at < nr; at += desc->slots) {
		int err = insn_check(insns, nr, at, diag);

		if (err)
			return err;
		desc = &insn_descs[insn_decode(&insns[at])];
		if (desc->slots == 2)
			marks[at + 1] |= MARK_SECOND;
	}
	marks[0] |= MARK_FUNCTION;
	for (u32 at = 0; at < nr; at += desc->slots) {
		desc = &insn_descs[insn_decode(&insns[at])];
		if (!desc_has_target(desc))
			continue;
		if (check_target(insns, nr, at, marks, diag))
			return -EINVAL;
		if (desc_names_function(desc))
			marks[insn_target(insns, at)] |= MARK_FUNCTION;
	}
	return 0;
}

static int check_end(const struct skep_insn *insns, u32 nr, u32 last, struct skep_diag *diag)
{
	enum insn_id id = insn_decode(&insns[last]);

	if (id == INSN_EXIT || id == INSN_JA || id == INSN_JA32)
		return 0;
	diag_fail(diag, -EINVAL, "the function falls off its end: instruction %u is %s", last,
		  "neither exit nor a jump");
	return check_fail(insns, nr, last, diag);
}

/* The function in [start, end): jumps stay inside, the last instruction does not fall off. */
static int check_function(const struct skep_insn *insns, u32 nr, u32 start, u32 end,
			  struct skep_diag *diag)
{
	const struct insn_desc *desc;
	u32 last = start;

	for (u32 at = start; at < end; at += desc->slots) {
		s64 target;

		desc = &insn_descs[insn_decode(&insns[at])];
		last = at;
		if (!desc_has_target(desc) || desc_names_function(desc))
			continue;
		target = insn_target(insns, at);
		if (target >= start && target < end)
			continue;
		diag_fail(diag, -EINVAL,
			  "jump to instruction %lld leaves its function, which is %u to %u",
			  (long long)target, start, end - 1);
		return check_fail(insns, nr, at, diag);
	}
	return check_end(insns, nr, last, diag);
}

static int check_functions(const struct skep_insn *insns, u32 nr, const u8 *marks,
			   struct skep_diag *diag)
{
	for (u32 start = 0, end; start < nr; start = end) {
		int err;

		for (end = start + 1; end < nr && !(marks[end] & MARK_FUNCTION);)
			end++;
		err = check_function(insns, nr, start, end, diag);
		if (err)
			return err;
	}
	return 0;
}

int insn_check_program(const struct skep_insn *insns, u32 nr, struct skep_diag *diag)
{
	u8 *marks;
	int err;

	if (!nr)
		return diag_fail(diag, -EINVAL, "the program has no instructions");
	if (nr > SKEP_MAX_INSNS)
		return diag_fail(diag, -EINVAL, "the program has %u instructions, more than %u", nr,
				 SKEP_MAX_INSNS);
	marks = calloc(nr, 1);
	if (!marks)
		return diag_fail(diag, -ENOMEM, "no memory to check %u instructions", nr);
	err = check_slots(insns, nr, marks, diag);
	if (!err)
		err = check_functions(insns, nr, marks, diag);
	free(marks);
	return err;
}
