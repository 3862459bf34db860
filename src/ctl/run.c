/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The embedded run: see skep/run.h. Packets are copied from the capture into a burst of buffers,
 * run, written out; only the middle step is timed, and none of them allocates.
 */
#include "ctl/run.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/diag.h"
#include "ctl/map_fill.h"
#include "ctl/names.h"
#include "load/check.h"
#include "map/map.h"

/* Bytes of trace output that are kept. */
#define TRACE_BYTES (1u << 20)
#define NSEC_PER_SEC 1000000000ull

_Static_assert((int)TARGET_ABORT_MAX <= XDP_ABORT_REASONS, "each reason needs its own counter");

static int choose_prog(struct skep_run *run, struct skep_diag *diag)
{
	const char *name = run->opts.prog ? run->opts.prog : skep_run_entry(run->object, diag);

	if (!name)
		return -EINVAL;
	run->prog = object_find_prog(run->object, name);
	if (!run->prog)
		return names_no_prog(run->object, name, diag);
	/* a section that names no type, such as SEC("prog"): the user says that it is for XDP */
	if (run->prog->hook == SKEP_HOOK_XDP || !run->prog->prog_type)
		return 0;
	diag_fail(diag, -EOPNOTSUPP, "program %s (section %s) is no XDP program", name,
		  run->prog->section);
	diag_object(diag, run->object->name);
	return -EOPNOTSUPP;
}

static int choose_target(const struct skep_run *run, const struct target **ret,
			 struct skep_diag *diag)
{
	const struct target *const *all = target_list();
	struct buf names = {0};

	*ret = target_find(run->opts.target);
	if (*ret)
		return 0;
	for (size_t i = 0; all[i]; i++)
		buf_printf(&names, "%s%s", i ? ", " : "", all[i]->name);
	diag_fail(diag, -ENOENT, "there is no target %s; there are: %s", run->opts.target,
		  buf_text(&names));
	if (diag)
		diag->exit = SKEP_EXIT_USAGE;
	buf_free(&names);
	return -ENOENT;
}

static int read_capture(struct skep_run *run, struct skep_diag *diag)
{
	int err = capture_read(run->opts.in, &run->capture, diag);

	if (err)
		return err;
	if (!run->capture.nr) {
		diag_fail(diag, -ENODATA, "capture %s holds no packets", run->opts.in);
		diag_category(diag, "capture");
		return -ENODATA;
	}
	err = packet_burst_init(&run->burst, run->capture.max_len);
	if (err)
		diag_fail(diag, err, "no memory below 4 GiB for packets of %u bytes",
			  run->capture.max_len);
	return err;
}

static int open_fills(struct skep_run *run, struct skep_diag *diag)
{
	int err = 0;

	run->fills = calloc(run->opts.nr_fills + 1, sizeof(run->fills[0]));
	if (!run->fills)
		return diag_fail(diag, -ENOMEM, "no memory");
	for (size_t i = 0; !err && i < run->opts.nr_fills; i++)
		err = map_fill_open(run->object, run->opts.fills[i].map, run->opts.fills[i].path,
				    &run->fills[i], diag);
	return err;
}

/* Apply the fills that can be applied before (or only after) programs are translated. */
static int apply_fills(struct skep_run *run, struct skep_map **maps, const struct loaded *loaded,
		       struct skep_diag *diag)
{
	int err = 0;

	for (size_t i = 0; !err && i < run->opts.nr_fills; i++) {
		const struct map_fill *fill = run->fills[i];
		struct skep_map *map = maps[map_fill_map(fill)];

		if (map_fill_is_late(fill) != (loaded != NULL))
			continue;
		if (!map)
			err = diag_fail(diag, -ENOENT, "map %s is not used by program %s",
					run->opts.fills[i].map, run->prog->name);
		else
			err = map_fill_apply(fill, map, loaded, diag);
	}
	return err;
}

static int maps_ready(void *arg, struct skep_map **maps, const struct skep_object *object,
		      struct skep_diag *diag)
{
	return apply_fills(arg, maps, NULL, diag);
}

/* Programs that fills put into maps. Returns an array to free, NULL without memory. */
static const char **fill_progs(const struct skep_run *run, size_t *ret_nr)
{
	const char **names, *name;
	size_t nr = 0;

	for (size_t i = 0; i < run->opts.nr_fills; i++)
		for (size_t p = 0; map_fill_prog(run->fills[i], p); p++)
			nr++;
	names = calloc(nr + 1, sizeof(names[0]));
	nr = 0;
	for (size_t i = 0; names && i < run->opts.nr_fills; i++)
		for (size_t p = 0; (name = map_fill_prog(run->fills[i], p)); p++)
			names[nr++] = name;
	*ret_nr = nr;
	return names;
}

static int load(struct skep_run *run, const struct target *target, struct skep_diag *diag)
{
	struct load_options options = {
		.target = target,
		.prog = run->prog->name,
		.hook = SKEP_HOOK_XDP,
		.budget = run->opts.budget,
		.unsafe = run->opts.unsafe,
		.checked = run->opts.checked,
		.maps_ready = maps_ready,
		.arg = run,
	};
	const char **also = fill_progs(run, &options.nr_also);
	int err;

	if (!also)
		return diag_fail(diag, -ENOMEM, "no memory");
	options.also = also;
	err = load_object(run->object, &options, &run->loaded, diag);
	free(also);
	return err ?: apply_fills(run, run->loaded->maps, run->loaded, diag);
}

static int copy_text(const char **text)
{
	if (!*text)
		return 0;
	*text = strdup(*text);
	return *text ? 0 : -ENOMEM;
}

/* Take what the caller's version of the struct has; strings become ours. */
static int copy_opts(struct skep_run *run, const struct skep_run_opts *opts, struct skep_diag *diag)
{
	struct skep_run_opts *to = &run->opts;
	int err;

	if (opts->sz < offsetof(struct skep_run_opts, budget) || !opts->in)
		return diag_fail(diag, -EINVAL, "options of a run need their size and a capture");
	memcpy(to, opts, opts->sz < sizeof(*to) ? opts->sz : sizeof(*to));
	to->sz = sizeof(*to);
	if (!to->target)
		to->target = "interp";
	if (!to->repeat)
		to->repeat = 1;
	if (!to->ifindex)
		to->ifindex = 1;
	err = copy_text(&to->in);
	if (copy_text(&to->out))
		err = -ENOMEM;
	if (copy_text(&to->target))
		err = -ENOMEM;
	return err ? diag_fail(diag, err, "no memory") : 0;
}

static int prepare(struct skep_run *run, const struct skep_run_opts *opts, struct skep_diag *diag)
{
	const struct target *target;
	const struct image *image;
	int err;

	err = copy_opts(run, opts, diag);
	err = err ?: choose_prog(run, diag);
	err = err ?: choose_target(run, &target, diag);
	err = err ?: open_fills(run, diag);
	err = err ?: read_capture(run, diag);
	err = err ?: load(run, target, diag);
	if (err)
		return err;
	run->trace = trace_log_new(TRACE_BYTES);
	if (!run->trace)
		return diag_fail(diag, -ENOMEM, "no memory");
	image = run->loaded->images[run->prog - run->object->progs];
	hook_xdp_init(&run->hook, image, run->trace, 1);
	return 0;
}

int skep_run_prepare(const struct skep_object *object, const struct skep_run_opts *opts,
		     struct skep_run **ret, struct skep_diag *diag)
{
	struct skep_run *run = calloc(1, sizeof(*run));
	int err;

	if (!run)
		return diag_fail(diag, -ENOMEM, "no memory");
	run->object = object;
	diag_init(&run->fault);
	err = prepare(run, opts, diag);
	if (err)
		skep_run_free(run);
	else
		*ret = run;
	return err;
}

void skep_run_free(struct skep_run *run)
{
	if (!run)
		return;
	hook_xdp_free(&run->hook);
	loaded_free(run->loaded);
	trace_log_free(run->trace);
	packet_burst_free(&run->burst);
	capture_free(&run->capture);
	diag_reset(&run->fault);
	for (size_t i = 0; run->fills && i < run->opts.nr_fills; i++)
		map_fill_free(run->fills[i]);
	free(run->fills);
	free((char *)run->opts.in);
	free((char *)run->opts.out);
	free((char *)run->opts.target);
	free(run);
}

static u64 now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (u64)now.tv_sec * NSEC_PER_SEC + (u64)now.tv_nsec;
}

static void write_packet(struct skep_run *run, struct capture_writer *writer, size_t nr,
			 const struct packet *packet, const struct xdp_result *result)
{
	const struct capture_packet *arrived = &run->capture.packets[nr];
	const char *verdict = skep_verdict_name(SKEP_HOOK_XDP, result->verdict);
	u32 len = packet_len(packet);
	char comment[64];

	if (result->redirect_ifindex)
		snprintf(comment, sizeof(comment), "%s to ifindex %u", verdict,
			 result->redirect_ifindex);
	else
		snprintf(comment, sizeof(comment), "%s", verdict);
	capture_writer_add(writer, &(struct capture_record){
					   .data = packet_data(packet),
					   .len = len,
					   .wire_len = len + arrived->wire_len - arrived->len,
					   .ns = arrived->ns,
					   .id = nr + 1,
					   .queue = run->opts.rx_queue,
					   .verdict = result->verdict,
					   .comment = comment,
				   });
}

/* Fill the burst with the packets number `from` to `to` of the run; returns how many. */
static u32 fill_burst(struct skep_run *run, u64 from, u64 to)
{
	const struct capture *capture = &run->capture;
	struct packet_burst *burst = &run->burst;

	burst->nr = 0;
	for (u64 i = from; i < to && burst->nr < PACKET_BURST; i++) {
		size_t nr = i % capture->nr;

		packet_burst_add(burst, capture_data(capture, nr), capture->packets[nr].len,
				 run->opts.ifindex, run->opts.rx_queue);
	}
	return burst->nr;
}

/*
 * Over the capture as often as was asked; a packet goes to `writer` (may be NULL) once, as the
 * first round left it.
 */
static void run_packets(struct skep_run *run, struct capture_writer *writer)
{
	struct xdp_result results[PACKET_BURST];
	u64 total, start;
	u32 nr;

	if (__builtin_mul_overflow((u64)run->capture.nr, run->opts.repeat, &total))
		total = UINT64_MAX;
	for (u64 done = 0; done < total; done += nr) {
		nr = fill_burst(run, done, total);
		start = now_ns();
		hook_xdp_run(&run->hook, &run->burst, results);
		run->ns += now_ns() - start;
		for (u32 i = 0; writer && i < nr && done + i < run->capture.nr; i++)
			write_packet(run, writer, done + i, &run->burst.packets[i], &results[i]);
	}
}

/* The first run that the target stopped, in words. */
static void explain_fault(struct skep_run *run)
{
	const struct helper_fault *fault = &run->hook.first_fault;
	const struct object_prog *prog;

	if (!fault->prog[0])
		return;
	diag_fail(&run->fault, -EFAULT, "the target stopped program %s: %s", fault->prog,
		  fault->why ? fault->why : "it gives no reason");
	diag_category(&run->fault, "aborted");
	if (fault->size)
		diag_proven(&run->fault, "it %s %" PRIu64 " bytes at address 0x%" PRIx64,
			    fault->is_write ? "writes" : "reads", fault->size, fault->addr);
	prog = object_find_prog(run->object, fault->prog);
	if (prog)
		check_blame(run->object, prog, fault->insn, &run->fault);
}

int skep_run_packets(struct skep_run *run, struct skep_diag *diag)
{
	struct capture_writer *writer = NULL;
	char name[32];
	int err;

	if (run->opts.out) {
		snprintf(name, sizeof(name), "ifindex %u", run->opts.ifindex);
		err = capture_writer_open(run->opts.out, name, &writer, diag);
		if (err)
			return err;
	}
	run_packets(run, writer);
	explain_fault(run);
	return writer ? capture_writer_close(writer, diag) : 0;
}
