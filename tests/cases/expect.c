/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * One case on one target: open, fill maps, follow the steps, run, compare.
 */
#include <errno.h>
#include <regex.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "bytes.h"

#define MAX_TRACE_LINES 256
#define MAX_MESSAGE 2000

/* The state of a case while it runs. */
struct check {
	const struct test_case *test;
	const struct backend *backend;
	struct session *session;
	struct plan plan;
	struct failure failure;
	bool kernel;
	bool failed;
};

static void differs(struct check *check, const char *fmt, ...) _printf_(2, 3);

/* Of long texts, such as a verifier's log, the end. */
static void differs(struct check *check, const char *fmt, ...)
{
	_cleanup_(buf_free) struct buf text = {};
	va_list ap;
	char *line, *rest;

	va_start(ap, fmt);
	rest = NULL;
	if (vasprintf(&rest, fmt, ap) < 0)
		abort();
	va_end(ap);
	text.data = rest;
	if (strlen(rest) > MAX_MESSAGE)
		rest += strlen(rest) - MAX_MESSAGE;
	while ((line = strsep(&rest, "\n")))
		printf("#   %s\n", line);
	check->failed = true;
}

static bool regex_matches(const struct check *check, unsigned int line, const char *pattern,
			  const char *text)
{
	regex_t regex;
	bool found;

	if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB))
		case_bad(check->test->file, line, "no regular expression: %s", pattern);
	found = !regexec(&regex, text, 0, NULL, 0);
	regfree(&regex);
	return found;
}

static const char *const kind_names[] = {
	[FAILURE_NONE] = "none",         [FAILURE_REFUSED] = "refused",
	[FAILURE_REJECTED] = "rejected", [FAILURE_ABORTED] = "aborted",
	[FAILURE_UNSOUND] = "unsound",
};

/* "-- error KIND [ERRNO]", each line of the body a pattern that the words must match. */
static void error_compare(struct check *check, const struct section *error)
{
	const struct failure *failure = &check->failure;
	char *rest = must_copy(error->args, strlen(error->args));
	const char *kind = word_next(&rest);
	const char *number = text_trim(rest);
	struct lines lines;
	char *line;

	if (strcmp(kind, kind_names[failure->kind]))
		differs(check, "expected: %s\nfound:    %s: %s", kind, kind_names[failure->kind],
			failure->text);
	if (*number && error_number(number) != -failure->err)
		differs(check, "expected %s, found %s: %s", number, error_name(failure->err),
			failure->text);
	lines_start(&lines, error);
	while ((line = lines_next(&lines)))
		if (!regex_matches(check, lines.number, line, failure->text))
			differs(check, "nothing matches /%s/ in:\n%s", line, failure->text);
}

/*
 * The kernel's answer to a failure: `-- kernel refuses [PATTERN]` says that it does not take what
 * skep runs; where skep fails, the kernel must not load it either, with the same errno for maps.
 */
static void kernel_error_compare(struct check *check, const struct section *error)
{
	const struct section *kernel = case_section(check->test, "kernel", NULL);
	const char *words = kernel ? kernel->args : "";
	const char *number = error ? strchr(error->args, ' ') : NULL;

	if (!strncmp(words, "refuses", 7)) {
		words += strspn(words + 7, " ") + 7;
		if (!regex_matches(check, kernel->line - 1, words, check->failure.text))
			differs(check, "the kernel says otherwise: %s", check->failure.text);
		return;
	}
	if (!error) {
		differs(check, "the kernel does not load it (%s): %s",
			error_name(check->failure.err), check->failure.text);
		return;
	}
	if (number && !check->plan.elf.len && error_number(number + 1) != -check->failure.err)
		differs(check, "expected %s, the kernel gives %s", number + 1,
			error_name(check->failure.err));
}

static void failure_compare(struct check *check)
{
	const struct section *error = case_section(check->test, "error", NULL);

	if (check->kernel)
		kernel_error_compare(check, error);
	else if (error)
		error_compare(check, error);
	else
		differs(check, "%s (%s): %s", kind_names[check->failure.kind],
			error_name(check->failure.err), check->failure.text);
}

/* Nothing failed: was it to? */
static void success_compare(struct check *check)
{
	const struct section *error = case_section(check->test, "error", NULL);
	const struct section *kernel = case_section(check->test, "kernel", NULL);

	if (check->kernel && kernel && !strncmp(kernel->args, "refuses", 7))
		differs(check, "the kernel loads it");
	else if (error && !(check->kernel && kernel && !strcmp(kernel->args, "loads")))
		differs(check, "expected: %s; nothing failed", error->args);
}

static void bytes_compare(struct check *check, const char *what, const u8 *found, size_t nr,
			  const u8 *expected, size_t nr_expected)
{
	_cleanup_(buf_free) struct buf a = {}, b = {};
	size_t at = 0;

	if (nr == nr_expected && !memcmp(found, expected, nr))
		return;
	while (at < nr && at < nr_expected && found[at] == expected[at])
		at++;
	bytes_print(&a, expected + at, nr_expected - at);
	bytes_print(&b, found + at, nr - at);
	differs(check, "%s: %zu bytes, expected %zu; from byte %zu on\nexpected: %s\nfound:    %s",
		what, nr, nr_expected, at, buf_text(&a), buf_text(&b));
}

/* Steps and map contents */

struct element {
	int map;
	const struct skep_map_def *def;
	size_t value_bytes;
	u8 *key, *value;
};

static struct element element_get(struct check *check, const char *name, unsigned int line)
{
	struct element element = {.map = check->backend->map_find(check->session, name)};

	if (element.map < 0)
		case_bad(check->test->file, line, "no map '%s'", name);
	element.def = check->backend->map_def(check->session, element.map);
	element.value_bytes = check->backend->value_bytes(check->session, element.map);
	element.key = must_alloc(element.def->key_size);
	element.value = must_alloc(element.value_bytes);
	return element;
}

static void parse_bytes(struct check *check, unsigned int line, const char *text, u8 *out,
			size_t size)
{
	const char *wrong = bytes_parse_value(text, out, size);

	if (wrong)
		case_bad(check->test->file, line, "%s", wrong);
}

/* A value for the control side: the same on all CPUs; "prog NAME" for prog arrays. */
static void parse_value(struct check *check, const struct element *element, unsigned int line,
			const char *text)
{
	size_t stride = ALIGN_UP(element->def->value_size, 8);
	s64 prog;
	u32 value;

	if (!strncmp(text, "prog ", 5)) {
		prog = check->backend->prog_value(check->session, text + 5);
		if (prog < 0)
			case_bad(check->test->file, line, "no program '%s'", text + 5);
		value = prog;
		memcpy(element->value, &value, sizeof(value));
		return;
	}
	parse_bytes(check, line, text, element->value, element->def->value_size);
	if (!map_is_percpu(element->def))
		return;
	for (size_t at = stride; at + element->def->value_size <= element->value_bytes;
	     at += stride)
		memcpy(element->value + at, element->value, element->def->value_size);
}

static void result_compare(struct check *check, unsigned int line, int err, const char *expected)
{
	if (error_number(expected) != -err)
		differs(check, "line %u: expected %s, found %s", line, *expected ? expected : "ok",
			error_name(err));
}

static bool is_error(const char *text)
{
	return error_number(text) != 0;
}

static void step_update(struct check *check, const char *verb, char *rest, const char *expected,
			unsigned int line)
{
	struct element element = element_get(check, word_next(&rest), line);
	char *key = strsep(&rest, "=");
	u64 flags = SKEP_ANY;

	if (!rest)
		case_bad(check->test->file, line, "no '='");
	if (!strcmp(verb, "insert"))
		flags = SKEP_NOEXIST;
	else if (!strcmp(verb, "replace"))
		flags = SKEP_EXIST;
	else if (verb[6] == '/' && !number_parse(verb + 7, &flags))
		case_bad(check->test->file, line, "no flags: %s", verb);
	parse_bytes(check, line, text_trim(key), element.key, element.def->key_size);
	parse_value(check, &element, line, text_trim(rest));
	result_compare(check, line,
		       check->backend->update(check->session, element.map, element.key,
					      element.value, flags),
		       expected);
}

static void step_delete(struct check *check, char *rest, const char *expected, unsigned int line)
{
	struct element element = element_get(check, word_next(&rest), line);

	parse_bytes(check, line, text_trim(rest), element.key, element.def->key_size);
	result_compare(check, line,
		       check->backend->delete (check->session, element.map, element.key), expected);
}

static void step_lookup(struct check *check, char *rest, const char *expected, unsigned int line)
{
	struct element element = element_get(check, word_next(&rest), line);
	u8 *found = must_alloc(element.value_bytes);
	int err;

	parse_bytes(check, line, text_trim(rest), element.key, element.def->key_size);
	err = check->backend->lookup(check->session, element.map, element.key, found);
	if (err || is_error(expected)) {
		result_compare(check, line, err, expected);
		return;
	}
	parse_value(check, &element, line, expected);
	bytes_compare(check, must_printf("line %u", line), found, element.value_bytes,
		      element.value, element.value_bytes);
}

static void step_next(struct check *check, char *rest, const char *expected, unsigned int line)
{
	struct element element = element_get(check, word_next(&rest), line);
	u8 *next = must_alloc(element.def->key_size);
	u8 *key = NULL;
	int err;

	rest = text_trim(rest);
	if (strcmp(rest, "first")) {
		parse_bytes(check, line, rest, element.key, element.def->key_size);
		key = element.key;
	}
	err = check->backend->next_key(check->session, element.map, key, next);
	if (err || is_error(expected)) {
		result_compare(check, line, err, expected);
		return;
	}
	parse_bytes(check, line, expected, element.key, element.def->key_size);
	bytes_compare(check, must_printf("line %u", line), next, element.def->key_size, element.key,
		      element.def->key_size);
}

/* How many keys next_key finds. */
static u64 elements_count(struct check *check, const struct element *element)
{
	u8 *key = NULL;
	u64 nr = 0;

	while (nr <= element->def->max_entries &&
	       !check->backend->next_key(check->session, element->map, key, element->key)) {
		key = element->key;
		nr++;
	}
	return nr;
}

static void step_count(struct check *check, char *rest, const char *expected, unsigned int line)
{
	struct element element = element_get(check, word_next(&rest), line);
	u64 nr = elements_count(check, &element);
	u64 want;

	if (!number_parse(expected, &want))
		case_bad(check->test->file, line, "no number: '%s'", expected);
	if (nr != want)
		differs(check, "line %u: %llu elements", line, (unsigned long long)nr);
}

/* Does the plan's kind of run know a result to compare? */
static void result_check(struct check *check, const struct run *run, size_t packet)
{
	const struct section *result = case_section(check->test, "result", NULL);
	const char *text = result ? result->args : "";
	u64 mask = run->r0_low ? 0xffffffff : ~0ull;
	struct lines lines;
	u64 expected;

	if (!result)
		return;
	if (!*text) {
		char *line = NULL;

		lines_start(&lines, result);
		for (size_t i = 0; i <= packet; i++) {
			char *next = lines_next(&lines);

			line = next ?: line;
		}
		text = line ?: "";
	}
	if (!number_parse(text, &expected))
		case_bad(check->test->file, result->line, "no number: '%s'", text);
	if ((run->r0 & mask) != (expected & mask))
		differs(check, "packet %zu: r0 = 0x%llx, expected 0x%llx", packet,
			(unsigned long long)run->r0, (unsigned long long)expected);
}

/* Verdicts: one for each packet, the last also for all that follow. */
static void verdict_check(struct check *check, const struct run *run, size_t packet)
{
	const struct section *section = case_section(check->test, "verdict", NULL);
	const char *name = skep_verdict_name(check->plan.hook, (s32)run->r0);
	const char *expected;
	char *words;

	if (!section)
		return;
	words = must_printf("%s %s", section->args, section->body);
	expected = word_next(&words);
	for (size_t i = 0; i < packet; i++) {
		const char *next = word_next(&words);

		if (!*next)
			break;
		expected = next;
	}
	if (!name || strcmp(name, expected))
		differs(check, "packet %zu: verdict %s (%lld), expected %s", packet, name ?: "?",
			(long long)run->r0, expected);
}

static void packet_out_check(struct check *check, const struct run *run, size_t packet)
{
	const struct section *section = NULL;
	_cleanup_(buf_free) struct buf expected = {};
	const char *wrong;

	for (size_t i = 0; i <= packet; i++) {
		section = case_section(check->test, "packet-out", section);
		if (!section)
			return;
	}
	if (!strcmp(section->args, "same")) {
		buf_add(&expected, check->plan.packets[packet].data,
			check->plan.packets[packet].len);
	} else {
		wrong = bytes_parse_packet(section->body, &expected);
		if (wrong)
			case_bad(check->test->file, section->line, "%s", wrong);
	}
	bytes_compare(check, must_printf("packet %zu", packet), (const u8 *)buf_text(&run->out),
		      run->out.len, (const u8 *)buf_text(&expected), expected.len);
}

/* `-- redirect N`: the interface that the packet goes to; "none". */
static void redirect_check(struct check *check, const struct run *run)
{
	const struct section *section = case_section(check->test, "redirect", NULL);
	u64 ifindex;

	if (!section || !run->redirect_known)
		return;
	if (!strcmp(section->args, "none")) {
		if (run->redirected)
			differs(check, "redirected to interface %u", run->ifindex);
		return;
	}
	if (!number_parse(section->args, &ifindex))
		case_bad(check->test->file, section->line, "no interface number");
	if (!run->redirected || run->ifindex != ifindex)
		differs(check, "redirected: %s, to interface %u, expected %u",
			run->redirected ? "yes" : "no", run->ifindex, (u32)ifindex);
}

static bool run_packets(struct check *check)
{
	for (size_t i = 0; i < check->plan.nr_packets; i++) {
		_cleanup_(buf_free) struct buf out = {};
		struct run run = {};
		int err;

		err = check->backend->run(check->session, &check->plan.packets[i], &run,
					  &check->failure);
		out = run.out;
		if (err) {
			failure_compare(check);
			return false;
		}
		result_check(check, &run, i);
		verdict_check(check, &run, i);
		packet_out_check(check, &run, i);
		redirect_check(check, &run);
	}
	success_compare(check);
	return true;
}

/* One line of `-- steps`; false: stop here. */
static bool step(struct check *check, char *text, unsigned int line)
{
	char *expected = strstr(text, "->");
	const char *verb;

	if (expected) {
		*expected = '\0';
		expected = text_trim(expected + 2);
	}
	expected = expected ?: "";
	verb = word_next(&text);
	if (!strcmp(verb, "run"))
		return run_packets(check);
	if (!strncmp(verb, "update", 6) || !strcmp(verb, "insert") || !strcmp(verb, "replace"))
		step_update(check, verb, text, expected, line);
	else if (!strcmp(verb, "delete"))
		step_delete(check, text, expected, line);
	else if (!strcmp(verb, "lookup"))
		step_lookup(check, text, expected, line);
	else if (!strcmp(verb, "next"))
		step_next(check, text, expected, line);
	else if (!strcmp(verb, "count"))
		step_count(check, text, expected, line);
	else
		case_bad(check->test->file, line, "no step '%s'", verb);
	return true;
}

/* Follow the steps; the packets run where a line says so, else behind the last. */
static bool steps_follow(struct check *check)
{
	const struct section *section = case_section(check->test, "steps", NULL);
	bool ran = false;
	struct lines lines;
	char *line;

	if (section) {
		lines_start(&lines, section);
		while ((line = lines_next(&lines))) {
			ran |= !strcmp(line, "run");
			if (!step(check, line, lines.number))
				return false;
		}
	}
	if (ran || (!check->plan.nr_progs && !check->plan.elf.len))
		return true;
	return run_packets(check);
}

/* Initial contents: "KEY = VALUE", "KEY = prog NAME", "KEY = nothing" (deleted). */
static void maps_fill(struct check *check)
{
	for (size_t i = 0; i < check->plan.nr_maps; i++) {
		const struct plan_map *map = &check->plan.maps[i];
		struct lines lines;
		char *line;

		lines_start(&lines, map->section);
		while ((line = lines_next(&lines))) {
			char *rest = must_printf("%s %s", map->name, line);
			char *end = strchr(rest, '=');

			if (end && !strcmp(text_trim(end + 1), "nothing")) {
				*end = '\0';
				step_delete(check, rest, "", lines.number);
			} else {
				step_update(check, "update", rest, "", lines.number);
			}
		}
	}
}

static void map_line_compare(struct check *check, const struct element *element, char *line,
			     unsigned int number)
{
	size_t stride = ALIGN_UP(element->def->value_size, 8);
	size_t at = map_is_percpu(element->def) ? check->plan.cpu * stride : 0;
	u8 *found = must_alloc(element->value_bytes);
	char *key = text_trim(strsep(&line, "="));
	int err;

	if (!line)
		case_bad(check->test->file, number, "no '='");
	parse_bytes(check, number, key, element->key, element->def->key_size);
	parse_bytes(check, number, text_trim(line), element->value, element->def->value_size);
	err = check->backend->lookup(check->session, element->map, element->key, found);
	if (err) {
		differs(check, "line %u: key %s: %s", number, key, error_name(err));
		return;
	}
	bytes_compare(check, must_printf("line %u: key %s", number, key), found + at,
		      element->def->value_size, element->value, element->def->value_size);
}

static bool keys_are_all(const struct skep_map_def *def)
{
	return def->type != SKEP_MAP_ARRAY && def->type != SKEP_MAP_PERCPU_ARRAY;
}

/* `-- map-out NAME`: each line must hold; a map that is no array has no other keys. */
static void maps_compare(struct check *check)
{
	const struct section *section = NULL;

	while ((section = case_section(check->test, "map-out", section))) {
		struct element element = element_get(check, section->args, section->line);
		struct lines lines;
		u64 nr = 0, found;
		char *line;

		lines_start(&lines, section);
		while ((line = lines_next(&lines))) {
			map_line_compare(check, &element, line, lines.number);
			nr++;
		}
		found = elements_count(check, &element);
		if (keys_are_all(element.def) && found != nr)
			differs(check, "map %s: %llu keys, expected %llu", section->args,
				(unsigned long long)found, (unsigned long long)nr);
	}
}

struct trace_lines {
	const char *lines[MAX_TRACE_LINES];
	size_t nr;
};

static void trace_line(void *arg, const char *line)
{
	struct trace_lines *trace = arg;
	size_t len = strcspn(line, "\n");

	if (trace->nr < MAX_TRACE_LINES)
		trace->lines[trace->nr++] = must_copy(line, len);
}

/* `-- trace`: the lines in order, all of them. */
static void trace_compare(struct check *check)
{
	const struct section *section = case_section(check->test, "trace", NULL);
	struct trace_lines trace = {};
	struct lines lines;
	size_t nr = 0;
	char *line;

	if (!section || !check->backend->trace ||
	    !check->backend->trace(check->session, trace_line, &trace))
		return;
	lines_start(&lines, section);
	while ((line = lines_next(&lines))) {
		const char *found = nr < trace.nr ? trace.lines[nr] : "(nothing)";

		if (!strstr(found, line) || strcmp(strstr(found, line), line))
			differs(check, "trace: expected '%s', found '%s'", line, found);
		nr++;
	}
	if (nr < trace.nr)
		differs(check, "trace: %zu more lines, the first: %s", trace.nr - nr,
			trace.lines[nr]);
}

/* Per-CPU results are those of this CPU. */
static void cpu_pin(u32 cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

bool case_run(const struct test_case *test, const struct settings *settings, const char *target)
{
	static struct check check;

	check.test = test;
	check.kernel = !strcmp(target, "kernel");
	check.backend = check.kernel ? &backend_kernel : &backend_skep;
	if (plan_make(test, settings, &check.plan, &check.failure)) {
		failure_compare(&check);
		plan_free(&check.plan);
		return !check.failed;
	}
	if (check.kernel)
		cpu_pin(check.plan.cpu);
	check.session = check.backend->open(&check.plan, target, &check.failure);
	if (!check.session) {
		failure_compare(&check);
		plan_free(&check.plan);
		return !check.failed;
	}
	maps_fill(&check);
	if (steps_follow(&check)) {
		maps_compare(&check);
		trace_compare(&check);
	}
	check.backend->close(check.session);
	plan_free(&check.plan);
	return !check.failed;
}

bool map_is_percpu(const struct skep_map_def *def)
{
	return def->type == SKEP_MAP_PERCPU_ARRAY || def->type == SKEP_MAP_PERCPU_HASH ||
	       def->type == SKEP_MAP_LRU_PERCPU_HASH;
}
