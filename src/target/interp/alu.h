/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Arithmetic of RFC 9669 section 4.1 where C leaves it undefined: division by zero, the one
 * signed quotient that does not fit, shift counts of the width and more. Pure functions.
 *
 * Division by zero gives 0, remainder by zero the dividend. Signed division truncates towards
 * zero and wraps (INT_MIN / -1 is INT_MIN, its remainder 0). Shift counts are masked.
 */
#ifndef SKEP_TARGET_INTERP_ALU_H
#define SKEP_TARGET_INTERP_ALU_H

#include "base/types.h"

static inline u64 alu_div64(u64 a, u64 b)
{
	return b ? a / b : 0;
}

static inline u32 alu_div32(u32 a, u32 b)
{
	return b ? a / b : 0;
}

static inline u64 alu_mod64(u64 a, u64 b)
{
	return b ? a % b : a;
}

static inline u32 alu_mod32(u32 a, u32 b)
{
	return b ? a % b : a;
}

static inline u64 alu_sdiv64(u64 a, u64 b)
{
	if (b == UINT64_MAX)
		return 0 - a;
	return b ? (u64)((s64)a / (s64)b) : 0;
}

static inline u32 alu_sdiv32(u32 a, u32 b)
{
	if (b == UINT32_MAX)
		return 0 - a;
	return b ? (u32)((s32)a / (s32)b) : 0;
}

static inline u64 alu_smod64(u64 a, u64 b)
{
	if (b == UINT64_MAX)
		return 0;
	return b ? (u64)((s64)a % (s64)b) : a;
}

static inline u32 alu_smod32(u32 a, u32 b)
{
	if (b == UINT32_MAX)
		return 0;
	return b ? (u32)((s32)a % (s32)b) : a;
}

static inline u64 alu_lsh64(u64 a, u64 b)
{
	return a << (b & 63);
}

static inline u32 alu_lsh32(u32 a, u32 b)
{
	return a << (b & 31);
}

static inline u64 alu_rsh64(u64 a, u64 b)
{
	return a >> (b & 63);
}

static inline u32 alu_rsh32(u32 a, u32 b)
{
	return a >> (b & 31);
}

static inline u64 alu_arsh64(u64 a, u64 b)
{
	return (u64)((s64)a >> (b & 63));
}

static inline u32 alu_arsh32(u32 a, u32 b)
{
	return (u32)((s32)a >> (b & 31));
}

#endif
