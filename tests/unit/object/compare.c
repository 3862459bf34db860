/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Differential check against libbpf: for each object file, what libbpf reports of maps and
 * programs must be what skep reports, down to the linked instructions. libbpf links without a
 * kernel when it generates a loader program, and then refers to maps by index as skep does.
 *
 * Arguments are object files; $SKEP_OBJECTS, a glob, adds more. A file that libbpf refuses is
 * skipped, with skep's answer as the reason.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/diag.h"
#include "object/object.h"

struct report {
	char text[512]; /* first difference */
	bool differs;
};

static void differ(struct report *report, const char *fmt, ...) _printf_(2, 3);
static void differ(struct report *report, const char *fmt, ...)
{
	va_list args;

	if (report->differs)
		return;
	report->differs = true;
	va_start(args, fmt);
	vsnprintf(report->text, sizeof(report->text), fmt, args);
	va_end(args);
}

static int silent(enum libbpf_print_level level, const char *fmt, va_list args)
{
	return 0;
}

static void compare_number(struct report *report, const char *of, const char *what, u64 theirs,
			   u64 ours)
{
	if (theirs != ours)
		differ(report, "%s: %s: libbpf %llu, skep %llu", of, what,
		       (unsigned long long)theirs, (unsigned long long)ours);
}

static void compare_text(struct report *report, const char *of, const char *what,
			 const char *theirs, const char *ours)
{
	if (strncmp(theirs, ours, SKEP_NAME_MAX - 1) != 0)
		differ(report, "%s: %s: libbpf '%s', skep '%s'", of, what, theirs, ours);
}

static void compare_map(struct report *report, struct bpf_map *theirs,
			const struct object_map *ours)
{
	const char *name = bpf_map__name(theirs);
	bool internal = ours->kind != OBJECT_MAP_USER && ours->kind != OBJECT_MAP_STRUCT_OPS;
	size_t size = 0;
	const void *data;

	/* libbpf's public name of a data map is the section's; the kernel's is def.name */
	compare_text(report, name, "name", name,
		     internal && strcmp(ours->def.name, name) != 0 ? ours->section
								   : ours->def.name);
	compare_number(report, name, "type", bpf_map__type(theirs), ours->def.type);
	compare_number(report, name, "key size", bpf_map__key_size(theirs), ours->def.key_size);
	compare_number(report, name, "value size", bpf_map__value_size(theirs),
		       ours->def.value_size);
	compare_number(report, name, "entries", bpf_map__max_entries(theirs),
		       ours->def.max_entries);
	compare_number(report, name, "flags", bpf_map__map_flags(theirs), ours->def.map_flags);
	compare_number(report, name, "NUMA node", bpf_map__numa_node(theirs), ours->def.numa_node);
	compare_number(report, name, "extra", bpf_map__map_extra(theirs), ours->def.map_extra);
	compare_number(report, name, "key type", bpf_map__btf_key_type_id(theirs),
		       ours->btf_key_type_id);
	if (ours->kind != OBJECT_MAP_STRUCT_OPS) /* libbpf before 1.4 tells 0 */
		compare_number(report, name, "value type", bpf_map__btf_value_type_id(theirs),
			       ours->btf_value_type_id);
	compare_number(report, name, "pinned", bpf_map__pin_path(theirs) != NULL,
		       ours->pinning == OBJECT_PIN_BY_NAME);
	compare_number(report, name, "has inner", bpf_map__inner_map(theirs) != NULL,
		       ours->inner != NULL);
	data = internal && ours->data ? bpf_map__initial_value(theirs, &size) : NULL;
	if (data && (size != ours->def.value_size || memcmp(data, ours->data, size) != 0))
		differ(report, "%s: initial value", name);
	if (bpf_map__inner_map(theirs) && ours->inner)
		compare_map(report, bpf_map__inner_map(theirs), ours->inner);
}

/* libbpf before 1.2 ignores section .struct_ops.link: pass over its maps. */
static size_t skip_links(const struct skep_object *ours, size_t nr, const char *theirs)
{
	while (nr < ours->nr_maps && ours->maps[nr].kind == OBJECT_MAP_STRUCT_OPS &&
	       strstr(ours->maps[nr].section, ".link") &&
	       (!theirs || strcmp(ours->maps[nr].def.name, theirs) != 0))
		nr++;
	return nr;
}

static void compare_maps(struct report *report, struct bpf_object *theirs,
			 const struct skep_object *ours)
{
	struct bpf_map *map;
	size_t nr = 0;

	bpf_object__for_each_map(map, theirs)
	{
		nr = skip_links(ours, nr, bpf_map__name(map));
		if (nr < ours->nr_maps)
			compare_map(report, map, &ours->maps[nr]);
		nr++;
	}
	compare_number(report, "object", "maps", skip_links(ours, nr, NULL), ours->nr_maps);
}

/* Only a kernel can complete these: calls and addresses of its symbols. */
static bool insn_is_kernels(const struct bpf_insn *theirs, const struct skep_insn *ours)
{
	bool is_call = ours->code == (SKEP_JMP | SKEP_CALL);
	bool is_wide = ours->code == (SKEP_LD | SKEP_IMM | SKEP_DW);

	return (is_call && ours->src == SKEP_CALL_KFUNC) ||
	       (is_wide &&
		(ours->src == SKEP_PSEUDO_BTF_ID || theirs->src_reg == SKEP_PSEUDO_BTF_ID));
}

static void compare_insns(struct report *report, const struct bpf_program *theirs,
			  const struct object_prog *ours)
{
	const struct bpf_insn *insns = bpf_program__insns(theirs);
	size_t nr = bpf_program__insn_cnt(theirs);

	compare_number(report, ours->name, "instructions", nr, ours->nr_insns);
	for (size_t i = 0; i < nr && i < ours->nr_insns; i++) {
		if (insn_is_kernels(&insns[i], &ours->insns[i])) {
			i += ours->insns[i].code == (SKEP_LD | SKEP_IMM | SKEP_DW);
			continue;
		}
		if (!memcmp(&insns[i], &ours->insns[i], sizeof(insns[i])))
			continue;
		differ(report,
		       "%s: instruction %zu: libbpf %02x dst %u src %u off %d imm %d, "
		       "skep %02x dst %u src %u off %d imm %d",
		       ours->name, i, insns[i].code, insns[i].dst_reg, insns[i].src_reg,
		       insns[i].off, insns[i].imm, ours->insns[i].code, ours->insns[i].dst,
		       ours->insns[i].src, ours->insns[i].off, ours->insns[i].imm);
	}
}

static void compare_progs(struct report *report, struct bpf_object *theirs,
			  const struct skep_object *ours, bool linked)
{
	struct bpf_program *prog;
	size_t nr = 0;

	bpf_object__for_each_program(prog, theirs)
	{
		const struct object_prog *mine = &ours->progs[nr++];

		if (nr > ours->nr_progs)
			continue;
		compare_text(report, bpf_program__name(prog), "name", bpf_program__name(prog),
			     mine->name);
		compare_text(report, mine->name, "section", bpf_program__section_name(prog),
			     mine->section);
		compare_number(report, mine->name, "autoload", bpf_program__autoload(prog),
			       mine->autoload);
		if (bpf_program__type(prog)) { /* skep knows sections of later libbpf versions */
			compare_number(report, mine->name, "type", bpf_program__type(prog),
				       mine->prog_type);
		}
		/* of struct_ops programs it is the member's number in the kernel's struct */
		if (bpf_program__type(prog) && bpf_program__type(prog) != BPF_PROG_TYPE_STRUCT_OPS)
			compare_number(report, mine->name, "attach type",
				       bpf_program__expected_attach_type(prog),
				       mine->expected_attach_type);
		if (linked && mine->autoload)
			compare_insns(report, prog, mine);
	}
	if (nr) /* libbpf sees no functions in files of before LLVM 4, where they have no type */
		compare_number(report, "object", "programs", nr, ours->nr_progs);
}

static bool link_theirs(struct bpf_object *theirs)
{
	struct gen_loader_opts options = {.sz = sizeof(options)};

	return !bpf_object__gen_loader(theirs, &options) && !bpf_object__load(theirs);
}

/* libbpf's generator crashes on some files, so a child tries first. */
static bool links_without_crash(struct bpf_object *theirs)
{
	pid_t child;
	int status;

	fflush(stdout);
	child = fork();
	if (!child) {
		signal(SIGSEGV, SIG_DFL);
		_exit(link_theirs(theirs) ? 0 : 1);
	}
	return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
	       !WEXITSTATUS(status);
}

static const char *problem_of(const char *path)
{
	static char text[512];
	struct skep_diag diag;
	struct skep_object *ours = NULL;

	diag_init(&diag);
	if (!skep_object_open(path, &ours, &diag))
		snprintf(text, sizeof(text), "libbpf refuses it, skep opens it");
	else
		snprintf(text, sizeof(text), "libbpf refuses it, and so does skep: %s",
			 skep_diag_problem(&diag));
	skep_object_close(ours);
	diag_reset(&diag);
	return text;
}

/* libbpf misreads what GNU as leaves in instructions: see function.c. */
static bool file_is_from_gcc(const char *path)
{
	_cleanup_(buf_free) struct buf file = {0};

	return !buf_read_file(&file, path, 64 << 20) && memmem(file.data, file.len, "GCC: (", 6);
}

static size_t nr_linked; /* files whose linked instructions were compared */

static bool compare_file(size_t number, const char *path)
{
	struct bpf_object *theirs = bpf_object__open(path);
	struct skep_object *ours = NULL;
	struct report report = {0};
	struct skep_diag diag;
	bool linked;

	if (!theirs) {
		printf("ok %zu - %s # SKIP optional: %s\n", number, path, problem_of(path));
		return true;
	}
	diag_init(&diag);
	if (skep_object_open(path, &ours, &diag)) {
		differ(&report, "skep refuses it: %s", skep_diag_problem(&diag));
	} else {
		compare_maps(&report, theirs, ours);
		linked = !file_is_from_gcc(path) && links_without_crash(theirs) &&
			 link_theirs(theirs);
		nr_linked += linked;
		compare_progs(&report, theirs, ours, linked);
	}
	printf("%s %zu - %s\n", report.differs ? "not ok" : "ok", number, path);
	if (report.differs)
		printf("# %s\n", report.text);
	bpf_object__close(theirs);
	skep_object_close(ours);
	diag_reset(&diag);
	return !report.differs;
}

int main(int argc, char **argv)
{
	const char *pattern = getenv("SKEP_OBJECTS");
	glob_t found = {0};
	size_t number = 0;
	bool same = true;

	libbpf_set_print(silent);
	if (pattern && *pattern)
		glob(pattern, GLOB_BRACE, NULL, &found);
	glob("/usr/lib/*/bpf/*.o", found.gl_pathc ? GLOB_APPEND : 0, NULL, &found);
	for (int i = 1; i < argc; i++)
		same &= compare_file(++number, argv[i]);
	for (size_t i = 0; i < found.gl_pathc; i++)
		same &= compare_file(++number, found.gl_pathv[i]);
	printf("1..%zu\n# %zu files compared by linked instructions\n", number, nr_linked);
	globfree(&found);
	return same ? 0 : 1;
}
