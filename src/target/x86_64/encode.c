/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Instructions to bytes: see emit.h. */
#include "target/x86_64/emit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CODE_MAX (256u << 20)

enum {
	PREFIX_FS = 0x64,
	PREFIX_WORD = 0x66,
	PREFIX_LOCK = 0xf0,
	ESCAPE_0F = 0x0f,
	ESCAPE_38 = 0x38,
	VEX_THREE = 0xc4,
	OPCODE_JUMP = 0xe9,
	OPCODE_CALL = 0xe8,
	OPCODE_BRANCH = 0x80, /* map 0F */
};
enum { REX = 0x40, REX_W = 8, REX_R = 4, REX_X = 2, REX_B = 1 };
enum { MOD_INDIRECT = 0, MOD_DISP8 = 1, MOD_DISP32 = 2, MOD_REGISTER = 3 };
enum { RM_SIB = 4, RM_DISP32 = 5, SIB_NO_INDEX = 4, SIB_NO_BASE = 5 };

void code_free(struct code *code)
{
	free(code->bytes);
	free(code->labels);
	free(code->fixups);
	free(code->islands);
	*code = (struct code){0};
}

/* Room for one more element; false: code->err is set. */
static bool grow(struct code *code, void *array, u32 used, u32 *cap, size_t size)
{
	u32 wanted = *cap ? *cap * 2 : 64;
	void *bigger;

	if (code->err)
		return false;
	if (used < *cap)
		return true;
	if (used >= CODE_MAX) {
		code->err = -E2BIG;
		return false;
	}
	bigger = realloc(*(void **)array, wanted * size);
	if (!bigger) {
		code->err = -ENOMEM;
		return false;
	}
	*(void **)array = bigger;
	*cap = wanted;
	return true;
}

u32 label_new(struct code *code)
{
	if (!grow(code, &code->labels, code->nr_labels, &code->cap_labels, sizeof(u32)))
		return 0;
	code->labels[code->nr_labels] = LABEL_UNBOUND;
	return code->nr_labels++;
}

void label_bind(struct code *code, u32 label)
{
	if (code->err)
		return;
	if (label >= code->nr_labels || code->labels[label] != LABEL_UNBOUND)
		code->err = -EINVAL;
	else
		code->labels[label] = code->len;
}

void put8(struct code *code, u32 value)
{
	if (grow(code, &code->bytes, code->len, &code->cap, 1))
		code->bytes[code->len++] = (u8)value;
}

void put32(struct code *code, u32 value)
{
	for (u32 i = 0; i < 4; i++)
		put8(code, value >> 8 * i & 0xff);
}

void put64(struct code *code, u64 value)
{
	put32(code, (u32)value);
	put32(code, (u32)(value >> 32));
}

static u32 op_flags(u32 op)
{
	return op >> 16;
}

static u32 modrm(u32 mod, u32 reg, u32 rm)
{
	return mod << 6 | (reg & 7) << 3 | (rm & 7);
}

static bool fits8(s32 value)
{
	return value == (s8)value;
}

static void put_opcode(struct code *code, u32 op, enum x86_width width)
{
	u32 map = op >> 8 & 0xff;

	if (map != MAP_ONE)
		put8(code, ESCAPE_0F);
	if (map == MAP_0F38)
		put8(code, ESCAPE_38);
	put8(code, (op & 0xff) - (width == W8 && op_flags(op) & OP_SIZED ? 1 : 0));
}

/* Byte registers from SPL on need a REX prefix: without one they would be AH to BH. */
static void put_prefixes(struct code *code, u32 op, enum x86_width width, u32 rex, bool high_byte)
{
	if (op_flags(op) & OP_LOCK)
		put8(code, PREFIX_LOCK);
	if (width == W16)
		put8(code, PREFIX_WORD);
	if (width == W64 && !(op_flags(op) & OP_WIDE))
		rex |= REX_W;
	if (rex || high_byte)
		put8(code, REX | rex);
}

static u32 scale_bits(const struct x86_mem *mem)
{
	return mem->scale <= 1 ? 0 : (u32)__builtin_ctz(mem->scale);
}

/* ModRM, SIB and displacement. A base of RSP or R12 takes a SIB, RBP or R13 a displacement. */
static void put_memory(struct code *code, u32 reg, const struct x86_mem *mem)
{
	bool sib = mem->index != X86_NO_REG || (mem->base & 7) == RSP;
	u32 index = mem->index == X86_NO_REG ? SIB_NO_INDEX : mem->index;
	u32 mod = MOD_DISP32;

	if (mem->fs) {
		put8(code, modrm(MOD_INDIRECT, reg, RM_SIB));
		put8(code, modrm(0, SIB_NO_INDEX, SIB_NO_BASE));
		put32(code, (u32)mem->disp);
		return;
	}
	if (mem->index == RSP)
		code->err = code->err ?: -EINVAL;
	if (!mem->disp && (mem->base & 7) != RBP)
		mod = MOD_INDIRECT;
	else if (fits8(mem->disp))
		mod = MOD_DISP8;
	put8(code, modrm(mod, reg, sib ? RM_SIB : mem->base));
	if (sib)
		put8(code, modrm(scale_bits(mem), index, mem->base));
	if (mod == MOD_DISP8)
		put8(code, (u8)mem->disp);
	else if (mod == MOD_DISP32)
		put32(code, (u32)mem->disp);
}

static u32 rex_of(u32 reg, const struct x86_rm *rm)
{
	u32 rex = reg & 8 ? REX_R : 0;

	if (!rm->is_mem)
		return rex | (rm->reg & 8 ? REX_B : 0);
	if (rm->mem.base != X86_NO_REG && rm->mem.base & 8)
		rex |= REX_B;
	if (rm->mem.index != X86_NO_REG && rm->mem.index & 8)
		rex |= REX_X;
	return rex;
}

void encode_rm(struct code *code, u32 op, enum x86_width width, u32 reg, const struct x86_rm *rm)
{
	bool byte_rm = !rm->is_mem && rm->reg >= RSP && (width == W8 || op_flags(op) & OP_RM_BYTE);
	bool byte_reg = width == W8 && reg >= RSP;

	if (rm->is_mem && rm->mem.fs)
		put8(code, PREFIX_FS);
	put_prefixes(code, op, width, rex_of(reg, rm), byte_rm || byte_reg);
	put_opcode(code, op, width);
	if (rm->is_mem)
		put_memory(code, reg, &rm->mem);
	else
		put8(code, modrm(MOD_REGISTER, reg, rm->reg));
}

void encode_reg(struct code *code, u32 op, enum x86_width width, u32 reg, enum x86_reg rm)
{
	encode_rm(code, op, width, reg, &(struct x86_rm){.reg = (u8)rm});
}

void encode_mem(struct code *code, u32 op, enum x86_width width, u32 reg, struct x86_mem mem)
{
	encode_rm(code, op, width, reg, &(struct x86_rm){.is_mem = true, .mem = mem});
}

void encode_plus(struct code *code, u32 op, enum x86_width width, enum x86_reg reg)
{
	put_prefixes(code, op, width, reg & 8 ? REX_B : 0, false);
	put_opcode(code, op + (reg & 7), width);
}

void encode_plain(struct code *code, u32 op, enum x86_width width)
{
	put_prefixes(code, op, width, 0, false);
	put_opcode(code, op, width);
}

static struct fixup *fixup_new(struct code *code, enum fixup_kind kind, u32 start)
{
	static struct fixup none;
	struct fixup *fixup;

	if (!grow(code, &code->fixups, code->nr_fixups, &code->cap_fixups, sizeof(*fixup)))
		return &none;
	fixup = &code->fixups[code->nr_fixups++];
	*fixup = (struct fixup){.start = start, .end = code->len, .kind = (u8)kind};
	return fixup;
}

void encode_label(struct code *code, u32 op, enum x86_width width, u32 reg, u32 label)
{
	u32 start = code->len;

	put_prefixes(code, op, width, reg & 8 ? REX_R : 0, false);
	put_opcode(code, op, width);
	put8(code, modrm(MOD_INDIRECT, reg, RM_DISP32));
	put32(code, 0);
	fixup_new(code, FIXUP_LABEL, start)->label = label;
}

void encode_vex(struct code *code, u32 op, u32 pp, enum x86_width width, enum x86_reg reg,
		enum x86_reg vvvv, enum x86_reg rm)
{
	u32 inverted = (reg & 8 ? 0 : 0x80) | 0x40 | (rm & 8 ? 0 : 0x20);

	put8(code, VEX_THREE);
	put8(code, inverted | (op >> 8 & 0xff));
	put8(code, (width == W64 ? 0x80 : 0) | (~vvvv & 15) << 3 | pp);
	put8(code, op & 0xff);
	put8(code, modrm(MOD_REGISTER, reg, rm));
}

void emit_jump(struct code *code, u32 label)
{
	u32 start = code->len;

	put8(code, OPCODE_JUMP);
	put32(code, 0);
	fixup_new(code, FIXUP_JUMP, start)->label = label;
}

void emit_branch(struct code *code, u32 cond, u32 label)
{
	u32 start = code->len;
	struct fixup *fixup;

	put8(code, ESCAPE_0F);
	put8(code, OPCODE_BRANCH | cond);
	put32(code, 0);
	fixup = fixup_new(code, FIXUP_BRANCH, start);
	fixup->cond = (u8)cond;
	fixup->label = label;
}

void emit_call_label(struct code *code, u32 label)
{
	u32 start = code->len;

	put8(code, OPCODE_CALL);
	put32(code, 0);
	fixup_new(code, FIXUP_LABEL, start)->label = label;
}

/* One island for each address. */
static u32 island_of(struct code *code, u64 target)
{
	for (u32 i = 0; i < code->nr_islands; i++)
		if (code->islands[i] == target)
			return i;
	if (grow(code, &code->islands, code->nr_islands, &code->cap_islands, sizeof(u64)))
		code->islands[code->nr_islands++] = target;
	return code->nr_islands - 1;
}

void emit_call_outside(struct code *code, u64 target)
{
	u32 start = code->len;
	struct fixup *fixup;

	put8(code, OPCODE_CALL);
	put32(code, 0);
	fixup = fixup_new(code, FIXUP_CALL, start);
	fixup->label = island_of(code, target);
	fixup->target = target;
}
