/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The verifier: is a program safe to run, whatever the packet and the maps hold?
 *
 * verify_program() follows every path of a program over abstract values until all are covered or
 * one breaks a rule (rules.def). It needs no object file: an input can be filled from a linked
 * object (verify_input_of()) or by hand from bare instructions and map definitions.
 *
 * Semantics are those of the Linux verifier for a privileged loader (pointers may leak, stack that
 * was never written may be read). Helpers are checked by their prototypes, whether skep has a body
 * for them or not: that is for the target to say (check_insn). There is no hardening against
 * speculative execution: programs run in the process of those who load them, there is no other's
 * secret to guard from them.
 */
#ifndef SKEP_VERIFIER_VERIFY_H
#define SKEP_VERIFIER_VERIFY_H

#include "base/buf.h"
#include "base/types.h"
#include "object/object.h"
#include "skep/hook.h"
#include "skep/insn.h"
#include "verifier/num.h"

struct btf;
struct skep_diag;

enum verify_flags {
	VERIFY_GPL = 1 << 0,              /* the licence may call GPL-only helpers */
	VERIFY_STRICT_ALIGNMENT = 1 << 1, /* BPF_F_STRICT_ALIGNMENT */
	VERIFY_ANY_ALIGNMENT = 1 << 2,    /* BPF_F_ANY_ALIGNMENT: wins over the machine's default */
	VERIFY_STATE_FREQUENT = 1 << 3,   /* BPF_F_TEST_STATE_FREQ: a checkpoint everywhere */
	VERIFY_REFUSE_UNINIT_STACK = 1 << 4, /* stack must be written before it is read */
	VERIFY_SLEEPABLE = 1 << 5,
	VERIFY_FRAGS = 1 << 6, /* xdp.frags: packets in several pieces */
	/*
	 * A map of maps whose object does not say what it holds is taken to hold arrays of one
	 * entry, with keys of 4 bytes and values of 8. For reports only: a loader knows the maps.
	 */
	VERIFY_ASSUME_INNER = 1 << 7,
};

/* Zero means the default of Linux. */
struct verify_limits {
	u32 insns;  /* processed; 1,000,000 */
	u32 jumps;  /* pending branches; 8,192 */
	u32 states; /* kept for one instruction; 64 */
};

struct verify_input {
	const char *name;              /* of the program; "" allowed */
	const struct skep_insn *insns; /* linked: maps as MAP_IDX (see object/object.h) */
	u32 nr_insns;
	u32 prog_type;            /* enum bpf_prog_type; says the context and the helpers */
	u32 expected_attach_type; /* enum bpf_attach_type */
	enum skep_hook hook;      /* SKEP_HOOK_NONE: from prog_type */
	/* Sorted by insn; [0] starts at 0. May be NULL: subprograms are then found by their calls.
	 */
	const struct object_func *funcs;
	u32 nr_funcs;
	const struct object_map *maps; /* def, BTF ids, inner, kind and data are read */
	u32 nr_maps;
	const struct btf *btf; /* NULL: no BTF */
	const struct object_line *lines;
	u32 nr_lines;
	u32 flags;     /* enum verify_flags */
	u32 log_level; /* 0; 1: the failing path; 2: every instruction with its state */
	struct verify_limits limits;
	/* A target's own rules, asked when an instruction is first reached. NULL: none. */
	int (*check_insn)(void *arg, u32 at, struct skep_diag *diag);
	void *check_arg;
};

/* What a value is, as far as later passes care. */
enum value_kind {
	VALUE_NONE, /* not a register that is read, or not initialised */
	VALUE_SCALAR,
	VALUE_CTX,
	VALUE_STACK, /* num + off: distance from the frame's end (r10) */
	VALUE_PACKET,
	VALUE_PACKET_META,
	VALUE_PACKET_END,
	VALUE_MAP, /* the map itself */
	VALUE_MAP_VALUE,
	VALUE_MAP_KEY,
	VALUE_MEM, /* memory of known size: ring buffer records, slices */
	VALUE_SOCKET,
	VALUE_FUNC,
	VALUE_MIXED, /* not the same on all paths */
};

/* One register at the entry of one instruction, joined over all paths. */
struct value_facts {
	u8 kind; /* enum value_kind */
	bool maybe_null;
	s32 map; /* index of the map it belongs to, -1: none or not the same on all paths */
	s32 off; /* fixed part of a pointer's offset; VALUE_MIXED or differing: 0, all in num */
	struct num num; /* the scalar, or the variable part of a pointer's offset */
};

enum branch_facts { BRANCH_UNSEEN = 0, BRANCH_TAKEN = 1, BRANCH_FALLS = 2 /* both: 3 */ };

struct insn_facts {
	bool reached;   /* false: dead code, no path comes here */
	bool zext;      /* the upper half of the 32-bit result is read: it must be zero */
	u8 branches;    /* enum branch_facts of a conditional jump */
	bool called;    /* helper call that was reached */
	bool const_key; /* helper call on a map: the key is always const_key_value */
	s32 map;        /* helper call: the map it works on, -1: none or several */
	u64 const_key_value;
	u32 alignment; /* of a memory access: proven alignment in bytes (1, 2, 4, 8) */
	struct value_facts dst, src; /* operands that the instruction reads */
};

struct subprog_facts {
	u32 insn, nr_insns;
	u32 stack_depth; /* bytes of the frame */
	bool tail_call;  /* reaches a tail call */
	bool callback;
};

struct verifier_facts {
	struct insn_facts *insns; /* [nr_insns] */
	u32 nr_insns;
	struct subprog_facts *subprogs;
	u32 nr_subprogs;
	u32 max_stack; /* over the deepest call chain, bytes */
};

/* veristat's columns. */
struct verify_stats {
	u32 insns;        /* processed, summed over all paths */
	u32 total_states; /* checkpoints made */
	u32 peak_states;  /* alive at once */
	u32 max_states_per_insn;
	u32 longest_mark_read;
	u32 stack_depth; /* sum over frames of main and global functions */
	u64 time_ns;
	u64 memory; /* bytes, at most */
};

struct verify_result {
	bool accepted;
	struct verify_stats stats;
	struct verifier_facts *facts; /* NULL unless accepted */
	struct buf log;               /* in the style of the kernel's, when log_level > 0 */
};

/*
 * Verify a program. Returns 0 (accepted), or -errno: -EACCES, -EINVAL, -EPERM, -E2BIG, ... as the
 * kernel would (rejected; diag says rule, place, path and what to try), -ENOMEM. *result is
 * filled in both cases; release it with verify_result_free().
 */
int verify_program(const struct verify_input *in, struct verify_result *result,
		   struct skep_diag *diag);
void verify_result_free(struct verify_result *result);

/* Fill an input from a linked program; borrowed from the object, which must outlive it. */
void verify_input_of(const struct skep_object *object, const struct object_prog *prog,
		     struct verify_input *in);

/* Append the facts as text, one line for each instruction. */
void verify_facts_print(struct buf *out, const struct verify_input *in,
			const struct verifier_facts *facts);

/* One rule of rules.def, for `skep explain`. */
struct verify_rule {
	const char *name;       /* "packet-bounds" */
	const char *category;   /* "memory safety" */
	const char *title;      /* one sentence: the rule */
	const char *suggestion; /* what to try */
	const char *why;	/* what would go wrong; pages.def */
	const char *wrong, *right; /* code that breaks the rule, and code that keeps it */
};

/* NULL for an unknown name. */
const struct verify_rule *verify_rule_find(const char *name);
const struct verify_rule *verify_rule_list(u32 *ret_nr);

#endif
