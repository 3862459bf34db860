/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Objects that lie. Good ones ($OBJECTS) are cut short, their headers, symbols, relocations and
 * BTF changed; whatever comes of it, skep must answer with an object or with a sentence. The tests
 * with a name for the lie also say what the sentence must contain.
 */
#include "../test.h"

#include <bpf/btf.h>
#include <elf.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/diag.h"
#include "object/object.h"

/* An object file in memory, to be changed. */
struct image {
	struct buf file;
};

static u8 *image_at(const struct image *image, u64 off)
{
	assert_true(off < image->file.len);
	return (u8 *)image->file.data + off;
}

static Elf64_Ehdr *image_header(const struct image *image)
{
	return (Elf64_Ehdr *)image_at(image, 0);
}

static Elf64_Shdr *image_section(const struct image *image, u32 number)
{
	const Elf64_Ehdr *header = image_header(image);

	assert_true(number < header->e_shnum);
	return (Elf64_Shdr *)image_at(image, header->e_shoff + number * sizeof(Elf64_Shdr));
}

static const char *section_name(const struct image *image, const Elf64_Shdr *section)
{
	const Elf64_Shdr *names = image_section(image, image_header(image)->e_shstrndx);

	return (char *)image_at(image, names->sh_offset + section->sh_name);
}

/* A section by name; fails the test when there is none. */
static Elf64_Shdr *find_section(const struct image *image, const char *name)
{
	for (u32 i = 1; i < image_header(image)->e_shnum; i++)
		if (!strcmp(section_name(image, image_section(image, i)), name))
			return image_section(image, i);
	fail_msg("no section %s", name);
	return NULL;
}

static Elf64_Sym *find_symbol(const struct image *image, const char *name)
{
	const Elf64_Shdr *table = find_section(image, ".symtab");
	const Elf64_Shdr *strings = image_section(image, table->sh_link);
	Elf64_Sym *symbols = (Elf64_Sym *)image_at(image, table->sh_offset);

	for (size_t i = 0; i < table->sh_size / sizeof(*symbols); i++)
		if (!strcmp((char *)image_at(image, strings->sh_offset + symbols[i].st_name), name))
			return &symbols[i];
	fail_msg("no symbol %s", name);
	return NULL;
}

/* NAME by a compiler (a pattern), the first that made it. The caller frees the buffer. */
static struct image load_by(const char *name, const char *compiler)
{
	struct image image = {0};
	char pattern[512];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/%s-%s.o", getenv("OBJECTS"), name, compiler);
	if (glob(pattern, 0, NULL, &found)) {
		print_message("no compiler made %s\n", pattern);
		skip();
	}
	assert_int_equal(buf_read_file(&image.file, found.gl_pathv[0], 1 << 20), 0);
	globfree(&found);
	return image;
}

static struct image load(const char *name)
{
	return load_by(name, "*");
}

/* Open it; a refusal must be complete. Returns the error. */
static int try_bytes(const void *data, size_t size, const char *words)
{
	struct skep_diag *diag = skep_diag_new();
	struct skep_object *object = NULL;
	int err = skep_object_open_mem(data, size, "lie.o", &object, diag);

	if (err) {
		assert_null(object);
		assert_true(strlen(skep_diag_problem(diag)) > 10);
		assert_int_equal(skep_diag_error(diag), err);
		assert_string_equal(diag->category, "object");
		assert_string_equal(diag->object, "lie.o");
		if (words)
			assert_contains(skep_diag_problem(diag), words);
	} else if (words) {
		fail_msg("no complaint with '%s'", words);
	}
	skep_object_close(object);
	skep_diag_free(diag);
	return err;
}

static void expect(struct image *image, const char *words)
{
	try_bytes(image->file.data, image->file.len, words);
	buf_free(&image->file);
}

static const char *const names[] = {"maps", "data",       "calls",  "sections", "externs",
				    "core", "struct_ops", "legacy", "plain",    "gcc"};

static void test_good_as_loaded(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct image image = load(names[i]);

		assert_int_equal(try_bytes(image.file.data, image.file.len, NULL), 0);
		buf_free(&image.file);
	}
}

static void test_truncation(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct image image = load(names[i]);

		for (size_t size = 0; size < image.file.len; size += 16) {
			/* a copy of the exact size, so that reading on is noticed */
			void *copy = malloc(size + 1);

			memcpy(copy, image.file.data, size);
			assert_int_not_equal(try_bytes(copy, size, NULL), 0);
			free(copy);
		}
		buf_free(&image.file);
	}
}

static const u64 odd_numbers[] = {0,          1,          7,          0x7f,           0xffff,
				  0x7fffffff, 0xffffffff, 0xfffffff0, UINT64_MAX - 7, UINT64_MAX};

/* Every field of size bytes in a range, changed to every odd number, one at a time. */
static void change_fields(struct image *image, u64 start, u64 end, size_t size)
{
	for (u64 off = start; off + size <= end && off + size <= image->file.len; off += size) {
		u8 saved[sizeof(u64)];

		memcpy(saved, image_at(image, off), size);
		for (size_t i = 0; i < ARRAY_SIZE(odd_numbers); i++) {
			memcpy(image_at(image, off), &odd_numbers[i], size);
			try_bytes(image->file.data, image->file.len, NULL);
		}
		memcpy(image_at(image, off), saved, size);
	}
}

static void test_header_fields(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct image image = load(names[i]);
		u64 headers = image_header(&image)->e_shoff;
		u64 end = headers + image_header(&image)->e_shnum * sizeof(Elf64_Shdr);

		change_fields(&image, headers, end, sizeof(u32));
		change_fields(&image, 0, sizeof(Elf64_Ehdr), sizeof(u16));
		buf_free(&image.file);
	}
}

static void change_section(struct image *image, const Elf64_Shdr *section)
{
	u64 end = section->sh_offset + section->sh_size;

	if (section->sh_size > 4096) /* bound the time; the fuzzer does the rest */
		end = section->sh_offset + 4096;
	change_fields(image, section->sh_offset, end, sizeof(u32));
}

static void test_tables(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct image image = load(names[i]);

		for (u32 n = 1; n < image_header(&image)->e_shnum; n++) {
			const Elf64_Shdr *section = image_section(&image, n);
			const char *name = section_name(&image, section);

			if (!strncmp(name, ".debug", 6) || !strncmp(name, ".rel.debug", 10))
				continue;
			if (section->sh_type == SHT_SYMTAB || section->sh_type == SHT_REL ||
			    !strncmp(name, ".BTF", 4))
				change_section(&image, section);
		}
		buf_free(&image.file);
	}
}

/* Named lies: the file */

static void test_not_an_object(void **state)
{
	struct image image;

	try_bytes("", 0, "is not an ELF file");
	try_bytes("#!/bin/sh\necho this is a script\n", 31, "is not an ELF file");
	image = load("calls");
	image_header(&image)->e_machine = EM_X86_64;
	expect(&image, "is for machine 62, BPF is 247");
	image = load("calls");
	image_header(&image)->e_ident[EI_DATA] = ELFDATA2MSB;
	expect(&image, "big-endian");
	image = load("calls");
	image_header(&image)->e_ident[EI_CLASS] = ELFCLASS32;
	expect(&image, "not a 64-bit ELF file");
	image = load("calls");
	image_header(&image)->e_type = ET_EXEC;
	expect(&image, "not a relocatable object");
}

static void test_old_machine(void **state)
{
	struct image image = load("calls");

	image_header(&image)->e_machine = EM_NONE; /* as old LLVM wrote it */
	assert_int_equal(try_bytes(image.file.data, image.file.len, NULL), 0);
	buf_free(&image.file);
}

/* Functions without type and size, as LLVM before 4 wrote them. */
static void test_old_functions(void **state)
{
	struct image image = load("calls");
	const Elf64_Shdr *table = find_section(&image, ".symtab");
	Elf64_Sym *symbols = (Elf64_Sym *)image_at(&image, table->sh_offset);
	struct skep_object *good = NULL, *old = NULL;

	assert_int_equal(skep_object_open_mem(image.file.data, image.file.len, "a.o", &good, NULL),
			 0);
	for (size_t i = 0; i < table->sh_size / sizeof(*symbols); i++) {
		if (ELF64_ST_TYPE(symbols[i].st_info) != STT_FUNC ||
		    symbols[i].st_shndx == find_symbol(&image, "global_leaf")->st_shndx)
			continue;
		symbols[i].st_info = ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE);
		symbols[i].st_size = 0;
	}
	assert_int_equal(skep_object_open_mem(image.file.data, image.file.len, "b.o", &old, NULL),
			 0);
	assert_int_equal(old->nr_progs, good->nr_progs);
	for (size_t i = 0; i < good->nr_progs; i++) {
		const struct object_prog *a = &good->progs[i], *b = &old->progs[i];

		assert_string_equal(a->name, b->name);
		assert_int_equal(a->nr_insns, b->nr_insns);
		assert_memory_equal(a->insns, b->insns, a->nr_insns * sizeof(*a->insns));
	}
	skep_object_close(good);
	skep_object_close(old);
	buf_free(&image.file);
}

static void test_missing_file(void **state)
{
	struct skep_diag *diag = skep_diag_new();
	struct skep_object *object = NULL;

	assert_int_equal(skep_object_open("/nonexistent/x.o", &object, diag), -ENOENT);
	assert_contains(skep_diag_problem(diag), "cannot read '/nonexistent/x.o'");
	skep_diag_free(diag);
}

static void test_section_beyond_end(void **state)
{
	struct image image = load("calls");

	find_section(&image, "xdp")->sh_size = 0x10000000;
	expect(&image, "claims 0x10000000 bytes at");
}

static void test_overlapping_sections(void **state)
{
	struct image image = load("calls");

	find_section(&image, "tc")->sh_offset = find_section(&image, "xdp")->sh_offset + 8;
	expect(&image, "overlaps");
}

static void test_half_an_instruction(void **state)
{
	struct image image = load("calls");

	find_section(&image, "xdp")->sh_size -= 4;
	expect(&image, "not a whole number of 8-byte instructions");
}

static void test_no_symbols(void **state)
{
	struct image image = load("calls");

	find_section(&image, ".symtab")->sh_type = SHT_PROGBITS;
	expect(&image, "has no symbol table");
}

static void test_symbol_outside(void **state)
{
	struct image image = load("calls");

	find_symbol(&image, "plain")->st_size = 0x100000;
	expect(&image, "function 'plain' claims 0x100000 bytes at 0x0 of section 'xdp'");
	image = load("calls");
	find_symbol(&image, "plain")->st_shndx = 500;
	expect(&image, "symbol");
	image = load("calls");
	find_symbol(&image, "plain")->st_name = 0x7fffffff;
	expect(&image, "has its name at 0x7fffffff");
}

/* Named lies: relocations */

static Elf64_Rel *first_rel(const struct image *image, const char *section)
{
	return (Elf64_Rel *)image_at(image, find_section(image, section)->sh_offset);
}

static void test_relocations(void **state)
{
	struct image image = load("maps");

	first_rel(&image, ".relxdp")->r_offset += 3;
	expect(&image, "is no instruction of section 'xdp'");
	image = load("maps");
	first_rel(&image, ".relxdp")->r_offset = 0x1000000;
	expect(&image, "is no instruction of section 'xdp'");
	image = load("maps");
	first_rel(&image, ".relxdp")->r_info = ELF64_R_INFO(9999, 1);
	expect(&image, "refers to symbol 9999 of");
	image = load("maps");
	first_rel(&image, ".relxdp")->r_info |= 77;
	expect(&image, "has unknown type 77");
	image = load("maps");
	first_rel(&image, ".relxdp")->r_offset = first_rel(&image, ".relxdp")[1].r_offset;
	expect(&image, "has two relocations");
	image = load("maps");
	first_rel(&image, ".relxdp")->r_offset += 8;
	expect(&image, "is neither a call nor a wide immediate");
	image = load("maps");
	find_symbol(&image, "by_type")->st_value = 0x4000;
	expect(&image, "BTF places 'by_type'");
}

static void test_map_in_the_middle(void **state)
{
	struct image image = load("legacy");

	find_symbol(&image, "hash")->st_size = 12;
	expect(&image, "is too short for a definition");
	image = load("legacy");
	find_symbol(&image, "hash")->st_value = 0x4000;
	expect(&image, "BTF places 'hash', 0x14 bytes, at 0x4000 of section 'maps'");
}

static void test_data_beyond_section(void **state)
{
	struct image image = load("data");

	find_symbol(&image, "extra_constant")->st_value = 4;
	expect(&image, "BTF places 'extra_constant', 0x4 bytes, at 0x4 of section '.rodata.extra'");
}

static void test_call_into_function(void **state)
{
	struct image image = load("calls");

	/* the static functions are called by section and offset, so these calls stay */
	find_symbol(&image, "static_leaf")->st_value += 8;
	find_symbol(&image, "static_leaf")->st_size -= 8;
	expect(&image, "where no function is");
	image = load("calls");
	find_symbol(&image, "static_leaf")->st_value -= 8;
	find_symbol(&image, "static_leaf")->st_size += 8;
	expect(&image, "refers to the inside of function 'static_leaf'");
}

/* Found by the fuzzer: values that no addend can hold, in a file that says it is from GCC. */
static void test_huge_symbol_value(void **state)
{
	static const u64 values[] = {1ull << 63, (1ull << 63) + 24, UINT64_MAX - 7, INT64_MAX};
	static const char *const symbols[] = {"map_b", "data_b", "leaf_a"};

	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		for (size_t s = 0; s < ARRAY_SIZE(symbols); s++) {
			struct image image = load_by("gcc", "gcc");

			find_symbol(&image, symbols[s])->st_value = values[i];
			assert_int_not_equal(try_bytes(image.file.data, image.file.len, NULL), 0);
			buf_free(&image.file);
		}
}

/* Named lies: BTF */

static struct btf_header *btf_header_of(const struct image *image)
{
	return (struct btf_header *)image_at(image, find_section(image, ".BTF")->sh_offset);
}

/* The first type of a kind. */
static struct btf_type *first_type(const struct image *image, u32 kind, u32 *ret_id)
{
	struct btf *btf = btf__new(btf_header_of(image), (u32)find_section(image, ".BTF")->sh_size);
	const u8 *start = (u8 *)btf__type_by_id(btf, 1);
	struct btf_type *type = NULL;

	for (u32 id = 1; id < btf__type_cnt(btf) && !type; id++) {
		const u8 *found = (u8 *)btf__type_by_id(btf, id);

		if (btf_kind((struct btf_type *)found) != kind)
			continue;
		*ret_id = id;
		type = (struct btf_type *)((u8 *)btf_header_of(image) + sizeof(struct btf_header) +
					   (found - start));
	}
	btf__free(btf);
	assert_non_null(type);
	return type;
}

static void test_btf_header(void **state)
{
	struct image image = load("maps");

	btf_header_of(&image)->magic = 0x9feb;
	expect(&image, "BTF starts with 0x9feb instead of 0xeb9f");
	image = load("maps");
	btf_header_of(&image)->type_len = 0xffffff00;
	expect(&image, "BTF types (0xffffff00 bytes at 0x0) do not fit");
	image = load("maps");
	btf_header_of(&image)->str_len = 0;
	expect(&image, "BTF strings");
	image = load("maps");
	btf_header_of(&image)->hdr_len = 0xffffffff;
	expect(&image, "BTF header claims");
	image = load("maps");
	btf_header_of(&image)->version = 9;
	expect(&image, "BTF version 9");
}

static void test_btf_counts(void **state)
{
	struct image image = load("maps");
	u32 id;

	first_type(&image, BTF_KIND_STRUCT, &id)->info |= 0xffff;
	expect(&image, "claims 65535 entries, more than there are");
	image = load("maps");
	first_type(&image, BTF_KIND_DATASEC, &id)->info |= 0xffff;
	expect(&image, "claims 65535 entries, more than there are");
	image = load("maps");
	first_type(&image, BTF_KIND_PTR, &id)->info = 31u << 24;
	expect(&image, "of unknown kind 31");
}

static void test_btf_cycles(void **state)
{
	struct image image = load("maps");
	u32 id;
	struct btf_type *type = first_type(&image, BTF_KIND_TYPEDEF, &id);

	type->type = id;
	expect(&image, "contains itself");
	image = load("maps");
	type = first_type(&image, BTF_KIND_PTR, &id);
	type->type = id; /* a pointer to itself can never be spelt */
	expect(&image, "contains itself");
	image = load("maps");
	type = first_type(&image, BTF_KIND_ARRAY, &id);
	btf_array(type)->type = id;
	expect(&image, "contains itself");
	image = load("maps");
	type = first_type(&image, BTF_KIND_STRUCT, &id);
	btf_members(type)[0].type = id;
	expect(&image, "contains itself");
}

static void test_btf_references(void **state)
{
	struct image image = load("maps");
	u32 id;

	first_type(&image, BTF_KIND_PTR, &id)->type = 0x7fffffff;
	expect(&image, "refers to type 2147483647 of");
	image = load("maps");
	first_type(&image, BTF_KIND_INT, &id)->name_off = 0x7fffffff;
	expect(&image, "has its name at 0x7fffffff of");
	image = load("maps");
	btf_members(first_type(&image, BTF_KIND_STRUCT, &id))[0].offset = 0x7fffff;
	expect(&image, "ends at bit");
	image = load("maps");
	first_type(&image, BTF_KIND_FUNC, &id)->type = id;
	expect(&image, "which is no prototype");
	image = load("maps");
	btf_var_secinfos(first_type(&image, BTF_KIND_DATASEC, &id))[0].type = 1;
	expect(&image, "which is no variable");
	image = load("maps");
	btf_var_secinfos(first_type(&image, BTF_KIND_DATASEC, &id))[0].size = 0x10000;
	expect(&image, "BTF places");
}

static void test_maps_without_btf(void **state)
{
	struct image image = load("maps");

	find_section(&image, ".BTF")->sh_type = SHT_NULL;
	find_section(&image, ".BTF.ext")->sh_type = SHT_NULL;
	expect(&image, "needs BTF");
}

static void test_btf_ext(void **state)
{
	/* magic, version, flags, length; then offset and length of each segment */
	struct image image = load("core");
	u32 *header = (u32 *)image_at(&image, find_section(&image, ".BTF.ext")->sh_offset);

	header[0] = 0;
	expect(&image, "magic");
	image = load("core");
	header = (u32 *)image_at(&image, find_section(&image, ".BTF.ext")->sh_offset);
	header[5] = 0x7ffffff0;
	expect(&image, "line info");
	image = load("core");
	header = (u32 *)image_at(&image, find_section(&image, ".BTF.ext")->sh_offset);
	header[header[1] / 4 + header[4] / 4] = 3; /* size of a line record */
	expect(&image, "records of an impossible size");
	image = load("core");
	header = (u32 *)image_at(&image, find_section(&image, ".BTF.ext")->sh_offset);
	header[header[1] / 4 + header[2] / 4 + 2] = 0x10000000; /* number of functions */
	expect(&image, "claims more records than there are");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_as_loaded),
		cmocka_unit_test(test_truncation),
		cmocka_unit_test(test_header_fields),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_not_an_object),
		cmocka_unit_test(test_old_machine),
		cmocka_unit_test(test_old_functions),
		cmocka_unit_test(test_missing_file),
		cmocka_unit_test(test_section_beyond_end),
		cmocka_unit_test(test_overlapping_sections),
		cmocka_unit_test(test_half_an_instruction),
		cmocka_unit_test(test_no_symbols),
		cmocka_unit_test(test_symbol_outside),
		cmocka_unit_test(test_relocations),
		cmocka_unit_test(test_map_in_the_middle),
		cmocka_unit_test(test_data_beyond_section),
		cmocka_unit_test(test_call_into_function),
		cmocka_unit_test(test_huge_symbol_value),
		cmocka_unit_test(test_btf_header),
		cmocka_unit_test(test_btf_counts),
		cmocka_unit_test(test_btf_cycles),
		cmocka_unit_test(test_btf_references),
		cmocka_unit_test(test_maps_without_btf),
		cmocka_unit_test(test_btf_ext),
	};

	return cmocka_run_group_tests_name("broken", tests, NULL, NULL);
}
