/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Loading the XDP skeleton of firmware/; FIRMWARE names the folder of its object. */
#include "../test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/diag.h"
#include "load/load.h"
#include "map/map.h"

static struct skep_object *object;
static struct skep_diag *diag;

static int setup(void **state)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/xdp_skeleton.bpf.o", getenv("FIRMWARE"));
	diag = skep_diag_new();
	return skep_object_open(path, &object, diag);
}

static int teardown(void **state)
{
	skep_object_close(object);
	skep_diag_free(diag);
	return 0;
}

static struct skep_map *map_named(const struct loaded *loaded, const char *name)
{
	const struct object_map *map = object_find_map(object, name);

	assert_non_null(map);
	return loaded->maps[map - object->maps];
}

static const struct image *image_named(const struct loaded *loaded, const char *name)
{
	const struct object_prog *prog = object_find_prog(object, name);

	assert_non_null(prog);
	return loaded->images[prog - object->progs];
}

static void test_all(void **state)
{
	const struct load_options options = {0};
	struct loaded *loaded;
	u32 key = 1, id = 0;

	assert_int_equal(load_object(object, &options, &loaded, diag), 0);
	for (size_t m = 0; m < object->nr_maps; m++)
		assert_non_null(loaded->maps[m]);
	for (size_t p = 0; p < object->nr_progs; p++)
		assert_int_equal(loaded->images[p]->hook, SKEP_HOOK_XDP);
	assert_int_equal(loaded->nr_slots, 2);
	assert_int_equal(skep_map_lookup(map_named(loaded, "jmp_map"), &key, &id), 0);
	assert_int_equal(id, image_named(loaded, "xdp_skeleton_1")->id);
	assert_ptr_equal(map_named(loaded, "stats_map")->btf, object->btf);
	loaded_free(loaded);
	assert_null(image_find(id));
}

/* A program brings what its maps' slots name, and only that. */
static void test_one_program(void **state)
{
	struct load_options options = {.prog = "xdp_skeleton"};
	struct loaded *loaded;

	assert_int_equal(load_object(object, &options, &loaded, diag), 0);
	assert_non_null(image_named(loaded, "xdp_skeleton_2"));
	loaded_free(loaded);

	options.prog = "xdp_skeleton_2";
	assert_int_equal(load_object(object, &options, &loaded, diag), 0);
	assert_null(image_named(loaded, "xdp_skeleton"));
	assert_null(map_named(loaded, "jmp_map"));
	assert_non_null(map_named(loaded, "stats_map"));
	loaded_free(loaded);

	options.also = (const char *[]){"xdp_skeleton"};
	options.nr_also = 1;
	assert_int_equal(load_object(object, &options, &loaded, diag), 0);
	assert_non_null(image_named(loaded, "xdp_skeleton"));
	assert_non_null(map_named(loaded, "jmp_map"));
	loaded_free(loaded);
}

static void test_no_such_program(void **state)
{
	const struct load_options options = {.prog = "nosuch"};
	struct loaded *loaded = NULL;

	assert_int_equal(load_object(object, &options, &loaded, diag), -ENOENT);
	assert_null(loaded);
	assert_contains(skep_diag_problem(diag), "nosuch");
}

static int refuse_maps(void *arg, struct skep_map **maps, const struct skep_object *of,
		       struct skep_diag *why)
{
	size_t *seen = arg;

	for (size_t m = 0; m < of->nr_maps; m++)
		*seen += maps[m] != NULL;
	return diag_fail(why, -EBUSY, "not these maps");
}

/* Fails after the maps exist: they go away again (the sanitizer build looks). */
static void test_maps_ready_refuses(void **state)
{
	size_t seen = 0;
	const struct load_options options = {.maps_ready = refuse_maps, .arg = &seen};
	struct loaded *loaded = NULL;

	assert_int_equal(load_object(object, &options, &loaded, diag), -EBUSY);
	assert_null(loaded);
	assert_int_equal(seen, object->nr_maps);
	assert_string_equal(skep_diag_problem(diag), "not these maps");
}

static int refuse_to_translate(const struct target_input *in, struct image **ret,
			       struct skep_diag *why)
{
	if (!strcmp(in->prog->name, "xdp_skeleton"))
		return diag_reject(why, -EOPNOTSUPP, "test", "not this one");
	return target_interp.translate(in, ret, why);
}

/* The last of three programs is refused: the words name it, the other images are released. */
static void test_target_refuses(void **state)
{
	const struct target target = {.name = "test", .translate = refuse_to_translate};
	const struct load_options options = {.target = &target};
	struct loaded *loaded = NULL;

	assert_int_equal(load_object(object, &options, &loaded, diag), -EOPNOTSUPP);
	assert_null(loaded);
	assert_string_equal(diag->symbol, "xdp_skeleton");
	assert_int_equal(skep_diag_exit(diag), SKEP_EXIT_REJECTED);
}

/* What clang would not write: a helper that is unknown, by its number. */
static void test_unknown_helper(void **state)
{
	const struct load_options options = {.prog = "xdp_skeleton_2"};
	const struct object_prog *prog = object_find_prog(object, "xdp_skeleton_2");
	struct loaded *loaded = NULL;
	u32 at = 0;

	while (prog->insns[at].code != (SKEP_JMP | SKEP_CALL))
		at++;
	prog->insns[at].imm = 4711;
	assert_int_equal(load_object(object, &options, &loaded, diag), -EINVAL);
	assert_contains(skep_diag_problem(diag), "4711");
	assert_int_equal(diag->insn, at);
	assert_contains(diag->source, "xdp_skeleton.bpf.c:");
	assert_int_equal(skep_diag_exit(diag), SKEP_EXIT_REJECTED);
}

/* The rules that the verifier knows hold for unverified programs too: hook, licence, existence. */
static void test_unknown_helper_unsafe(void **state)
{
	const struct load_options options = {.prog = "xdp_skeleton_2", .unsafe = true};
	const struct object_prog *prog = object_find_prog(object, "xdp_skeleton_2");
	struct loaded *loaded = NULL;
	u32 at = 0;

	while (prog->insns[at].code != (SKEP_JMP | SKEP_CALL))
		at++;
	prog->insns[at].imm = 4711;
	assert_int_equal(load_object(object, &options, &loaded, diag), -EINVAL);
	assert_contains(skep_diag_problem(diag), "#4711");
	assert_int_equal(diag->insn, at);
}

/* A load of four bytes through r0, which nothing has set. */
static void break_program(const char *name)
{
	const struct object_prog *prog = object_find_prog(object, name);

	prog->insns[0] = (struct skep_insn){.code = SKEP_LDX | SKEP_MEM | SKEP_W};
}

static void test_not_verified(void **state)
{
	const struct load_options options = {0};
	struct loaded *loaded = NULL;

	break_program("xdp_skeleton_1");
	assert_int_equal(load_object(object, &options, &loaded, diag), -EACCES);
	assert_null(loaded);
	assert_int_equal(skep_diag_exit(diag), SKEP_EXIT_REJECTED);
	assert_string_equal(diag->rule, "uninit-register");
	assert_string_equal(diag->symbol, "xdp_skeleton_1");
	assert_string_equal(diag->section, "xdp");
	assert_string_equal(diag->object, object->name);
}

static void test_unsafe(void **state)
{
	const struct load_options options = {.unsafe = true};
	struct loaded *loaded;

	break_program("xdp_skeleton_1");
	assert_int_equal(load_object(object, &options, &loaded, diag), 0);
	assert_null(loaded->verified[0].facts);
	loaded_free(loaded);
}

/* Only a target that checks accesses at run time takes programs that are not verified. */
static void test_unsafe_elsewhere(void **state)
{
	const struct target target = {.name = "test", .translate = target_interp.translate};
	const struct load_options options = {.unsafe = true, .target = &target};
	struct loaded *loaded = NULL;

	assert_int_equal(load_object(object, &options, &loaded, diag), -EPERM);
	assert_null(loaded);
	assert_contains(skep_diag_problem(diag), "target test");
	assert_int_equal(skep_diag_exit(diag), SKEP_EXIT_REJECTED);
}

static int refuse_exit(const struct target_input *in, u32 at, struct skep_diag *why)
{
	if (in->insns[at].code != (SKEP_JMP | SKEP_EXIT))
		return 0;
	return diag_fail(why, -EOPNOTSUPP, "there is no exit from %s", in->prog->name);
}

/* A target's own rules are asked while the verifier walks. */
static void test_target_rules(void **state)
{
	const struct target target = {.name = "test", .check_insn = refuse_exit};
	const struct load_options options = {.prog = "xdp_skeleton_2", .target = &target};
	struct loaded *loaded = NULL;

	assert_int_equal(load_object(object, &options, &loaded, diag), -EOPNOTSUPP);
	assert_string_equal(skep_diag_problem(diag), "there is no exit from xdp_skeleton_2");
	assert_string_equal(diag->rule, "target");
	assert_non_null(diag->source);
	assert_contains(diag->source, "xdp_skeleton.bpf.c:");
	assert_int_equal(skep_diag_exit(diag), SKEP_EXIT_REJECTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_all, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_program, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_such_program, setup, teardown),
		cmocka_unit_test_setup_teardown(test_maps_ready_refuses, setup, teardown),
		cmocka_unit_test_setup_teardown(test_target_refuses, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unknown_helper, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unknown_helper_unsafe, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_verified, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unsafe, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unsafe_elsewhere, setup, teardown),
		cmocka_unit_test_setup_teardown(test_target_rules, setup, teardown),
	};

	return cmocka_run_group_tests_name("load", tests, NULL, NULL);
}
