/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Bottom layer of the x86-64 encoder: bytes, bit fields, labels.
 *
 * A struct code takes instructions in order. Jumps and calls name labels; they are written in
 * their long form, and code_layout() makes those short that reach. Errors are sticky in code->err
 * and are asked for once, at the end. Field names are those of the Intel manual, volume 2,
 * chapter 2.
 */
#ifndef SKEP_TARGET_X86_64_EMIT_H
#define SKEP_TARGET_X86_64_EMIT_H

#include "base/types.h"

/* Numbers as encoded; bit 3 goes into a prefix. */
enum x86_reg {
	RAX,
	RCX,
	RDX,
	RBX,
	RSP,
	RBP,
	RSI,
	RDI,
	R8,
	R9,
	R10,
	R11,
	R12,
	R13,
	R14,
	R15,
	X86_REG_MAX,
	X86_NO_REG = 0xff,
};

/* Operand widths, in bytes. */
enum x86_width { W8 = 1, W16 = 2, W32 = 4, W64 = 8 };

/* [base + index * scale + disp], or fs:[disp] without any register. */
struct x86_mem {
	u8 base;
	u8 index; /* X86_NO_REG: none; never RSP */
	u8 scale; /* 1, 2, 4, 8 */
	bool fs;
	s32 disp;
};

#define MEM(base_, disp_) ((struct x86_mem){.base = (base_), .index = X86_NO_REG, .disp = (disp_)})
#define MEM_INDEX(base_, index_, scale_, disp_)                                                    \
	((struct x86_mem){.base = (base_), .index = (index_), .scale = (scale_), .disp = (disp_)})
/* Thread-local: at an offset from the thread pointer. */
#define MEM_THREAD(disp_)                                                                          \
	((struct x86_mem){.base = X86_NO_REG, .index = X86_NO_REG, .fs = true, .disp = (disp_)})

/* What ModRM's r/m field names: a register or memory. */
struct x86_rm {
	bool is_mem;
	u8 reg;
	struct x86_mem mem;
};

/* Opcode maps and properties of an opcode. */
enum { MAP_ONE = 0, MAP_0F = 1, MAP_0F38 = 2 };
enum {
	OP_LOCK = 1 << 0,    /* with a lock prefix */
	OP_SIZED = 1 << 1,   /* the form for bytes is the opcode minus 1 */
	OP_RM_BYTE = 1 << 2, /* r/m is a byte, whatever the width says */
	OP_WIDE = 1 << 3,    /* 64 bits by default: no REX.W */
};
#define OPCODE(map, byte, flags) ((u32)(flags) << 16 | (map) << 8 | (byte))

enum fixup_kind {
	FIXUP_JUMP,   /* jmp; may become short */
	FIXUP_BRANCH, /* jcc; may become short */
	FIXUP_LABEL,  /* 32-bit distance to a label, at the end of an instruction */
	FIXUP_CALL,   /* the same, to an address outside of the code */
};

struct fixup {
	u32 start; /* of the instruction */
	u32 end;   /* behind it; the distance is its last four bytes */
	u8 kind;
	bool is_short;
	u8 cond; /* of FIXUP_BRANCH */
	u32 label;
	u64 target; /* of FIXUP_CALL */
};

#define LABEL_UNBOUND UINT32_MAX

struct code {
	u8 *bytes;
	u32 len, cap;
	int err;     /* 0, -ENOMEM, -EINVAL (an operand that cannot be encoded), -E2BIG */
	u32 *labels; /* offset of each */
	u32 nr_labels, cap_labels;
	struct fixup *fixups; /* by start */
	u32 nr_fixups, cap_fixups;
	u64 *islands; /* addresses outside that jumps at the end of the code lead to */
	u32 nr_islands, cap_islands;
};

void code_free(struct code *code);

/* A label, not bound yet; labels are numbered from 0. */
u32 label_new(struct code *code);
/* The label is here. */
void label_bind(struct code *code, u32 label);

void put8(struct code *code, u32 value);
void put32(struct code *code, u32 value);
void put64(struct code *code, u64 value);

/*
 * Prefixes, opcode and ModRM (with SIB and displacement). `reg` is a register or the opcode's
 * extension; immediates follow by put*().
 */
void encode_rm(struct code *code, u32 op, enum x86_width width, u32 reg, const struct x86_rm *rm);
void encode_reg(struct code *code, u32 op, enum x86_width width, u32 reg, enum x86_reg rm);
void encode_mem(struct code *code, u32 op, enum x86_width width, u32 reg, struct x86_mem mem);
/* Opcodes with a register in their low three bits. */
void encode_plus(struct code *code, u32 op, enum x86_width width, enum x86_reg reg);
/* Memory operand at a label. */
void encode_label(struct code *code, u32 op, enum x86_width width, u32 reg, u32 label);
/* Three operands behind a VEX prefix; pp as in the manual: 1 = 66, 2 = F3, 3 = F2. */
void encode_vex(struct code *code, u32 op, u32 pp, enum x86_width width, enum x86_reg reg,
		enum x86_reg vvvv, enum x86_reg rm);
/* One byte of opcode without operands; with REX.W for W64. */
void encode_plain(struct code *code, u32 op, enum x86_width width);

void emit_jump(struct code *code, u32 label);
void emit_branch(struct code *code, u32 cond, u32 label);
void emit_call_label(struct code *code, u32 label);
void emit_call_outside(struct code *code, u64 target);

/*
 * Choose short jumps and move everything together; labels and fixups hold final offsets then.
 * Room for islands is not counted in code->len: see code_size().
 */
int code_layout(struct code *code);
/* Bytes that code_place() writes at most. */
u32 code_size(const struct code *code);
/*
 * Write the code to `to`, for execution at `address`: distances are filled in. Calls out of reach
 * of 32 bits, or all of them when `far`, go through islands behind the code.
 * Returns the number of bytes.
 */
u32 code_place(const struct code *code, u8 *to, u64 address, bool far);

#endif
