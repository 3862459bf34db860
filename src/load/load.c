/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Loading: load_object(), at the end, is the whole path; the steps stand above it in order.
 * Invariant: a step that fails leaves what it made in *loaded, and loaded_free() undoes it.
 */
#include "load/load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "load/check.h"
#include "load/verify.h"
#include "map/map.h"

/* What is wanted: programs, and with them maps. */
struct selection {
	bool *progs; /* [object->nr_progs] */
	bool *maps;  /* [object->nr_maps] */
};

static int select_prog(const struct skep_object *object, const char *name, struct selection *want,
		       struct skep_diag *diag)
{
	const struct object_prog *prog = object_find_prog(object, name);

	if (!prog) {
		diag_fail(diag, -ENOENT, "there is no program %s in %s", name, object->name);
		diag_object(diag, object->name);
		return -ENOENT;
	}
	want->progs[prog - object->progs] = true;
	return 0;
}

/* One round of: a wanted program wants its maps, a wanted map wants what its slots name. */
static bool spread(const struct skep_object *object, struct selection *want)
{
	bool changed = false;

	for (size_t p = 0; p < object->nr_progs; p++)
		for (size_t m = 0; want->progs[p] && m < object->nr_maps; m++)
			if (object->progs[p].uses_map[m] && !want->maps[m])
				changed = want->maps[m] = true;
	for (size_t m = 0; m < object->nr_maps; m++)
		for (size_t s = 0; want->maps[m] && s < object->maps[m].nr_slots; s++) {
			const struct object_slot *slot = &object->maps[m].slots[s];
			bool *wanted = slot->is_prog ? &want->progs[slot->index]
						     : &want->maps[slot->index];

			if (!*wanted)
				changed = *wanted = true;
		}
	return changed;
}

/* A map that no program at all uses belongs to the object, as in libbpf: it is made too. */
static bool map_is_unused(const struct skep_object *object, size_t map)
{
	for (size_t p = 0; p < object->nr_progs; p++)
		if (object->progs[p].uses_map[map])
			return false;
	return object->maps[map].kind != OBJECT_MAP_STRUCT_OPS;
}

static int choose(const struct skep_object *object, const struct load_options *options,
		  struct selection *want, struct skep_diag *diag)
{
	int err = 0;

	if (options->prog)
		err = select_prog(object, options->prog, want, diag);
	for (size_t i = 0; !err && i < options->nr_also; i++)
		err = select_prog(object, options->also[i], want, diag);
	for (size_t p = 0; !options->prog && p < object->nr_progs; p++)
		want->progs[p] = object->progs[p].autoload;
	for (size_t m = 0; m < object->nr_maps; m++)
		want->maps[m] = map_is_unused(object, m);
	while (!err && spread(object, want))
		;
	return err;
}

static enum skep_hook prog_hook(const struct object_prog *prog, const struct load_options *options)
{
	return prog->prog_type ? prog->hook : options->hook;
}

static int check_programs(const struct skep_object *object, const struct selection *want,
			  struct skep_diag *diag)
{
	int err = 0;

	for (size_t p = 0; !err && p < object->nr_progs; p++)
		if (want->progs[p])
			err = check_program(object, &object->progs[p], diag);
	return err;
}

static int create_map(const struct skep_object *object, const struct object_map *from,
		      struct skep_map **ret, struct skep_diag *diag)
{
	struct skep_map *map;
	u32 zero = 0;
	int err;

	if (from->inner)
		err = map_create_nested(&from->def, &from->inner->def, &map, diag);
	else
		err = map_create(&from->def, &map, diag);
	if (err)
		goto fail;
	map->btf = object->btf;
	map->btf_key_type_id = from->btf_key_type_id;
	map->btf_value_type_id =
		from->btf_datasec_id ? from->btf_datasec_id : from->btf_value_type_id;
	if (from->data) {
		err = skep_map_update(map, &zero, from->data, SKEP_ANY);
		if (err) {
			diag_fail(diag, err, "cannot set the initial data of map %s: %s",
				  from->def.name, strerror(-err));
			map_put(map);
			goto fail;
		}
	}
	*ret = map;
	return 0;
fail:
	if (!from->def.max_entries)
		diag_try(diag, "say how many: skep run --max-entries %s=N", from->def.name);
	diag_object(diag, object->name);
	diag_section(diag, from->section);
	diag_symbol(diag, from->def.name);
	return err;
}

static int create_maps(struct loaded *loaded, const struct selection *want, struct skep_diag *diag)
{
	const struct skep_object *object = loaded->object;
	int err = 0;

	for (size_t m = 0; !err && m < object->nr_maps; m++)
		if (want->maps[m])
			err = create_map(object, &object->maps[m], &loaded->maps[m], diag);
	return err;
}

/* Constants are what they are from here on: the verifier reads them. */
static void freeze_rodata(struct loaded *loaded)
{
	for (size_t m = 0; m < loaded->object->nr_maps; m++) {
		enum object_map_kind kind = loaded->object->maps[m].kind;

		if (loaded->maps[m] && (kind == OBJECT_MAP_RODATA || kind == OBJECT_MAP_KCONFIG))
			skep_map_freeze(loaded->maps[m]);
	}
}

static int refuse_unsafe(const struct target *target, struct skep_diag *diag)
{
	diag_reject(diag, -EPERM, "unverified", "target %s runs verified programs only",
		    target->name);
	diag_try(diag, "choose the target interp, which checks each access of an unverified "
		       "program, or load it verified");
	return -EPERM;
}

/* Every program, unless the caller wants the unverified run that only an interpreter can give. */
static int verify_programs(struct loaded *loaded, const struct load_options *options,
			   const struct selection *want, struct skep_diag *diag)
{
	const struct skep_object *object = loaded->object;
	int err = 0;

	if (options->unsafe && !loaded->target->takes_unverified)
		return refuse_unsafe(loaded->target, diag);
	for (size_t p = 0; !err && p < object->nr_progs; p++) {
		const struct object_prog *prog = &object->progs[p];
		const struct load_verify how = {
			.target = loaded->target, .maps = loaded->maps, .hook = options->hook};

		if (!want->progs[p])
			continue;
		if (options->unsafe)
			err = check_helpers(object, prog, prog_hook(prog, options), diag);
		else
			err = load_verify(object, prog, &how, &loaded->verified[p], diag);
	}
	return err;
}

/*
 * A program array takes programs of one kind only: that of the programs that tail-call through
 * it, known from their loading on (the kernel's bpf_prog_map_compatible()).
 */
static int claim_arrays(struct loaded *loaded, size_t nr, struct skep_diag *diag)
{
	const struct object_prog *prog = &loaded->object->progs[nr];
	int err = 0;

	for (size_t m = 0; !err && m < loaded->object->nr_maps; m++) {
		struct skep_map *map = loaded->maps[m];

		if (!map || !prog->uses_map[m] || map->def.type != SKEP_MAP_PROG_ARRAY)
			continue;
		err = map_claim(map, loaded->images[nr]);
		if (err)
			diag_reject(diag, err, "tail-call-kind",
				    "program %s cannot tail-call through %s: another program that "
				    "uses this array is of another hook or kind",
				    prog->name, map->def.name);
	}
	return err;
}

static int translate_program(struct loaded *loaded, const struct load_options *options, size_t nr,
			     struct skep_diag *diag)
{
	const struct object_prog *prog = &loaded->object->progs[nr];
	const struct target_input input = {
		.prog = prog,
		.hook = prog_hook(prog, options),
		.insns = prog->insns,
		.nr_insns = prog->nr_insns,
		.maps = loaded->maps,
		.nr_maps = (u32)loaded->object->nr_maps,
		.facts = loaded->verified[nr].facts,
		.checked = options->checked || options->unsafe,
		.budget = options->budget,
	};
	int err = loaded->target->translate(&input, &loaded->images[nr], diag);

	if (!err) {
		loaded->images[nr]->attach_type = prog->expected_attach_type;
		err = claim_arrays(loaded, nr, diag);
	}
	if (err)
		check_blame(loaded->object, prog,
			    diag && diag->insn >= 0 ? (u32)diag->insn : prog->nr_insns, diag);
	return err;
}

static int translate_programs(struct loaded *loaded, const struct load_options *options,
			      const struct selection *want, struct skep_diag *diag)
{
	int err = 0;

	for (size_t p = 0; !err && p < loaded->object->nr_progs; p++)
		if (want->progs[p])
			err = translate_program(loaded, options, p, diag);
	return err;
}

/* Slots hold ids: of an image in a prog array, of a map in a map of maps. */
static int fill_slot(struct loaded *loaded, size_t m, const struct object_slot *slot,
		     struct skep_diag *diag)
{
	const struct object_map *map = &loaded->object->maps[m];
	u32 id = slot->is_prog ? loaded->images[slot->index]->id : loaded->maps[slot->index]->id;
	int err = skep_map_update(loaded->maps[m], &slot->key, &id, SKEP_ANY);

	if (!err) {
		loaded->nr_slots++;
		return 0;
	}
	diag_fail(diag, err, "cannot put %s %s into slot %u of map %s: %s",
		  slot->is_prog ? "program" : "map",
		  slot->is_prog ? loaded->object->progs[slot->index].name
				: loaded->object->maps[slot->index].def.name,
		  slot->key, map->def.name, strerror(-err));
	diag_object(diag, loaded->object->name);
	diag_section(diag, map->section);
	diag_symbol(diag, map->def.name);
	return err;
}

static int fill_slots(struct loaded *loaded, struct skep_diag *diag)
{
	const struct skep_object *object = loaded->object;
	int err = 0;

	for (size_t m = 0; m < object->nr_maps; m++)
		for (size_t s = 0; loaded->maps[m] && !err && s < object->maps[m].nr_slots; s++)
			err = fill_slot(loaded, m, &object->maps[m].slots[s], diag);
	return err;
}

static int start(const struct skep_object *object, const struct load_options *options,
		 struct loaded **ret, struct selection *want)
{
	struct loaded *loaded = calloc(1, sizeof(*loaded));

	if (!loaded)
		return -ENOMEM;
	*ret = loaded;
	loaded->object = object;
	loaded->target = options->target ? options->target : target_list()[0];
	loaded->maps = calloc(object->nr_maps + 1, sizeof(loaded->maps[0]));
	loaded->images = calloc(object->nr_progs + 1, sizeof(loaded->images[0]));
	loaded->verified = calloc(object->nr_progs + 1, sizeof(loaded->verified[0]));
	want->progs = calloc(object->nr_progs + 1, sizeof(want->progs[0]));
	want->maps = calloc(object->nr_maps + 1, sizeof(want->maps[0]));
	return loaded->maps && loaded->images && loaded->verified && want->progs && want->maps
		       ? 0
		       : -ENOMEM;
}

static int make_ready(struct loaded *loaded, const struct load_options *options,
		      struct skep_diag *diag)
{
	int err = 0;

	if (options->maps_ready)
		err = options->maps_ready(options->arg, loaded->maps, loaded->object, diag);
	if (!err)
		freeze_rodata(loaded);
	return err;
}

int load_object(const struct skep_object *object, const struct load_options *options,
		struct loaded **ret, struct skep_diag *diag)
{
	struct selection want = {0};
	struct loaded *loaded = NULL;
	int err;

	err = start(object, options, &loaded, &want);
	err = err ?: choose(object, options, &want, diag);
	err = err ?: check_programs(object, &want, diag);
	err = err ?: create_maps(loaded, &want, diag);
	err = err ?: make_ready(loaded, options, diag);
	err = err ?: verify_programs(loaded, options, &want, diag);
	err = err ?: translate_programs(loaded, options, &want, diag);
	err = err ?: fill_slots(loaded, diag);
	if (err)
		diag_fail(diag, err, "cannot load %s: %s", object->name, strerror(-err));

	free(want.progs);
	free(want.maps);
	if (err)
		loaded_free(loaded);
	else
		*ret = loaded;
	return err;
}

/* Empty the slots that may hold an image. */
static void drop_images(struct skep_map *map)
{
	bool holds_images = map->def.type == SKEP_MAP_PROG_ARRAY ||
			    map->def.type == SKEP_MAP_DEVMAP ||
			    map->def.type == SKEP_MAP_DEVMAP_HASH;
	u32 key, previous;
	int err;

	if (!holds_images)
		return;
	err = skep_map_next_key(map, NULL, &key);
	while (!err) {
		previous = key;
		err = skep_map_next_key(map, &previous, &key);
		skep_map_delete(map, &previous);
	}
}

void loaded_free(struct loaded *loaded)
{
	if (!loaded)
		return;
	/* images use maps, and maps hold references to images: let the maps go of them first */
	for (size_t m = 0; loaded->maps && m < loaded->object->nr_maps; m++)
		if (loaded->maps[m])
			drop_images(loaded->maps[m]);
	for (size_t p = 0; loaded->images && p < loaded->object->nr_progs; p++)
		image_put(loaded->images[p]);
	for (size_t p = 0; loaded->verified && p < loaded->object->nr_progs; p++)
		verify_result_free(&loaded->verified[p]);
	for (size_t m = 0; loaded->maps && m < loaded->object->nr_maps; m++)
		map_put(loaded->maps[m]);
	free(loaded->maps);
	free(loaded->images);
	free(loaded->verified);
	free(loaded);
}
