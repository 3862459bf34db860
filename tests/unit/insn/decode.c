/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * insn_decode() against a second statement of the rules: here an instruction is named by taking
 * its opcode apart, as the sections of RFC 9669 do, and not by a list of rows.
 */
#include "../test.h"

#include <stdio.h>

#include "insn/insn.h"

struct name {
	char text[32];
};

static const char *const alu_names[16] = {"ADD", "SUB", "MUL", "DIV", "OR",  "AND",  "LSH",
					  "RSH", "NEG", "MOD", "XOR", "MOV", "ARSH", NULL};
static const char *const jump_names[16] = {"JA",   "JEQ",  "JGT",  "JGE", "JSET", "JNE",  "JSGT",
					   "JSGE", "CALL", "EXIT", "JLT", "JLE",  "JSLT", "JSLE"};
static const char *const wide_names[] = {"LD_IMM64", "LD_MAP_FD",  "LD_MAP_VALUE",    "LD_BTF_ID",
					 "LD_FUNC",  "LD_MAP_IDX", "LD_MAP_IDX_VALUE"};
static const char *const size_names[4] = {"W", "H", "B", "DW"};

static const struct name invalid = {"INVALID"};

static _printf_(1, 2) struct name name_of(const char *fmt, ...)
{
	struct name name;
	va_list args;

	va_start(args, fmt);
	vsnprintf(name.text, sizeof(name.text), fmt, args);
	va_end(args);
	return name;
}

/* Section 4.2 */
static struct name name_swap(const struct skep_insn *insn)
{
	const char *name = SKEP_CLASS(insn->code) == SKEP_ALU64 ? "BSWAP"
			   : SKEP_SRC(insn->code)               ? "BE"
								: "LE";

	if (SKEP_CLASS(insn->code) == SKEP_ALU64 && SKEP_SRC(insn->code))
		return invalid;
	if (insn->imm != 16 && insn->imm != 32 && insn->imm != 64)
		return invalid;
	return name_of("%s%d", name, insn->imm);
}

/* Section 4.1: the register form of MOV */
static struct name name_move(const struct skep_insn *insn, int width)
{
	if (insn->off == 0)
		return name_of("MOV%d_REG", width);
	if (insn->off == 8 || insn->off == 16 || (insn->off == 32 && width == 64))
		return name_of("MOVSX%d_%d", insn->off, width);
	return invalid;
}

static struct name name_alu(const struct skep_insn *insn)
{
	int width = SKEP_CLASS(insn->code) == SKEP_ALU64 ? 64 : 32;
	const char *name = alu_names[insn->code >> 4];
	const char *operand = SKEP_SRC(insn->code) ? "REG" : "IMM";

	if (SKEP_OP(insn->code) == SKEP_END)
		return name_swap(insn);
	if (!name)
		return invalid;
	if (SKEP_OP(insn->code) == SKEP_NEG)
		return SKEP_SRC(insn->code) ? invalid : name_of("NEG%d", width);
	if (SKEP_OP(insn->code) == SKEP_MOV && SKEP_SRC(insn->code))
		return name_move(insn, width);
	if (SKEP_OP(insn->code) == SKEP_DIV || SKEP_OP(insn->code) == SKEP_MOD) {
		if (insn->off != 0 && insn->off != 1)
			return invalid;
		return name_of("%s%s%d_%s", insn->off ? "S" : "", name, width, operand);
	}
	return name_of("%s%d_%s", name, width, operand);
}

/* Section 4.3: CALL and EXIT are of class JMP only */
static struct name name_call(const struct skep_insn *insn)
{
	static const char *const names[] = {"CALL_HELPER", "CALL_LOCAL", "CALL_KFUNC"};

	if (SKEP_CLASS(insn->code) != SKEP_JMP)
		return invalid;
	if (SKEP_OP(insn->code) == SKEP_EXIT)
		return SKEP_SRC(insn->code) ? invalid : name_of("EXIT");
	if (SKEP_SRC(insn->code))
		return name_of("CALLX");
	return insn->src < 3 ? name_of("%s", names[insn->src]) : invalid;
}

static struct name name_jump(const struct skep_insn *insn)
{
	bool wide = SKEP_CLASS(insn->code) == SKEP_JMP;
	u8 op = SKEP_OP(insn->code);

	if (op == SKEP_JA)
		return SKEP_SRC(insn->code) ? invalid : name_of(wide ? "JA" : "JA32");
	if (op == SKEP_CALL || op == SKEP_EXIT)
		return name_call(insn);
	if (op == SKEP_JCOND)
		return wide && !SKEP_SRC(insn->code) && !insn->src ? name_of("MAY_GOTO") : invalid;
	if (op == 0xf0)
		return invalid;
	return name_of("%s%d_%s", jump_names[op >> 4], wide ? 64 : 32,
		       SKEP_SRC(insn->code) ? "REG" : "IMM");
}

/* Section 5.3, and load-acquire and store-release of Linux */
static struct name name_atomic(const struct skep_insn *insn)
{
	u8 size = SKEP_SIZE(insn->code);
	int width = size == SKEP_DW ? 64 : 32;

	if (insn->imm == 0x100)
		return name_of("LOAD_ACQ_%s", size_names[size >> 3]);
	if (insn->imm == 0x110)
		return name_of("STORE_REL_%s", size_names[size >> 3]);
	if (size != SKEP_W && size != SKEP_DW)
		return invalid;
	if (insn->imm == 0xe1)
		return name_of("XCHG%d", width);
	if (insn->imm == 0xf1)
		return name_of("CMPXCHG%d", width);
	if (insn->imm & ~0xf1)
		return invalid;
	switch (insn->imm & 0xf0) {
	case SKEP_ADD:
	case SKEP_OR:
	case SKEP_AND:
	case SKEP_XOR:
		return name_of("ATOMIC_%s%s%d", insn->imm & 1 ? "FETCH_" : "",
			       alu_names[(insn->imm & 0xf0) >> 4], width);
	}
	return invalid;
}

static struct name name_memory(const struct skep_insn *insn)
{
	static const char *const classes[] = {"", "LDX", "ST", "STX"};
	u8 class = SKEP_CLASS(insn->code), size = SKEP_SIZE(insn->code);
	const char *size_name = size_names[size >> 3];

	switch (SKEP_MODE(insn->code)) {
	case SKEP_IMM:
		if (class != SKEP_LD || size != SKEP_DW || insn->src > 6)
			return invalid;
		return name_of("%s", wide_names[insn->src]);
	case SKEP_ABS:
	case SKEP_IND:
		if (class != SKEP_LD || size == SKEP_DW)
			return invalid;
		return name_of("LD_%s_%s", SKEP_MODE(insn->code) == SKEP_ABS ? "ABS" : "IND",
			       size_name);
	case SKEP_MEM:
		return class == SKEP_LD ? invalid : name_of("%s_%s", classes[class], size_name);
	case SKEP_MEMSX:
		if (class != SKEP_LDX || size == SKEP_DW)
			return invalid;
		return name_of("LDXS%s", size_name);
	case SKEP_ATOMIC:
		return class == SKEP_STX ? name_atomic(insn) : invalid;
	}
	return invalid;
}

static struct name name_insn(const struct skep_insn *insn)
{
	switch (SKEP_CLASS(insn->code)) {
	case SKEP_ALU:
	case SKEP_ALU64:
		return name_alu(insn);
	case SKEP_JMP:
	case SKEP_JMP32:
		return name_jump(insn);
	default:
		return name_memory(insn);
	}
}

static void check(struct skep_insn insn)
{
	struct name name = name_insn(&insn);
	enum insn_id id = insn_decode(&insn);

	if (strcmp(name.text, insn_descs[id].name) != 0)
		fail_msg("code 0x%02x src %u off %d imm %d: rule %s, table %s", insn.code, insn.src,
			 insn.off, insn.imm, name.text, insn_descs[id].name);
}

static void test_every_opcode_and_source(void **state)
{
	static const s32 imms[] = {0, 1, 16, 32, 64, 0xe1, 0xf1, 0x100, 0x110, -1};
	static const s16 offs[] = {0, 1, 2, 8, 16, 32, 64, -1};

	for (u32 code = 0; code < 256; code++) {
		for (u32 i = 0; i < 16 * ARRAY_SIZE(imms) * ARRAY_SIZE(offs); i++) {
			check((struct skep_insn){.code = (u8)code,
						 .src = i % 16,
						 .off = offs[i / 16 % ARRAY_SIZE(offs)],
						 .imm = imms[i / 16 / ARRAY_SIZE(offs)]});
		}
	}
}

static void test_every_offset(void **state)
{
	for (u32 code = 0; code < 256; code++) {
		for (s32 off = INT16_MIN; off <= INT16_MAX; off++)
			check((struct skep_insn){.code = (u8)code, .off = (s16)off, .imm = 16});
	}
}

static void test_every_immediate(void **state)
{
	for (u32 code = 0; code < 256; code++) {
		for (s32 imm = -32; imm <= UINT16_MAX; imm++)
			check((struct skep_insn){.code = (u8)code, .imm = imm});
		for (u32 bit = 0; bit < 32; bit++)
			check((struct skep_insn){.code = (u8)code, .imm = (s32)(1u << bit | 0x10)});
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_opcode_and_source),
		cmocka_unit_test(test_every_offset),
		cmocka_unit_test(test_every_immediate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
