/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "target/interp/oracle.h"

#include <errno.h>

#include "base/buf.h"
#include "base/diag.h"
#include "helper/context.h"
#include "insn/insn.h"
#include "map/map.h"
#include "target/interp/run.h"

/* From r10 of one frame to r10 of the next: see run.h. */
#define FRAME_DISTANCE (SKEP_STACK_SIZE + INTERP_STACK_GAP)

enum packet_end { PACKET_DATA, PACKET_META, PACKET_END };

static u64 packet_address(const struct oracle *oracle, const struct interp_view *view,
			  enum packet_end which)
{
	if (oracle->hook == SKEP_HOOK_XDP) {
		const struct xdp_md *md = view->ctx;

		return which == PACKET_DATA   ? md->data
		       : which == PACKET_META ? md->data_meta
					      : md->data_end;
	}
	const struct sk_buff_md *md = view->ctx;

	return which == PACKET_DATA   ? md->data
	       : which == PACKET_META ? md->data_meta
				      : md->data_end;
}

/* A pointer's claim: base + off + (something in num). */
static bool at_distance(u64 reg, u64 base, const struct value_facts *facts)
{
	return num_has(&facts->num, reg - base - (u64)(s64)facts->off);
}

/* Into any frame of the call chain: the facts do not say which one. */
static bool in_some_frame(u64 reg, const struct interp_view *view, const struct value_facts *facts)
{
	for (u32 up = 0; up <= view->depth; up++)
		if (at_distance(reg, view->regs[10] - up * FRAME_DISTANCE, facts))
			return true;
	return false;
}

/*
 * A pointer into a value of a flat array: its distance from the start of its element. The
 * elements of other maps lie anywhere; checked execution watches them.
 */
static bool in_map_value(const struct oracle *oracle, u64 reg, const struct value_facts *facts)
{
	struct skep_map *map;
	u32 stride;
	u64 base;

	if (facts->map < 0 || (u32)facts->map >= oracle->nr_maps)
		return true;
	map = oracle->maps[facts->map];
	if (!map || !map->ops->direct)
		return true;
	base = (u64)(uintptr_t)map->ops->direct(map, &stride);
	if (!base || !stride || reg < base || num_is_unknown(&facts->num))
		return true;
	/* off + num may be negative or past the end before it is checked: then elements blur */
	if ((s64)facts->off + facts->num.smin < 0 ||
	    (s64)facts->off + facts->num.smax >= (s64)stride)
		return true;
	return at_distance(reg, base + (reg - base) / stride * stride, facts);
}

static bool claim_holds(const struct oracle *oracle, const struct interp_view *view, u64 reg,
			const struct value_facts *facts)
{
	if (facts->maybe_null && !reg)
		return true;
	switch ((enum value_kind)facts->kind) {
	case VALUE_SCALAR:
		return num_has(&facts->num, reg);
	case VALUE_CTX:
		return at_distance(reg, (u64)(uintptr_t)view->ctx, facts);
	case VALUE_STACK:
		return in_some_frame(reg, view, facts);
	case VALUE_PACKET:
		return at_distance(reg, packet_address(oracle, view, PACKET_DATA), facts);
	case VALUE_PACKET_META:
		return at_distance(reg, packet_address(oracle, view, PACKET_META), facts);
	case VALUE_PACKET_END:
		return reg == packet_address(oracle, view, PACKET_END);
	case VALUE_MAP:
		return facts->map < 0 || (u32)facts->map >= oracle->nr_maps ||
		       reg == (u64)(uintptr_t)oracle->maps[facts->map];
	case VALUE_MAP_VALUE:
		return reg && in_map_value(oracle, reg, facts);
	case VALUE_MAP_KEY:
	case VALUE_MEM:
	case VALUE_SOCKET:
	case VALUE_FUNC:
		return reg != 0;
	case VALUE_NONE:
	case VALUE_MIXED:
		return true;
	}
	return false;
}

static void report(struct oracle *oracle, const struct interp_view *view, const char *what, u32 reg,
		   const struct value_facts *facts)
{
	struct buf text = {0};

	if (oracle->violations++)
		return;
	insn_print(&text, oracle->insns, oracle->facts->nr_insns, view->insn, NULL);
	if (facts)
		diag_fail(oracle->diag, -ERANGE,
			  "the verifier claims for %s r%u: kind %u, off %d, [%llu, %llu], bits "
			  "0x%llx/0x%llx; the run has 0x%llx",
			  what, reg, facts->kind, facts->off, (unsigned long long)facts->num.umin,
			  (unsigned long long)facts->num.umax,
			  (unsigned long long)facts->num.bits.value,
			  (unsigned long long)facts->num.bits.mask,
			  (unsigned long long)view->regs[reg]);
	else
		diag_fail(oracle->diag, -ERANGE, "the verifier claims that %s", what);
	diag_category(oracle->diag, "soundness");
	diag_insn(oracle->diag, view->insn, buf_text(&text));
	buf_free(&text);
}

static void look_at(struct oracle *oracle, const struct interp_view *view, const char *what,
		    u32 reg, const struct value_facts *facts)
{
	if (facts->kind == VALUE_NONE)
		return;
	oracle->checks++;
	if (!claim_holds(oracle, view, view->regs[reg], facts))
		report(oracle, view, what, reg, facts);
}

void oracle_look(void *arg, const struct interp_view *view)
{
	struct oracle *oracle = arg;
	const struct insn_facts *facts;
	const struct skep_insn *insn;
	u32 flags;

	if (view->image != oracle->image || view->insn >= oracle->facts->nr_insns)
		return;
	facts = &oracle->facts->insns[view->insn];
	insn = &oracle->insns[view->insn];
	flags = insn_descs[insn_decode(insn)].flags;
	if (!facts->reached) {
		report(oracle, view, "no path comes here", 0, NULL);
		return;
	}
	if (flags & INSN_READS_DST)
		look_at(oracle, view, "dst", insn->dst, &facts->dst);
	if (flags & INSN_READS_SRC)
		look_at(oracle, view, "src", insn->src, &facts->src);
}
