/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The inside of an embedded run (skep/run.h): shared by run.c, which does it, and report.c,
 * which tells about it.
 */
#ifndef SKEP_CTL_RUN_H
#define SKEP_CTL_RUN_H

#include "base/diag.h"
#include "base/types.h"
#include "helper/env.h"
#include "load/load.h"
#include "nic/capture.h"
#include "nic/hook_xdp.h"
#include "skep/run.h"

struct map_fill;

struct skep_run {
	const struct skep_object *object; /* borrowed */
	const struct object_prog *prog;   /* where a packet starts */
	struct skep_run_opts opts;        /* strings copied; defaults filled in */
	struct loaded *loaded;
	struct capture capture;
	struct packet_burst burst;
	struct hook_xdp hook;
	struct trace_log *trace;
	struct map_fill **fills;
	u64 ns;                 /* in the program */
	struct skep_diag fault; /* why a target stopped the program first; empty = never */
};

#endif
