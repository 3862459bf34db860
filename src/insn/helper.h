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
	ARG_CONST_MAP_PTR,
	ARG_MAP_KEY,
	ARG_MAP_VALUE,
	ARG_MAP_VALUE_OR_NULL,
	ARG_UNINIT_MAP_VALUE, /* written */
	ARG_MEM,              /* read, may be read-only; the next argument is its size */
	ARG_MEM_OR_NULL,
	ARG_MEM_WRITE, /* initialised, read and written; the next argument is its size */
	ARG_MEM_WRITE_OR_NULL,
	ARG_UNINIT_MEM, /* written, all of it; the next argument is its size */
	ARG_CONST_SIZE, /* > 0 */
	ARG_CONST_SIZE_OR_ZERO,
	ARG_CTX,
	ARG_CTX_OR_NULL,
	ARG_SPIN_LOCK,
	ARG_TIMER,
	ARG_CALLBACK,
	ARG_STACK_OR_NULL,
	ARG_RINGBUF_MEM, /* what ringbuf_reserve returned; released */
	ARG_CONST_ALLOC_SIZE_OR_ZERO,
	ARG_CONST_STR,
	ARG_PTR_TO_INT,            /* 4 aligned bytes, initialised, read and written */
	ARG_PTR_TO_LONG,           /* 8 aligned bytes, written */
	ARG_DYNPTR,                /* any initialised one */
	ARG_DYNPTR_UNINIT,         /* becomes one over local memory */
	ARG_DYNPTR_UNINIT_RINGBUF, /* becomes one over a ring buffer record: acquires */
	ARG_DYNPTR_RINGBUF,        /* released */
	ARG_SOCK,                  /* a socket of any kind: from a lookup or by BTF */
	ARG_SOCK_RELEASE,          /* the same, released */
	ARG_SOCK_OR_NULL,
	ARG_SOCK_COMMON,    /* from a lookup or the context, not by BTF */
	ARG_SOCKET_OR_NULL, /* a full socket */
	ARG_BTF_ID,
	ARG_BTF_ID_OR_NULL,
	ARG_BTF_ID_OR_NULL_RELEASE, /* released: ownership goes into a map */
	ARG_PERCPU_BTF_ID,
	ARG_KPTR,      /* where a kernel pointer is kept, in a map value */
	ARG_FIXED_MEM, /* read, may be read-only; size in the row's `sizes` */
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
	RET_MEM_OR_NULL,        /* size known from a CONST_ALLOC_SIZE argument */
	RET_DYNPTR_MEM_OR_NULL, /* size known from its size argument */
	RET_BTF_ID_OR_NULL,
	RET_BTF_ID,
	RET_MEM_OR_BTF_ID,         /* read-only */
	RET_MEM_OR_BTF_ID_OR_NULL, /* read-only */
	RET_NEVER,                 /* tail_call: does not come back when it works */
};

enum helper_flags {
	HELPER_GPL = 1 << 0,
	HELPER_PKT = 1 << 1,      /* may move packet data: packet pointers die */
	HELPER_PKT_READ = 1 << 2, /* takes packet pointers as memory */
	HELPER_ACQUIRE = 1 << 3,  /* what it returns must be released */
	HELPER_RELEASE = 1 << 4,
	HELPER_CALLBACK = 1 << 5,
	HELPER_IMPL = 1 << 6,        /* skep has a body */
	HELPER_MEANINGLESS = 1 << 7, /* tasks, cgroups, sockets, tracing: not on a network card */
	HELPER_SLEEPS = 1 << 8,      /* only in sleepable programs, which no hook runs */
};

/* Hooks, as bits of a mask: 1 << enum skep_hook. */
#define HELPER_HOOK(hook) (1u << SKEP_HOOK_##hook)

struct helper_desc {
	u32 id;
	const char *name; /* without the bpf_ prefix */
	enum helper_ret ret;
	enum helper_arg args[5];
	u32 flags;   /* enum helper_flags */
	u32 hooks;   /* mask of HELPER_HOOK() */
	u8 sizes[5]; /* bytes of ARG_FIXED_MEM, ARG_PTR_TO_INT and ARG_PTR_TO_LONG; else 0 */
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
