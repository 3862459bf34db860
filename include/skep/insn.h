/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * One eBPF instruction slot and the bits of its opcode (RFC 9669 section 3).
 * A slot is in host byte order once an object is open; a wide instruction takes two slots.
 */
#ifndef SKEP_INSN_H
#define SKEP_INSN_H

#include <stdint.h>

struct skep_insn {
	uint8_t code;
	uint8_t dst : 4;
	uint8_t src : 4;
	int16_t off;
	int32_t imm;
};

/* Instruction classes (3.1) */
#define SKEP_CLASS(code) ((code)&0x07)
#define SKEP_LD 0x00
#define SKEP_LDX 0x01
#define SKEP_ST 0x02
#define SKEP_STX 0x03
#define SKEP_ALU 0x04
#define SKEP_JMP 0x05
#define SKEP_JMP32 0x06
#define SKEP_ALU64 0x07

/* Source operand of ALU and JMP classes */
#define SKEP_K 0x00
#define SKEP_X 0x08
#define SKEP_SRC(code) ((code)&0x08)

/* ALU and JMP operations */
#define SKEP_OP(code) ((code)&0xf0)
#define SKEP_ADD 0x00
#define SKEP_SUB 0x10
#define SKEP_MUL 0x20
#define SKEP_DIV 0x30
#define SKEP_OR 0x40
#define SKEP_AND 0x50
#define SKEP_LSH 0x60
#define SKEP_RSH 0x70
#define SKEP_NEG 0x80
#define SKEP_MOD 0x90
#define SKEP_XOR 0xa0
#define SKEP_MOV 0xb0
#define SKEP_ARSH 0xc0
#define SKEP_END 0xd0

#define SKEP_JA 0x00
#define SKEP_JEQ 0x10
#define SKEP_JGT 0x20
#define SKEP_JGE 0x30
#define SKEP_JSET 0x40
#define SKEP_JNE 0x50
#define SKEP_JSGT 0x60
#define SKEP_JSGE 0x70
#define SKEP_CALL 0x80
#define SKEP_EXIT 0x90
#define SKEP_JLT 0xa0
#define SKEP_JLE 0xb0
#define SKEP_JSLT 0xc0
#define SKEP_JSLE 0xd0
#define SKEP_JCOND 0xe0 /* may_goto, Linux 6.9 */

/* Load and store: size and mode */
#define SKEP_SIZE(code) ((code)&0x18)
#define SKEP_W 0x00
#define SKEP_H 0x08
#define SKEP_B 0x10
#define SKEP_DW 0x18
#define SKEP_MODE(code) ((code)&0xe0)
#define SKEP_IMM 0x00
#define SKEP_ABS 0x20
#define SKEP_IND 0x40
#define SKEP_MEM 0x60
#define SKEP_MEMSX 0x80
#define SKEP_ATOMIC 0xc0

/* Atomic operations: the imm field */
#define SKEP_FETCH 0x01
#define SKEP_XCHG (0xe0 | SKEP_FETCH)
#define SKEP_CMPXCHG (0xf0 | SKEP_FETCH)
#define SKEP_LOAD_ACQ 0x100  /* Linux 6.15 */
#define SKEP_STORE_REL 0x110 /* Linux 6.15 */

/* src field of a wide immediate (5.4) and, with MAP_IDX, of Linux */
#define SKEP_PSEUDO_MAP_FD 1
#define SKEP_PSEUDO_MAP_VALUE 2
#define SKEP_PSEUDO_BTF_ID 3
#define SKEP_PSEUDO_FUNC 4
#define SKEP_PSEUDO_MAP_IDX 5
#define SKEP_PSEUDO_MAP_IDX_VALUE 6

/* src field of a call (4.3) */
#define SKEP_CALL_HELPER 0
#define SKEP_CALL_LOCAL 1
#define SKEP_CALL_KFUNC 2

/* Limits of Linux that every target keeps */
#define SKEP_MAX_REG 11
#define SKEP_STACK_SIZE 512
#define SKEP_MAX_FRAMES 8
#define SKEP_MAX_TAIL_CALLS 33
#define SKEP_MAX_INSNS 1000000

#endif
