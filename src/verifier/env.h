/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the files of the verifier share: the run (struct env), and the functions each file offers
 * the others, under the file's name. Nothing here leaves the layer.
 *
 * Functions that check return 0 or the -errno of a rejection, which reject() has explained.
 */
#ifndef SKEP_VERIFIER_ENV_H
#define SKEP_VERIFIER_ENV_H

#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "insn/helper.h"
#include "insn/insn.h"
#include "verifier/state.h"
#include "verifier/verify.h"

#define MAX_SUBPROGS 256
#define MAX_VAR_OFF (1 << 29) /* of a pointer's variable part, and of memory sizes */
#define MAX_PACKET_OFF 0xffff
#define MAX_STEPS 40   /* on one segment before a checkpoint is made anyway */
#define MAX_STATE_MEMORY (400u << 20)
#define CALLER_SAVED 6 /* r0-r5 */

enum rule {
#define RULE(id, ...) RULE_##id,
#include "verifier/rules.def"
	RULE_MAX
};

/* Ids of helpers, by the names of helper.def. */
enum helper_id {
#define HELPER(id, name, ...) H_##name = id,
#include "insn/helper.def"
};

enum field_kind {
	FIELD_SPIN_LOCK,
	FIELD_TIMER,
	FIELD_KPTR,
	FIELD_OTHER, /* lists, trees, work queues: only kernel functions use them */
};

/* A part of a map's value that loads and stores must not touch (see field.c). */
struct field {
	enum field_kind kind;
	u32 off, size;
};

/* A map as the verifier sees it. */
struct vmap {
	const struct object_map *object;
	const struct skep_map_def *def;
	s32 index; /* in the input, -1: an inner map */
	const struct vmap *inner;
	struct field *fields;
	u32 nr_fields;
	s32 lock_off, timer_off; /* -1: none */
	bool is_const;           /* contents never change: object->data */
};

/* What global functions take, from their BTF signature. */
enum arg_kind { PARAM_SCALAR, PARAM_CTX, PARAM_MEM, PARAM_DYNPTR };

struct param {
	enum arg_kind kind;
	bool nullable;
	u32 size;
};

struct subprog {
	u32 start, end; /* instructions [start, end) */
	const char *name;
	bool is_global; /* verified on its own */
	bool is_called; /* reached from a verified function */
	bool is_verified;
	bool is_callback;   /* its address is taken */
	bool is_async;      /* callback of a timer: runs alone */
	bool has_tail_call; /* itself or below */
	bool has_legacy_load, calls_tail; /* itself */
	bool changes_packet; /* itself or below */
	u16 live_args;       /* registers read before they are written */
	u32 stack_depth;
	u32 nr_params;
	struct param params[5];
	bool returns_void;
	s32 postorder; /* callees first */
	u64 loose_slots; /* loose.c */
	bool loose_result;
};

struct insn_aux {
	u8 id;               /* enum insn_id */
	bool prune : 1;      /* states are compared here */
	bool checkpoint : 1; /* and always kept */
	bool calls_callback : 1;
	bool second_slot : 1;
	u8 pointer_type;          /* enum reg_type of what it accesses memory through */
	u16 live;                 /* registers that are read after they are written, at entry */
	u16 live_upper_out;       /* upper halves read after this instruction */
	u32 first_pred, nr_preds; /* in env->preds */
	u16 loose; /* registers whose facts do not hold here, see loose.c */
};

/* A branch not taken yet. */
struct pending {
	struct state *state;
	struct pending *next;
};

/* A path that ended in a loop head that is still being explored (loop.c). */
struct backedge {
	struct state *state, *head;
	struct backedge *next;
};

struct context_desc;

struct env {
	const struct verify_input *in;
	struct verify_result *result;
	struct skep_diag *diag;
	struct arena *arena;
	const struct skep_insn *insns;
	u32 nr;
	struct insn_aux *aux;
	u32 *preds; /* instructions that lead to one, see insn_aux */
	struct vmap *maps;
	struct subprog subprogs[MAX_SUBPROGS];
	u32 nr_subprogs;
	const struct context_desc *context;
	bool is_gpl, strict, allow_uninit_stack;
	bool has_convergence; /* callbacks or may_goto: loops that end by convergence */
	u32 hook_mask;

	struct state *cur;
	struct frame *frame; /* the current one, writable */
	u32 insn, prev_insn;
	const struct step *step; /* of the current instruction, when one was made */
	u32 nr_steps;
	struct pending *pending;
	u32 nr_pending;
	struct state **explored; /* checkpoints by instruction */
	struct state *evicted;
	struct state ***entries; /* by instruction and depth, see loop.c */
	u32 nr_walks;
	struct backedge *backedges;
	struct live_func *live_roots;
	u64 wrote_slots; /* by the current instruction, whole slots of the current frame */
	u32 root_subprog;
	u32 id_gen;
	u32 jumps, last_jumps, last_insns; /* processed, and at the last checkpoint */
	u32 processed;
	bool path_done;
	struct verifier_facts *facts;
	bool has_loose, has_loose_slots, loose_anywhere; /* loose.c */
};

/* explain.c: say why. Returns err. */
int reject(struct env *env, int err, enum rule rule, const char *fmt, ...) _printf_(4, 5);
/* The same for what somebody else has put into words in env->diag. */
int reject_in_words(struct env *env, int err, enum rule rule);
void explain_proven(struct env *env, const char *fmt, ...) _printf_(2, 3);
void explain_needed(struct env *env, const char *fmt, ...) _printf_(2, 3);
/* A number that was a pointer until a helper moved the packet or released it: say so. */
void explain_lost_pointer(struct env *env, u32 regno);
const char *reg_type_name(const struct reg *reg);
/* A register's contents in the style of the kernel's log. */
void reg_print(struct buf *out, const struct reg *reg);

/* log.c */
void log_insn(struct env *env);
void log_state(struct env *env, const struct state *state);
void log_line(struct env *env, const char *fmt, ...) _printf_(2, 3);

/* cfg.c */
int cfg_build(struct env *env);
s32 subprog_at(const struct env *env, u32 insn);
s32 subprog_of(const struct env *env, u32 insn);

/* live.c */
int live_registers(struct env *env);
struct live_func *live_root(struct env *env, u32 subprog);
struct live_func *live_callee(struct env *env, struct live_func *caller, u32 callsite, u32 subprog);
void live_read(struct env *env, u32 depth, u64 slots);
void live_write(struct env *env, u64 slots);
/* Carry the reads that follow `old` to a state it covers; true when that marked anything new. */
bool live_propagate(const struct state *old, struct state *state);
/* Slots of frame `depth` of a state that may still be read. */
u64 live_slots(struct env *env, const struct state *state, u32 depth);
u32 insn_successors(const struct env *env, u32 insn, u32 to[2]);

/* map.c */
int vmaps_build(struct env *env);
/* Does [min, max) of a map's value meet a field? NULL: no. */
const struct field *vmap_field_in(const struct vmap *map, s64 min, s64 max);
/* Constant contents at off; false when they are not constant. */
bool vmap_read_const(const struct vmap *map, u64 off, u32 size, u64 *ret);

/* For "%u byte%s". */
#define PLURAL(n) ((n) == 1 ? "" : "s")

/* alu.c */
int check_alu(struct env *env, const struct skep_insn *insn, const struct insn_desc *desc);
int read_reg(struct env *env, u32 regno);
int write_reg(struct env *env, u32 regno);
void assign_scalar_id(struct env *env, struct reg *reg);

/* branch.c */
int check_branch(struct env *env, const struct skep_insn *insn, const struct insn_desc *desc);
/* Put the other way on the list; NULL after a rejection or out of memory (env->path error). */
struct state *push_branch(struct env *env, u32 target, int *err);

/* mem.c */
enum access { ACCESS_READ, ACCESS_WRITE };
int check_load(struct env *env, const struct skep_insn *insn, const struct insn_desc *desc);
int check_store(struct env *env, const struct skep_insn *insn, const struct insn_desc *desc);
int check_atomic(struct env *env, const struct skep_insn *insn, const struct insn_desc *desc);
int check_legacy(struct env *env, const struct skep_insn *insn, const struct insn_desc *desc);
/* An access by a helper to `size` bytes at a register. `raw`: the helper fills them all. */
int check_helper_mem(struct env *env, u32 regno, u32 size, enum access access, bool zero_allowed,
		     bool raw);
int check_alignment(struct env *env, const struct reg *reg, s32 off, u32 size, bool strict);
/* A pointer that must have no offset. */
int check_no_offset(struct env *env, u32 regno, bool fixed_allowed);
int check_map_access(struct env *env, u32 regno, s32 off, u32 size, bool zero_allowed,
		     enum access access);

/* stack.c */
int check_stack_load(struct env *env, u32 regno, s32 off, u32 size, struct reg *ret);
/* value NULL: an unknown number */
int check_stack_store(struct env *env, u32 regno, s32 off, u32 size, const struct reg *value,
		      s32 value_regno);
int check_stack_helper(struct env *env, u32 regno, u32 size, enum access access, bool raw,
		       bool zero_allowed);
int stack_note_depth(struct env *env, const struct frame *frame, s32 off);

/* dynptr.c */
/* r`regno` points at 16 bytes of stack that may become a dynptr. */
int dynptr_check_uninit(struct env *env, u32 regno);
int dynptr_init(struct env *env, u32 regno, enum dynptr_type type, u32 ref);
/* It points at an initialised one (of this type, DYNPTR_NONE: any). */
int dynptr_check(struct env *env, u32 regno, enum dynptr_type type, u32 *ret_ref, u32 *ret_id);
/* Drop the reference behind a dynptr, and all dynptrs and slices that hang on it. */
int dynptr_release(struct env *env, u32 ref);
/* Before an overwrite of slots: a dynptr there ends, or must not. */
int dynptr_destroy(struct env *env, u32 depth, u32 slot);

/* context.c */
const struct context_desc *context_find(u32 prog_type);
int check_context(struct env *env, s32 off, u32 size, enum access access, struct reg *ret);
int check_sock_field(struct env *env, u32 regno, s32 off, u32 size);
bool context_packet_writable(const struct env *env);
bool context_has_packet(const struct env *env);
bool context_has_legacy(const struct env *env);

/* call.c */
int check_helper_call(struct env *env, const struct skep_insn *insn);
int ref_acquire(struct env *env, u32 *ret_id);
int ref_release(struct env *env, u32 id);
int check_no_refs(struct env *env, const char *what);
void clear_packet_pointers(struct env *env);

/* compat.c */
int check_map_helper(struct env *env, const struct vmap *map, const struct helper_desc *helper);

/* func.c */
int check_local_call(struct env *env, const struct skep_insn *insn);
int check_callback_call(struct env *env, const struct helper_desc *helper, u32 subprog,
			const struct vmap *map);
int check_exit(struct env *env, bool *ret_done);
/* The function ends, not the program: its caller, or the helper that called it back, goes on. */
int return_to_caller(struct env *env);
int func_params(struct env *env);
/* Functions that may end the program early must return a number, as BTF says. */
int check_early_exits(struct env *env);
int func_enter_root(struct env *env, u32 subprog);
int check_stack_depth(struct env *env);

/* equal.c */
enum equality { NOT_EXACT, EXACT, RANGE_WITHIN };
bool states_equal(struct env *env, const struct state *old, const struct state *cur,
		  enum equality exact);

/* loop.c */
/* 1: covered by an earlier state, the path ends here. */
int check_visited(struct env *env);
void path_end(struct env *env, struct state *state);
void widen_imprecise(struct env *env, const struct state *old, struct state *cur);
/* The checkpoint, other than `skip`, at the previous entry into the callback or loop at `insn`. */
struct state *find_prev_entry(struct env *env, u32 insn, const struct state *skip);

/* backtrack.c */
int mark_precise(struct env *env, u32 regno);
int mark_precise_slot(struct env *env, u32 depth, u32 slot);
/* Carry the marks of `old` to `state`, which stands at `insn` and was found covered by it. */
int propagate_precision(struct env *env, const struct state *old, struct state *state,
			bool *ret_changed);
/* Note for backtracking. */
enum step_kind { STEP_JUMP, STEP_STACK, STEP_STACK_PART };
int push_step(struct env *env, enum step_kind kind, u32 depth, u32 slot,
	      const struct linked *linked);

/* loose.c */
/* The current path ends in `old`: note which facts from there do not cover it. */
void loose_note(struct env *env, const struct state *old);
/* Forget the facts of all numbers that were noted, and of what is computed of them. */
void loose_forget(struct env *env);

/* facts.c */
int facts_new(struct env *env);
void facts_before(struct env *env);
void facts_branch(struct env *env, u32 insn, u8 branches);
void facts_call(struct env *env, const struct vmap *map, bool key_known, u64 key);
void facts_end(struct env *env);

static inline struct reg *cur_reg(struct env *env, u32 regno)
{
	return &env->frame->regs[regno];
}

static inline u32 new_id(struct env *env)
{
	return ++env->id_gen;
}

/* Call `fn`-like code for each register and spilled register of all frames (see users). */
#define for_each_frame(state, depth) for (u32 depth = 0; depth <= (state)->depth; depth++)

#endif
