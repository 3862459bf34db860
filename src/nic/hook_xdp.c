/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The XDP hook: see hook_xdp.h. Verdicts and redirects mean what they mean in the kernel
 * (net/core/filter.c: xdp_do_redirect(); kernel/bpf/devmap.c): r0 is 32 bits wide, a value that
 * is no verdict counts as XDP_ABORTED, XDP_REDIRECT without a destination fails with EINVAL.
 */
#include "nic/hook_xdp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* flags of bpf_redirect_map(), uapi */
#define REDIRECT_BROADCAST (1ull << 3)
#define REDIRECT_EXCLUDE_INGRESS (1ull << 4)

void hook_xdp_init(struct hook_xdp *hook, const struct image *image, struct trace_log *trace,
		   u64 random_seed)
{
	memset(hook, 0, sizeof(*hook));
	hook->image = image;
	helper_env_init(&hook->env, random_seed);
	hook->env.trace = trace;
}

void hook_xdp_free(struct hook_xdp *hook)
{
	free(hook->redirects);
	hook->redirects = NULL;
	hook->nr_redirects = 0;
}

static void count(struct xdp_counter *counter, u32 bytes)
{
	counter->packets++;
	counter->bytes += bytes;
}

/* The row of a destination and outcome, made when it is new; NULL without memory. */
static struct xdp_redirect_row *redirect_row(struct hook_xdp *hook, const struct skep_map *map,
					     u32 ifindex, const char *failure)
{
	struct xdp_redirect_row *rows = hook->redirects;
	size_t capacity;

	for (size_t i = 0; i < hook->nr_redirects; i++)
		if (rows[i].map == map && rows[i].ifindex == ifindex && rows[i].failure == failure)
			return &rows[i];
	if (hook->nr_redirects == hook->redirects_capacity) {
		capacity = hook->redirects_capacity ? 2 * hook->redirects_capacity : 16;
		rows = reallocarray(rows, capacity, sizeof(*rows));
		if (!rows)
			return NULL;
		hook->redirects = rows;
		hook->redirects_capacity = capacity;
	}
	rows = &rows[hook->nr_redirects++];
	*rows = (struct xdp_redirect_row){.map = map, .ifindex = ifindex, .failure = failure};
	return rows;
}

static void count_redirect(struct hook_xdp *hook, const struct skep_map *map, u32 ifindex,
			   const char *failure, u32 bytes)
{
	struct xdp_redirect_row *row = redirect_row(hook, map, ifindex, failure);

	if (row)
		count(&row->count, bytes);
	else
		hook->redirects_uncounted++;
}

/*
 * The program of a devmap entry sees the packet on its way out; anything but XDP_PASS drops it
 * (kernel/bpf/devmap.c: dev_map_bpf_prog_run()). Returns NULL when the packet goes on.
 */
static const char *run_egress(struct hook_xdp *hook, const struct map_redirect *to,
			      struct packet *packet)
{
	u32 verdict;

	if (!to->image)
		return NULL;
	packet->context.md.egress_ifindex = to->ifindex;
	hook->env.image = to->image;
	hook->env.aborted = 0;
	verdict = (u32)to->image->run(to->image, &packet->context);
	if (hook->env.aborted)
		verdict = XDP_VERDICT_ABORTED;
	return verdict == XDP_VERDICT_PASS ? NULL : "dropped by egress program";
}

/* Every entry of a devmap, without the arrival device where the program asked for that. */
static void broadcast(struct hook_xdp *hook, const struct helper_redirect *redirect,
		      const struct packet *packet)
{
	u32 ingress =
		redirect->flags & REDIRECT_EXCLUDE_INGRESS ? packet->context.md.ingress_ifindex : 0;
	struct map_redirect to;
	u32 key, next;
	int err;

	err = skep_map_next_key(redirect->map, NULL, &next);
	while (!err) {
		key = next;
		if (!redirect->map->ops->redirect(redirect->map, key, &to) && to.ifindex != ingress)
			count_redirect(hook, redirect->map, to.ifindex, NULL, packet_len(packet));
		err = skep_map_next_key(redirect->map, &key, &next);
	}
}

/* Carry out XDP_REDIRECT; returns the device the packet goes to, 0 when it is not one. */
static u32 redirect_packet(struct hook_xdp *hook, struct packet *packet)
{
	/* a copy: an egress program has the same env */
	struct helper_redirect redirect = hook->env.redirect;
	const char *failure = NULL;

	if (!redirect.set || (!redirect.map && !redirect.to.ifindex)) {
		count_redirect(hook, NULL, 0, "EINVAL", packet_len(packet));
		return 0;
	}
	if (redirect.map && redirect.flags & REDIRECT_BROADCAST) {
		broadcast(hook, &redirect, packet);
		return 0;
	}
	failure = run_egress(hook, &redirect.to, packet);
	count_redirect(hook, redirect.map, redirect.to.ifindex, failure, packet_len(packet));
	return failure ? 0 : redirect.to.ifindex;
}

static void count_abort(struct hook_xdp *hook, const struct packet *packet)
{
	count(&hook->aborted[hook->env.aborted % XDP_ABORT_REASONS], packet->arrival_len);
	if (!hook->first_fault.prog[0])
		hook->first_fault = hook->env.fault;
}

static enum xdp_verdict run_packet(struct hook_xdp *hook, struct packet *packet)
{
	u32 verdict;

	hook->env.image = hook->image;
	hook->env.aborted = 0;
	hook->env.redirect.set = false;
	verdict = (u32)hook->image->run(hook->image, &packet->context);
	if (unlikely(hook->env.aborted)) {
		count_abort(hook, packet);
		return XDP_VERDICT_ABORTED;
	}
	if (unlikely(verdict >= XDP_VERDICT_MAX)) {
		count(&hook->invalid, packet->arrival_len);
		hook->invalid_verdict = verdict;
		return XDP_VERDICT_ABORTED;
	}
	return (enum xdp_verdict)verdict;
}

void hook_xdp_run(struct hook_xdp *hook, struct packet_burst *burst, struct xdp_result *results)
{
	struct helper_env *outer = helper_env;

	helper_env = &hook->env;
	for (u32 i = 0; i < burst->nr; i++) {
		struct packet *packet = &burst->packets[i];
		enum xdp_verdict verdict = run_packet(hook, packet);

		count(&hook->verdicts[verdict], packet->arrival_len);
		count(&hook->total, packet->arrival_len);
		results[i].verdict = verdict;
		results[i].redirect_ifindex =
			verdict == XDP_VERDICT_REDIRECT ? redirect_packet(hook, packet) : 0;
	}
	helper_env = outer;
}
