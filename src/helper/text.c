/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Numbers from text, and comparing text. Source: kernel bpf_strtol(), bpf_strtoul(),
 * __bpf_strtoull(), _parse_integer(), bpf_strncmp().
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "helper/body.h"

#define BASE_MASK 0x1f /* BPF_STRTOX_BASE_MASK */
#define DIGITS_MAX 63  /* what is looked at, as in the kernel */

struct number {
	u64 value;
	bool is_negative;
};

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

/* Base 0 finds the base by its prefix; returns the length of the prefix to skip. */
static u32 fix_base(const char *text, u32 *base)
{
	bool hex = text[0] == '0' && (text[1] | 0x20) == 'x';

	if (*base == 0)
		*base = hex && digit_value(text[2]) < 16 ? 16 : text[0] == '0' ? 8 : 10;
	return *base == 16 && hex ? 2 : 0;
}

/* Returns the number of digits, or -ERANGE. */
static s64 parse_digits(const char *text, u32 base, u64 *ret)
{
	u64 value = 0;
	bool overflow = false;
	u32 at = 0;

	for (; digit_value(text[at]) < (int)base; at++) {
		u64 digit = (u64)digit_value(text[at]);

		overflow |= __builtin_mul_overflow(value, (u64)base, &value);
		overflow |= __builtin_add_overflow(value, digit, &value);
	}
	*ret = value;
	return overflow ? -ERANGE : (s64)at;
}

/* Returns how many bytes were consumed, or -errno. */
static s64 parse_number(const char *text, size_t len, u64 flags, struct number *ret)
{
	char digits[DIGITS_MAX + 1] = "";
	u32 base = flags & BASE_MASK, skip;
	size_t at = 0;
	s64 count;

	if (!text || !len || (base != 0 && base != 8 && base != 10 && base != 16) ||
	    flags & ~(u64)BASE_MASK)
		return -EINVAL;
	while (at < len && isspace((unsigned char)text[at]))
		at++;
	ret->is_negative = at < len && text[at] == '-';
	at += ret->is_negative;
	if (at == len)
		return -EINVAL;
	memcpy(digits, text + at, len - at < DIGITS_MAX ? len - at : DIGITS_MAX);
	skip = fix_base(digits, &base);
	count = parse_digits(digits + skip, base, &ret->value);
	if (count <= 0)
		return count ? count : -EINVAL;
	return (s64)at + skip + count;
}

/* r1, r2 = text and its length, r3 = base, r4 = where the number goes. */
u64 helper_strtol(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5)
{
	struct number number = {0};
	s64 used, value = 0;

	memcpy(helper_pointer(r4), &value, sizeof(value));
	used = parse_number(helper_pointer(r1), r2, r3, &number);
	if (used < 0)
		return helper_error(used);
	value = (s64)(number.is_negative ? 0 - number.value : number.value);
	if (number.is_negative ? value > 0 : value < 0)
		return helper_error(-ERANGE);
	memcpy(helper_pointer(r4), &value, sizeof(value));
	return (u64)used;
}

u64 helper_strtoul(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5)
{
	struct number number = {0};
	u64 zero = 0;
	s64 used;

	memcpy(helper_pointer(r4), &zero, sizeof(zero));
	used = parse_number(helper_pointer(r1), r2, r3, &number);
	if (used < 0)
		return helper_error(used);
	if (number.is_negative)
		return helper_error(-EINVAL);
	memcpy(helper_pointer(r4), &number.value, sizeof(number.value));
	return (u64)used;
}

/* r1, r2 = first text and its size, r3 = second text. */
u64 helper_strncmp(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5)
{
	const u8 *a = helper_pointer(r1), *b = helper_pointer(r3);

	for (u32 i = 0; i < (u32)r2; i++) {
		if (a[i] != b[i])
			return helper_error(a[i] < b[i] ? -1 : 1);
		if (!a[i])
			break;
	}
	return 0;
}
