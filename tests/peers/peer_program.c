/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A record as input of skep's verifier: instructions with maps by index, map definitions, BTF.
 */
#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "map/map.h"
#include "peers.h"
#include "records.h"

static bool is_map_fd(const struct skep_insn *insn, int nr_maps)
{
	s64 index = (s64)insn->imm - RECORD_FD_BASE;

	return insn->code == (SKEP_LD | SKEP_IMM | SKEP_DW) &&
	       (insn->src == SKEP_PSEUDO_MAP_FD || insn->src == SKEP_PSEUDO_MAP_VALUE) &&
	       index >= 0 && index < nr_maps;
}

/* Map references by index, as linked programs have them; what is no map stays as it is. */
static struct skep_insn *take_insns(const struct record *record)
{
	struct skep_insn *insns = calloc(record->nr_insns + 1, sizeof(*insns));

	memcpy(insns, record->insns, record->nr_insns * sizeof(*insns));
	for (u32 i = 0; i < record->nr_insns; i++) {
		if (!is_map_fd(&insns[i], record->nr_maps))
			continue;
		insns[i].imm -= RECORD_FD_BASE;
		insns[i].src = insns[i].src == SKEP_PSEUDO_MAP_FD ? SKEP_PSEUDO_MAP_IDX
								  : SKEP_PSEUDO_MAP_IDX_VALUE;
		i++;
	}
	return insns;
}

static void take_maps(struct peer_program *program, const struct record *record)
{
	program->maps = calloc((size_t)record->nr_maps + 1, sizeof(*program->maps));
	program->nr_maps = (u32)record->nr_maps;
	for (int i = 0; i < record->nr_maps; i++) {
		const struct record_map *from = &record->maps[i];
		struct object_map *map = &program->maps[i];

		snprintf(map->def.name, sizeof(map->def.name), "map%d", i);
		map->def.type = from->type;
		map->def.key_size = from->key_size;
		map->def.value_size = from->value_size;
		map->def.max_entries = from->max_entries;
		map->def.map_flags = from->flags;
		map->section = ".maps";
		if (from->btf) {
			map->btf_key_type_id = from->btf_key;
			map->btf_value_type_id = from->btf_value;
		}
		if (from->inner >= 0)
			map->inner = &program->maps[from->inner];
	}
}

static struct btf *take_btf(const struct record *record)
{
	const void *data = record->btf;
	size_t size = record->btf_size;

	for (int i = 0; i < record->nr_maps && !data; i++)
		if (record->maps[i].btf)
			data = record_btf(&size);
	return data ? btf__new(data, (u32)size) : NULL;
}

static void take_funcs(struct peer_program *program, const struct record *record)
{
	u32 nr = (u32)record->nr_funcs;

	if (!nr || !program->btf)
		return;
	program->funcs = calloc(nr, sizeof(*program->funcs));
	for (u32 i = 0; i < nr; i++) {
		u32 end = i + 1 < nr ? record->funcs[i + 1].insn : record->nr_insns;
		const struct btf_type *type =
			btf__type_by_id(program->btf, record->funcs[i].type_id);

		program->funcs[i] = (struct object_func){
			.insn = record->funcs[i].insn,
			.nr_insns = end - record->funcs[i].insn,
			.name = type ? btf__name_by_offset(program->btf, type->name_off) : "",
			.is_global = type && btf_vlen(type) == BTF_FUNC_GLOBAL,
			.btf_type_id = record->funcs[i].type_id,
		};
	}
	program->input.funcs = program->funcs;
	program->input.nr_funcs = nr;
}

static u32 verify_flags_of(const struct record *record)
{
	return VERIFY_GPL | (record->strict ? VERIFY_STRICT_ALIGNMENT : 0) |
	       (record->any_alignment ? VERIFY_ANY_ALIGNMENT : 0) |
	       (record->state_frequent ? VERIFY_STATE_FREQUENT : 0) |
	       (record->sleepable ? VERIFY_SLEEPABLE : 0);
}

int peer_verify(struct peer_program *program, const struct record *record, u32 log_level,
		struct skep_diag *diag)
{
	memset(program, 0, sizeof(*program));
	program->insns = take_insns(record);
	take_maps(program, record);
	program->btf = take_btf(record);
	program->input = (struct verify_input){
		.name = record->name,
		.insns = program->insns,
		.nr_insns = record->nr_insns,
		.prog_type = record->prog_type,
		.expected_attach_type = record->attach_type,
		.maps = program->maps,
		.nr_maps = program->nr_maps,
		.btf = program->btf,
		.flags = verify_flags_of(record),
		.log_level = log_level,
	};
	take_funcs(program, record);
	return verify_program(&program->input, &program->result, diag);
}

void peer_release(struct peer_program *program)
{
	verify_result_free(&program->result);
	image_put(program->image);
	for (u32 i = 0; program->live && i < program->nr_maps; i++)
		map_put(program->live[i]);
	free(program->live);
	free(program->insns);
	free(program->maps);
	free(program->funcs);
	btf__free(program->btf);
}
