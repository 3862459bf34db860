/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Diagnostics from the inside: how library code says why it refused.
 *
 * Promise: every setter accepts a NULL diag, returns the error it was given (so that
 * `return diag_fail(d, -EINVAL, "...")` is the idiom), never prints, and never fails itself:
 * when memory is short the error code still stands.
 */
#ifndef SKEP_BASE_DIAG_H
#define SKEP_BASE_DIAG_H

#include "base/types.h"
#include "skep/diag.h"

struct diag_step {
	char *text; /* e.g. "line 33 (eth + 1 <= data_end: true)" */
	struct diag_step *next;
};

struct skep_diag {
	int err;             /* -errno of the first failure; 0 = none */
	enum skep_exit exit; /* SKEP_EXIT_REFUSED unless said otherwise */
	char *category;      /* "memory safety", "object", "capture", ... */
	char *problem;       /* one sentence */
	char *object;        /* file name */
	char *section;       /* ELF section */
	char *symbol;        /* ELF symbol, program or map */
	s64 off;             /* byte offset in the section; -1 = none */
	s64 insn;            /* instruction index in the program; -1 = none */
	char *insn_text;     /* its disassembly */
	char *source;        /* "file.c:41" */
	char *source_text;   /* the text of that line */
	char *proven, *needed;
	char *suggestion; /* what to try */
	char *rule;       /* name for `skep explain` */
	struct diag_step *path;
};

void diag_init(struct skep_diag *diag);
void diag_reset(struct skep_diag *diag);

/* Set the problem unless one is set already; returns err (a -errno). */
int diag_fail(struct skep_diag *diag, int err, const char *fmt, ...) _printf_(3, 4);

/* Like diag_fail(), for a program that verifier or target rejects (exit status 3). */
int diag_reject(struct skep_diag *diag, int err, const char *rule, const char *fmt, ...)
	_printf_(4, 5);

/*
 * Add to one field of a diag that has failed. The first value of each field stays, so that
 * the innermost place, which knows most, wins. No effect before diag_fail().
 */
void diag_category(struct skep_diag *diag, const char *category);
void diag_object(struct skep_diag *diag, const char *object);
void diag_section(struct skep_diag *diag, const char *section);
void diag_symbol(struct skep_diag *diag, const char *symbol);
void diag_off(struct skep_diag *diag, u64 off);
void diag_insn(struct skep_diag *diag, u32 insn, const char *text);
void diag_source(struct skep_diag *diag, const char *file, u32 line, const char *text);
void diag_proven(struct skep_diag *diag, const char *fmt, ...) _printf_(2, 3);
void diag_needed(struct skep_diag *diag, const char *fmt, ...) _printf_(2, 3);
void diag_try(struct skep_diag *diag, const char *fmt, ...) _printf_(2, 3);
void diag_path(struct skep_diag *diag, const char *fmt, ...) _printf_(2, 3);

#endif
