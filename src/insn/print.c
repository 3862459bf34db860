/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Instructions as text: interprets the `form` column of insn.def.
 *
 * The spelling is that of llvm-objdump without alu32 and with decimal numbers, except where
 * bpftool says more: helpers have names ("call bpf_ktime_get_ns#5"), local calls and maps are
 * marked ("call pc+4", "map[fd:3]"). What insn_assemble() reads back yields the same bytes, unless
 * reserved fields hold something; a slot that means nothing is printed as its opcode and bytes.
 */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "insn/helper.h"
#include "insn/insn.h"

struct printer {
	struct buf *out;
	const struct skep_insn *insn;
	const struct insn_desc *desc;
	const struct insn_names *names;
	u32 at;
};

static void print_raw(struct buf *out, const struct skep_insn *insn)
{
	u8 bytes[sizeof(*insn)];

	memcpy(bytes, insn, sizeof(bytes));
	buf_printf(out, "(%02x)", insn->code);
	for (size_t i = 0; i < sizeof(bytes); i++)
		buf_printf(out, " %02x", bytes[i]);
}

static void print_helper(const struct printer *printer)
{
	const struct insn_names *names = printer->names;
	const struct helper_desc *helper = helper_find(printer->insn->imm);
	const char *name = NULL;

	if (names && names->helper)
		name = names->helper(names->arg, printer->insn->imm);
	if (name)
		buf_printf(printer->out, "%s#%d", name, printer->insn->imm);
	else if (helper)
		buf_printf(printer->out, "bpf_%s#%d", helper->name, printer->insn->imm);
	else
		buf_printf(printer->out, "unknown#%d", printer->insn->imm);
}

static void print_func(const struct printer *printer)
{
	const struct insn_names *names = printer->names;
	s64 target = (s64)printer->at + 1 + printer->insn->imm;
	const char *name = NULL;

	if (names && names->func && target >= 0)
		name = names->func(names->arg, (u32)target);
	buf_printf(printer->out, "pc%+d", printer->insn->imm);
	if (name)
		buf_printf(printer->out, "#%s", name);
}

static void print_kfunc(const struct printer *printer)
{
	buf_printf(printer->out, "kernel-function#%d", printer->insn->imm);
	if (printer->insn->off)
		buf_printf(printer->out, ":%d", printer->insn->off);
}

static void print_map(const struct printer *printer)
{
	const struct insn_names *names = printer->names;
	bool index =
		printer->desc->id == INSN_LD_MAP_IDX || printer->desc->id == INSN_LD_MAP_IDX_VALUE;
	const char *name = NULL;

	if (names && names->map)
		name = names->map(names->arg, printer->insn->imm);
	if (name)
		buf_printf(printer->out, "%s", name);
	else
		buf_printf(printer->out, "%s:%d", index ? "idx" : "fd", printer->insn->imm);
}

/* " + 4" and " - 4", as in memory operands. */
static void print_sum(const struct printer *printer, s64 value)
{
	buf_printf(printer->out, " %c %lld", value < 0 ? '-' : '+',
		   (long long)(value < 0 ? -value : value));
}

static void print_name(const struct printer *printer, char escape)
{
	switch (escape) {
	case 'h':
		print_helper(printer);
		break;
	case 'f':
		print_func(printer);
		break;
	case 'k':
		print_kfunc(printer);
		break;
	case 'm':
		print_map(printer);
		break;
	}
}

static void print_escape(const struct printer *printer, char escape)
{
	const struct skep_insn *insn = printer->insn;
	struct buf *out = printer->out;

	switch (escape) {
	case 'd':
	case 'D':
		buf_printf(out, "%c%u", escape == 'd' ? 'r' : 'w', insn->dst);
		break;
	case 's':
	case 'S':
		buf_printf(out, "%c%u", escape == 's' ? 'r' : 'w', insn->src);
		break;
	case 'i':
		buf_printf(out, "%d", insn->imm);
		break;
	case 'j':
		buf_printf(out, "%lld", (long long)insn_imm64(insn));
		break;
	case 'o':
		print_sum(printer, insn->off);
		break;
	case 'p':
		if (insn->imm)
			print_sum(printer, insn->imm);
		break;
	case 't':
		buf_printf(out, "%+d", insn->off);
		break;
	case 'T':
		buf_printf(out, "%+d", insn->imm);
		break;
	case 'v':
		buf_printf(out, "+%u", (u32)insn[1].imm);
		break;
	case '%':
		buf_printf(out, "%%");
		break;
	default:
		print_name(printer, escape);
	}
}

void insn_print(struct buf *out, const struct skep_insn *insns, u32 nr, u32 at,
		const struct insn_names *names)
{
	const struct insn_desc *desc = &insn_descs[insn_decode(&insns[at])];
	struct printer printer = {
		.out = out, .insn = &insns[at], .desc = desc, .names = names, .at = at};

	if (desc->id == INSN_INVALID || desc->slots > nr - at) {
		print_raw(out, &insns[at]);
		return;
	}
	for (const char *form = desc->form; *form; form++) {
		if (*form == '%')
			print_escape(&printer, *++form);
		else
			buf_add(out, form, 1);
	}
}
