/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Any bytes as a program, and any bytes as text.
 *
 * Bytes: checking must not crash, and what insn_check_program() finds well-formed must survive
 * printing and assembling byte for byte. Text: assembling must not crash, and what it yields must
 * survive likewise. The first byte says which.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/diag.h"
#include "insn/helper.h"
#include "insn/insn.h"

#define NR_MAX 256

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static int map_number(void *arg, const char *name)
{
	return name[0] == 'm' ? 1 : -1;
}

/* The listing of a program, one instruction a line; the caller frees it. */
static struct buf listing(const struct skep_insn *insns, u32 nr)
{
	struct buf text = {};

	for (u32 at = 0; at < nr;) {
		u32 slots = insn_descs[insn_decode(&insns[at])].slots;

		insn_print(&text, insns, nr, at, NULL);
		buf_add(&text, "\n", 1);
		at += slots;
	}
	return text;
}

static void check_same(const struct skep_insn *insns, u32 nr)
{
	struct buf text = listing(insns, nr);
	struct skep_diag *diag = skep_diag_new();
	struct skep_insn *again;
	u32 nr_again;

	if (insn_assemble(buf_text(&text), NULL, NULL, &again, &nr_again, diag)) {
		fprintf(stderr, "%s\n%s", skep_diag_problem(diag), buf_text(&text));
		abort();
	}
	if (nr_again != nr || memcmp(again, insns, nr * sizeof(*insns)) != 0) {
		fprintf(stderr, "other bytes:\n%s", buf_text(&text));
		abort();
	}
	free(again);
	skep_diag_free(diag);
	buf_free(&text);
}

static void try_program(const u8 *data, size_t size)
{
	struct skep_insn insns[NR_MAX];
	u32 nr = (u32)(size / sizeof(insns[0]));
	struct skep_diag *diag = skep_diag_new();
	struct buf text;

	if (nr > NR_MAX)
		nr = NR_MAX;
	memcpy(insns, data, nr * sizeof(insns[0]));
	for (u32 at = 0; at < nr; at++) {
		if (!insn_check(insns, nr, at, NULL))
			check_same(&insns[at], insn_descs[insn_decode(&insns[at])].slots);
	}
	if (insn_check_program(insns, nr, diag) == 0)
		check_same(insns, nr);
	else if (!*skep_diag_problem(diag))
		abort();
	text = listing(insns, nr);
	buf_free(&text);
	skep_diag_free(diag);
}

static void try_text(const u8 *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	struct skep_diag *diag = skep_diag_new();
	struct skep_insn *insns;
	u32 nr;

	if (insn_assemble(text, map_number, NULL, &insns, &nr, diag) == 0) {
		if (insn_check_program(insns, nr, NULL) == 0)
			check_same(insns, nr);
		free(insns);
	} else if (!*skep_diag_problem(diag)) {
		abort();
	}
	helper_suggest(text);
	skep_diag_free(diag);
	free(text);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	if (!size)
		return 0;
	if (data[0] & 1)
		try_text(data + 1, size - 1);
	else
		try_program(data + 1, size - 1);
	return 0;
}
