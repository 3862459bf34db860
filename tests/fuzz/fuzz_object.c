/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Any bytes as an object file: opening must not crash, leak or hang, a refusal must have words,
 * and everything an open object offers must be walkable, indexes and pointers included.
 */
#include <bpf/btf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "object/object.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

/* Read every byte, so that a bad pointer is noticed. */
static u64 sum_bytes(const void *data, size_t size)
{
	const u8 *bytes = data;
	u64 sum = 0;

	for (size_t i = 0; i < size; i++)
		sum += bytes[i];
	return sum;
}

static u64 walk_prog(const struct skep_object *object, const struct object_prog *prog)
{
	u64 sum = strlen(prog->name) + strlen(prog->section);

	if (prog->attach_target)
		sum += strlen(prog->attach_target);
	for (u32 i = 0; i < prog->nr_insns; i++) {
		const struct skep_insn *insn = &prog->insns[i];
		const struct object_line *line = object_line_at(prog, i);
		bool is_wide = insn->code == (SKEP_LD | SKEP_IMM | SKEP_DW);

		sum += strlen(object_func_at(prog, i)->name);
		if (line)
			sum += line->line + strlen(line->file) + strlen(line->text);
		if (is_wide && i + 1 < prog->nr_insns && insn->src == SKEP_PSEUDO_MAP_IDX_VALUE &&
		    (u32)insn->imm < object->nr_maps)
			sum += prog->uses_map[insn->imm];
	}
	for (size_t i = 0; i < object->nr_maps; i++)
		sum += prog->uses_map[i];
	return sum + (u64)-object_prog_check(object, prog, NULL);
}

static u64 walk_map(const struct skep_object *object, const struct object_map *map)
{
	u64 sum = strlen(map->def.name) + strlen(map->section);

	if (map->data)
		sum += sum_bytes(map->data, map->def.value_size);
	if (map->inner)
		sum += strlen(map->inner->def.name);
	for (size_t i = 0; i < map->nr_slots; i++) {
		const struct object_slot *slot = &map->slots[i];

		sum += strlen(slot->is_prog ? object->progs[slot->index].name
					    : object->maps[slot->index].def.name);
	}
	return sum;
}

static u64 walk_btf(const struct btf *btf)
{
	u32 nr = btf ? btf__type_cnt(btf) : 0;
	u64 sum = 0;

	for (u32 id = 1; id < nr; id++) {
		sum += strlen(btf__name_by_offset(btf, btf__type_by_id(btf, id)->name_off));
		sum += (u64)btf__resolve_size(btf, id);
	}
	return sum;
}

static u64 walk(const struct skep_object *object)
{
	u64 sum = strlen(object->license) + walk_btf(object->btf);

	for (size_t i = 0; i < object->nr_progs; i++)
		sum += walk_prog(object, &object->progs[i]);
	for (size_t i = 0; i < object->nr_maps; i++)
		sum += walk_map(object, &object->maps[i]);
	for (size_t i = 0; i < object->nr_struct_ops; i++) {
		const struct object_struct_ops *ops = &object->struct_ops[i];

		sum += strlen(ops->type_name) + strlen(object->maps[ops->map].def.name);
		for (size_t m = 0; m < ops->nr_members; m++) {
			sum += strlen(ops->members[m].name);
			if (ops->members[m].prog >= 0)
				sum += strlen(object->progs[ops->members[m].prog].name);
		}
	}
	for (size_t i = 0; i < object->nr_externs; i++)
		sum += strlen(object->externs[i]);
	return sum;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static volatile u64 result _unused_;
	struct skep_diag *diag = skep_diag_new();
	struct skep_object *object = NULL;

	if (skep_object_open_mem(data, size, "fuzz.o", &object, diag)) {
		if (!*skep_diag_problem(diag) || object)
			abort();
	} else {
		result = walk(object);
	}
	skep_object_close(object);
	skep_diag_free(diag);
	return 0;
}
