/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Why something was refused, in words.
 *
 * Every public function that can fail for a reason a person must understand takes a
 * `struct skep_diag *` (NULL allowed) beside its -errno return value. The first failure wins;
 * later calls on a diag that is already set add nothing to `problem`.
 */
#ifndef SKEP_DIAG_H
#define SKEP_DIAG_H

#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SKEP_API __attribute__((__visibility__("default")))

/* A process exit status for each kind of failure: see EXIT STATUS in skep(8). */
enum skep_exit {
	SKEP_EXIT_DONE = 0,
	SKEP_EXIT_USAGE = 1,
	SKEP_EXIT_REFUSED = 2,
	SKEP_EXIT_REJECTED = 3,
	SKEP_EXIT_NO_DAEMON = 4,
};

struct skep_diag;

/* A new, empty diag; NULL when out of memory. The caller frees it. */
SKEP_API struct skep_diag *skep_diag_new(void);
SKEP_API void skep_diag_free(struct skep_diag *diag);

/* The -errno of the first failure, 0 when nothing failed. */
SKEP_API int skep_diag_error(const struct skep_diag *diag);

/* What skep's own command would exit with for this failure. */
SKEP_API enum skep_exit skep_diag_exit(const struct skep_diag *diag);

/* The one-sentence problem ("" when nothing failed). Valid until the diag is freed or reset. */
SKEP_API const char *skep_diag_problem(const struct skep_diag *diag);

/* The whole explanation as text: problem, where, path, proven/needed, try, rule. */
SKEP_API void skep_diag_print(const struct skep_diag *diag, FILE *to);

/* The same as one JSON object, {"error":{...}}, allocated with malloc; NULL when out of memory. */
SKEP_API char *skep_diag_json(const struct skep_diag *diag);

#ifdef __cplusplus
}
#endif
#endif
