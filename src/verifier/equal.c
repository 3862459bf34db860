/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Does an old state cover the current one: is everything that may happen from here among what was
 * walked from there? Three strengths:
 *   NOT_EXACT     the old state is fully explored: numbers that no check relied on, and what is
 *                 never read again, do not count
 *   RANGE_WITHIN  the old state is still being explored: all numbers must lie inside its ranges
 *   EXACT         the same state: a loop that makes no progress
 * Ids are names: they may differ, as long as one maps to the other one to one.
 */
#include "verifier/env.h"

#define ID_PAIRS 600

struct id_map {
	u32 nr, next_fresh;
	struct {
		u32 old, cur;
	} pairs[ID_PAIRS];
};

static bool ids_match(u32 old, u32 cur, struct id_map *map)
{
	if (!!old != !!cur)
		return false;
	if (!old)
		return true;
	for (u32 i = 0; i < map->nr; i++) {
		if (map->pairs[i].old == old)
			return map->pairs[i].cur == cur;
		if (map->pairs[i].cur == cur)
			return false;
	}
	if (map->nr == ID_PAIRS)
		return false;
	map->pairs[map->nr].old = old;
	map->pairs[map->nr++].cur = cur;
	return true;
}

/* A number that the old state does not link to another may be linked now. */
static bool scalar_ids_match(u32 old, u32 cur, struct id_map *map)
{
	if (!old)
		return true;
	return ids_match(old, cur ? cur : ++map->next_fresh, map);
}

static bool regs_exact(const struct reg *old, const struct reg *cur, struct id_map *map)
{
	return old->type == cur->type && old->flags == cur->flags && old->frame == cur->frame &&
	       old->off == cur->off && old->any == cur->any && old->map == cur->map &&
	       ids_match(old->map_uid, cur->map_uid, map) &&
	       !memcmp(&old->num, &cur->num, sizeof(old->num)) &&
	       ids_match(old->id, cur->id, map) && ids_match(old->ref, cur->ref, map);
}

static bool scalar_covers(const struct reg *old, const struct reg *cur, bool precise,
			  struct id_map *map, enum equality exact)
{
	if (exact == NOT_EXACT && !precise)
		return true;
	if (old->id && ((old->flags ^ cur->flags) & REG_ADD_CONST))
		return false;
	if (old->id && old->flags & REG_ADD_CONST && old->off != cur->off)
		return false;
	return num_within(&cur->num, &old->num) && scalar_ids_match(old->id, cur->id, map);
}

static bool packet_covers(const struct reg *old, const struct reg *cur, struct id_map *map)
{
	if (old->range < 0 || cur->range < 0) {
		if (old->range != cur->range)
			return false;
	} else if (old->range > cur->range) {
		return false;
	}
	return old->off == cur->off && ids_match(old->id, cur->id, map) &&
	       num_within(&cur->num, &old->num);
}

static bool reg_covers(const struct reg *old, const struct reg *cur, bool precise,
		       struct id_map *map, enum equality exact)
{
	if (exact == EXACT)
		return regs_exact(old, cur, map);
	if (old->type == REG_UNINIT) /* what was walked did not read it */
		return exact == NOT_EXACT || cur->type == REG_UNINIT;
	if (old->type != cur->type)
		return false;
	if (old->type == REG_SCALAR)
		return scalar_covers(old, cur, precise, map, exact);
	if (old->flags != cur->flags)
		return false;
	switch (old->type) {
	case REG_MAP_KEY:
	case REG_MAP_VALUE:
	case REG_MEM:
		return old->off == cur->off && old->any == cur->any && old->map == cur->map &&
		       ids_match(old->map_uid, cur->map_uid, map) &&
		       num_within(&cur->num, &old->num) && ids_match(old->id, cur->id, map) &&
		       ids_match(old->ref, cur->ref, map);
	case REG_PACKET:
	case REG_PACKET_META:
		return packet_covers(old, cur, map);
	default:
		return regs_exact(old, cur, map);
	}
}

static bool is_misc(const struct env *env, const struct slot *slot)
{
	for (u32 i = 0; i < SLOT_SIZE; i++)
		if (slot->type[i] != SLOT_MISC &&
		    !(env->allow_uninit_stack && slot->type[i] == SLOT_INVALID))
			return false;
	return true;
}

static bool is_zero(const struct slot *slot)
{
	for (u32 i = 0; i < SLOT_SIZE; i++)
		if (slot->type[i] != SLOT_ZERO)
			return false;
	return true;
}

/* The slot as one 64-bit number, where it is one. */
static const struct reg *slot_as_scalar(const struct env *env, const struct slot *slot,
					struct reg *made)
{
	if (slot_is_spill(slot))
		return slot->type[SLOT_SIZE - 1] == SLOT_SPILL && slot->reg.type == REG_SCALAR
			       ? &slot->reg
			       : NULL;
	if (is_misc(env, slot)) {
		reg_set_unknown(made);
		return made;
	}
	if (is_zero(slot)) {
		reg_set_const(made, 0);
		return made;
	}
	return NULL;
}

/* `zero_matters`: a check relied on bytes of the old slot being zero. */
static bool bytes_cover(const struct env *env, const struct slot *old, const struct slot *cur,
			bool zero_matters)
{
	for (u32 i = 0; i < SLOT_SIZE; i++) {
		u8 was = old->type[i], is = cur->type[i];

		if (was == SLOT_INVALID || was == is)
			continue;
		if (was == SLOT_ZERO && !zero_matters)
			was = SLOT_MISC;
		if (was == SLOT_MISC &&
		    (env->allow_uninit_stack || is == SLOT_ZERO || is == SLOT_MISC))
			continue;
		return false;
	}
	return true;
}

static bool slot_covers(const struct env *env, const struct slot *old, const struct slot *cur,
			bool precise, struct id_map *map, enum equality exact)
{
	struct reg made_old, made_cur;
	const struct reg *as_old, *as_cur;

	if (exact == EXACT) {
		if (memcmp(old->type, cur->type, SLOT_SIZE))
			return false;
		return (!slot_is_spill(old) && old->type[0] != SLOT_DYNPTR) ||
		       regs_exact(&old->reg, &cur->reg, map);
	}
	if (old->type[0] == SLOT_DYNPTR || cur->type[0] == SLOT_DYNPTR) {
		if (old->type[0] != cur->type[0])
			return old->type[0] == SLOT_INVALID;
		return old->reg.off == cur->reg.off && ids_match(old->reg.id, cur->reg.id, map) &&
		       ids_match(old->reg.ref, cur->reg.ref, map);
	}
	if (is_misc(env, old) && env->allow_uninit_stack && exact == NOT_EXACT)
		return true; /* any bytes will do, a pointer's too */
	as_old = slot_as_scalar(env, old, &made_old);
	as_cur = slot_as_scalar(env, cur, &made_cur);
	if (as_old && as_cur)
		return reg_covers(as_old, as_cur, precise, map, exact);
	if (!bytes_cover(env, old, cur, precise || exact != NOT_EXACT))
		return false;
	return !slot_is_spill(old) || reg_covers(&old->reg, &cur->reg, precise, map, exact);
}

static bool stacks_cover(struct env *env, const struct state *old, const struct state *cur,
			 u32 depth, struct id_map *map, enum equality exact)
{
	static const struct slot nothing;
	const struct frame *fold = old->frames[depth], *fcur = cur->frames[depth];
	u32 nr_old = frame_nr_slots(fold), nr_cur = frame_nr_slots(fcur);
	u64 live = exact == NOT_EXACT ? live_slots(env, old, depth) : ~0ull;
	u64 precise = old->precise_slots[depth];

	for (u32 i = 0; i < nr_old; i++) {
		const struct slot *slot = i < nr_cur ? &fcur->stack->slots[i] : &nothing;

		if (!(live >> i & 1))
			continue;
		if (!slot_covers(env, &fold->stack->slots[i], slot, precise >> i & 1, map, exact))
			return false;
	}
	if (exact == EXACT)
		for (u32 i = nr_old; i < nr_cur; i++)
			if (memcmp(fcur->stack->slots[i].type, nothing.type, SLOT_SIZE))
				return false;
	return true;
}

static bool frames_cover(struct env *env, const struct state *old, const struct state *cur,
			 u32 depth, struct id_map *map, enum equality exact)
{
	const struct frame *fold = old->frames[depth], *fcur = cur->frames[depth];
	u32 at = depth == old->depth ? old->insn : (u32)old->frames[depth + 1]->callsite;
	u32 live = exact == EXACT ? ~0u : env->aux[at].live;
	u32 precise = old->precise_regs[depth];

	if (fold->callback_depth > fcur->callback_depth)
		return false;
	for (u32 i = 0; i < 10; i++)
		if (live >> i & 1 &&
		    !reg_covers(&fold->regs[i], &fcur->regs[i], precise >> i & 1, map, exact))
			return false;
	return stacks_cover(env, old, cur, depth, map, exact);
}

static bool refs_match(const struct state *old, const struct state *cur, struct id_map *map)
{
	if (old->nr_refs != cur->nr_refs || old->locked_map != cur->locked_map ||
	    !ids_match(old->locked_id, cur->locked_id, map))
		return false;
	for (u32 i = 0; i < old->nr_refs; i++)
		if (!ids_match(old->refs[i].id, cur->refs[i].id, map))
			return false;
	return true;
}

bool states_equal(struct env *env, const struct state *old, const struct state *cur,
		  enum equality exact)
{
	struct id_map map;

	if (old->depth != cur->depth || old->in_async != cur->in_async)
		return false;
	for_each_frame(old,
		       depth) if (old->frames[depth]->callsite != cur->frames[depth]->callsite ||
				  old->frames[depth]->subprog !=
					  cur->frames[depth]->subprog) return false;
	map.nr = 0;
	map.next_fresh = 1u << 31;
	if (!refs_match(old, cur, &map))
		return false;
	/* innermost first: differences are most often there */
	for (u32 i = old->depth + 1; i-- > 0;)
		if (!frames_cover(env, old, cur, i, &map, exact))
			return false;
	return true;
}
