/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The inside of skep/verify.h: shared by verify.c, which does it, and verify_print.c, which tells
 * about it.
 */
#ifndef SKEP_CTL_VERIFY_H
#define SKEP_CTL_VERIFY_H

#include "base/buf.h"
#include "base/diag.h"
#include "skep/verify.h"
#include "verifier/verify.h"

struct verify_row {
	const struct object_prog *prog;
	u32 type; /* enum bpf_prog_type that it was verified as */
	enum skep_verify_verdict verdict;
	struct verify_result result;
	struct buf facts;
	struct skep_diag why; /* empty when accepted */
};

struct skep_verify {
	const struct skep_object *object; /* borrowed */
	struct verify_row *rows;
	size_t nr;
};

#endif
