/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Hooks: the places in a NIC where a program runs. A hook has a context layout, a set of allowed
 * helpers, a set of verdicts and a default verdict; src/insn/hook.def is the table.
 */
#ifndef SKEP_HOOK_H
#define SKEP_HOOK_H

#include <stdint.h>

#include "skep/diag.h"

#ifdef __cplusplus
extern "C" {
#endif

enum skep_hook {
	SKEP_HOOK_NONE, /* not for a network card: no hook runs it */
	SKEP_HOOK_XDP,
	SKEP_HOOK_TC_INGRESS,
	SKEP_HOOK_TC_EGRESS,
	SKEP_HOOK_TXQ,
	SKEP_HOOK_FLOW,
	SKEP_HOOK_SOCKET, /* socket filter: verified and run in tests only */
	SKEP_HOOK_MAX
};

/* "xdp", "tc ingress", ...; "?" for a number that is no hook. Static. */
SKEP_API const char *skep_hook_name(enum skep_hook hook);

/* Name of a verdict, e.g. "XDP_PASS"; NULL when the hook has no such verdict. Static. */
SKEP_API const char *skep_verdict_name(enum skep_hook hook, int64_t verdict);

#ifdef __cplusplus
}
#endif
#endif
