/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The other direction of insn_print(): does one line of text fit the form of one row?
 * Private to the assembler.
 */
#ifndef SKEP_INSN_MATCH_H
#define SKEP_INSN_MATCH_H

#include "base/types.h"
#include "insn/insn.h"

/* What names in the text mean; who matches provides it. */
struct match_names {
	/* Number of the label, -1 when the text defines none of this name. */
	s32 (*label)(void *arg, const char *name);
	/* Index of the map, negative when there is none. */
	s32 (*map)(void *arg, const char *name);
	void *arg;
};

/* Why no row fits: the message of the row that came furthest. Starts as {}. */
struct match_problem {
	size_t rank; /* grows with how much of the text fitted; 0 = no problem so far */
	char text[160];
	char unknown[64]; /* a name in a call that nobody knows, "" = none */
};

struct match {
	struct skep_insn insns[2];
	s32 label; /* the target is this label; -1 = it is a number, already in insns[] */
};

/*
 * Fit `text` (no comment, no line end) to the row. True: *match holds the instruction, selector
 * fields included. False: *match is undefined, and *problem may have become better.
 */
bool match_row(const struct insn_desc *desc, const char *text, const struct match_names *names,
	       struct match *match, struct match_problem *problem);

#endif
