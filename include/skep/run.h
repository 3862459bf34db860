/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The embedded run: a program of an object over the packets of a capture, in this process,
 * without privilege and without a daemon.
 *
 *   skep_object_open() -> skep_run_prepare() -> look at what was loaded
 *                      -> skep_run_packets() -> look at what happened -> skep_run_free()
 */
#ifndef SKEP_RUN_H
#define SKEP_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "skep/diag.h"
#include "skep/map.h"
#include "skep/object.h"
#include "skep/text.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Entries for a map before the run; the file's form is described in skep-run(8). */
struct skep_run_fill {
	const char *map;
	const char *path;
};

/* Zero means the default for every member but sz. */
struct skep_run_opts {
	size_t sz;          /* sizeof(struct skep_run_opts): lets the struct grow */
	const char *prog;   /* NULL: the object's entry, see skep_run_entry() */
	const char *target; /* NULL: "interp" */
	const char *in;     /* capture to read; "-": standard input */
	const char *out;    /* pcapng to write, NULL: none */
	uint64_t repeat;    /* rounds over the capture; 0 is 1 */
	uint32_t ifindex;   /* where packets arrive; 0 is 1 */
	uint32_t rx_queue;
	uint64_t budget; /* instructions a packet may take; 0: the target's default */
	const struct skep_run_fill *fills;
	size_t nr_fills;
	bool unsafe;  /* do not verify: the interpreter checks every access of the programs */
	bool checked; /* check every access although the programs are verified */
};

struct skep_run;

/*
 * The program a run starts with when none is named: the object's only XDP program, or the only
 * one that no slot of a program array names. Returns its name (the object's), or NULL with words
 * that list the candidates.
 */
SKEP_API const char *skep_run_entry(const struct skep_object *object, struct skep_diag *diag);

/*
 * Read the capture, create and fill maps, verify and translate programs. The object must outlive
 * the run. Returns 0 and *ret (free with skep_run_free()), or -errno with words and nothing left
 * behind.
 */
SKEP_API int skep_run_prepare(const struct skep_object *object, const struct skep_run_opts *opts,
			      struct skep_run **ret, struct skep_diag *diag);
/* Run every packet, once for each round. Call it once. Returns 0 or -errno with words. */
SKEP_API int skep_run_packets(struct skep_run *run, struct skep_diag *diag);
SKEP_API void skep_run_free(struct skep_run *run);

/* What was loaded. Pointers live as long as the run. */
SKEP_API const char *skep_run_prog(const struct skep_run *run);
SKEP_API const char *skep_run_target(const struct skep_run *run);

/* Were the programs verified? false: the run is one that was asked for as unsafe. */
SKEP_API bool skep_run_verified(const struct skep_run *run);

struct skep_run_loaded {
	const char *name, *section, *license;
	enum skep_hook hook;
	uint32_t insns; /* slots of 8 bytes */
};

/* Programs that were loaded, in order of the object; false at the end. */
SKEP_API bool skep_run_loaded(const struct skep_run *run, size_t nr, struct skep_run_loaded *ret);
/* Maps in order of the object, those that were created only: NULL at the end. */
SKEP_API struct skep_map *skep_run_map(const struct skep_run *run, size_t nr);

struct skep_run_slot {
	const char *map;
	uint32_t key;
	const char *content; /* a program or an inner map */
};

/* Slots that the object filled statically; false at the end. */
SKEP_API bool skep_run_slot(const struct skep_run *run, size_t nr, struct skep_run_slot *ret);

/* What happened. Bytes are those of packets as they arrived. */
struct skep_run_count {
	const char *name; /* "XDP_PASS", a reason, ... */
	uint64_t packets, bytes;
};

struct skep_run_redirect {
	const char *map;     /* NULL: bpf_redirect() */
	uint32_t ifindex;    /* 0: not known */
	const char *failure; /* "EINVAL", ...; NULL: sent */
	uint64_t packets, bytes;
};

SKEP_API void skep_run_total(const struct skep_run *run, struct skep_run_count *ret);
/* Every verdict of the hook in order, those that never came included; false at the end. */
SKEP_API bool skep_run_verdict(const struct skep_run *run, size_t nr, struct skep_run_count *ret);
/*
 * Why packets that count as XDP_ABORTED were stopped by the target rather than by the program;
 * false at the end.
 */
SKEP_API bool skep_run_abort(const struct skep_run *run, size_t nr, struct skep_run_count *ret);
/* The first packet that the target stopped: where and why; NULL when that never happened. */
SKEP_API const struct skep_diag *skep_run_fault(const struct skep_run *run);
SKEP_API bool skep_run_redirect(const struct skep_run *run, size_t nr,
				struct skep_run_redirect *ret);
/* Time in the program alone, the mean over all packets. */
SKEP_API double skep_run_ns_per_packet(const struct skep_run *run);
/* Packets that the capture had cut short. */
SKEP_API uint64_t skep_run_cut_packets(const struct skep_run *run);
/* Hand over each line of bpf_trace_printk() output, once. Returns how many lines were lost. */
SKEP_API uint64_t skep_run_trace(struct skep_run *run, void (*each)(void *arg, const char *line),
				 void *arg);

/*
 * Everything above and the contents of maps as one JSON object; takes the trace lines. Maps of
 * more than max_elements elements (0: no limit) are named in "maps_left_out" instead.
 */
SKEP_API int skep_run_json(struct skep_run *run, FILE *to, uint32_t form, size_t max_elements);

#ifdef __cplusplus
}
#endif
#endif
