/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * skep-conformance: the plugin that the bpf_conformance suite runs for each of its tests.
 *
 *   skep-conformance ["<memory in hex>"] [--target T] [--cpu_version vN] [--program HEX] [--elf]
 *
 * The program comes on stdin as hex bytes (with --elf, a hex ELF file). It gets r1 = memory (NULL
 * without any) and r2 = its length. Prints r0 in hex and exits with 0; on failure prints why on
 * stderr and exits with 1.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/diag.h"
#include "helper/env.h"
#include "insn/insn.h"
#include "object/object.h"
#include "target/interp/interp.h"
#include "target/target.h"
#ifdef __x86_64__
#include "target/x86_64/x86_64.h"
#endif

struct options {
	const char *memory, *program; /* hex */
	const char *target;
	int cpu; /* newest version allowed */
	bool elf;
};

/* Memory for a program, and what it was loaded from. */
struct job {
	struct options options;
	struct buf memory, code;
	struct skep_object *object;
	struct skep_diag diag;
};

static int usage(const char *what)
{
	fprintf(stderr,
		"%s\nusage: skep-conformance [\"MEMORY\"] [--target T] [--cpu_version vN] "
		"[--program HEX] [--elf]\n",
		what);
	return -EINVAL;
}

/* The value of an option, as --name=value or --name value; NULL when argv[*at] is another one. */
static const char *option_value(char **argv, int argc, int *at, const char *name)
{
	size_t len = strlen(name);

	if (strncmp(argv[*at], name, len))
		return NULL;
	if (argv[*at][len] == '=')
		return argv[*at] + len + 1;
	if (argv[*at][len] || *at + 1 == argc)
		return NULL;
	return argv[++*at];
}

static int parse_options(int argc, char **argv, struct options *options)
{
	const char *value;

	*options = (struct options){.target = "interp", .cpu = 5};
	for (int at = 1; at < argc; at++) {
		if (!strcmp(argv[at], "--elf"))
			options->elf = true;
		else if ((value = option_value(argv, argc, &at, "--target")))
			options->target = value;
		else if ((value = option_value(argv, argc, &at, "--program")))
			options->program = value;
		else if ((value = option_value(argv, argc, &at, "--cpu_version")))
			options->cpu = (int)strtol(value + (value[0] == 'v'), NULL, 10);
		else if (argv[at][0] != '-' && !options->memory)
			options->memory = argv[at];
		else
			return usage(argv[at]);
	}
	if (options->cpu < 1)
		return usage("--cpu_version wants v1 to v4");
	return 0;
}

static int hex_digit(char c)
{
	if (isdigit((unsigned char)c))
		return c - '0';
	return isxdigit((unsigned char)c) ? tolower(c) - 'a' + 10 : -1;
}

/* Bytes of two digits, blanks between them. */
static int decode_hex(const char *text, struct buf *out)
{
	while (*text) {
		int high = hex_digit(text[0]), low;
		u8 byte;

		if (isspace((unsigned char)*text)) {
			text++;
			continue;
		}
		low = high < 0 ? -1 : hex_digit(text[1]);
		if (low < 0)
			return -EINVAL;
		byte = (u8)(high << 4 | low);
		buf_add(out, &byte, 1);
		text += 2;
	}
	return out->err;
}

static int read_program(const struct options *options, struct buf *code)
{
	struct buf text = {0};
	int err = 0;

	if (options->program)
		return decode_hex(options->program, code);
	err = buf_read_file(&text, "/dev/stdin", 64u << 20);
	if (!err)
		err = decode_hex(buf_text(&text), code);
	buf_free(&text);
	return err;
}

static int check_version(const struct target_input *in, int cpu, struct skep_diag *diag)
{
	for (u32 at = 0; at < in->nr_insns;) {
		const struct insn_desc *desc = &insn_descs[insn_decode(&in->insns[at])];

		if (desc->cpu > cpu)
			return diag_fail(diag, -EOPNOTSUPP, "instruction %u needs cpu v%u", at,
					 desc->cpu);
		at += desc->slots;
	}
	return 0;
}

/* Point `in` at the instructions of the job. */
static int find_program(struct job *job, struct target_input *in)
{
	int err;

	*in = (struct target_input){.hook = SKEP_HOOK_NONE, .checked = true, .unsafe = true};
	if (!job->options.elf) {
		in->insns = (const struct skep_insn *)(const void *)job->code.data;
		in->nr_insns = (u32)(job->code.len / sizeof(struct skep_insn));
		if (!in->nr_insns || job->code.len % sizeof(struct skep_insn))
			return diag_fail(&job->diag, -EINVAL,
					 "the program is not a number of whole instructions");
		return 0;
	}
	err = skep_object_open_mem(job->code.data, job->code.len, "stdin", &job->object,
				   &job->diag);
	if (err)
		return err;
	if (!job->object->nr_progs)
		return diag_fail(&job->diag, -EINVAL, "the object has no program");
	in->prog = &job->object->progs[0];
	in->insns = in->prog->insns;
	in->nr_insns = in->prog->nr_insns;
	return 0;
}

static u64 run_interp(const struct image *image, void *memory, size_t size)
{
	return interp_run_memory(image, memory, size, NULL);
}

/* How a target runs an unverified program on plain memory; NULL when it does not. */
static u64 (*memory_runner(const struct target *target))(const struct image *, void *, size_t)
{
#ifdef __x86_64__
	if (target == &target_x86_64)
		return x86_64_run_memory;
#endif
	return target == &target_interp ? run_interp : NULL;
}

static int run_program(struct job *job, const struct target_input *in, u64 *ret)
{
	const struct target *target = target_find(job->options.target);
	u64 (*run)(const struct image *, void *, size_t) = memory_runner(target);
	struct helper_env env;
	struct image *image;
	int err;

	if (!run)
		return diag_fail(&job->diag, -EINVAL, "no target '%s' runs unverified programs",
				 job->options.target);
	err = target->translate(in, &image, &job->diag);
	if (err)
		return err;
	helper_env_init(&env, 1);
	helper_env = &env;
	*ret = run(image, job->memory.data, job->memory.len);
	helper_env = NULL;
	image_put(image);
	return target_explain_abort(&env, &job->diag);
}

static int do_job(struct job *job, u64 *ret)
{
	struct target_input in;
	int err = read_program(&job->options, &job->code);

	if (!err && job->options.memory)
		err = decode_hex(job->options.memory, &job->memory);
	if (err)
		return diag_fail(&job->diag, err, "cannot read program or memory as hex bytes");
	err = find_program(job, &in);
	if (!err)
		err = check_version(&in, job->options.cpu, &job->diag);
	return err ? err : run_program(job, &in, ret);
}

int main(int argc, char **argv)
{
	struct job job = {0};
	u64 ret = 0;
	int err;

	diag_init(&job.diag);
	if (parse_options(argc, argv, &job.options))
		return 1;
	err = do_job(&job, &ret);
	if (err)
		skep_diag_print(&job.diag, stderr);
	else
		printf("%" PRIx64 "\n", ret);
	skep_object_close(job.object);
	buf_free(&job.memory);
	buf_free(&job.code);
	diag_reset(&job.diag);
	return err ? 1 : 0;
}
