/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Every form that ops.h can emit, with every register and addressing mode, decoded by another
 * hand (zydis) and compared with what was asked for. And: labels, short and long jumps, islands.
 */
#include "../test.h"

#include <Zydis/Zydis.h>
#include <errno.h>
#include <stdio.h>

#include "target/x86_64/ops.h"

static const char *const names[5][16] = {
	[0] = {"al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil", "r8b", "r9b", "r10b", "r11b",
	       "r12b", "r13b", "r14b", "r15b"},
	[1] = {"ax", "cx", "dx", "bx", "sp", "bp", "si", "di", "r8w", "r9w", "r10w", "r11w", "r12w",
	       "r13w", "r14w", "r15w"},
	[2] = {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "r8d", "r9d", "r10d", "r11d",
	       "r12d", "r13d", "r14d", "r15d"},
	[3] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11",
	       "r12", "r13", "r14", "r15"},
};
static const enum x86_width widths[] = {W8, W16, W32, W64};
static const char *const alus[] = {"add", "or", "adc", "sbb", "and", "sub", "xor", "cmp"};

static const char *name(u32 reg, enum x86_width width)
{
	return names[__builtin_ctz(width)][reg];
}

static void append(char *text, size_t size, const char *format, ...)
	__attribute__((__format__(__printf__, 3, 4)));
static void append(char *text, size_t size, const char *format, ...)
{
	size_t used = strlen(text);
	va_list args;

	va_start(args, format);
	vsnprintf(text + used, size - used, format, args);
	va_end(args);
}

static void show_operand(char *text, size_t size, const ZydisDecodedOperand *operand)
{
	const ZydisDecodedOperandMem *mem = &operand->mem;

	if (operand->type == ZYDIS_OPERAND_TYPE_REGISTER) {
		append(text, size, "%s", ZydisRegisterGetString(operand->reg.value));
		return;
	}
	if (operand->type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
		append(text, size, "%lld", (long long)operand->imm.value.s);
		return;
	}
	append(text, size, "%u[%s", operand->size / 8,
	       mem->segment == ZYDIS_REGISTER_FS ? "fs:" : "");
	if (mem->base != ZYDIS_REGISTER_NONE)
		append(text, size, "%s", ZydisRegisterGetString(mem->base));
	if (mem->index != ZYDIS_REGISTER_NONE)
		append(text, size, "+%s*%u", ZydisRegisterGetString(mem->index), mem->scale);
	append(text, size, "%+lld]", (long long)mem->disp.value);
}

/* The one instruction in code, as "lock add 8[rax+16], r11"; empties code. */
static void show(struct code *code, char *text, size_t size)
{
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction insn;
	ZydisDecoder decoder;

	text[0] = 0;
	assert_int_equal(code->err, 0);
	ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	if (!ZYAN_SUCCESS(
		    ZydisDecoderDecodeFull(&decoder, code->bytes, code->len, &insn, operands)))
		fail_msg("it does not decode");
	assert_int_equal(insn.length, code->len);
	append(text, size, "%s%s", insn.attributes & ZYDIS_ATTRIB_HAS_LOCK ? "lock " : "",
	       ZydisMnemonicGetString(insn.mnemonic));
	for (u32 i = 0; i < insn.operand_count_visible; i++) {
		append(text, size, "%s", i ? ", " : " ");
		show_operand(text, size, &operands[i]);
	}
	code->len = code->nr_fixups = 0;
}

#define EXPECT(code, ...)                                                                          \
	do {                                                                                       \
		char wanted_[128], got_[128];                                                      \
                                                                                                   \
		snprintf(wanted_, sizeof(wanted_), __VA_ARGS__);                                   \
		show(code, got_, sizeof(got_));                                                    \
		assert_string_equal(got_, wanted_);                                                \
	} while (0)

static const s32 imms[] = {1, -1, 5, 127, 128, -128, -129, 0x1234567, INT32_MAX, INT32_MIN};
static const s32 displacements[] = {0, 8, -8, 127, 128, -128, -129, INT32_MAX, INT32_MIN};

static void test_registers(void **state)
{
	struct code code = {0};

	for (u32 a = 0; a < 16; a++)
		for (u32 b = 0; b < 16; b++)
			for (u32 w = 0; w < 4; w++) {
				enum x86_width width = widths[w];
				const char *x = name(a, width), *y = name(b, width);

				for (u32 alu = 0; alu < 8; alu++) {
					op_alu(&code, width, alu, a, b);
					EXPECT(&code, "%s %s, %s", alus[alu], x, y);
				}
				op_test(&code, width, a, b);
				EXPECT(&code, "test %s, %s", x, y);
				op_mov(&code, width, a, b);
				EXPECT(&code, "mov %s, %s", x, y);
				if (width == W8)
					continue;
				op_mul(&code, width, a, b);
				EXPECT(&code, "imul %s, %s", x, y);
				op_mul_imm(&code, width, a, b, 100);
				EXPECT(&code, "imul %s, %s, 100", x, y);
				op_mul_imm(&code, width, a, b, 1000);
				EXPECT(&code, "imul %s, %s, 1000", x, y);
			}
	code_free(&code);
}

static void test_extensions(void **state)
{
	struct code code = {0};

	for (u32 a = 0; a < 16; a++)
		for (u32 b = 0; b < 16; b++) {
			op_mov_zext(&code, W8, a, b);
			EXPECT(&code, "movzx %s, %s", name(a, W32), name(b, W8));
			op_mov_zext(&code, W16, a, b);
			EXPECT(&code, "movzx %s, %s", name(a, W32), name(b, W16));
			op_mov_zext(&code, W32, a, b);
			EXPECT(&code, "mov %s, %s", name(a, W32), name(b, W32));
			for (u32 to = W32; to <= W64; to *= 2) {
				op_mov_sext(&code, W8, to, a, b);
				EXPECT(&code, "movsx %s, %s", name(a, to), name(b, W8));
				op_mov_sext(&code, W16, to, a, b);
				EXPECT(&code, "movsx %s, %s", name(a, to), name(b, W16));
			}
			op_mov_sext(&code, W32, W64, a, b);
			EXPECT(&code, "movsxd %s, %s", name(a, W64), name(b, W32));
		}
	code_free(&code);
}

static void test_shifts(void **state)
{
	static const struct {
		enum x86_shift shift;
		const char *name;
	} shifts[] = {{X86_ROL, "rol"},
		      {X86_ROR, "ror"},
		      {X86_SHL, "shl"},
		      {X86_SHR, "shr"},
		      {X86_SAR, "sar"}};
	struct code code = {0};

	for (u32 i = 0; i < ARRAY_SIZE(shifts); i++)
		for (u32 a = 0; a < 16; a++)
			for (u32 w = 1; w < 4; w++) {
				op_shift_imm(&code, widths[w], shifts[i].shift, a, 1);
				EXPECT(&code, "%s %s, 1", shifts[i].name, name(a, widths[w]));
				op_shift_imm(&code, widths[w], shifts[i].shift, a, 31);
				EXPECT(&code, "%s %s, 31", shifts[i].name, name(a, widths[w]));
				op_shift(&code, widths[w], shifts[i].shift, a);
				EXPECT(&code, "%s %s, cl", shifts[i].name, name(a, widths[w]));
			}
	for (u32 i = 2; i < ARRAY_SIZE(shifts); i++)
		for (u32 a = 0; a < 16 * 16 * 16; a++)
			for (u32 w = 2; w < 4; w++) {
				op_shift_by(&code, widths[w], shifts[i].shift, a & 15, a >> 4 & 15,
					    a >> 8);
				EXPECT(&code, "%sx %s, %s, %s", shifts[i].name,
				       name(a & 15, widths[w]), name(a >> 4 & 15, widths[w]),
				       name(a >> 8, widths[w]));
			}
	op_shift_by(&code, W64, X86_ROL, RAX, RAX, RAX);
	assert_int_equal(code.err, -EINVAL);
	code_free(&code);
}

static void test_single(void **state)
{
	struct code code = {0};

	for (u32 a = 0; a < 16; a++) {
		for (u32 w = 2; w < 4; w++) {
			const char *x = name(a, widths[w]);

			op_div(&code, widths[w], false, a);
			EXPECT(&code, "div %s", x);
			op_div(&code, widths[w], true, a);
			EXPECT(&code, "idiv %s", x);
			op_neg(&code, widths[w], a);
			EXPECT(&code, "neg %s", x);
			op_swap(&code, widths[w], a);
			EXPECT(&code, "bswap %s", x);
		}
		op_push(&code, a);
		EXPECT(&code, "push %s", name(a, W64));
		op_pop(&code, a);
		EXPECT(&code, "pop %s", name(a, W64));
		op_jump_reg(&code, a);
		EXPECT(&code, "jmp %s", name(a, W64));
		op_call_reg(&code, a);
		EXPECT(&code, "call %s", name(a, W64));
	}
	op_sign_rax(&code, W32);
	EXPECT(&code, "cdq");
	op_sign_rax(&code, W64);
	EXPECT(&code, "cqo");
	op_leave(&code);
	EXPECT(&code, "leave");
	op_ret(&code);
	EXPECT(&code, "ret");
	code_free(&code);
}

static s64 as_width(s64 imm, enum x86_width width)
{
	return width == W8 ? (s8)imm : width == W16 ? (s16)imm : imm;
}

static void test_immediates(void **state)
{
	struct code code = {0};

	for (u32 a = 0; a < 16; a++)
		for (u32 i = 0; i < ARRAY_SIZE(imms); i++)
			for (u32 w = 0; w < 4; w++) {
				enum x86_width width = widths[w];
				s64 imm = as_width(imms[i], width);

				if (imm != imms[i])
					continue;
				for (u32 alu = 0; alu < 8; alu++) {
					op_alu_imm(&code, width, alu, a, imms[i]);
					EXPECT(&code, "%s %s, %lld", alus[alu], name(a, width),
					       (long long)imm);
				}
			}
	for (u32 a = 0; a < 16; a++) {
		op_test_imm(&code, W64, a, 127); /* no form with eight bits exists */
		assert_int_equal(code.len, 7);
		code.len = 0;
		op_mov_imm(&code, a, 0);
		EXPECT(&code, "xor %s, %s", name(a, W32), name(a, W32));
		op_mov_imm(&code, a, 0x7fffffff);
		EXPECT(&code, "mov %s, 2147483647", name(a, W32));
		op_mov_imm(&code, a, 0xfffffffffffffff0);
		EXPECT(&code, "mov %s, -16", name(a, W64));
		op_mov_imm(&code, a, 0x123456789abcdef0);
		EXPECT(&code, "mov %s, 1311768467463790320", name(a, W64));
	}
	code_free(&code);
}

/* "fs:" and registers of a memory operand, as show_operand() has them. */
static void show_mem(char *text, size_t size, struct x86_mem mem)
{
	text[0] = 0;
	append(text, size, "%s%s", mem.fs ? "fs:" : "",
	       mem.base == X86_NO_REG ? "" : name(mem.base, W64));
	if (mem.index != X86_NO_REG)
		append(text, size, "+%s*%u", name(mem.index, W64), mem.scale);
	append(text, size, "%+lld]", (long long)mem.disp);
}

static void check_mem(struct code *code, struct x86_mem mem, u32 reg)
{
	char at[64];

	show_mem(at, sizeof(at), mem);
	for (u32 w = 0; w < 4; w++) {
		enum x86_width width = widths[w];
		const char *x = name(reg, width);

		op_store(code, width, mem, reg);
		EXPECT(code, "mov %u[%s, %s", width, at, x);
		op_store_imm(code, width, mem, -7);
		EXPECT(code, "mov %u[%s, -7", width, at);
		op_alu_mem(code, width, X86_CMP, reg, mem);
		EXPECT(code, "cmp %s, %u[%s", x, width, at);
		op_mem_alu_imm(code, width, X86_SUB, mem, 3);
		EXPECT(code, "sub %u[%s, 3", width, at);
		op_load(code, width, reg, mem);
		EXPECT(code, "%s %s, %u[%s", width < W32 ? "movzx" : "mov",
		       name(reg, width < W32 ? W32 : width), width, at);
		if (width < W64) {
			op_load_sext(code, width, reg, mem);
			EXPECT(code, "%s %s, %u[%s", width < W32 ? "movsx" : "movsxd",
			       name(reg, W64), width, at);
		}
		if (width < W32)
			continue;
		for (u32 alu = 0; alu < 7; alu++) {
			op_lock_alu(code, width, alu, mem, reg);
			EXPECT(code, "lock %s %u[%s, %s", alus[alu], width, at, x);
		}
		op_lock_xadd(code, width, mem, reg);
		EXPECT(code, "lock xadd %u[%s, %s", width, at, x);
		op_xchg(code, width, mem, reg);
		EXPECT(code, "xchg %u[%s, %s", width, at, x);
		op_lock_cmpxchg(code, width, mem, reg);
		EXPECT(code, "lock cmpxchg %u[%s, %s", width, at, x);
		op_load_swapped(code, width, reg, mem);
		EXPECT(code, "movbe %s, %u[%s", x, width, at);
	}
	op_call_mem(code, mem);
	EXPECT(code, "call 8[%s", at);
}

static void test_memory(void **state)
{
	struct code code = {0};

	for (u32 base = 0; base < 16; base++)
		for (u32 i = 0; i < ARRAY_SIZE(displacements); i++)
			for (u32 reg = 0; reg < 16; reg++)
				check_mem(&code, MEM(base, displacements[i]), reg);
	for (u32 base = 0; base < 16; base++)
		for (u32 index = 0; index < 16; index++)
			if (index != RSP)
				check_mem(&code,
					  MEM_INDEX(base, index, 1u << (base + index) % 4,
						    displacements[(base * 3 + index) % 9]),
					  (base + index) % 16);
	for (u32 reg = 0; reg < 16; reg++)
		check_mem(&code, MEM_THREAD(-64), reg);
	for (u32 reg = 0; reg < 16; reg++) {
		op_lea(&code, reg, MEM(RBP, -8));
		EXPECT(&code, "lea %s, 8[rbp-8]", name(reg, W64));
	}
	op_store(&code, W64, MEM_INDEX(RAX, RSP, 1, 0), RAX);
	assert_int_equal(code.err, -EINVAL); /* cannot be encoded */
	code_free(&code);
}

/* Where the branch at `at` leads. */
static s64 target_at(const u8 *bytes, u32 at, u32 *ret_length)
{
	ZydisDisassembledInstruction insn;

	assert_true(ZYAN_SUCCESS(
		ZydisDisassembleIntel(ZYDIS_MACHINE_MODE_LONG_64, at, bytes + at, 16, &insn)));
	*ret_length = insn.info.length;
	return (s64)at + insn.info.length + insn.operands[0].imm.value.s;
}

static void check_distance(u32 filler, bool backward, bool branch)
{
	struct code code = {0};
	u32 label = label_new(&code), jump, length;
	u8 bytes[600] = {0};
	s64 to;

	if (backward)
		label_bind(&code, label);
	else if (branch)
		op_branch(&code, COND_LE, label);
	else
		op_jump(&code, label);
	for (u32 i = 0; i < filler; i++)
		op_ret(&code);
	if (!backward)
		label_bind(&code, label);
	else if (branch)
		op_branch(&code, COND_LE, label);
	else
		op_jump(&code, label);
	op_ret(&code);
	assert_int_equal(code_layout(&code), 0);
	assert_int_equal(code_place(&code, bytes, 0x1000, false), code.len);
	jump = backward ? filler : 0;
	to = target_at(bytes, jump, &length);
	assert_int_equal(to, backward ? 0 : length + filler);
	assert_int_equal(to, code.labels[label]);
	assert_int_equal(length, filler <= (backward ? 126u : 127u) ? 2 : branch ? 6 : 5);
	code_free(&code);
}

static void test_distances(void **state)
{
	for (u32 filler = 0; filler < 300; filler++)
		for (u32 kind = 0; kind < 4; kind++)
			check_distance(filler, kind & 1, kind & 2);
}

/* Jumps over jumps: each that becomes short may bring another within reach. */
static void test_nested_jumps(void **state)
{
	struct code code = {0};
	u32 labels[60], length;
	u8 bytes[1024] = {0};

	for (u32 i = 0; i < ARRAY_SIZE(labels); i++) {
		labels[i] = label_new(&code);
		op_branch(&code, COND_B, labels[i]);
	}
	for (u32 i = ARRAY_SIZE(labels); i-- > 0;)
		label_bind(&code, labels[i]);
	op_ret(&code);
	assert_int_equal(code_layout(&code), 0);
	code_place(&code, bytes, 0, false);
	assert_int_equal(code.len, 2 * ARRAY_SIZE(labels) + 1);
	for (u32 i = 0; i < ARRAY_SIZE(labels); i++)
		assert_int_equal(target_at(bytes, 2 * i, &length), 2 * ARRAY_SIZE(labels));
	code_free(&code);
}

static void test_islands(void **state)
{
	struct code code = {0};
	u8 bytes[128];
	u64 address;
	u32 length;

	op_call_outside(&code, 0x1122334455667788);
	op_call_outside(&code, 0x100000);
	op_call_outside(&code, 0x1122334455667788);
	assert_int_equal(code_layout(&code), 0);
	assert_int_equal(code_place(&code, bytes, 0x200000, false), 15 + 2 * 13);
	assert_int_equal(target_at(bytes, 0, &length), 15);
	assert_int_equal(target_at(bytes, 5, &length), 0x100000 - 0x200000);
	assert_int_equal(target_at(bytes, 10, &length), 15);
	memcpy(&address, bytes + 17, 8);
	assert_true(address == 0x1122334455667788);
	code_place(&code, bytes, 0x200000, true);
	assert_int_equal(target_at(bytes, 5, &length), 15 + 13);
	code_free(&code);
}

static void test_label_errors(void **state)
{
	struct code code = {0};
	u32 label = label_new(&code);

	op_jump(&code, label);
	assert_int_equal(code_layout(&code), -EINVAL);
	code_free(&code);
	label = label_new(&code);
	label_bind(&code, label);
	label_bind(&code, label);
	assert_int_equal(code.err, -EINVAL);
	op_ret(&code); /* errors stick */
	assert_int_equal(code_layout(&code), -EINVAL);
	code_free(&code);
}

static void test_label_address(void **state)
{
	struct code code = {0}, placed = {0};
	u8 bytes[64] = {0};

	for (u32 reg = 0; reg < 16; reg++) {
		u32 label = label_new(&code);
		s32 distance;

		op_lea_label(&code, reg, label);
		op_call(&code, label);
		label_bind(&code, label);
		assert_int_equal(code_layout(&code), 0);
		code_place(&code, bytes, 0, false);
		memcpy(&distance, bytes + 3, 4);
		assert_int_equal(distance, 5);
		placed.bytes = bytes;
		placed.len = 7;
		EXPECT(&placed, "lea %s, 8[rip+5]", name(reg, W64));
		code_free(&code);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_registers),     cmocka_unit_test(test_extensions),
		cmocka_unit_test(test_shifts),        cmocka_unit_test(test_single),
		cmocka_unit_test(test_immediates),    cmocka_unit_test(test_memory),
		cmocka_unit_test(test_distances),     cmocka_unit_test(test_nested_jumps),
		cmocka_unit_test(test_islands),       cmocka_unit_test(test_label_errors),
		cmocka_unit_test(test_label_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
