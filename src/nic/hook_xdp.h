/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The XDP hook: run an image on packets, obey the verdict, count what happened.
 * One hook_xdp belongs to one worker; nothing here allocates per packet.
 */
#ifndef SKEP_NIC_HOOK_XDP_H
#define SKEP_NIC_HOOK_XDP_H

#include "base/types.h"
#include "helper/env.h"
#include "map/image.h"
#include "nic/packet.h"

enum xdp_verdict {
	XDP_VERDICT_ABORTED,
	XDP_VERDICT_DROP,
	XDP_VERDICT_PASS,
	XDP_VERDICT_TX,
	XDP_VERDICT_REDIRECT,
	XDP_VERDICT_MAX
};

/* Reasons of helper_env.aborted that are told apart (enum target_abort fits). */
#define XDP_ABORT_REASONS 8

struct xdp_counter {
	u64 packets, bytes; /* bytes as the packet arrived */
};

/* Where redirected packets went, one row for each destination and outcome. */
struct xdp_redirect_row {
	const struct skep_map *map; /* NULL: bpf_redirect() */
	u32 ifindex;
	const char *failure; /* static: an errno's name or words; NULL: sent */
	struct xdp_counter count;
};

struct hook_xdp {
	const struct image *image;
	struct helper_env env;
	struct xdp_counter verdicts[XDP_VERDICT_MAX];
	struct xdp_counter total;
	/* Why a target stopped a run by itself; each is counted as XDP_ABORTED too. */
	struct xdp_counter aborted[XDP_ABORT_REASONS];
	struct helper_fault first_fault; /* of the first such run; prog "" = none */
	/* r0 was no verdict: counted as XDP_ABORTED too, as the kernel does. */
	struct xdp_counter invalid;
	u32 invalid_verdict; /* the last such value */
	struct xdp_redirect_row *redirects;
	size_t nr_redirects, redirects_capacity;
	u64 redirects_uncounted; /* no memory for another row */
};

/* What became of one packet. */
struct xdp_result {
	enum xdp_verdict verdict;
	u32 redirect_ifindex; /* XDP_REDIRECT to one device; 0 otherwise */
};

/* An idle hook for `image` (borrowed); trace output goes to `trace` (borrowed, may be NULL). */
void hook_xdp_init(struct hook_xdp *hook, const struct image *image, struct trace_log *trace,
		   u64 random_seed);
void hook_xdp_free(struct hook_xdp *hook);

/* Run the program on every packet of the burst; results[i] tells about packet i. */
void hook_xdp_run(struct hook_xdp *hook, struct packet_burst *burst, struct xdp_result *results);

#endif
