/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Facts about helper functions, from one table (helper.def): what the verifier must check,
 * which hooks allow it, and whether skep has a body for it. Bodies live in src/helper/.
 */
#ifndef SKEP_INSN_HELPER_H
#define SKEP_INSN_HELPER_H

#include "base/types.h"
#include "skep/hook.h"

/* Argument types: those of the kernel's enum bpf_arg_type, by the kernel's names. */
enum helper_arg {
	ARG_NONE,
	ARG_ANYTHING,
	ARG_SCALAR, /* a number, never a pointer */
	ARG_CONST_MAP_PTR,
	ARG_MAP_KEY,
	ARG_MAP_VALUE,
	ARG_UNINIT_MAP_VALUE,
	ARG_MEM,	       /* readable; the next argument is its size */
	ARG_MEM_OR_NULL,
	ARG_UNINIT_MEM,	       /* written by the helper; the next argument is its size */
	ARG_CONST_SIZE,	       /* > 0 */
	ARG_CONST_SIZE_OR_ZERO,
	ARG_CTX,
	ARG_CTX_OR_NULL,
	ARG_SPIN_LOCK,
	ARG_TIMER,
	ARG_CALLBACK,
	ARG_STACK_OR_NULL,
	ARG_RINGBUF_MEM,       /* what ringbuf_reserve returned; released */
	ARG_CONST_ALLOC_SIZE_OR_ZERO,
	ARG_CONST_STR,
	ARG_PTR_TO_INT,	       /* 4 bytes, written */
	ARG_PTR_TO_LONG,       /* 8 bytes, written */
	ARG_DYNPTR,
	ARG_DYNPTR_UNINIT,
	ARG_DYNPTR_RINGBUF,    /* released */
	ARG_SOCK,
	ARG_SOCK_RELEASE,
	ARG_SOCK_OR_NULL,
	ARG_BTF_ID,
	ARG_KPTR,
	ARG_FIXED_MEM,         /* readable, size fixed by the row's `size` */
	ARG_TYPE_MAX
};

enum helper_ret {
	RET_INTEGER,
	RET_VOID,
	RET_MAP_VALUE,
	RET_MAP_VALUE_OR_NULL,
	RET_SOCK_OR_NULL,
	RET_TCP_SOCK_OR_NULL,
	RET_SOCK_COMMON_OR_NULL,
	RET_MEM_OR_NULL,      /* size known from a CONST_ALLOC_SIZE argument */
	RET_DYNPTR_MEM_OR_NULL, /* size known from its size argument */
	RET_BTF_ID_OR_NULL,
	RET_BTF_ID,
	RET_MEM_OR_BTF_ID,
	RET_NEVER,	      /* tail_call: does not come back when it works */
};

enum helper_flags {
	HELPER_GPL = 1 << 0,
	HELPER_PKT = 1 << 1,	 /* may move packet data: packet pointers die */
	HELPER_PKT_READ = 1 << 2, /* takes packet pointers as memory */
	HELPER_ACQUIRE = 1 << 3,
	HELPER_RELEASE = 1 << 4,
	HELPER_CALLBACK = 1 << 5,
	HELPER_IMPL = 1 << 6,	 /* skep has a body */
	HELPER_MEANINGLESS = 1 << 7, /* no meaning on a network card */
	HELPER_ALLOC_PERCPU = 1 << 8,
};

/* Hooks, as bits of a mask: 1 << enum skep_hook. */
#define HELPER_HOOK(hook) (1u << SKEP_HOOK_##hook)

struct helper_desc {
	u32 id;
	const char *name; /* without the bpf_ prefix */
	enum helper_ret ret;
	enum helper_arg args[5];
	u32 flags; /* enum helper_flags */
	u32 hooks; /* mask of HELPER_HOOK() */
	u32 size;  /* of ARG_FIXED_MEM */
};

/* The row of a helper id, NULL for ids the current uapi does not define. */
const struct helper_desc *helper_find(s64 id);
/* By name, with or without "bpf_"; NULL when there is none. */
const struct helper_desc *helper_find_name(const char *name);
/* Rows in order of id: 1 .. helper_count(). */
u32 helper_count(void);
/* The name whose spelling is nearest (for "did you mean"), NULL when none is near. */
const char *helper_suggest(const char *name);

#endif
