/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Where everything lies at last. Jumps start out long. A jump whose distance fits eight bits
 * becomes short, which brings other targets nearer; distances only shrink, so that repeating this
 * ends, and whatever was found to fit keeps fitting.
 */
#include "target/x86_64/emit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	SHORT_SIZE = 2,
	SHORT_JUMP = 0xeb,
	SHORT_BRANCH = 0x70,
	/* mov r11, address; jmp r11 */
	ISLAND_SIZE = 13,
};

static const u8 island_mov[] = {0x49, 0xbb};
static const u8 island_jmp[] = {0x41, 0xff, 0xe3};

/* Bytes that fixups before `at` have saved; saved[i] is the sum over fixups before number i. */
static u32 saved_before(const struct code *code, const u32 *saved, u32 at)
{
	u32 low = 0, high = code->nr_fixups;

	while (low < high) {
		u32 middle = (low + high) / 2;

		if (code->fixups[middle].start < at)
			low = middle + 1;
		else
			high = middle;
	}
	return saved[low];
}

static void count_saved(const struct code *code, u32 *saved)
{
	saved[0] = 0;
	for (u32 i = 0; i < code->nr_fixups; i++) {
		const struct fixup *fixup = &code->fixups[i];

		saved[i + 1] =
			saved[i] + (fixup->is_short ? fixup->end - fixup->start - SHORT_SIZE : 0);
	}
}

/* Mark jumps that reach in eight bits; returns whether one was found. */
static bool shorten(struct code *code, const u32 *saved)
{
	bool found = false;

	for (u32 i = 0; i < code->nr_fixups; i++) {
		struct fixup *fixup = &code->fixups[i];
		s64 distance;
		u32 to;

		if (fixup->is_short || fixup->kind > FIXUP_BRANCH)
			continue;
		to = code->labels[fixup->label];
		distance = ((s64)to - saved_before(code, saved, to)) -
			   ((s64)fixup->start - saved[i] + SHORT_SIZE);
		/* a jump forward gets nearer by what this one itself will save */
		if (to > fixup->start)
			distance -= fixup->end - fixup->start - SHORT_SIZE;
		if (distance != (s8)distance)
			continue;
		fixup->is_short = true;
		found = true;
	}
	return found;
}

static void move_together(struct code *code, const u32 *saved)
{
	u32 from = 0, to = 0;

	for (u32 i = 0; i < code->nr_labels; i++)
		if (code->labels[i] != LABEL_UNBOUND)
			code->labels[i] -= saved_before(code, saved, code->labels[i]);
	for (u32 i = 0; i < code->nr_fixups; i++) {
		struct fixup *fixup = &code->fixups[i];
		u32 size = fixup->is_short ? SHORT_SIZE : fixup->end - fixup->start;

		memmove(code->bytes + to, code->bytes + from, fixup->start - from);
		to += fixup->start - from;
		memmove(code->bytes + to, code->bytes + fixup->start, size);
		from = fixup->end;
		fixup->start = to;
		fixup->end = to += size;
	}
	memmove(code->bytes + to, code->bytes + from, code->len - from);
	code->len = to + code->len - from;
}

int code_layout(struct code *code)
{
	u32 *saved;

	if (code->err)
		return code->err;
	for (u32 i = 0; i < code->nr_fixups; i++)
		if (code->fixups[i].kind != FIXUP_CALL &&
		    code->labels[code->fixups[i].label] == LABEL_UNBOUND)
			return code->err = -EINVAL;
	saved = malloc((code->nr_fixups + 1) * sizeof(*saved));
	if (!saved)
		return code->err = -ENOMEM;
	do
		count_saved(code, saved);
	while (shorten(code, saved));
	move_together(code, saved);
	free(saved);
	return 0;
}

u32 code_size(const struct code *code)
{
	return code->len + code->nr_islands * ISLAND_SIZE;
}

static void place_islands(const struct code *code, u8 *to)
{
	for (u32 i = 0; i < code->nr_islands; i++, to += ISLAND_SIZE) {
		memcpy(to, island_mov, sizeof(island_mov));
		memcpy(to + sizeof(island_mov), &code->islands[i], sizeof(u64));
		memcpy(to + sizeof(island_mov) + sizeof(u64), island_jmp, sizeof(island_jmp));
	}
}

static void place_fixup(const struct code *code, const struct fixup *fixup, u8 *to, u64 address,
			bool far)
{
	s64 distance;
	s32 near;

	if (fixup->kind != FIXUP_CALL)
		distance = (s64)code->labels[fixup->label] - fixup->end;
	else
		distance = (s64)(fixup->target - (address + fixup->end));
	if (fixup->is_short) {
		to[fixup->start] =
			fixup->kind == FIXUP_JUMP ? SHORT_JUMP : (u8)(SHORT_BRANCH | fixup->cond);
		to[fixup->start + 1] = (u8)distance;
		return;
	}
	if (fixup->kind == FIXUP_CALL && (far || distance != (s32)distance))
		distance = (s64)code->len + (s64)fixup->label * ISLAND_SIZE - fixup->end;
	near = (s32)distance;
	memcpy(to + fixup->end - sizeof(near), &near, sizeof(near));
}

u32 code_place(const struct code *code, u8 *to, u64 address, bool far)
{
	memcpy(to, code->bytes, code->len);
	for (u32 i = 0; i < code->nr_fixups; i++)
		place_fixup(code, &code->fixups[i], to, address, far);
	place_islands(code, to + code->len);
	return code_size(code);
}
