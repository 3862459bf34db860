/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Checked execution: what memory a program may reach, asked before every access, and the
 * arguments of helpers, by their rows in helper.def.
 *
 * Reachable are: the stack frames of the program that runs, the context, the packet as the
 * context bounds it now, the values of its maps, and memory that a helper handed out.
 */
#include <string.h>

#include "helper/context.h"
#include "insn/helper.h"
#include "target/interp/run.h"

#define MAX_MEM_SIZE (1u << 29) /* BPF_MAX_VAR_SIZ */

void interp_fault(struct interp_run *run, const struct interp_op *op, enum target_abort reason,
		  const char *why)
{
	struct helper_fault *fault = &run->env->fault;

	run->env->aborted = reason;
	*fault = (struct helper_fault){.insn = interp_insn(run, op), .why = why};
	memcpy(fault->prog, interp_current(run)->image.name, sizeof(fault->prog));
	memcpy(fault->regs, run->reg, sizeof(fault->regs));
}

void interp_fault_access(struct interp_run *run, const struct interp_op *op, u64 addr, u64 size,
			 enum interp_access access, const char *why)
{
	if (!why)
		why = addr < 4096 ? "the pointer is NULL"
				  : "nothing that the program may reach is there";
	interp_fault(run, op, TARGET_ABORT_MEMORY, why);
	run->env->fault.addr = addr;
	run->env->fault.size = size;
	run->env->fault.is_write = access == INTERP_WRITE;
}

/* Is [addr, addr + size) inside [start, end)? */
static bool inside(u64 addr, u64 size, u64 start, u64 end)
{
	return addr >= start && addr <= end && size <= end - addr;
}

static bool stack_holds(const struct interp_run *run, u64 addr, u64 size)
{
	u64 off = addr - (u64)(uintptr_t)run->stack;
	u64 frame = off / sizeof(run->stack[0]);

	if (frame < run->frames[run->depth].base || frame > run->depth)
		return false;
	return inside(off % sizeof(run->stack[0]), size, 0, SKEP_STACK_SIZE);
}

static u32 context_field(const void *ctx, u32 off)
{
	u32 value;

	memcpy(&value, (const u8 *)ctx + off, sizeof(value));
	return value;
}

static bool packet_holds(const struct interp_run *run, u64 addr, u64 size)
{
	const struct interp_context *context = interp_current(run)->context;
	u32 start, meta;

	if (!context->has_packet || !run->ctx)
		return false;
	start = context_field(run->ctx, context->data);
	meta = context_field(run->ctx, context->data_meta);
	if (meta < start)
		start = meta;
	return inside(addr, size, start, context_field(run->ctx, context->data_end));
}

static bool context_holds(const struct interp_run *run, u64 addr, u64 size,
			  enum interp_access access)
{
	const struct interp_context *context = interp_current(run)->context;
	u64 start = (u64)(uintptr_t)run->ctx;

	if (!run->ctx || (access == INTERP_WRITE && !context->writable))
		return false;
	return inside(addr, size, start, start + context->size);
}

static bool given_holds(const struct interp_run *run, u64 addr, u64 size)
{
	for (const struct helper_loan *loan = run->env->loans; loan; loan = loan->next) {
		u64 start = (u64)(uintptr_t)loan->memory;

		if (inside(addr, size, start, start + loan->size))
			return true;
	}
	for (u32 i = 0; i < run->nr_given; i++) {
		const struct interp_region *region = &run->given[i];

		if (inside(addr, size, region->addr, region->addr + region->size))
			return true;
	}
	return inside(addr, size, run->memory, run->memory + run->memory_size);
}

static bool map_allows(const struct skep_map *map, enum interp_access access)
{
	u32 forbidden = access == INTERP_WRITE ? SKEP_F_RDONLY_PROG : SKEP_F_WRONLY_PROG;

	return !(map->def.map_flags & forbidden);
}

static bool maps_hold(struct skep_map *const *maps, u32 nr, u64 addr, u64 size,
		      enum interp_access access)
{
	for (u32 i = 0; i < nr; i++) {
		if (maps[i] && map_contains(maps[i], (void *)(uintptr_t)addr, size))
			return map_allows(maps[i], access);
	}
	return false;
}

bool interp_reaches(const struct interp_run *run, u64 addr, u64 size, enum interp_access access)
{
	const struct interp_image *image = interp_current(run);

	return stack_holds(run, addr, size) || packet_holds(run, addr, size) ||
	       context_holds(run, addr, size, access) || given_holds(run, addr, size) ||
	       maps_hold(image->maps, image->nr_maps, addr, size, access) ||
	       maps_hold(run->inner, run->nr_inner, addr, size, access);
}

/* The map a register points at, NULL when it is none that the program knows. */
static struct skep_map *known_map(const struct interp_run *run, u64 value)
{
	const struct interp_image *image = interp_current(run);
	struct skep_map *map = (struct skep_map *)(uintptr_t)value;

	for (u32 i = 0; map && i < image->nr_maps; i++) {
		if (image->maps[i] == map)
			return map;
	}
	for (u32 i = 0; map && i < run->nr_inner; i++) {
		if (run->inner[i] == map)
			return map;
	}
	return NULL;
}

/* One call whose arguments are being checked. */
struct call_check {
	struct interp_run *run;
	const struct interp_op *op;
	const struct helper_desc *desc;
	const struct skep_map *map; /* of the last ARG_CONST_MAP_PTR */
};

static bool refuse(const struct call_check *call, const char *why)
{
	interp_fault(call->run, call->op, TARGET_ABORT_MEMORY, why);
	return false;
}

static bool need(const struct call_check *call, u64 addr, u64 size, enum interp_access access)
{
	if (!size || interp_reaches(call->run, addr, size, access))
		return true;
	interp_fault_access(call->run, call->op, addr, size, access, NULL);
	return false;
}

/* A NUL-terminated text in memory that the program may read. */
static bool need_text(const struct call_check *call, u64 addr)
{
	do {
		if (!need(call, addr, 1, INTERP_READ))
			return false;
	} while (*(const char *)(uintptr_t)addr++);
	return true;
}

static bool need_context(const struct call_check *call, u64 value)
{
	if (value == (u64)(uintptr_t)call->run->ctx)
		return true;
	return refuse(call, "an argument of the helper must be the context");
}

static bool need_map(struct call_check *call, u64 value)
{
	call->map = known_map(call->run, value);
	return call->map || refuse(call, "an argument of the helper must be one of the maps");
}

/* A memory argument whose size is the next argument. */
static bool need_sized(const struct call_check *call, u32 at, enum helper_arg type)
{
	const u64 *args = &call->run->reg[1];
	u64 size = at < 4 ? args[at + 1] : 0;
	bool may_be_zero = at < 4 && call->desc->args[at + 1] == ARG_CONST_SIZE_OR_ZERO;
	bool is_read = type == ARG_MEM || type == ARG_MEM_OR_NULL;

	if (size >= MAX_MEM_SIZE || (!size && !may_be_zero))
		return refuse(call, "the size of a helper's memory argument is out of range");
	return need(call, args[at], size, is_read ? INTERP_READ : INTERP_WRITE);
}

/* Bytes behind a pointer argument of fixed size; 0 = not of this kind. */
static u64 fixed_size(const struct call_check *call, u32 at)
{
	switch (call->desc->args[at]) {
	case ARG_MAP_KEY:
		return call->map->def.key_size;
	case ARG_MAP_VALUE:
	case ARG_MAP_VALUE_OR_NULL:
	case ARG_UNINIT_MAP_VALUE:
		return call->map->def.value_size;
	case ARG_FIXED_MEM:
	case ARG_PTR_TO_INT:
	case ARG_PTR_TO_LONG:
		return call->desc->sizes[at];
	case ARG_SPIN_LOCK:
		return sizeof(u32);
	case ARG_KPTR:
		return sizeof(u64);
	case ARG_TIMER:
	case ARG_DYNPTR:
	case ARG_DYNPTR_UNINIT:
	case ARG_DYNPTR_UNINIT_RINGBUF:
	case ARG_DYNPTR_RINGBUF:
		return 16;
	default:
		return 0;
	}
}

static enum interp_access fixed_access(enum helper_arg type)
{
	switch (type) {
	case ARG_MAP_KEY:
	case ARG_MAP_VALUE:
	case ARG_MAP_VALUE_OR_NULL:
	case ARG_FIXED_MEM:
		return INTERP_READ;
	default:
		return INTERP_WRITE;
	}
}

static bool check_argument(struct call_check *call, u32 at)
{
	enum helper_arg type = call->desc->args[at];
	u64 value = call->run->reg[1 + at];

	switch (type) {
	case ARG_CONST_MAP_PTR:
		return need_map(call, value);
	case ARG_CTX_OR_NULL:
		return !value || need_context(call, value);
	case ARG_CTX:
		return need_context(call, value);
	case ARG_MEM:
	case ARG_MEM_OR_NULL:
	case ARG_MEM_WRITE:
	case ARG_MEM_WRITE_OR_NULL:
	case ARG_UNINIT_MEM:
		return need_sized(call, at, type);
	case ARG_CONST_STR:
		return need_text(call, value);
	case ARG_CALLBACK:
		return interp_is_function(call->run, value) ||
		       refuse(call, "an argument of the helper must be a function");
	case ARG_MAP_VALUE_OR_NULL:
		if (!value)
			return true;
		break;
	default:
		break;
	}
	return need(call, value, fixed_size(call, at), fixed_access(type));
}

bool interp_check_call(struct interp_run *run, const struct interp_op *op, u32 id)
{
	struct call_check call = {.run = run, .op = op, .desc = helper_find(id)};

	if (!call.desc) {
		interp_fault(run, op, TARGET_ABORT_HELPER, "there is no helper of this number");
		return false;
	}
	for (u32 at = 0; at < 5; at++) {
		if (!check_argument(&call, at))
			return false;
	}
	return true;
}

static bool is_outer(const struct skep_map *map)
{
	return map &&
	       (map->def.type == SKEP_MAP_ARRAY_OF_MAPS || map->def.type == SKEP_MAP_HASH_OF_MAPS);
}

static bool note_inner(struct interp_run *run, const struct interp_op *op)
{
	if (!run->reg[0] || known_map(run, run->reg[0]))
		return true;
	if (run->nr_inner == ARRAY_SIZE(run->inner)) {
		interp_fault(run, op, TARGET_ABORT_HELPER,
			     "more inner maps than checked execution can remember");
		return false;
	}
	run->inner[run->nr_inner++] = (struct skep_map *)(uintptr_t)run->reg[0];
	return true;
}

static bool note_memory(struct interp_run *run, const struct interp_op *op, u64 size)
{
	if (!run->reg[0])
		return true;
	if (run->nr_given == ARRAY_SIZE(run->given)) {
		interp_fault(run, op, TARGET_ABORT_HELPER,
			     "more memory from helpers than checked execution can remember");
		return false;
	}
	run->given[run->nr_given++] = (struct interp_region){.addr = run->reg[0], .size = size};
	return true;
}

/* Memory that was handed back is out of reach again. */
static void forget_memory(struct interp_run *run, u64 addr)
{
	for (u32 i = 0; i < run->nr_given; i++) {
		if (run->given[i].addr == addr) {
			run->given[i] = run->given[--run->nr_given];
			return;
		}
	}
}

bool interp_note_result(struct interp_run *run, const struct interp_op *op, u32 id,
			const u64 args[5])
{
	const struct helper_desc *desc = helper_find(id);

	for (u32 at = 0; at < 5; at++) {
		if (desc->args[at] == ARG_CONST_ALLOC_SIZE_OR_ZERO && desc->ret == RET_MEM_OR_NULL)
			return note_memory(run, op, args[at]);
		if (desc->args[at] == ARG_RINGBUF_MEM)
			forget_memory(run, args[at]);
	}
	if (desc->ret == RET_MAP_VALUE_OR_NULL && is_outer(known_map(run, args[0])))
		return note_inner(run, op);
	return true;
}
