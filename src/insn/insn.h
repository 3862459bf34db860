/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Facts about instructions, from one table (insn.def).
 *
 * An opcode byte does not say what an instruction does: off (signed division, sign-extending
 * moves), imm (byte swaps, atomics) and src (calls, wide immediates) take part. insn_decode() maps
 * a slot to an `enum insn_id`, one id per meaning; interpreter labels, verifier and translators
 * dispatch on the id and never look at the bits again.
 */
#ifndef SKEP_INSN_INSN_H
#define SKEP_INSN_INSN_H

#include "base/types.h"
#include "skep/insn.h"

struct buf;
struct skep_diag;

enum insn_id {
	INSN_INVALID,
#define INSN(id, ...) INSN_##id,
#include "insn/insn.def"
	INSN_ID_MAX
};

/* What kind of operation, for those who group rows. */
enum insn_kind {
	INSN_KIND_ALU64,
	INSN_KIND_ALU32,
	INSN_KIND_SWAP,  /* byte swaps, all 64 bits written */
	INSN_KIND_LOAD,  /* dst = *(src + off) */
	INSN_KIND_STORE, /* *(dst + off) = imm or src */
	INSN_KIND_ATOMIC,
	INSN_KIND_LEGACY,   /* LD_ABS, LD_IND */
	INSN_KIND_WIDE,     /* 64-bit immediates, two slots */
	INSN_KIND_JUMP,     /* unconditional */
	INSN_KIND_BRANCH64, /* conditional */
	INSN_KIND_BRANCH32,
	INSN_KIND_MAY_GOTO, /* conditional on the loop budget, reads no register */
	INSN_KIND_CALL,
	INSN_KIND_EXIT,
};

enum insn_flags {
	INSN_READS_DST = 1 << 0,
	INSN_WRITES_DST = 1 << 1,
	INSN_READS_SRC = 1 << 2,
	INSN_WRITES_SRC = 1 << 3, /* atomic fetch */
	INSN_READS_R0 = 1 << 4,   /* cmpxchg, exit */
	INSN_WRITES_R0 = 1 << 5,  /* cmpxchg, calls, legacy loads */
	INSN_USES_IMM = 1 << 6,
	INSN_USES_OFF = 1 << 7,   /* as memory offset */
	INSN_TARGET_OFF = 1 << 8, /* jump target in off */
	INSN_TARGET_IMM = 1 << 9, /* jump or local call target in imm */
	INSN_SIGNED = 1 << 10,
	INSN_FETCH = 1 << 11,
	INSN_READS_R6 = 1 << 12,      /* context of legacy loads */
	INSN_CLOBBERS_ARGS = 1 << 13, /* r1-r5 are gone afterwards */
	INSN_ORDERED = 1 << 14,       /* load-acquire, store-release */
	INSN_USES_NEXT = 1 << 15,     /* imm of the second slot */
};

/* The field that tells rows of the same opcode apart. */
enum insn_field {
	INSN_FIELD_NONE,
	INSN_FIELD_OFF,
	INSN_FIELD_IMM,
	INSN_FIELD_SRC,
};

/* One row of insn.def. */
struct insn_desc {
	enum insn_id id;
	const char *name; /* the id as text, "ADD64_IMM" */
	const char *form; /* text format, see insn.def */
	enum insn_kind kind;
	u32 flags; /* enum insn_flags */
	u8 code;   /* opcode byte */
	u8 cpu;    /* first -mcpu version that has it, 1..4; 5 = Linux after RFC 9669 */
	u8 size;   /* bytes of memory accessed, or operand width of movsx/swap; 0 = none */
	u8 slots;  /* 1 or 2 */
	enum insn_field field;
	s32 value; /* what `field` holds */
};

extern const struct insn_desc insn_descs[INSN_ID_MAX];

/*
 * The meaning of one slot (of the first slot, for a wide immediate); INSN_INVALID when RFC 9669
 * defines none. Does not look at reserved fields: see insn_check().
 */
enum insn_id insn_decode(const struct skep_insn *insn);

/*
 * Is insns[at] well-formed: known opcode, register numbers, reserved fields zero, second slot of a
 * wide immediate present and clean. Messages name the field. Returns 0 or -EINVAL with diag.
 */
int insn_check(const struct skep_insn *insns, u32 nr, u32 at, struct skep_diag *diag);

/*
 * Everything that can be said of a whole program without following it: insn_check() for each
 * slot; targets inside and not in the middle of a wide immediate; functions (what CALL_LOCAL and
 * LD_FUNC name) that do not jump into each other and end in exit or a jump, as Linux wants it.
 * Returns 0 or -EINVAL (diag has the instruction number), -ENOMEM.
 */
int insn_check_program(const struct skep_insn *insns, u32 nr, struct skep_diag *diag);

/* 64-bit immediate of the wide instruction at insns[0..1]. */
static inline u64 insn_imm64(const struct skep_insn *insns)
{
	return (u32)insns[0].imm | (u64)(u32)insns[1].imm << 32;
}

/* Target slot of the jump or local call at `at`; only for ids with a TARGET flag. */
static inline s64 insn_target(const struct skep_insn *insns, u32 at)
{
	const struct insn_desc *desc = &insn_descs[insn_decode(&insns[at])];

	return (s64)at + 1 + (desc->flags & INSN_TARGET_IMM ? insns[at].imm : insns[at].off);
}

/* How names in a listing are found; every callback may be NULL or return NULL for "no name". */
struct insn_names {
	const char *(*helper)(void *arg, s32 id);
	const char *(*map)(void *arg, s32 fd_or_index);
	const char *(*func)(void *arg, u32 insn);
	void *arg;
};

/*
 * Append the text of the instruction at insns[at], as bpftool and llvm-objdump spell it
 * ("r1 = *(u32 *)(r2 + 4)"); no newline. Undecodable slots print as "(xx)" and their eight bytes.
 * With names: "call bpf_loop#181", "call pc+4#parse", "r1 = map[flows]".
 */
void insn_print(struct buf *out, const struct skep_insn *insns, u32 nr, u32 at,
		const struct insn_names *names);

/*
 * Assemble text in the syntax insn_print() writes, one instruction a line, with `label:` lines,
 * label names as jump and call targets, `#`, `;` and `//` comments. Numbers: decimal, 0x, signed.
 * `call NAME` finds helpers by name, unless NAME is a label; `r1 = map[NAME]` asks `map_index`
 * (NULL: refused) and becomes a MAP_IDX immediate. Listings of insn_print(), llvm-objdump and
 * bpftool can be pasted: "12:", "(b7)", "<symbol>" and "#name" are skipped. The result need not
 * pass insn_check_program(), so that tests can say what is wrong.
 * Returns 0 and *ret_insns (malloc, caller frees) and *ret_nr; or -EINVAL with line number and
 * words in diag, -ENOMEM.
 */
int insn_assemble(const char *text, int (*map_index)(void *arg, const char *name), void *arg,
		  struct skep_insn **ret_insns, u32 *ret_nr, struct skep_diag *diag);

#endif
