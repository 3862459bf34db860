/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * insn_print() against llvm-objdump, and insn_assemble() against what llvm-objdump printed.
 *
 * llvm-objdump prints the bytes beside the text, so any object will do: one whose bytes are all
 * rows of insn.def, and ones that clang compiled from C. Meson gives the tools in LLVM_MC,
 * LLVM_OBJDUMP, CLANG and their newest CPU in LLVM_CPU; a tool that is not there is "".
 */
#include "../test.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/diag.h"
#include "insn/insn.h"

struct tools {
	const char *mc, *objdump, *clang, *source;
	u32 cpu; /* 3 for v3 */
	char folder[64];
};

static struct tools tools;

static const char *tool(const char *variable)
{
	const char *path = getenv(variable);

	return path ? path : "";
}

static _printf_(1, 2) void run(const char *fmt, ...)
{
	char command[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(command, sizeof(command), fmt, args);
	va_end(args);
	if (system(command))
		fail_msg("failed: %s", command);
}

/* What llvm-objdump adds or leaves out, so that the texts can be compared. */
static void normalise(char *text)
{
	char *note = strrchr(text, '<');

	if (note && note > text && note[-1] == ' ' && strchr(note, '>'))
		note[-1] = '\0';
	text[strcspn(text, "\r\n")] = '\0';
}

/* With alu32, the data of memory operations up to 32 bits is called w. */
static void unify_registers(const struct insn_desc *desc, char *text)
{
	if (desc->kind != INSN_KIND_LOAD && desc->kind != INSN_KIND_STORE &&
	    desc->kind != INSN_KIND_ATOMIC)
		return;
	for (; *text; text++) {
		if (*text == 'w' && isdigit(text[1]))
			*text = 'r';
	}
}

/* llvm-objdump prints all calls by number. */
static void number_calls(const struct insn_desc *desc, const struct skep_insn *insn, char *text,
			 size_t size)
{
	if (desc->kind == INSN_KIND_CALL && desc->id != INSN_CALLX)
		snprintf(text, size, "call %d", insn->imm);
}

static void check_assembled(const struct skep_insn *insns, u32 nr, const char *text)
{
	struct skep_diag *diag = skep_diag_new();
	struct skep_insn *again;
	u32 nr_again;

	if (insn_assemble(text, NULL, NULL, &again, &nr_again, diag))
		fail_msg("%s", skep_diag_problem(diag));
	assert_int_equal(nr_again, nr);
	assert_memory_equal(again, insns, nr * sizeof(*insns));
	free(again);
	skep_diag_free(diag);
}

/* One line of llvm-objdump; true when it was compared. */
static bool check_line(const struct skep_insn *insns, u32 nr, char *theirs)
{
	const struct insn_desc *desc = &insn_descs[insn_decode(insns)];
	struct buf out = {};
	char ours[128];

	normalise(theirs);
	if (strcmp(theirs, "<unknown>") == 0)
		return false;
	insn_print(&out, insns, nr, 0, NULL);
	snprintf(ours, sizeof(ours), "%s", buf_text(&out));
	buf_free(&out);
	if (desc->kind != INSN_KIND_CALL)
		check_assembled(insns, nr, theirs);
	number_calls(desc, insns, ours, sizeof(ours));
	unify_registers(desc, ours);
	unify_registers(desc, theirs);
	assert_string_equal(ours, theirs);
	return true;
}

/* "   4:\t18 01 00 ...\ttext": fill in the slots, return how many, 0 for other lines. */
static u32 parse_line(char *line, struct skep_insn insns[2], char **text)
{
	char *at = strchr(line, '\t');
	u8 bytes[16];
	u32 nr = 0;

	if (!at || at == line || at[-1] != ':')
		return 0;
	for (at++; isxdigit(at[0]) && isxdigit(at[1]) && nr < sizeof(bytes);
	     at += 2 + (at[2] == ' '))
		bytes[nr++] = (u8)strtoul((char[]){at[0], at[1], 0}, NULL, 16);
	if (*at != '\t' || nr % 8 || !nr)
		return 0;
	memcpy(insns, bytes, nr);
	*text = at + 1;
	return nr / 8;
}

/* Compare every line of the object; the number of those llvm-objdump knew and did not know. */
static void check_object(const char *object, u32 *compared, u32 *unknown)
{
	struct skep_insn insns[2];
	char command[512], line[512], *text;
	FILE *pipe;

	*compared = *unknown = 0;
	snprintf(command, sizeof(command), "%s -d %s %s/%s", tools.objdump,
		 tools.cpu > 3 ? "--mcpu=v4 --no-print-imm-hex" : "--mattr=+alu32", tools.folder,
		 object);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	while (fgets(line, sizeof(line), pipe)) {
		u32 nr = parse_line(line, insns, &text);

		if (nr && check_line(insns, nr, text))
			++*compared;
		else if (nr)
			++*unknown;
	}
	assert_int_equal(pclose(pipe), 0);
}

static struct skep_insn row_insn(const struct insn_desc *desc, u32 i)
{
	static const s32 imms[] = {0, 1, -1, 300, 0x7fffffff, -0x7fffffff - 1};
	static const s16 offs[] = {0, 1, -1, 300, 32767, -32768};
	struct skep_insn insn = {.code = desc->code, .dst = i + 1, .src = i + 5};

	insn.imm = desc->flags & (INSN_USES_IMM | INSN_TARGET_IMM) ? imms[i] : 0;
	insn.off = desc->flags & (INSN_USES_OFF | INSN_TARGET_OFF) ? offs[i] : 0;
	if (!(desc->flags & (INSN_READS_DST | INSN_WRITES_DST)))
		insn.dst = 0;
	if (!(desc->flags & (INSN_READS_SRC | INSN_WRITES_SRC)))
		insn.src = 0;
	if (desc->field == INSN_FIELD_OFF)
		insn.off = (s16)desc->value;
	else if (desc->field == INSN_FIELD_IMM)
		insn.imm = desc->value;
	else if (desc->field == INSN_FIELD_SRC)
		insn.src = desc->value & 0xf;
	return insn;
}

/*
 * Rows that LLVM of this version has. Not: MAY_GOTO and ordered memory access, which are newer
 * than 19; callx, which 14 encodes with the register in imm; LD_IND with an offset, and wide
 * immediates that name a map or function, whose names LLVM does not print.
 */
static bool row_is_known(const struct insn_desc *desc, const struct skep_insn *insn)
{
	if (desc->kind == INSN_KIND_WIDE && desc->value)
		return false;
	if (desc->cpu > tools.cpu || (desc->id == INSN_CALLX && tools.cpu < 4))
		return false;
	return desc->id < INSN_LD_IND_B || desc->id > INSN_LD_IND_W || !insn->imm;
}

static void write_slot(FILE *file, const struct skep_insn *insn)
{
	u8 bytes[sizeof(*insn)];

	memcpy(bytes, insn, sizeof(bytes));
	fprintf(file, ".byte ");
	for (size_t i = 0; i < sizeof(bytes); i++)
		fprintf(file, "%s%u", i ? "," : "", bytes[i]);
	fprintf(file, "\n");
}

/* Write all known rows with six values of their fields each; their number. */
static u32 write_rows(const char *name)
{
	char path[128];
	u32 nr = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", tools.folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	for (u32 id = 1; id < INSN_ID_MAX; id++) {
		for (u32 i = 0; i < 6; i++) {
			struct skep_insn insn = row_insn(&insn_descs[id], i);
			struct skep_insn next = {.imm = insn.imm / 2};

			if (!row_is_known(&insn_descs[id], &insn))
				continue;
			write_slot(file, &insn);
			if (insn_descs[id].slots == 2)
				write_slot(file, &next);
			nr++;
		}
	}
	assert_int_equal(fclose(file), 0);
	return nr;
}

static void test_all_rows(void **state)
{
	u32 nr, compared, unknown;

	nr = write_rows("rows.s");
	run("%s -triple=bpfel -mcpu=v%u -filetype=obj %s/rows.s -o %s/rows.o", tools.mc, tools.cpu,
	    tools.folder, tools.folder);
	check_object("rows.o", &compared, &unknown);
	assert_int_equal(compared + unknown, nr);
	/* LLVM 14 does not know %=, stores of immediates and branches on &: 12 rows */
	assert_int_equal(unknown, tools.cpu < 4 ? 12 * 6 : 0);
	print_message("# %u instructions compared\n", compared);
}

static void test_compiled_code(void **state)
{
	for (u32 cpu = 1; cpu <= tools.cpu; cpu++) {
		u32 compared, unknown;

		run("%s -O2 -target bpf -mcpu=v%u -c %s -o %s/mix.o", tools.clang, cpu,
		    tools.source, tools.folder);
		check_object("mix.o", &compared, &unknown);
		assert_true(compared > 100);
		if (tools.cpu > 3)
			assert_int_equal(unknown, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_rows),
		cmocka_unit_test(test_compiled_code),
	};
	int failed;

	tools = (struct tools){.mc = tool("LLVM_MC"),
			       .objdump = tool("LLVM_OBJDUMP"),
			       .clang = tool("CLANG"),
			       .source = tool("SOURCE"),
			       .cpu = (u32)atoi(tool("LLVM_CPU")),
			       .folder = "skep-objdump-XXXXXX"};
	if (!*tools.mc || !*tools.objdump || !*tools.clang) {
		printf("1..0 # SKIP optional: no clang, llvm-mc and llvm-objdump with cpu v%u\n",
		       tools.cpu);
		return 0;
	}
	if (!mkdtemp(tools.folder))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	run("rm -r %s", tools.folder);
	return failed;
}
