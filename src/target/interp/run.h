/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Inside of the interpreter: what an image is made of, and the state of one run.
 *
 * An operation stands for one instruction slot, at the same index: the address of an operation
 * and the number of an instruction are the same thing. The second slot of a wide immediate is an
 * operation that is never reached.
 *
 * A run lives on the C stack of its worker. Its frames grow upwards; each has 512 bytes of
 * stack, and a gap that belongs to nobody lies between two of them:
 *
 *      stack[0]            stack[1]
 *      | 512 bytes | gap | 512 bytes | gap | ...
 *                  ^ r10 of frame 0
 */
#ifndef SKEP_TARGET_INTERP_RUN_H
#define SKEP_TARGET_INTERP_RUN_H

#include "helper/env.h"
#include "insn/insn.h"
#include "target/interp/interp.h"
#include "target/target.h"

/* Operations beyond those of insn.def. */
enum interp_op_id {
	INTERP_TAIL_CALL = INSN_ID_MAX,
	INTERP_NO_BODY, /* call of a helper that skep has no body for */
	INTERP_OP_MAX
};

#define INTERP_HELPER_TAIL_CALL 12 /* its id in the uapi */

struct interp_op {
	u16 id; /* enum insn_id or enum interp_op_id */
	u8 dst, src;
	/* memory offset; jump distance in operations, from this one; helper id */
	s32 off;
	/* sign-extended immediate; or what it names: map, value, operation, function */
	u64 imm;
};

/* What the interpreter must know of a hook's context. */
struct interp_context {
	u32 size;      /* bytes a program may read; 0: no context of this hook is defined */
	bool writable; /* the program may write to it */
	bool has_packet;
	u32 data, data_end, data_meta; /* offsets of these fields */
	bool has_legacy;               /* LD_ABS and LD_IND work: the context is a skb_context */
};

struct interp_image {
	struct image image; /* first */
	struct interp_op *ops;
	u32 nr_ops;
	bool *entries; /* [nr_ops]: a function that an address or a call names starts here */
	bool checked;
	u64 budget;
	const struct interp_context *context;
	struct skep_map **maps;
	u32 nr_maps;
};

struct interp_frame {
	const struct interp_image *image;
	const struct interp_op *back; /* where EXIT continues; NULL: in C */
	u64 saved[5];                 /* r6 to r10 of the caller */
	u64 may_goto;                 /* rounds left */
	u32 base;                     /* frame in which the image was entered */
};

/*
 * A program has up to 8 frames. A tail call from a subprogram replaces that frame only, and the
 * program that takes over may nest 8 deep again.
 */
#define INTERP_MAX_FRAMES ((SKEP_MAX_FRAMES - 1) * (SKEP_MAX_TAIL_CALLS + 1) + 1)
#define INTERP_STACK_GAP 64
#define INTERP_MAY_GOTO (8u << 20) /* BPF_MAX_LOOPS */
#define INTERP_MAX_GIVEN 32

/* Memory that a helper handed out. */
struct interp_region {
	u64 addr, size;
};

enum interp_access { INTERP_READ, INTERP_WRITE };

enum interp_stop {
	INTERP_EXIT,   /* r0 holds the result */
	INTERP_SWITCH, /* go on at run->pc in the loop of the current frame's image */
	INTERP_ABORT,  /* env->aborted says why */
};

struct interp_run {
	u64 reg[SKEP_MAX_REG];
	const struct interp_op *pc; /* where a loop begins */
	struct helper_env *env;
	void *ctx;
	u64 left;       /* instructions */
	u32 tail_calls; /* made so far */
	u32 depth;      /* index of the current frame */
	const struct interp_observer *observer;
	u64 memory, memory_size; /* of interp_run_memory() */
	u32 nr_given, nr_inner;
	struct interp_region given[INTERP_MAX_GIVEN];
	struct skep_map *inner[INTERP_MAX_GIVEN]; /* maps that lookups in outer maps returned */
	struct interp_frame frames[INTERP_MAX_FRAMES];
	_Alignas(16) u8 stack[INTERP_MAX_FRAMES][SKEP_STACK_SIZE + INTERP_STACK_GAP];
};

extern const struct image_ops interp_image_ops;

/* loop.c: run from run->pc to the EXIT of the current frame. */
enum interp_stop interp_loop(struct interp_run *run);
/* Push a frame for a function of the current image; false: too deep. */
bool interp_push(struct interp_run *run, const struct interp_op *back);
/* Does `value` name a function of the current program? */
bool interp_is_function(const struct interp_run *run, u64 value);
/* Clear the stack of the current frame where its contents must not depend on the past. */
void interp_clear_stack(struct interp_run *run);

/* check.c: may the current program touch these bytes? */
bool interp_reaches(const struct interp_run *run, u64 addr, u64 size, enum interp_access access);
/* Check the arguments of a helper by its row in helper.def; false: a fault is recorded. */
bool interp_check_call(struct interp_run *run, const struct interp_op *op, u32 id);
/* Remember what a helper handed out; false: too much to remember, a fault is recorded. */
bool interp_note_result(struct interp_run *run, const struct interp_op *op, u32 id,
			const u64 args[5]);

/* Stop the run: fill env->aborted and env->fault. `why` is static text. */
void interp_fault(struct interp_run *run, const struct interp_op *op, enum target_abort reason,
		  const char *why);
/* The same for an access. */
void interp_fault_access(struct interp_run *run, const struct interp_op *op, u64 addr, u64 size,
			 enum interp_access access, const char *why);

static inline const struct interp_image *interp_current(const struct interp_run *run)
{
	return run->frames[run->depth].image;
}

static inline u32 interp_insn(const struct interp_run *run, const struct interp_op *op)
{
	return (u32)(op - interp_current(run)->ops);
}

#endif
