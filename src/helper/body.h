/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What bodies of helpers share. A body is helper_<name>(), takes what r1 to r5 hold and returns
 * r0; its arguments were proven by the verifier or checked by the interpreter. Semantics and error
 * codes are those of the kernel's bpf_<name>.
 */
#ifndef SKEP_HELPER_BODY_H
#define SKEP_HELPER_BODY_H

#include "helper/env.h"

#define BODY(name, file) u64 helper_##name(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5);
#include "helper/body.def"

static inline void *helper_pointer(u64 value)
{
	return (void *)(uintptr_t)value;
}

/* A -errno as r0. */
static inline u64 helper_error(s64 err)
{
	return (u64)err;
}

#endif
