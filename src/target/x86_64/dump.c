/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Machine code as text, below the instructions it comes from. */
#include <Zydis/Zydis.h>
#include <inttypes.h>

#include "base/buf.h"
#include "target/x86_64/jit.h"

static void dump_code(struct buf *out, const u8 *code, u32 from, u32 to)
{
	ZydisDisassembledInstruction insn;

	while (from < to) {
		ZyanU64 address = (ZyanU64)(uintptr_t)(code + from);

		if (!ZYAN_SUCCESS(ZydisDisassembleIntel(ZYDIS_MACHINE_MODE_LONG_64, address,
							code + from, to - from, &insn))) {
			buf_printf(out, "  %4x:\t(bad) %02x\n", from, code[from]);
			from++;
			continue;
		}
		buf_printf(out, "  %4x:\t%s\n", from, insn.text);
		from += insn.info.length;
	}
}

int x86_64_dump(const struct image *image, struct buf *out)
{
	const struct x86_64_image *self = container_of(image, const struct x86_64_image, image);
	const u8 *code = self->exec.run;

	buf_printf(out, "%s: %u bytes at 0x%" PRIx64 "\n", image->name, self->size,
		   (u64)(uintptr_t)code);
	dump_code(out, code, 0, self->offsets[0]);
	for (u32 at = 0; at < self->nr_insns;) {
		u8 slots = insn_descs[insn_decode(&self->insns[at])].slots;

		buf_printf(out, "%4u: ", at);
		insn_print(out, self->insns, self->nr_insns, at, NULL);
		buf_printf(out, "\n");
		dump_code(out, code, self->offsets[at], self->offsets[at + slots]);
		at += slots;
	}
	dump_code(out, code, self->offsets[self->nr_insns], self->size);
	return out->err;
}
