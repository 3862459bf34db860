/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The kernel's format rules for bpf_trace_printk, bpf_trace_vprintk and bpf_snprintf.
 */
#ifndef SKEP_HELPER_FORMAT_H
#define SKEP_HELPER_FORMAT_H

#include "base/types.h"

#define FORMAT_ARGS_MAX 12
#define FORMAT_TEXT_MAX 1024

struct format_args {
	const u64 *values;
	u32 nr;
};

/*
 * Write fmt (its NUL within fmt_size) with arguments to out, NUL-terminated and cut to size.
 * Returns the length of the whole text as snprintf(3) does, or -EINVAL: no NUL, bytes that are not
 * printable, a conversion the kernel does not know, or more conversions than arguments.
 * %s, %pI4 and the like read through bad pointers safely. %p and %px print the value, %ps, %pS
 * and %pB as well: there are no symbols.
 */
s64 format_text(char *out, size_t size, const char *fmt, size_t fmt_size,
		const struct format_args *args);

#endif
