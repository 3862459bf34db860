/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Inside of the translator: one program on its way to machine code.
 *
 * Registers. r0 to r9 live in host registers for the whole run, chosen so that a call of a helper
 * or of another function moves nothing: r1 to r5 are the arguments of the System V ABI, r0 its
 * result, r6 to r9 and the frame pointer r10 are saved by who is called. r9, r10 and r11 of the
 * host are scratch within one instruction.
 *
 *	eBPF  r0   r1   r2   r3   r4   r5   r6   r7   r8   r9   r10
 *	host  rax  rdi  rsi  rdx  rcx  r8   rbx  r13  r14  r15  rbp
 *
 * Frames. A function of a program is a function of the ABI, which makes callbacks plain function
 * pointers. Its frame, with the chain of frame pointers that profilers follow:
 *
 *	rbp + 8   return address
 *	rbp       the caller's rbp; r10
 *	below     the eBPF stack, as deep as the verifier found it, at most 512 bytes
 *	          rounds left of may_goto, when the function has one
 *	          those of rbx, r13, r14, r15 that the function writes
 *
 * Leaf functions that do not use r10 have no frame. The verifier bounds calls to 8 frames,
 * and every tail call takes its own frame down before it jumps: the stack is bounded.
 *
 * Running ends: the verifier has followed every path of what comes here, loops that it could not
 * bound carry may_goto or are bpf_loop's, both limited to 8 Mi rounds, tail calls to 33.
 */
#ifndef SKEP_TARGET_X86_64_JIT_H
#define SKEP_TARGET_X86_64_JIT_H

#include "insn/insn.h"
#include "target/target.h"
#include "target/x86_64/exec.h"
#include "target/x86_64/ops.h"
#include "verifier/verify.h"

#define MAY_GOTO_ROUNDS (8u << 20) /* BPF_MAX_LOOPS */

/* Scratch registers. */
#define TMP0 R11
#define TMP1 R10
#define TMP2 R9

/* Features of a processor that change what is emitted. */
enum x86_feature { X86_BMI2 = 1 << 0, X86_MOVBE = 1 << 1 };
/* What this machine has. */
u32 x86_features(void);

/* How a helper call is translated. */
enum jit_call {
	JIT_CALL_BODY, /* its body, or the map's own operation */
	JIT_CALL_TAIL,
	JIT_CALL_CPU,   /* get_smp_processor_id: a thread-local variable */
	JIT_CALL_ARRAY, /* look-up in an array: an address computed */
	JIT_CALL_PERCPU_ARRAY,
	JIT_CALL_CONST, /* look-up of a constant key in an array: an address */
	JIT_CALL_MISS,  /* the same, beyond the array's end: NULL */
};

/* What the analysis says of one instruction. */
struct jit_note {
	u8 id;        /* enum insn_id */
	u8 call;      /* enum jit_call */
	bool target;  /* something jumps here */
	bool unused;  /* computes what nobody reads, or is never reached */
	u16 live_out; /* eBPF registers read later, a bit each */
	u16 live_in;
	struct skep_map *map; /* that a call works on; NULL: not known */
};

struct jit_func {
	u32 insn, nr_insns;
	u32 label;
	u32 stack;  /* bytes of eBPF stack */
	u32 rounds; /* offset of may_goto's counter below rbp; 0: none */
	u32 saved;  /* eBPF registers r6 to r9 that it writes, a bit each */
	bool calls; /* anything that needs an aligned stack */
	bool framed;
};

struct x86_64_image {
	struct image image; /* first */
	/* r1 (and r2) to r0: the program as a function */
	u64 (*entry)(u64 r1, u64 r2);
	struct exec exec;
	u32 size;
	/* For dumps: a copy of the program, and where the code of each instruction starts. */
	struct skep_insn *insns;
	u32 *offsets; /* [nr_insns + 1] */
	u32 nr_insns;
};

extern const struct image_ops x86_64_image_ops;

struct jit {
	const struct target_input *in;
	struct x86_64_image *image;
	struct skep_diag *diag;
	u32 features;
	struct code code;
	struct jit_note *notes; /* [nr_insns] */
	struct jit_func *funcs;
	u32 nr_funcs;
	bool tail_calls; /* the program makes some */
	bool needs_env;  /* something it calls looks at helper_env */
	/* the instruction at hand */
	u32 at;
	const struct skep_insn *insn;
	const struct insn_desc *desc;
	const struct insn_facts *facts; /* NULL: none */
	const struct jit_func *func;
	u32 fused;    /* slots of following instructions that are translated with it */
	u64 blinding; /* state of the generator of blinding masks */
};

/* analyse.c: fill notes and funcs. 0 or -errno with words. */
int jit_analyse(struct jit *jit);

/* frame.c */
enum x86_reg jit_host(u32 reg);
void jit_prologue(struct jit *jit);
/* Take the frame down; the stack is as at the function's entry. */
void jit_epilogue(struct jit *jit);
/* What image->run() starts at, when the program needs no environment. */
void jit_entry(struct jit *jit);

/* One instruction: rows.c calls what is in alu.c, memory.c, jump.c, call.c. */
void jit_row(struct jit *jit);

/* The next instruction, when it can be translated together with this one; else NULL. */
const struct skep_insn *jit_follower(const struct jit *jit, u32 *ret_id);
static inline enum x86_reg jit_dst(const struct jit *jit)
{
	return jit_host(jit->insn->dst);
}
static inline enum x86_reg jit_src(const struct jit *jit)
{
	return jit_host(jit->insn->src);
}
/* Is the eBPF register read by a later instruction? */
static inline bool jit_lives(const struct jit *jit, u32 reg)
{
	return jit->notes[jit->at].live_out >> reg & 1;
}
/* A constant that the program chose, in a register: blinded when asked for. */
void jit_constant(struct jit *jit, enum x86_reg reg, u64 value);
/* Distance of a thread-local variable from the thread pointer; the same in all threads. */
s32 jit_thread_offset(const void *variable);
/* Give up, with words. */
void jit_refuse(struct jit *jit, int err, const char *why);

/* alu.c: an immediate operand when `imm`, else the source register. */
void jit_alu(struct jit *jit, enum x86_alu alu, enum x86_width width, bool imm);
void jit_shift(struct jit *jit, enum x86_shift shift, enum x86_width width, bool imm);
void jit_mul(struct jit *jit, enum x86_width width, bool imm);
void jit_divide(struct jit *jit, enum x86_width width, bool imm, bool is_signed, bool modulo);
void jit_move(struct jit *jit, enum x86_width width, bool imm);
void jit_move_sext(struct jit *jit, enum x86_width from, enum x86_width to);
void jit_negate(struct jit *jit, enum x86_width width);
void jit_swap(struct jit *jit, enum x86_width width);
void jit_truncate(struct jit *jit, enum x86_width width);

/* memory.c */
void jit_load(struct jit *jit, enum x86_width width);
void jit_load_sext(struct jit *jit, enum x86_width width);
void jit_store(struct jit *jit, enum x86_width width, bool imm);
void jit_atomic(struct jit *jit, enum x86_alu alu, enum x86_width width);
void jit_fetch_add(struct jit *jit, enum x86_width width);
void jit_fetch(struct jit *jit, enum x86_alu alu, enum x86_width width);
void jit_exchange(struct jit *jit, enum x86_width width);
void jit_compare_exchange(struct jit *jit, enum x86_width width);
void jit_legacy(struct jit *jit, u32 size, bool indirect);
void jit_wide(struct jit *jit);

/* jump.c */
void jit_branch(struct jit *jit, enum x86_cond cond, enum x86_width width, bool imm);
void jit_branch_set(struct jit *jit, enum x86_width width, bool imm);
void jit_goto(struct jit *jit);
void jit_may_goto(struct jit *jit);

/* call.c */
void jit_call_helper(struct jit *jit);
void jit_call_local(struct jit *jit);
void jit_call_any(struct jit *jit);
void jit_exit(struct jit *jit);

/* runtime.c: what the code calls or reads */
extern _Thread_local u32 x86_64_tail_calls __attribute__((tls_model("initial-exec")));
/* The value at an offset, UINT64_MAX when the packet has none: LD_ABS, LD_IND. */
u64 x86_64_legacy(const void *ctx, s32 off, u32 size);
/* CALLX of the helper with this id; an id without a body counts as a stopped run. */
u64 x86_64_call_any(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5, u64 id);
u64 x86_64_run(const struct image *image, void *ctx);
void x86_64_run_batch(const struct image *image, void *const *ctxs, u64 *verdicts, u32 n);
/* The same for programs that need no environment: image->run() is code. */
void x86_64_run_batch_plain(const struct image *image, void *const *ctxs, u64 *verdicts, u32 n);

/* dump.c */
int x86_64_dump(const struct image *image, struct buf *out);

#endif
