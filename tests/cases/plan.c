/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Sections to a plan: one function for each kind of section, listed in plan_make().
 */
#include "plan.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "bytes.h"
#include "insn/insn.h"

#define DEFAULT_PACKET_BYTES 64

int plan_find_map(const struct plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->nr_maps; i++)
		if (!strcmp(plan->maps[i].name, name))
			return i;
	return -1;
}

static int map_index(void *arg, const char *name)
{
	return plan_find_map(arg, name);
}

static u64 section_number(const struct test_case *test, const char *name, u64 otherwise)
{
	const struct section *section = case_section(test, name, NULL);
	u64 value;

	if (!section)
		return otherwise;
	if (!number_parse(section->args, &value))
		case_bad(test->file, section->line, "not a number: '%s'", section->args);
	return value;
}

static u32 map_type(const struct test_case *test, const struct section *section, const char *name)
{
	u64 number;

	for (u32 type = 1; type < SKEP_MAP_TYPE_MAX; type++)
		if (skep_map_type_name(type) && !strcmp(skep_map_type_name(type), name))
			return type;
	if (!number_parse(name, &number))
		case_bad(test->file, section->line, "no map type '%s'", name);
	return number;
}

static void map_field(const struct test_case *test, const struct section *section,
		      struct skep_map_def *def, const char *field, u64 value)
{
	if (!strcmp(field, "key"))
		def->key_size = value;
	else if (!strcmp(field, "value"))
		def->value_size = value;
	else if (!strcmp(field, "entries"))
		def->max_entries = value;
	else if (!strcmp(field, "flags"))
		def->map_flags = value;
	else if (!strcmp(field, "extra"))
		def->map_extra = value;
	else
		case_bad(test->file, section->line, "a map has no field '%s'", field);
}

/* "NAME TYPE key N value N entries N flags N"; "NAME" alone is a map of the object. */
static void plan_map(struct plan *plan, const struct section *section)
{
	const struct test_case *test = plan->test;
	struct plan_map *map = &plan->maps[plan->nr_maps++];
	char *rest = must_copy(section->args, strlen(section->args));
	char *type, *field;

	if (plan->nr_maps == MAX_MAPS)
		case_bad(test->file, section->line, "too many maps");
	map->section = section;
	map->name = word_next(&rest);
	type = word_next(&rest);
	if (!*type)
		return;
	map->create = true;
	map->def.type = map_type(test, section, type);
	snprintf(map->def.name, sizeof(map->def.name), "%s", map->name);
	while (*(field = word_next(&rest))) {
		u64 value;

		if (!number_parse(word_next(&rest), &value))
			case_bad(test->file, section->line, "no number behind '%s'", field);
		map_field(test, section, &map->def, field, value);
	}
}

/* `-- asm [NAME]`: text for the assembler. */
static int plan_asm(struct plan *plan, const struct section *section, struct failure *failure)
{
	struct plan_prog *prog = &plan->progs[plan->nr_progs];
	struct skep_insn *insns;
	struct skep_diag *diag = skep_diag_new();
	int err;

	err = insn_assemble(section->body, map_index, plan, &insns, &prog->nr_insns, diag);
	if (err) {
		failure->kind = FAILURE_REFUSED;
		failure->err = err;
		snprintf(failure->text, sizeof(failure->text), "%s", skep_diag_problem(diag));
		skep_diag_free(diag);
		return -1;
	}
	prog->insns = must_alloc(prog->nr_insns * sizeof(*insns));
	memcpy(prog->insns, insns, prog->nr_insns * sizeof(*insns));
	free(insns);
	skep_diag_free(diag);
	return 0;
}

/* `-- slots [NAME]`: instructions as bytes, for those no assembler writes. */
static void plan_slots(struct plan *plan, const struct section *section)
{
	struct plan_prog *prog = &plan->progs[plan->nr_progs];
	_cleanup_(buf_free) struct buf bytes = {};
	const char *wrong = bytes_parse_packet(section->body, &bytes);

	if (wrong || bytes.len % sizeof(*prog->insns))
		case_bad(plan->test->file, section->line, "%s", wrong ?: "not whole slots");
	prog->nr_insns = bytes.len / sizeof(*prog->insns);
	prog->insns = must_alloc(bytes.len);
	memcpy(prog->insns, buf_text(&bytes), bytes.len);
}

static int plan_prog(struct plan *plan, const struct section *section, struct failure *failure)
{
	struct plan_prog *prog = &plan->progs[plan->nr_progs];

	if (plan->nr_progs == MAX_PROGS)
		case_bad(plan->test->file, section->line, "too many programs");
	prog->name = *section->args ? section->args : "entry";
	if (!strcmp(section->name, "slots"))
		plan_slots(plan, section);
	else if (plan_asm(plan, section, failure))
		return -1;
	plan->nr_progs++;
	return 0;
}

static struct plan_packet *packet_add(struct plan *plan, const void *data, size_t len)
{
	struct plan_packet *packet = &plan->packets[plan->nr_packets++];

	if (plan->nr_packets == MAX_PACKETS)
		case_bad(plan->test->file, plan->test->line, "too many packets");
	packet->data = (const u8 *)must_copy(data, len);
	packet->len = len;
	return packet;
}

static void plan_packet(struct plan *plan, const struct section *section)
{
	_cleanup_(buf_free) struct buf bytes = {};
	const char *wrong = bytes_parse_packet(section->body, &bytes);

	if (wrong)
		case_bad(plan->test->file, section->line, "%s", wrong);
	packet_add(plan, buf_text(&bytes), bytes.len);
}

static void plan_capture(struct plan *plan, const struct section *section,
			 const struct settings *settings)
{
	char *path = must_printf("%s/%s", settings->source_root, section->args);
	char words[PCAP_ERRBUF_SIZE];
	pcap_t *pcap = pcap_open_offline(path, words);
	struct pcap_pkthdr *header;
	const u_char *data;

	if (!pcap)
		case_bad(plan->test->file, section->line, "%s", words);
	while (pcap_next_ex(pcap, &header, &data) == 1)
		packet_add(plan, data, header->caplen);
	pcap_close(pcap);
}

static void plan_packets(struct plan *plan, const struct settings *settings)
{
	static const u8 zeros[DEFAULT_PACKET_BYTES];
	const struct section *section = NULL;

	while ((section = case_section(plan->test, "packet", section)))
		plan_packet(plan, section);
	while ((section = case_section(plan->test, "mem", section)))
		plan_packet(plan, section);
	while ((section = case_section(plan->test, "capture", section)))
		plan_capture(plan, section, settings);
	if (!plan->nr_packets)
		packet_add(plan, zeros, sizeof(zeros));
}

static enum skep_hook plan_hook(const struct test_case *test)
{
	const struct section *section = case_section(test, "hook", NULL);

	if (case_section(test, "mem", NULL))
		return SKEP_HOOK_NONE;
	if (!section)
		return SKEP_HOOK_XDP;
	for (enum skep_hook hook = SKEP_HOOK_NONE; hook < SKEP_HOOK_MAX; hook++)
		if (!strcmp(skep_hook_name(hook), section->args))
			return hook;
	case_bad(test->file, section->line, "no hook '%s'", section->args);
}

/* `-- context`: "ingress_ifindex = 1", "rx_queue_index = 0" */
static void plan_context(struct plan *plan)
{
	const struct section *section = case_section(plan->test, "context", NULL);
	struct lines lines;
	char *line;

	plan->ifindex = 1; /* the loopback interface, as BPF_PROG_TEST_RUN has it */
	if (!section)
		return;
	plan->has_context = true;
	lines_start(&lines, section);
	while ((line = lines_next(&lines))) {
		char *name = text_trim(strsep(&line, "="));
		u64 value;

		if (!line || !number_parse(text_trim(line), &value))
			case_bad(plan->test->file, lines.number, "no number");
		if (!strcmp(name, "ingress_ifindex"))
			plan->ifindex = value;
		else if (!strcmp(name, "rx_queue_index"))
			plan->rx_queue = value;
		else
			case_bad(plan->test->file, lines.number, "no field '%s'", name);
	}
}

static bool section_is_prog(const struct section *section)
{
	return !strcmp(section->name, "asm") || !strcmp(section->name, "slots");
}

static const char *section_args(const struct test_case *test, const char *name,
				const char *otherwise)
{
	const struct section *section = case_section(test, name, NULL);

	return section ? section->args : otherwise;
}

int plan_make(const struct test_case *test, const struct settings *settings, struct plan *plan,
	      struct failure *failure)
{
	const struct section *section = NULL;

	plan->test = test;
	plan->hook = plan_hook(test);
	plan->license = section_args(test, "license", "GPL");
	plan->entry = section_args(test, "prog", NULL);
	plan->unsafe = case_section(test, "unsafe", NULL);
	plan->budget = section_number(test, "budget", 0);
	plan->cpu = section_number(test, "cpu", 0);
	plan->cpus = section_number(test, "cpus", 0);
	plan_context(plan);
	plan_packets(plan, settings);
	plan_object(test, settings, &plan->elf);
	while ((section = case_section(test, "map", section)))
		plan_map(plan, section);
	for (size_t i = 0; i < test->nr_sections; i++)
		if (section_is_prog(&test->sections[i]) &&
		    plan_prog(plan, &test->sections[i], failure))
			return -1;
	return 0;
}

void plan_free(struct plan *plan)
{
	buf_free(&plan->elf);
}
