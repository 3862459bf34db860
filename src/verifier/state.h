/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What is known at one point of one path: registers, stack, frames.
 *
 * Copying a state is cheap: frames and stacks are shared and copied when written
 * (state_write_frame(), frame_write_stack()). Which scalars must be compared exactly
 * ("precise": a check relied on their value) is kept beside them, in masks of the state, so that
 * marking an old state never touches what a newer one shares with it.
 */
#ifndef SKEP_VERIFIER_STATE_H
#define SKEP_VERIFIER_STATE_H

#include "base/types.h"
#include "skep/insn.h"
#include "verifier/num.h"

struct live_func;
struct vmap;

enum reg_type {
	REG_UNINIT,
	REG_SCALAR,
	REG_CTX,
	REG_MAP, /* the map itself */
	REG_MAP_VALUE,
	REG_MAP_KEY,
	REG_STACK,
	REG_PACKET_META,
	REG_PACKET,
	REG_PACKET_END,
	REG_MEM, /* `size` bytes */
	REG_SOCKET,
	REG_SOCK_COMMON,
	REG_TCP_SOCK,
	REG_XDP_SOCK,
	REG_FUNC,
	REG_KERNEL, /* an object of the kernel, by BTF: reads give unknown numbers */
	REG_TYPE_MAX
};

enum reg_flags {
	REG_NULLABLE = 1 << 0, /* may be NULL: must be compared with 0 before use */
	REG_RDONLY = 1 << 1,
	REG_RINGBUF = 1 << 2,   /* memory of a ring buffer record: must be released */
	REG_ADD_CONST = 1 << 3, /* scalar: off more than the scalar with the same id */
};

/* `range` of a packet pointer: bytes behind it that exist, or where it stands to the end. */
#define RANGE_BEYOND_END (-1)
#define RANGE_AT_END (-2)

struct reg {
	u8 type;  /* enum reg_type */
	u8 flags; /* enum reg_flags */
	u8 frame; /* of REG_STACK: whose stack */
	u8 spare;
	s32 off; /* fixed part of a pointer's offset; the variable part is num */
	/*
	 * Scalars with one id hold the same number. Pointers that may be NULL with one id are NULL
	 * together; packet pointers with one id have the same variable part; a value with a lock
	 * keeps its id.
	 */
	u32 id;
	u32 ref; /* acquired reference, 0 = none */
	union {
		s32 range;   /* packet pointers */
		u32 size;    /* REG_MEM */
		u32 subprog; /* REG_FUNC */
		u32 any;
	};
	u32 map_uid;            /* tells inner maps from different lookups apart */
	const struct vmap *map; /* REG_MAP* */
	struct num num;
};

enum slot_type { SLOT_INVALID, SLOT_SPILL, SLOT_MISC, SLOT_ZERO, SLOT_DYNPTR };

#define SLOT_SIZE 8
#define MAX_SLOTS (SKEP_STACK_SIZE / SLOT_SIZE)

enum dynptr_type { DYNPTR_NONE, DYNPTR_LOCAL, DYNPTR_RINGBUF };

/*
 * Eight bytes of stack. That bytes are zero counts only once a check relied on it, as with numbers
 * (precise_slots). Slot i covers [fp - 8 * (i + 1), fp - 8 * i); type[0] is the byte at the
 * lowest address. A spill of n bytes marks the n lowest bytes SLOT_SPILL, its value is in reg.
 * A dynptr takes two slots: reg.off of each says enum dynptr_type, reg.id is common to both.
 */
struct slot {
	u8 type[SLOT_SIZE];
	struct reg reg;
};

struct stack {
	u32 refs;
	u32 nr;
	u32 room;
	struct slot slots[];
};

struct frame {
	u32 refs;
	u32 subprog;
	s32 callsite; /* instruction of the call in the caller, -1: outermost */
	u32 number;
	bool in_callback;
	bool in_async;
	u32 callback_depth;             /* how often the running helper has entered its callback */
	s64 callback_min, callback_max; /* what a callback may return */
	struct live_func *live;         /* what is known of its slots' use, see live.c */
	struct stack *stack;            /* NULL: nothing written */
	struct reg regs[SKEP_MAX_REG];
};

#define MAX_REFS 32

struct ref {
	u32 id;
	u32 insn;
};

#define LINKED_MAX 6

/* Registers and slots that shared an id at a conditional jump. */
struct linked {
	u32 nr;
	struct {
		u8 frame;
		bool is_slot;
		u8 index; /* register or slot */
	} regs[LINKED_MAX];
};

/*
 * One step of the way to a state, newest first: a jump taken, or an access to the stack through
 * another register than r10. Nodes are shared and never change.
 */
struct step {
	const struct step *prev;
	u32 insn, from; /* from: the instruction executed before */
	bool stack_access;
	bool partial; /* a store that leaves other bytes of the slot as they were */
	u8 frame, slot;
	const struct linked *linked;
};

struct state {
	struct frame *frames[SKEP_MAX_FRAMES];
	u16 precise_regs[SKEP_MAX_FRAMES];
	u64 precise_slots[SKEP_MAX_FRAMES];
	/*
	 * Slots overwritten since the parent; and of a checkpoint, slots that some path from here
	 * read before it overwrote them.
	 */
	u64 written_slots[SKEP_MAX_FRAMES];
	u64 read_slots[SKEP_MAX_FRAMES];
	u32 depth;    /* of the current frame */
	u32 branches; /* paths from here that are not explored yet */
	u32 first_insn, last_insn;
	u32 insn; /* of a checkpoint: where it stands */
	u32 dfs_depth;
	u32 may_goto_depth;
	u32 callback_unroll;
	bool in_async;
	u32 walk; /* of the program 0; each callback that runs alone has its own number */
	bool is_loop_head;       /* a path from here came back and was found covered */
	struct state *loop_head; /* outermost head that a path from here came back to */
	u32 nr_refs;
	u32 locked_id; /* value whose spin lock is held, 0 = none */
	const struct vmap *locked_map;
	struct ref refs[MAX_REFS];
	const struct step *steps;
	struct state *parent;
	struct state *prev_entry; /* of a checkpoint at an entry, see loop.c */
	/* of a checkpoint: its list, and how often it was of use */
	struct state *next;
	u32 hits, misses;
};

/* Zero *reg and set what it is. */
void reg_set_scalar(struct reg *reg, const struct num *num);
void reg_set_const(struct reg *reg, u64 value);
void reg_set_unknown(struct reg *reg);
void reg_set_uninit(struct reg *reg);
/* A pointer of this type with zero offset. */
void reg_set_pointer(struct reg *reg, enum reg_type type, u32 flags);

static inline bool reg_is_null(const struct reg *reg)
{
	return reg->type == REG_SCALAR && num_is(&reg->num, 0);
}

static inline bool reg_is_pointer(const struct reg *reg)
{
	return reg->type > REG_SCALAR;
}

static inline bool reg_is_packet(const struct reg *reg)
{
	return reg->type == REG_PACKET || reg->type == REG_PACKET_META;
}

static inline bool slot_is_spill(const struct slot *slot)
{
	return slot->type[0] == SLOT_SPILL;
}

/* Bytes of the spill in a slot, 0 = none. */
static inline u32 slot_spill_size(const struct slot *slot)
{
	u32 size = 0;

	while (size < SLOT_SIZE && slot->type[size] == SLOT_SPILL)
		size++;
	return size;
}

/*
 * All return NULL or false when out of memory. Copies own their references; free with state_free().
 */
struct state *state_new(void);
struct state *state_copy(const struct state *from);
void state_free(struct state *state);
struct frame *frame_new(u32 subprog, s32 callsite, u32 number);
void frame_put(struct frame *frame);
/* The frame, for writing: copied first when another state has it too. */
struct frame *state_write_frame(struct state *state, u32 depth);
/* The stack of a frame that is already writable, with at least nr slots. */
struct stack *frame_write_stack(struct frame *frame, u32 nr);
/* Bytes that states, frames and stacks of this thread take now, and at most so far. */
u64 state_memory(void);
u64 state_memory_peak(void);
void state_memory_reset(void);
/* Give memory that is kept for reuse back to the system. */
void state_pool_release(void);

static inline u32 frame_nr_slots(const struct frame *frame)
{
	return frame->stack ? frame->stack->nr : 0;
}

static inline struct frame *state_frame(const struct state *state)
{
	return state->frames[state->depth];
}

#endif
