/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What skep says of objects/NAME.bpf.c, compiled by each compiler there is. $OBJECTS is where the
 * build puts them, as NAME-COMPILER.o.
 */
#include "../test.h"

#include <bpf/btf.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/diag.h"
#include "object/object.h"
#include "object/section.h"

static struct skep_object *open_or_fail(const char *path)
{
	struct skep_diag *diag = skep_diag_new();
	struct skep_object *object = NULL;

	if (skep_object_open(path, &object, diag))
		fail_msg("%s: %s", path, skep_diag_problem(diag));
	skep_diag_free(diag);
	return object;
}

/* Run a check on each compiler's object; skip the test when there is none. */
static void each_object(const char *name, void (*check)(const struct skep_object *object))
{
	char pattern[512];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/%s-*.o", getenv("OBJECTS"), name);
	if (glob(pattern, 0, NULL, &found)) {
		print_message("no compiler made %s\n", pattern);
		skip();
	}
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct skep_object *object = open_or_fail(found.gl_pathv[i]);

		check(object);
		skep_object_close(object);
	}
	globfree(&found);
}

static const struct object_prog *prog_of(const struct skep_object *object, const char *name)
{
	const struct object_prog *prog = object_find_prog(object, name);

	if (!prog)
		fail_msg("%s: no program %s", object->name, name);
	return prog;
}

static const struct object_map *map_of(const struct skep_object *object, const char *name)
{
	const struct object_map *map = object_find_map(object, name);

	if (!map)
		fail_msg("%s: no map %s", object->name, name);
	return map;
}

static void check_maps(const struct skep_object *object)
{
	const struct object_map *by_type = map_of(object, "by_type");
	const struct object_map *by_size = map_of(object, "by_size");
	const struct object_map *outer = map_of(object, "outer");
	const struct object_map *jumps = map_of(object, "jumps");

	assert_int_equal(object->nr_maps, 9);
	assert_int_equal(by_type->def.type, SKEP_MAP_HASH);
	assert_int_equal(by_type->def.key_size, 8);
	assert_int_equal(by_type->def.value_size, 16);
	assert_int_equal(by_type->def.max_entries, 100);
	assert_int_equal(by_type->def.map_flags, SKEP_F_NO_PREALLOC);
	assert_int_equal(by_type->pinning, OBJECT_PIN_BY_NAME);
	assert_string_equal(by_type->section, ".maps");
	assert_int_equal(btf__resolve_size(object->btf, by_type->btf_key_type_id), 8);
	assert_int_equal(btf__resolve_size(object->btf, by_type->btf_value_type_id), 16);

	assert_int_equal(by_size->def.value_size, 24);
	assert_int_equal(by_size->def.numa_node, 1);
	assert_int_equal(by_size->def.map_flags, SKEP_F_NUMA_NODE);
	assert_int_equal(by_size->btf_value_type_id, 0);
	assert_int_equal(by_size->pinning, OBJECT_PIN_NONE);
	assert_int_equal(map_of(object, "ring")->def.max_entries, 8192);
	assert_int_equal(map_of(object, "bloom")->def.map_extra, 3);

	assert_int_equal(outer->def.type, SKEP_MAP_ARRAY_OF_MAPS);
	assert_int_equal(outer->def.value_size, 4);
	assert_non_null(outer->inner);
	assert_string_equal(outer->inner->def.name, "outer.inner");
	assert_int_equal(outer->inner->def.type, SKEP_MAP_ARRAY);
	assert_int_equal(outer->inner->def.max_entries, 4);
	assert_int_equal(outer->inner->def.value_size, 8);
	assert_int_equal(outer->nr_slots, 2);
	assert_int_equal(outer->slots[0].key, 1);
	assert_false(outer->slots[0].is_prog);
	assert_ptr_equal(&object->maps[outer->slots[0].index], map_of(object, "inner_a"));
	assert_int_equal(outer->slots[1].key, 6);
	assert_ptr_equal(&object->maps[outer->slots[1].index], map_of(object, "inner_b"));

	assert_int_equal(jumps->nr_slots, 2);
	assert_true(jumps->slots[1].is_prog);
	assert_int_equal(jumps->slots[1].key, 3);
	assert_string_equal(object->progs[jumps->slots[1].index].name, "second");
	assert_int_equal(map_of(object, "empty_jumps")->nr_slots, 0);

	assert_string_equal(object->license, "Dual BSD/GPL");
	assert_true(object_is_gpl(object));
	assert_int_equal(object->kern_version, 0x60100);
}

static void test_maps(void **state)
{
	each_object("maps", check_maps);
}

static void check_uses(const struct skep_object *object)
{
	const struct object_prog *prog = prog_of(object, "first");
	size_t wide = 0;

	for (u32 i = 0; i < prog->nr_insns; i++) {
		if (prog->insns[i].code != (SKEP_LD | SKEP_IMM | SKEP_DW) || !prog->insns[i].src)
			continue;
		assert_int_equal(prog->insns[i].src, SKEP_PSEUDO_MAP_IDX);
		assert_true(prog->uses_map[prog->insns[i].imm]);
		wide++;
	}
	assert_int_equal(wide, 2);
	assert_true(prog->uses_map[map_of(object, "by_type") - object->maps]);
	assert_true(prog->uses_map[map_of(object, "jumps") - object->maps]);
	assert_false(prog->uses_map[map_of(object, "ring") - object->maps]);
}

static void test_map_references(void **state)
{
	each_object("maps", check_uses);
}

/* The number at the place that the nth reference into a map's value points at. */
static u32 number_at(const struct object_map *map, const char *variable,
		     const struct skep_object *object)
{
	const struct btf_type *section = btf__type_by_id(object->btf, map->btf_datasec_id);
	u32 number = UINT32_MAX;

	for (u32 i = 0; i < btf_vlen(section); i++) {
		const struct btf_var_secinfo *info = &btf_var_secinfos(section)[i];
		const struct btf_type *var = btf__type_by_id(object->btf, info->type);

		if (strcmp(btf__name_by_offset(object->btf, var->name_off), variable) != 0)
			continue;
		assert_true(info->offset + sizeof(number) <= map->def.value_size);
		memcpy(&number, (const u8 *)map->data + info->offset, sizeof(number));
	}
	return number;
}

static void check_data(const struct skep_object *object)
{
	const struct object_map *rodata = map_of(object, ".rodata");
	const struct object_map *data = map_of(object, ".data"), *bss = map_of(object, ".bss");

	assert_int_equal(rodata->kind, OBJECT_MAP_RODATA);
	assert_true(rodata->def.map_flags & SKEP_F_RDONLY_PROG);
	assert_true(rodata->def.map_flags & SKEP_F_MMAPABLE);
	assert_int_equal(rodata->def.max_entries, 1);
	assert_contains(rodata->def.name, "data_cla");
	assert_contains(rodata->def.name, ".rodata");
	assert_int_equal(number_at(rodata, "constant_a", object), 11);
	assert_int_equal(number_at(rodata, "constant_b", object), 12);
	assert_int_equal(map_of(object, ".rodata.extra")->kind, OBJECT_MAP_RODATA);
	assert_string_equal(map_of(object, ".rodata.extra")->def.name, ".rodata.extra");
	assert_int_equal(data->kind, OBJECT_MAP_DATA);
	assert_false(data->def.map_flags & SKEP_F_RDONLY_PROG);
	assert_int_equal(number_at(data, "data_b", object), 22);
	assert_int_equal(number_at(data, "static_data_b", object), 52);
	assert_int_equal(map_of(object, ".data.extra")->def.value_size, 4);
	assert_int_equal(bss->kind, OBJECT_MAP_BSS);
	assert_null(bss->data);
	assert_true(bss->def.value_size >= 5 * sizeof(u32));
}

static void test_data_maps(void **state)
{
	each_object("data", check_data);
}

/* Each reference into global data reads what the source says it reads. */
static void check_data_references(const struct skep_object *object)
{
	const struct object_prog *prog = prog_of(object, "sum");
	static const u32 expected[] = {11, 12, 13, 21, 22, 33, 41, 51, 52};
	bool seen[ARRAY_SIZE(expected)] = {0};

	for (u32 i = 0; i + 1 < prog->nr_insns; i++) {
		const struct skep_insn *insn = &prog->insns[i];
		const struct object_map *map;
		u32 number;

		if (insn->src != SKEP_PSEUDO_MAP_IDX_VALUE ||
		    insn->code != (SKEP_LD | SKEP_IMM | SKEP_DW))
			continue;
		assert_true((u32)insn->imm < object->nr_maps);
		map = &object->maps[insn->imm];
		assert_true((u32)insn[1].imm < map->def.value_size);
		if (!map->data || insn[1].imm + sizeof(number) > map->def.value_size)
			continue;
		memcpy(&number, (const u8 *)map->data + insn[1].imm, sizeof(number));
		for (size_t n = 0; n < ARRAY_SIZE(expected); n++)
			seen[n] |= expected[n] == number;
	}
	for (size_t n = 0; n < ARRAY_SIZE(expected); n++)
		if (!seen[n] && expected[n] != 33) /* 33 may be reached from the array's start */
			fail_msg("%s: nothing refers to the %u", object->name, expected[n]);
}

static void test_data_references(void **state)
{
	each_object("data", check_data_references);
}

/* Every local call lands on the first instruction of a function of the program. */
static void check_targets(const struct object_prog *prog)
{
	for (u32 i = 0; i < prog->nr_insns; i++) {
		const struct skep_insn *insn = &prog->insns[i];
		bool is_call = insn->code == (SKEP_JMP | SKEP_CALL) && insn->src == SKEP_CALL_LOCAL;
		bool is_address = insn->code == (SKEP_LD | SKEP_IMM | SKEP_DW) &&
				  insn->src == SKEP_PSEUDO_FUNC;
		s64 target = (s64)i + 1 + insn->imm;

		if (!is_call && !is_address)
			continue;
		assert_true(target > 0 && target < prog->nr_insns);
		assert_int_equal(object_func_at(prog, (u32)target)->insn, target);
	}
}

static void check_functions(const struct object_prog *prog, const char *const *names, size_t nr)
{
	u32 end = 0;

	assert_int_equal(prog->nr_funcs, nr);
	for (size_t i = 0; i < nr; i++) {
		assert_string_equal(prog->funcs[i].name, names[i]);
		assert_int_equal(prog->funcs[i].insn, end);
		end += prog->funcs[i].nr_insns;
	}
	assert_int_equal(prog->nr_insns, end);
	check_targets(prog);
}

static const struct object_func *func_of(const struct object_prog *prog, const char *name)
{
	for (u32 i = 0; i < prog->nr_funcs; i++)
		if (!strcmp(prog->funcs[i].name, name))
			return &prog->funcs[i];
	fail_msg("%s: no function %s", prog->name, name);
	return NULL;
}

static void check_calls(const struct skep_object *object)
{
	const struct object_prog *nested = prog_of(object, "nested");

	assert_int_equal(object->nr_progs, 4);
	check_functions(prog_of(object, "plain"), (const char *const[]){"plain"}, 1);
	/* libbpf's order: depth first, as the calls are met */
	check_functions(nested,
			(const char *const[]){"nested", "static_middle", "static_leaf",
					      "global_leaf", "hidden_leaf"},
			5);
	check_functions(prog_of(object, "shared"),
			(const char *const[]){"shared", "static_leaf", "global_leaf"}, 3);
	check_functions(prog_of(object, "by_address"),
			(const char *const[]){"by_address", "callback"}, 2);
	assert_true(func_of(nested, "global_leaf")->is_global);
	assert_false(func_of(nested, "hidden_leaf")->is_global);
	assert_false(func_of(nested, "static_leaf")->is_global);
	for (u32 i = 0; i < nested->nr_funcs; i++)
		assert_true(func_of(nested, nested->funcs[i].name)->btf_type_id > 0);
}

static void test_calls(void **state)
{
	each_object("calls", check_calls);
}

static void check_lines(const struct skep_object *object)
{
	const struct object_prog *prog = prog_of(object, "nested");
	const struct object_line *line;

	assert_true(prog->nr_lines > 10);
	for (u32 i = 1; i < prog->nr_lines; i++)
		assert_true(prog->lines[i - 1].insn < prog->lines[i].insn);
	line = object_line_at(prog, func_of(prog, "hidden_leaf")->insn + 2);
	assert_non_null(line);
	assert_contains(line->file, "calls.bpf.c");
	assert_contains(line->text, "counter += 5;");
	line = object_line_at(prog, func_of(prog, "static_leaf")->insn + 2);
	assert_contains(line->text, "counter += 7;");
}

static void test_lines(void **state)
{
	each_object("calls", check_lines);
}

static void check_sections(const struct skep_object *object)
{
	static const struct {
		const char *name, *section, *target;
		u32 type, attach;
		enum skep_hook hook;
		bool frags;
	} rows[] = {
		{"p_xdp", "xdp", NULL, 6, 37, SKEP_HOOK_XDP, false},
		{"p_xdp_devmap", "xdp/devmap", "devmap", 6, 33, SKEP_HOOK_XDP, false},
		{"p_xdp_cpumap", "xdp/cpumap", "cpumap", 6, 35, SKEP_HOOK_XDP, false},
		{"p_xdp_frags", "xdp.frags", NULL, 6, 37, SKEP_HOOK_XDP, true},
		{"p_xdp_frags_devmap", "xdp.frags/devmap", "devmap", 6, 33, SKEP_HOOK_XDP, true},
		{"p_not_loaded", "xdp.frags/cpumap", "cpumap", 6, 35, SKEP_HOOK_XDP, true},
		{"p_xdp_other", "xdp/other", "other", 0, 0, SKEP_HOOK_NONE, false},
		{"p_unknown", "xdp_skeleton", NULL, 0, 0, SKEP_HOOK_NONE, false},
		{"p_prog", "prog", NULL, 0, 0, SKEP_HOOK_NONE, false},
		{"p_tc", "tc", NULL, 3, 0, SKEP_HOOK_TC_INGRESS, false},
		{"p_tc_ingress", "tc/ingress", "ingress", 3, 46, SKEP_HOOK_TC_INGRESS, false},
		{"p_tc_egress", "tc/egress", "egress", 3, 47, SKEP_HOOK_TC_EGRESS, false},
		{"p_tcx_ingress", "tcx/ingress", "ingress", 3, 46, SKEP_HOOK_TC_INGRESS, false},
		{"p_tcx_egress", "tcx/egress", "egress", 3, 47, SKEP_HOOK_TC_EGRESS, false},
		{"p_classifier", "classifier", NULL, 3, 0, SKEP_HOOK_TC_INGRESS, false},
		{"p_action", "action", NULL, 4, 0, SKEP_HOOK_TC_INGRESS, false},
		{"p_socket", "socket", NULL, 1, 0, SKEP_HOOK_SOCKET, false},
		{"p_netkit", "netkit/primary", "primary", 3, 54, SKEP_HOOK_TC_EGRESS, false},
		{"p_kprobe", "kprobe/do_sys_open", "do_sys_open", 2, 0, SKEP_HOOK_NONE, false},
		{"p_fentry", "fentry.s/x", "x", 26, 24, SKEP_HOOK_NONE, false},
		{"p_cgroup", "cgroup_skb/egress", "egress", 8, 1, SKEP_HOOK_NONE, false},
		{"p_txq", "txq", NULL, 0, 0, SKEP_HOOK_TXQ, false},
		{"p_flow", "flow", NULL, 0, 0, SKEP_HOOK_FLOW, false},
	};

	assert_int_equal(object->nr_progs, ARRAY_SIZE(rows));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct object_prog *prog = prog_of(object, rows[i].name);

		assert_string_equal(prog->section, rows[i].section);
		assert_int_equal(prog->prog_type, rows[i].type);
		assert_int_equal(prog->expected_attach_type, rows[i].attach);
		assert_int_equal(prog->hook, rows[i].hook);
		assert_int_equal(prog->frags, rows[i].frags);
		assert_int_equal(prog->autoload, strcmp(rows[i].name, "p_not_loaded") != 0);
		if (rows[i].target)
			assert_string_equal(prog->attach_target, rows[i].target);
		else
			assert_null(prog->attach_target);
	}
	assert_true(prog_of(object, "p_fentry")->sleepable);
	assert_string_equal(object->license, "");
	assert_false(object_is_gpl(object));
}

static void test_sections(void **state)
{
	each_object("sections", check_sections);
}

/* Programs of other worlds are listed, and refused by name of their type. */
static void check_refused_types(const struct skep_object *object)
{
	struct skep_diag *diag = skep_diag_new();

	assert_int_equal(object_prog_check(object, prog_of(object, "p_xdp"), diag), 0);
	assert_int_equal(object_prog_check(object, prog_of(object, "p_unknown"), diag), 0);
	assert_int_equal(object_prog_check(object, prog_of(object, "p_kprobe"), diag), -EOPNOTSUPP);
	assert_contains(skep_diag_problem(diag), "'p_kprobe' is not for a network card");
	assert_contains(skep_diag_problem(diag), "kprobe");
	skep_diag_free(diag);
}

static void test_refused_types(void **state)
{
	each_object("sections", check_refused_types);
}

static void test_section_names(void **state)
{
	assert_non_null(section_find_rule("struct_ops/anything"));
	assert_non_null(section_find_rule("struct_ops"));
	assert_null(section_find_rule("struct_opsx"));
	assert_null(section_find_rule("xdp/"));
	assert_null(section_find_rule(""));
	assert_string_equal(section_suggest("xdp_prog"), "xdp.frags/devmap");
	assert_null(section_suggest("zz"));
	assert_string_equal(skep_prog_type_name(6), "xdp");
	assert_null(skep_prog_type_name(9999));
}

static void check_extern(const struct skep_object *object, const char *name, const char *words)
{
	const struct object_prog *prog = prog_of(object, name);
	struct skep_diag *diag = skep_diag_new();
	int err = object_prog_check(object, prog, diag);

	if (!words) {
		assert_int_equal(err, 0);
	} else {
		assert_int_equal(err, -EOPNOTSUPP);
		assert_contains(skep_diag_problem(diag), words);
		assert_contains(skep_diag_problem(diag), name);
	}
	skep_diag_free(diag);
}

static void check_externs(const struct skep_object *object)
{
	const struct object_map *kconfig = map_of(object, ".kconfig");
	const struct object_prog *prog = prog_of(object, "weak_symbol");
	size_t wide = 0;

	check_extern(object, "weak_config", NULL);
	check_extern(object, "weak_symbol", NULL);
	check_extern(object, "weak_function", NULL);
	check_extern(object, "strong_config", "kernel configuration value 'CONFIG_STRONG'");
	check_extern(object, "strong_symbol", "kernel symbol 'symbol_strong'");
	check_extern(object, "strong_function", "kernel function 'function_strong'");
	assert_int_equal(kconfig->kind, OBJECT_MAP_KCONFIG);
	assert_null(kconfig->data);
	assert_int_equal(kconfig->def.value_size, 13);
	for (u32 i = 0; i + 1 < prog->nr_insns; i++) {
		if (prog->insns[i].code != (SKEP_LD | SKEP_IMM | SKEP_DW))
			continue;
		assert_int_equal(prog->insns[i].src, 0);
		assert_int_equal(prog->insns[i].imm, 0);
		assert_int_equal(prog->insns[i + 1].imm, 0);
		wide++;
	}
	assert_int_equal(wide, 1);
}

static void test_externs(void **state)
{
	each_object("externs", check_externs);
}

/* r0 of a straight program of moves of constants; -1 when it does anything else. */
static s64 constant_result(const struct object_prog *prog)
{
	s64 regs[SKEP_MAX_REG] = {0};

	for (u32 i = 0; i < prog->nr_insns; i++) {
		const struct skep_insn *insn = &prog->insns[i];
		u8 class = SKEP_CLASS(insn->code), op = SKEP_OP(insn->code);
		s64 value = SKEP_SRC(insn->code) == SKEP_X ? regs[insn->src] : insn->imm;

		if (insn->code == (SKEP_JMP | SKEP_EXIT))
			return regs[0];
		if (insn->code == (SKEP_LD | SKEP_IMM | SKEP_DW)) {
			regs[insn->dst] = (s64)((u32)insn->imm | (u64)(u32)insn[1].imm << 32);
			i++;
			continue;
		}
		if (class != SKEP_ALU && class != SKEP_ALU64)
			return -1;
		switch (op) {
		case SKEP_MOV:
			regs[insn->dst] = value;
			break;
		case SKEP_ADD:
			regs[insn->dst] += value;
			break;
		case SKEP_MUL:
			regs[insn->dst] *= value;
			break;
		case SKEP_LSH:
			regs[insn->dst] = (s64)((u64)regs[insn->dst] << value);
			break;
		case SKEP_OR:
			regs[insn->dst] |= value;
			break;
		default:
			return -1;
		}
	}
	return -1;
}

static void check_core(const struct skep_object *object)
{
	s32 inside = btf__find_by_name_kind(object->btf, "inside", BTF_KIND_STRUCT);
	const struct object_prog *prog = prog_of(object, "access");
	bool length = false, second = false;

	for (u32 i = 0; i < prog->nr_insns; i++) {
		if (SKEP_CLASS(prog->insns[i].code) != SKEP_LDX &&
		    SKEP_OP(prog->insns[i].code) != SKEP_ADD)
			continue;
		length |= prog->insns[i].off == 8 || prog->insns[i].imm == 8;
		second |= prog->insns[i].off == 16 || prog->insns[i].imm == 16;
	}
	assert_true(length && second);
	/* length exists, second has 2 bytes, negative is signed, length is at 8 */
	assert_int_equal(constant_result(prog_of(object, "fields")), 1 + 20 + 100 + 8000);
	/* struct packet exists, struct inside has 8 bytes */
	assert_int_equal(constant_result(prog_of(object, "types")), 1 + 80);
	assert_int_equal(constant_result(prog_of(object, "type_id")), inside);
	/* RED exists and is 3 */
	assert_int_equal(constant_result(prog_of(object, "enums")), 1 + 30);
}

static void test_core(void **state)
{
	each_object("core", check_core);
}

static void check_struct_ops(const struct skep_object *object)
{
	const struct object_struct_ops *plain, *link;

	assert_int_equal(object->nr_struct_ops, 2);
	plain = &object->struct_ops[0];
	link = &object->struct_ops[1];
	assert_string_equal(plain->type_name, "firmware_ops");
	assert_false(plain->link);
	assert_true(link->link);
	assert_int_equal(plain->nr_members, 3);
	assert_string_equal(plain->members[0].name, "attach");
	assert_string_equal(object->progs[plain->members[0].prog].name, "do_attach");
	assert_int_equal(plain->members[1].prog, -1);
	assert_string_equal(link->members[1].name, "detach");
	assert_int_equal(link->members[1].off, 16);
	assert_string_equal(object->progs[link->members[1].prog].name, "do_detach");
	assert_string_equal(object->maps[link->map].def.name, "link_ops");
	assert_int_equal(object->maps[plain->map].def.type, SKEP_MAP_STRUCT_OPS);
	assert_int_equal(object->maps[plain->map].def.value_size, 48);
	assert_int_equal(((const u32 *)object->maps[plain->map].data)[2], 7);
	assert_true(prog_of(object, "do_detach")->sleepable);
}

static void test_struct_ops(void **state)
{
	each_object("struct_ops", check_struct_ops);
}

static void check_legacy(const struct skep_object *object)
{
	const struct object_map *hash = map_of(object, "hash"), *array = map_of(object, "array");
	const struct object_map *outer = map_of(object, "outer"), *jumps = map_of(object, "jumps");

	assert_int_equal(object->nr_maps, 5);
	assert_int_equal(hash->def.value_size, 8);
	assert_int_equal(hash->def.map_flags, SKEP_F_NO_PREALLOC);
	assert_int_equal(hash->btf_key_type_id, 0);
	assert_int_equal(btf__resolve_size(object->btf, array->btf_value_type_id), 8);
	assert_int_equal(map_of(object, "pinned")->pinning, OBJECT_PIN_BY_NAME);
	assert_non_null(outer->inner);
	assert_int_equal(outer->inner->def.max_entries, 9);
	assert_int_equal(outer->nr_slots, 1);
	assert_int_equal(outer->slots[0].key, 4);
	assert_int_equal(jumps->nr_slots, 1);
	assert_int_equal(jumps->slots[0].key, 2);
	assert_true(jumps->slots[0].is_prog);
	assert_string_equal(object->progs[jumps->slots[0].index].name, "tail");
	assert_false(object_is_gpl(object));
}

static void test_legacy(void **state)
{
	each_object("legacy", check_legacy);
}

static void check_plain(const struct skep_object *object)
{
	assert_int_equal(object->nr_progs, 1);
	assert_string_equal(object->progs[0].name, "lone");
	assert_string_equal(object->progs[0].section, ".text");
	assert_int_equal(object->progs[0].nr_lines, 0);
	assert_null(object->btf);
	assert_null(object_line_at(&object->progs[0], 0));
	assert_string_equal(object_func_at(&object->progs[0], 0)->name, "lone");
}

static void test_no_btf(void **state)
{
	each_object("plain", check_plain);
}

/* The same code from both compilers refers to the same things. */
static void check_gcc(const struct skep_object *object)
{
	const struct object_prog *prog = prog_of(object, "prog");
	const struct object_map *data = map_of(object, ".data");
	u32 sum = 0;

	assert_int_equal(prog->nr_funcs, 3);
	check_targets(prog);
	func_of(prog, "leaf_a");
	func_of(prog, "leaf_b");
	assert_true(prog->uses_map[map_of(object, "map_a") - object->maps]);
	assert_true(prog->uses_map[map_of(object, "map_b") - object->maps]);
	for (u32 i = 0; i + 1 < prog->nr_insns; i++) {
		u32 number;

		if (prog->insns[i].code != (SKEP_LD | SKEP_IMM | SKEP_DW) ||
		    prog->insns[i].src != SKEP_PSEUDO_MAP_IDX_VALUE)
			continue;
		memcpy(&number, (const u8 *)data->data + prog->insns[i + 1].imm, sizeof(number));
		sum += number;
	}
	assert_int_equal(sum, 22 + 23); /* data_b and data_c */
}

static void test_gcc(void **state)
{
	each_object("gcc", check_gcc);
}

/* The public view is the internal one. */
static void check_public(const struct skep_object *object)
{
	struct skep_object_prog_info prog = {.sz = sizeof(prog)};
	struct skep_object_func_info func = {.sz = sizeof(func)};
	struct skep_object_line_info line = {.sz = sizeof(line)};
	struct skep_object_prog_info old = {.sz = offsetof(struct skep_object_prog_info, section),
					    .section = "untouched"};
	size_t nested = (size_t)(prog_of(object, "nested") - object->progs);

	assert_int_equal(skep_object_nr_progs(object), 4);
	assert_int_equal(skep_object_prog(object, nested, &prog), 0);
	assert_string_equal(prog.name, "nested");
	assert_string_equal(prog.type_name, "xdp");
	assert_int_equal(prog.nr_funcs, 5);
	assert_int_equal(prog.sz, sizeof(prog));
	assert_int_equal(skep_object_func(object, nested, 4, &func), 0);
	assert_string_equal(func.name, "hidden_leaf");
	assert_int_equal(skep_object_line_at(object, nested, func.insn + 2, &line), 0);
	assert_contains(line.text, "counter += 5;");
	assert_int_equal(skep_object_prog(object, nested, &old), 0);
	assert_string_equal(old.name, "nested");
	assert_string_equal(old.section, "untouched");
	assert_int_equal(skep_object_prog(object, 4, &prog), -ENOENT);
	assert_int_equal(skep_object_func(object, nested, 5, &func), -ENOENT);
	assert_int_equal(skep_object_line_at(object, nested, prog.nr_insns, &line), -ENOENT);
}

static void test_public_programs(void **state)
{
	each_object("calls", check_public);
}

static void check_public_maps(const struct skep_object *object)
{
	struct skep_object_map_info map = {.sz = sizeof(map)};
	struct skep_object_slot_info slot = {.sz = sizeof(slot)};
	size_t outer = (size_t)(map_of(object, "outer") - object->maps);

	assert_int_equal(skep_object_map(object, outer, &map), 0);
	assert_string_equal(map.def->name, "outer");
	assert_string_equal(map.kind, "map");
	assert_string_equal(map.inner->name, "outer.inner");
	assert_int_equal(map.nr_slots, 2);
	assert_int_equal(skep_object_slot(object, outer, 1, &slot), 0);
	assert_int_equal(slot.key, 6);
	assert_string_equal(slot.name, "inner_b");
	assert_int_equal(skep_object_slot(object, outer, 2, &slot), -ENOENT);
	assert_int_equal(skep_object_map(object, 9, &map), -ENOENT);
	assert_true(skep_object_prog_uses_map(object, 1, outer));
	assert_false(skep_object_prog_uses_map(object, 0, outer));
}

static void test_public_maps(void **state)
{
	each_object("maps", check_public_maps);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_maps),          cmocka_unit_test(test_map_references),
		cmocka_unit_test(test_data_maps),     cmocka_unit_test(test_data_references),
		cmocka_unit_test(test_calls),         cmocka_unit_test(test_lines),
		cmocka_unit_test(test_sections),      cmocka_unit_test(test_refused_types),
		cmocka_unit_test(test_section_names), cmocka_unit_test(test_externs),
		cmocka_unit_test(test_core),          cmocka_unit_test(test_struct_ops),
		cmocka_unit_test(test_legacy),        cmocka_unit_test(test_no_btf),
		cmocka_unit_test(test_gcc),           cmocka_unit_test(test_public_programs),
		cmocka_unit_test(test_public_maps),
	};

	return cmocka_run_group_tests_name("objects", tests, NULL, NULL);
}
