/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What a run loaded and what happened: the accessors of skep/run.h, and the same as JSON.
 */
#include <stdlib.h>

#include "ctl/map_dump.h"
#include "ctl/run.h"
#include "map/map.h"

const char *skep_run_prog(const struct skep_run *run)
{
	return run->prog->name;
}

const char *skep_run_target(const struct skep_run *run)
{
	return run->loaded->target->name;
}

bool skep_run_verified(const struct skep_run *run)
{
	return !run->opts.unsafe;
}

bool skep_run_loaded(const struct skep_run *run, size_t nr, struct skep_run_loaded *ret)
{
	for (size_t p = 0; p < run->object->nr_progs; p++) {
		const struct object_prog *prog = &run->object->progs[p];

		if (!run->loaded->images[p] || nr--)
			continue;
		*ret = (struct skep_run_loaded){
			.name = prog->name,
			.section = prog->section,
			.license = run->object->license,
			.hook = run->loaded->images[p]->hook,
			.insns = prog->nr_insns,
		};
		return true;
	}
	return false;
}

struct skep_map *skep_run_map(const struct skep_run *run, size_t nr)
{
	for (size_t m = 0; m < run->object->nr_maps; m++)
		if (run->loaded->maps[m] && !nr--)
			return run->loaded->maps[m];
	return NULL;
}

static void fill_slot(const struct skep_run *run, const struct object_map *map,
		      const struct object_slot *slot, struct skep_run_slot *ret)
{
	*ret = (struct skep_run_slot){
		.map = map->def.name,
		.key = slot->key,
		.content = slot->is_prog ? run->object->progs[slot->index].name
					 : run->object->maps[slot->index].def.name,
	};
}

bool skep_run_slot(const struct skep_run *run, size_t nr, struct skep_run_slot *ret)
{
	for (size_t m = 0; m < run->object->nr_maps; m++) {
		const struct object_map *map = &run->object->maps[m];

		if (!run->loaded->maps[m])
			continue;
		if (nr < map->nr_slots) {
			fill_slot(run, map, &map->slots[nr], ret);
			return true;
		}
		nr -= map->nr_slots;
	}
	return false;
}

static void fill_count(struct skep_run_count *ret, const char *name, const struct xdp_counter *from)
{
	*ret = (struct skep_run_count){
		.name = name, .packets = from->packets, .bytes = from->bytes};
}

void skep_run_total(const struct skep_run *run, struct skep_run_count *ret)
{
	fill_count(ret, "total", &run->hook.total);
}

bool skep_run_verdict(const struct skep_run *run, size_t nr, struct skep_run_count *ret)
{
	if (nr >= XDP_VERDICT_MAX)
		return false;
	fill_count(ret, skep_verdict_name(SKEP_HOOK_XDP, (s64)nr), &run->hook.verdicts[nr]);
	return true;
}

bool skep_run_abort(const struct skep_run *run, size_t nr, struct skep_run_count *ret)
{
	for (u32 reason = 0; reason < TARGET_ABORT_MAX; reason++)
		if (run->hook.aborted[reason].packets && !nr--) {
			fill_count(ret, target_abort_name((enum target_abort)reason),
				   &run->hook.aborted[reason]);
			return true;
		}
	if (run->hook.invalid.packets && !nr) {
		fill_count(ret, "returned a number that is no verdict", &run->hook.invalid);
		return true;
	}
	return false;
}

const struct skep_diag *skep_run_fault(const struct skep_run *run)
{
	return run->fault.err ? &run->fault : NULL;
}

bool skep_run_redirect(const struct skep_run *run, size_t nr, struct skep_run_redirect *ret)
{
	const struct xdp_redirect_row *row;

	if (nr >= run->hook.nr_redirects)
		return false;
	row = &run->hook.redirects[nr];
	*ret = (struct skep_run_redirect){
		.map = row->map ? row->map->def.name : NULL,
		.ifindex = row->ifindex,
		.failure = row->failure,
		.packets = row->count.packets,
		.bytes = row->count.bytes,
	};
	return true;
}

double skep_run_ns_per_packet(const struct skep_run *run)
{
	return run->hook.total.packets ? (double)run->ns / (double)run->hook.total.packets : 0;
}

uint64_t skep_run_cut_packets(const struct skep_run *run)
{
	return run->capture.nr_cut;
}

uint64_t skep_run_trace(struct skep_run *run, void (*each)(void *arg, const char *line), void *arg)
{
	return trace_log_drain(run->trace, each, arg);
}

static void write_counts(struct json_writer *json, u64 packets, u64 bytes)
{
	emit_u64_member(json, "packets", packets);
	emit_u64_member(json, "bytes", bytes);
}

static void write_verdicts(const struct skep_run *run, struct json_writer *json)
{
	struct skep_run_count count;

	emit_name(json, "verdicts");
	emit_begin_object(json);
	for (size_t i = 0; skep_run_verdict(run, i, &count); i++) {
		emit_name(json, count.name);
		emit_begin_object(json);
		write_counts(json, count.packets, count.bytes);
		emit_end_object(json);
	}
	emit_end_object(json);
	if (!skep_run_abort(run, 0, &count))
		return;
	emit_name(json, "aborted");
	emit_begin_object(json);
	for (size_t i = 0; skep_run_abort(run, i, &count); i++) {
		emit_name(json, count.name);
		emit_begin_object(json);
		write_counts(json, count.packets, count.bytes);
		emit_end_object(json);
	}
	emit_end_object(json);
}

/* "fault": {"error": {..}}, as errors look */
static void write_fault(const struct skep_run *run, struct json_writer *json)
{
	char *text;

	if (!run->fault.err)
		return;
	text = skep_diag_json(&run->fault);
	emit_name(json, "fault");
	emit_printf(json, "%s", text ? text : "null");
	free(text);
}

/* The next row that was sent to `ifindex` from row *nr on; *nr moves behind it. */
static bool next_sent(const struct skep_run *run, u32 ifindex, size_t *nr,
		      struct skep_run_redirect *ret)
{
	while (skep_run_redirect(run, (*nr)++, ret))
		if (!ret->failure && ret->ifindex == ifindex)
			return true;
	return false;
}

/* {"packets":.., "bytes":.., "maps": {"NAME": {..}}} of one device */
static void write_device(const struct skep_run *run, u32 ifindex, struct json_writer *json)
{
	struct skep_run_redirect row;
	u64 packets = 0, bytes = 0;

	for (size_t i = 0; next_sent(run, ifindex, &i, &row);) {
		packets += row.packets;
		bytes += row.bytes;
	}
	emit_begin_object(json);
	write_counts(json, packets, bytes);
	emit_name(json, "maps");
	emit_begin_object(json);
	for (size_t i = 0; next_sent(run, ifindex, &i, &row);) {
		if (!row.map)
			continue;
		emit_name(json, row.map);
		emit_begin_object(json);
		write_counts(json, row.packets, row.bytes);
		emit_end_object(json);
	}
	emit_end_object(json);
	emit_end_object(json);
}

static void write_failure(const struct skep_run_redirect *row, struct json_writer *json)
{
	emit_begin_object(json);
	emit_string_member(json, "error", row->failure);
	emit_u64_member(json, "ifindex", row->ifindex);
	if (row->map)
		emit_string_member(json, "map", row->map);
	write_counts(json, row->packets, row->bytes);
	emit_end_object(json);
}

/* "redirects": by device; "redirect_errors": what went nowhere */
static void write_redirects(const struct skep_run *run, struct json_writer *json)
{
	struct skep_run_redirect row, first;
	char name[16];
	bool failed = false;

	emit_name(json, "redirects");
	emit_begin_object(json);
	for (size_t i = 0; skep_run_redirect(run, i, &row); i++) {
		size_t from = 0;

		failed |= row.failure != NULL;
		if (row.failure)
			continue;
		next_sent(run, row.ifindex, &from, &first);
		if (from != i + 1)
			continue; /* written with an earlier row of the same device */
		snprintf(name, sizeof(name), "%u", row.ifindex);
		emit_name(json, name);
		write_device(run, row.ifindex, json);
	}
	emit_end_object(json);
	if (!failed)
		return;
	emit_name(json, "redirect_errors");
	emit_begin_array(json);
	for (size_t i = 0; skep_run_redirect(run, i, &row); i++)
		if (row.failure)
			write_failure(&row, json);
	emit_end_array(json);
}

static void write_trace_line(void *arg, const char *line)
{
	emit_string(arg, line);
}

static void write_trace(struct skep_run *run, struct json_writer *json)
{
	u64 lost;

	emit_name(json, "trace");
	emit_begin_array(json);
	lost = trace_log_drain(run->trace, write_trace_line, json);
	emit_end_array(json);
	if (lost)
		emit_u64_member(json, "trace_lost", lost);
}

/* "maps": the contents; "maps_left_out": the names of those that are too long */
static int write_maps(const struct skep_run *run, size_t max_elements, struct json_writer *json)
{
	struct skep_map *map;
	size_t nr_long = 0;
	int err = 0;

	emit_name(json, "maps");
	emit_begin_object(json);
	for (size_t i = 0; !err && (map = skep_run_map(run, i)); i++) {
		if (max_elements && map_has_more_than(map, max_elements)) {
			nr_long++;
			continue;
		}
		emit_name(json, map->def.name);
		err = map_dump_json(map, json);
		if (err)
			emit_printf(json, "null");
	}
	emit_end_object(json);
	if (!nr_long)
		return err;
	emit_name(json, "maps_left_out");
	emit_begin_array(json);
	for (size_t i = 0; (map = skep_run_map(run, i)); i++)
		if (map_has_more_than(map, max_elements))
			emit_string(json, map->def.name);
	emit_end_array(json);
	return err;
}

int skep_run_json(struct skep_run *run, FILE *to, uint32_t form, size_t max_elements)
{
	struct json_writer json = {.to = to, .pretty = form & SKEP_TEXT_PRETTY};
	int err;

	emit_begin_object(&json);
	write_counts(&json, run->hook.total.packets, run->hook.total.bytes);
	write_verdicts(run, &json);
	write_fault(run, &json);
	emit_name(&json, "ns_per_packet");
	emit_double(&json, skep_run_ns_per_packet(run));
	write_redirects(run, &json);
	if (run->capture.nr_cut)
		emit_u64_member(&json, "cut_packets", run->capture.nr_cut);
	err = write_maps(run, max_elements, &json);
	write_trace(run, &json);
	emit_string_member(&json, "prog", run->prog->name);
	emit_string_member(&json, "target", run->loaded->target->name);
	emit_name(&json, "verified");
	emit_bool(&json, skep_run_verified(run));
	emit_end_object(&json);
	fputc('\n', to);
	return err;
}
