/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Objects for cases: compiled here and now from `-- c` (C) or `-- elf` (assembly of clang), or
 * taken from the build folder (`-- object`), then damaged as `-- patch` says.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bytes.h"
#include "plan.h"

#define OBJECT_MAX (4u << 20)

static int memory_file(const char *name, const char *text)
{
	int fd = memfd_create(name, 0);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) ||
	    lseek(fd, 0, SEEK_SET))
		abort();
	return fd;
}

#define MAX_OWN_FLAGS 8

static _Noreturn void clang_exec(const struct settings *settings, const char *language,
				 const char *flags, int in, int out)
{
	const char *argv[ARRAY_SIZE(settings->cflags) + MAX_OWN_FLAGS + 16];
	char *rest = must_copy(flags, strlen(flags));
	size_t nr = 0;

	argv[nr++] = settings->clang;
	for (size_t i = 0; i < settings->nr_cflags; i++)
		argv[nr++] = settings->cflags[i];
	for (size_t i = 0; i < MAX_OWN_FLAGS && *(argv[nr] = word_next(&rest)); i++)
		nr++;
	argv[nr++] = "-x";
	argv[nr++] = language;
	argv[nr++] = "-c";
	argv[nr++] = "-";
	argv[nr++] = "-o";
	argv[nr++] = "-";
	argv[nr] = NULL;
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	execvp(settings->clang, (char *const *)argv);
	_exit(127);
}

/* Text to object, both in memory. */
static void compile(const struct test_case *test, const struct section *section,
		    const struct settings *settings, const char *language, struct buf *elf)
{
	int in = memory_file("source", section->body);
	int out = memory_file("object", "");
	pid_t pid = fork();
	int status;
	char path[64];

	if (!pid)
		clang_exec(settings, language, section->args, in, out);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		case_bad(test->file, section->line, "clang does not compile this");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", out);
	if (buf_read_file(elf, path, OBJECT_MAX))
		case_bad(test->file, section->line, "cannot read the object");
	close(in);
	close(out);
}

/* The header of a section by name. */
static Elf64_Shdr *section_header(struct buf *elf, const char *name)
{
	Elf64_Ehdr *ehdr = (Elf64_Ehdr *)elf->data;
	Elf64_Shdr *shdr = (Elf64_Shdr *)(elf->data + ehdr->e_shoff);
	const char *names = elf->data + shdr[ehdr->e_shstrndx].sh_offset;

	for (int i = 0; i < ehdr->e_shnum; i++)
		if (!strcmp(names + shdr[i].sh_name, name))
			return &shdr[i];
	return NULL;
}

#define FIELD(type, field)                                                                         \
	{                                                                                          \
#field, offsetof(type, field), sizeof(((type *)0)->field)                          \
	}
static const struct field {
	const char *name;
	size_t off, size;
} ehdr_fields[] =
	{
		FIELD(Elf64_Ehdr, e_type),    FIELD(Elf64_Ehdr, e_machine),
		FIELD(Elf64_Ehdr, e_shoff),   FIELD(Elf64_Ehdr, e_shentsize),
		FIELD(Elf64_Ehdr, e_shnum),   FIELD(Elf64_Ehdr, e_shstrndx),
		FIELD(Elf64_Ehdr, e_version), {},
},
  shdr_fields[] = {
	  FIELD(Elf64_Shdr, sh_name),    FIELD(Elf64_Shdr, sh_type),
	  FIELD(Elf64_Shdr, sh_flags),   FIELD(Elf64_Shdr, sh_offset),
	  FIELD(Elf64_Shdr, sh_size),    FIELD(Elf64_Shdr, sh_link),
	  FIELD(Elf64_Shdr, sh_info),    FIELD(Elf64_Shdr, sh_addralign),
	  FIELD(Elf64_Shdr, sh_entsize), {},
};

static bool field_set(char *base, const struct field *fields, const char *name, u64 value)
{
	for (; fields->name; fields++)
		if (!strcmp(fields->name, name)) {
			memcpy(base + fields->off, &value, fields->size);
			return true;
		}
	return false;
}

/* Write bytes at an offset of a section, or of the file when the name is "file". */
static bool poke(struct buf *elf, const char *name, u64 off, const char *text)
{
	Elf64_Shdr *shdr = section_header(elf, name);
	_cleanup_(buf_free) struct buf bytes = {};

	if ((!shdr && strcmp(name, "file")) || bytes_parse_packet(text, &bytes))
		return false;
	off += shdr ? shdr->sh_offset : 0;
	if (off + bytes.len > elf->len)
		return false;
	memcpy(elf->data + off, buf_text(&bytes), bytes.len);
	return true;
}

/*
 * truncate N | ehdr FIELD = N | section NAME FIELD = N | poke SECTION OFFSET = BYTES |
 * drop SECTION
 */
static bool patch_line(struct buf *elf, char *line)
{
	char *to = strchr(line, '=');
	char *verb = word_next(&line);
	char *name = word_next(&line);
	Elf64_Shdr *shdr = section_header(elf, name);
	u64 value = 0, off;

	if (!strcmp(verb, "truncate")) {
		if (!number_parse(name, &value) || value > elf->len)
			return false;
		elf->len = value;
		return true;
	}
	if (!strcmp(verb, "drop") && shdr) {
		shdr->sh_type = SHT_NULL;
		return true;
	}
	if (!to)
		return false;
	*to++ = '\0';
	to = text_trim(to);
	if (!strcmp(verb, "ehdr"))
		return number_parse(to, &value) && field_set(elf->data, ehdr_fields, name, value);
	line = text_trim(line);
	if (!strcmp(verb, "section") && shdr)
		return number_parse(to, &value) &&
		       field_set((char *)shdr, shdr_fields, line, value);
	return !strcmp(verb, "poke") && number_parse(line, &off) && poke(elf, name, off, to);
}

void plan_object(const struct test_case *test, const struct settings *settings, struct buf *elf)
{
	const struct section *section;
	struct lines lines;
	char *line;

	if ((section = case_section(test, "c", NULL)))
		compile(test, section, settings, "c", elf);
	if ((section = case_section(test, "elf", NULL)))
		compile(test, section, settings, "assembler", elf);
	section = case_section(test, "object", NULL);
	if (section && buf_read_file(elf, must_printf("%s/%s", settings->object_dir, section->args),
				     OBJECT_MAX))
		case_bad(test->file, section->line, "cannot read '%s'", section->args);
	section = case_section(test, "bytes", NULL);
	if (section && bytes_parse_packet(section->body, elf))
		case_bad(test->file, section->line, "cannot read these bytes");
	section = case_section(test, "patch", NULL);
	if (!section)
		return;
	lines_start(&lines, section);
	while ((line = lines_next(&lines)))
		if (!patch_line(elf, line))
			case_bad(test->file, lines.number, "cannot patch like this");
}
