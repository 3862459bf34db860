/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * skep run: what was loaded, then what happened to the packets of a capture.
 */
#include <inttypes.h>
#include <stdio.h>

#include "command.h"

/* Longer maps are in the JSON only when they are asked for. */
#define JSON_ELEMENTS 4096

static void print_maps(const struct skep_run *run)
{
	struct skep_map *map;

	for (size_t i = 0; (map = skep_run_map(run, i)); i++) {
		const struct skep_map_def *def = skep_map_definition(map);

		printf("map %s: %s  key %" PRIu32 "B  value %" PRIu32 "B  max_entries %" PRIu32
		       "\n",
		       def->name, skep_map_type_name(def->type), def->key_size, def->value_size,
		       def->max_entries);
	}
}

static void print_progs(const struct skep_run *run)
{
	struct skep_run_loaded prog;

	for (size_t i = 0; skep_run_loaded(run, i, &prog); i++)
		printf("prog %s: %s  %" PRIu32 " insns  %" PRIu32 "B  license %s\n", prog.name,
		       skep_hook_name(prog.hook), prog.insns, prog.insns * 8,
		       prog.license[0] ? prog.license : "none");
}

static void print_loaded(const struct skep_run *run)
{
	struct skep_run_slot slot;

	print_maps(run);
	print_progs(run);
	for (size_t i = 0; skep_run_slot(run, i, &slot); i++)
		printf("slot %s[%" PRIu32 "]: %s\n", slot.map, slot.key, slot.content);
	printf("start %s on %s\n\n", skep_run_prog(run), skep_run_target(run));
}

static void print_count(const struct skep_run_count *count)
{
	printf("%s: %" PRIu64 " packets / %" PRIu64 " bytes\n", count->name, count->packets,
	       count->bytes);
}

static void print_redirects(const struct skep_run *run)
{
	struct skep_run_redirect row;

	for (size_t i = 0; skep_run_redirect(run, i, &row); i++) {
		printf("redirect%s%s", row.map ? " by map " : "", row.map ? row.map : "");
		if (row.ifindex)
			printf(" to ifindex %" PRIu32, row.ifindex);
		if (row.failure)
			printf(" failed (%s)", row.failure);
		printf(": %" PRIu64 " packets / %" PRIu64 " bytes\n", row.packets, row.bytes);
	}
}

static void print_trace_line(void *arg, const char *line)
{
	printf("trace: %s\n", line);
}

static void print_results(struct skep_run *run)
{
	struct skep_run_count count;
	uint64_t lost;

	for (size_t i = 0; skep_run_verdict(run, i, &count); i++)
		print_count(&count);
	skep_run_total(run, &count);
	print_count(&count);
	for (size_t i = 0; skep_run_abort(run, i, &count); i++)
		printf("aborted, the program %s: %" PRIu64 " packets / %" PRIu64 " bytes\n",
		       count.name, count.packets, count.bytes);
	if (skep_run_fault(run))
		skep_diag_print(skep_run_fault(run), stdout);
	print_redirects(run);
	if (skep_run_cut_packets(run))
		printf("the capture holds only the beginning of %" PRIu64 " packets\n",
		       skep_run_cut_packets(run));
	printf("%.1f ns per packet\n", skep_run_ns_per_packet(run));
	lost = skep_run_trace(run, print_trace_line, NULL);
	if (lost)
		printf("trace: %" PRIu64 " lines before these were lost\n", lost);
}

static void dump_maps(const struct skep_run *run)
{
	struct skep_map *map;

	for (size_t i = 0; (map = skep_run_map(run, i)); i++) {
		printf("\nmap %s:\n", skep_map_definition(map)->name);
		skep_map_dump(map, stdout, 0);
	}
}

static int run_packets(const struct arguments *args, struct skep_run *run, struct skep_diag *diag)
{
	int err;

	if (!args->json)
		print_loaded(run);
	err = skep_run_packets(run, diag);
	if (err)
		return err;
	if (args->json)
		return skep_run_json(run, stdout, text_form(args),
				     args->dump_maps ? 0 : JSON_ELEMENTS);
	print_results(run);
	if (args->dump_maps)
		dump_maps(run);
	return 0;
}

static int resize_maps(const struct arguments *args, struct skep_object *object,
		       struct skep_diag *diag)
{
	int err = 0;

	for (size_t i = 0; !err && i < args->nr_sizes; i++)
		err = skep_object_resize_map(object, args->sizes[i].map,
					     (uint32_t)args->sizes[i].max_entries, diag);
	return err;
}

int cmd_run(const struct arguments *args)
{
	const struct skep_run_opts opts = {
		.sz = sizeof(opts),
		.prog = args->prog,
		.target = args->target,
		.in = args->in,
		.out = args->out,
		.repeat = args->repeat,
		.ifindex = (uint32_t)args->ifindex,
		.rx_queue = (uint32_t)args->rx_queue,
		.budget = args->budget,
		.fills = args->fills,
		.nr_fills = args->nr_fills,
		.unsafe = args->unsafe,
		.checked = args->checked,
	};
	struct skep_object *object;
	struct skep_run *run = NULL;
	struct skep_diag *diag;
	int status, err;

	if (args->unsafe)
		fputs("skep: the programs are not verified (--unsafe): every access is checked "
		      "while they run\n",
		      stderr);
	if (!args->in)
		return usage_error(args, "skep run needs a capture: --in FILE");
	status = open_object(args, &object);
	if (status)
		return status;
	diag = skep_diag_new();
	err = resize_maps(args, object, diag);
	err = err ? err : skep_run_prepare(object, &opts, &run, diag);
	err = err ? err : run_packets(args, run, diag);
	if (err)
		status = report_failure(args, diag);
	else
		skep_diag_free(diag);
	skep_run_free(run);
	skep_object_close(object);
	return status;
}
