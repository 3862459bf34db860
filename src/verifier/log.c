/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The log: what was walked, with the state before each instruction, in the style of the kernel's
 * so that those who can read that one can read this one. Level 1 keeps only the last path, level 2
 * all of them.
 */
#include "verifier/env.h"

#include <inttypes.h>
#include <stdarg.h>

void log_line(struct env *env, const char *fmt, ...)
{
	struct buf *log = &env->result->log;
	char text[512];
	va_list args;

	if (!env->in->log_level)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	buf_printf(log, "%s\n", text);
}

static void print_num(struct buf *out, const struct num *num)
{
	const char *comma = "";

	if (num->umin || num->umax != UINT64_MAX) {
		buf_printf(out, "%sumin=%" PRIu64 ",umax=%" PRIu64, comma, num->umin, num->umax);
		comma = ",";
	}
	if ((num->smin != INT64_MIN || num->smax != INT64_MAX) && num->smin < 0) {
		buf_printf(out, "%ssmin=%" PRId64 ",smax=%" PRId64, comma, num->smin, num->smax);
		comma = ",";
	}
	if (num->umin32 != (u32)num->umin || num->umax32 != (u32)num->umax) {
		buf_printf(out, "%sumin32=%u,umax32=%u", comma, num->umin32, num->umax32);
		comma = ",";
	}
	if (num->bits.mask != UINT64_MAX)
		buf_printf(out, "%svar_off=(0x%" PRIx64 "; 0x%" PRIx64 ")", comma, num->bits.value,
			   num->bits.mask);
}

void reg_print(struct buf *out, const struct reg *reg)
{
	static const char *const names[REG_TYPE_MAX] = {
		[REG_UNINIT] = "?",
		[REG_SCALAR] = "scalar",
		[REG_CTX] = "ctx",
		[REG_MAP] = "map_ptr",
		[REG_MAP_VALUE] = "map_value",
		[REG_MAP_KEY] = "map_key",
		[REG_STACK] = "fp",
		[REG_PACKET_META] = "pkt_meta",
		[REG_PACKET] = "pkt",
		[REG_PACKET_END] = "pkt_end",
		[REG_MEM] = "mem",
		[REG_SOCKET] = "sock",
		[REG_SOCK_COMMON] = "sock_common",
		[REG_TCP_SOCK] = "tcp_sock",
		[REG_XDP_SOCK] = "xdp_sock",
		[REG_FUNC] = "func",
		[REG_KERNEL] = "ptr_",
	};

	if (reg->type == REG_SCALAR && num_is_const(&reg->num)) {
		buf_printf(out, "%" PRId64, (s64)reg->num.bits.value);
		return;
	}
	buf_printf(out, "%s%s", names[reg->type],
		   reg->flags & REG_NULLABLE && reg_is_pointer(reg) ? "_or_null" : "");
	if (reg->type == REG_STACK && num_is_const(&reg->num)) {
		if (reg->off)
			buf_printf(out, "%+d", reg->off);
		return;
	}
	buf_printf(out, "(");
	if (reg->id)
		buf_printf(out, "id=%u,", reg->id);
	if (reg->ref)
		buf_printf(out, "ref_obj_id=%u,", reg->ref);
	if (reg->off)
		buf_printf(out, "off=%d,", reg->off);
	if (reg_is_packet(reg))
		buf_printf(out, "r=%d,", reg->range);
	if (reg->type == REG_MEM)
		buf_printf(out, "sz=%u,", reg->size);
	if (reg->map)
		buf_printf(out, "map=%s,ks=%u,vs=%u,", reg->map->def->name, reg->map->def->key_size,
			   reg->map->def->value_size);
	if (reg->type != REG_UNINIT && !num_is(&reg->num, 0))
		print_num(out, &reg->num);
	if (out->len && out->data[out->len - 1] == ',')
		out->data[--out->len] = '\0';
	buf_printf(out, ")");
}

static void print_slot(struct buf *out, const struct slot *slot, u32 index)
{
	static const char letters[] = {[SLOT_INVALID] = '?',
				       [SLOT_SPILL] = 'r',
				       [SLOT_MISC] = 'm',
				       [SLOT_ZERO] = '0',
				       [SLOT_DYNPTR] = 'd'};
	char types[SLOT_SIZE + 1] = {0};

	for (u32 i = 0; i < SLOT_SIZE; i++)
		types[SLOT_SIZE - 1 - i] = letters[slot->type[i]];
	if (!strcmp(types, "????????"))
		return;
	buf_printf(out, " fp-%u=", (index + 1) * SLOT_SIZE);
	if (slot_spill_size(slot) == SLOT_SIZE) {
		reg_print(out, &slot->reg);
		return;
	}
	buf_printf(out, "%s", types);
}

void log_state(struct env *env, const struct state *state)
{
	struct buf *out = &env->result->log;
	const struct frame *frame = state_frame(state);

	if (state->depth)
		buf_printf(out, " frame%u:", state->depth);
	for (u32 i = 0; i < SKEP_MAX_REG; i++) {
		if (frame->regs[i].type == REG_UNINIT)
			continue;
		buf_printf(out, " R%u=", i);
		reg_print(out, &frame->regs[i]);
	}
	for (u32 i = 0; i < frame_nr_slots(frame); i++)
		print_slot(out, &frame->stack->slots[i], i);
	for (u32 i = 0; i < state->nr_refs; i++)
		buf_printf(out, "%s%u", i ? "," : " refs=", state->refs[i].id);
}

void log_insn(struct env *env)
{
	struct buf *out = &env->result->log;

	if (env->in->log_level < 2 || out->len > 64u << 20)
		return;
	buf_printf(out, "%u: ", env->insn);
	insn_print(out, env->insns, env->nr, env->insn, NULL);
	buf_printf(out, "\t\t;");
	log_state(env, env->cur);
	buf_printf(out, "\n");
}
