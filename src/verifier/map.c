/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Maps as the verifier sees them: sizes and flags of the definition, and from the BTF of the value
 * where locks, timers and other objects lie that programs must not touch.
 */
#include "verifier/env.h"

#include <bpf/btf.h>

#include "map/map.h"

static const struct {
	const char *name;
	enum field_kind kind;
	u32 size;
} special_types[] = {
	{"bpf_spin_lock", FIELD_SPIN_LOCK, 4}, {"bpf_res_spin_lock", FIELD_OTHER, 4},
	{"bpf_timer", FIELD_TIMER, 16},        {"bpf_wq", FIELD_OTHER, 16},
	{"bpf_list_head", FIELD_OTHER, 16},    {"bpf_list_node", FIELD_OTHER, 24},
	{"bpf_rb_root", FIELD_OTHER, 16},      {"bpf_rb_node", FIELD_OTHER, 32},
	{"bpf_refcount", FIELD_OTHER, 4},      {"bpf_task_work", FIELD_OTHER, 16},
};

struct fields {
	struct arena *arena;
	struct field *rows;
	size_t nr, room;
};

static int add_field(struct fields *fields, enum field_kind kind, u32 off, u32 size)
{
	fields->rows = arena_grow(fields->arena, fields->rows, fields->nr, &fields->room,
				  sizeof(*fields->rows));
	if (!fields->rows)
		return -ENOMEM;
	fields->rows[fields->nr++] = (struct field){kind, off, size};
	return 0;
}

static bool is_kernel_pointer(const struct btf *btf, const struct btf_type *type)
{
	const struct btf_type *target = btf__type_by_id(btf, type->type);
	const char *tag;

	if (!target || !btf_is_type_tag(target))
		return false;
	tag = btf__name_by_offset(btf, target->name_off);
	return tag && (!strcmp(tag, "kptr") || !strcmp(tag, "kptr_untrusted") ||
		       !strcmp(tag, "percpu_kptr") || !strcmp(tag, "uptr"));
}

static const struct btf_type *skip_modifiers(const struct btf *btf, u32 id)
{
	const struct btf_type *type = btf__type_by_id(btf, id);

	for (u32 i = 0; type && i < 32 && (btf_is_mod(type) || btf_is_typedef(type)); i++)
		type = btf__type_by_id(btf, type->type);
	return type;
}

static int find_fields(const struct btf *btf, u32 id, u32 off, u32 depth, struct fields *fields)
{
	const struct btf_type *type = skip_modifiers(btf, id);
	const char *name;
	int err = 0;

	if (!type || depth > 8)
		return 0;
	if (btf_is_ptr(type))
		return is_kernel_pointer(btf, type) ? add_field(fields, FIELD_KPTR, off, 8) : 0;
	if (btf_is_array(type)) {
		const struct btf_array *array = btf_array(type);
		s64 size = btf__resolve_size(btf, array->type);

		/* all elements are alike: a value has few of these objects */
		for (u32 i = 0; i < array->nelems && i < 64 && !err && size > 0; i++) {
			size_t before = fields->nr;

			err = find_fields(btf, array->type, off + i * (u32)size, depth + 1, fields);
			if (fields->nr == before)
				break;
		}
		return err;
	}
	if (!btf_is_struct(type))
		return 0;
	name = btf__name_by_offset(btf, type->name_off);
	for (u32 i = 0; name && i < ARRAY_SIZE(special_types); i++)
		if (!strcmp(name, special_types[i].name))
			return add_field(fields, special_types[i].kind, off, special_types[i].size);
	for (u32 i = 0; i < btf_vlen(type) && !err; i++)
		err = find_fields(btf, btf_members(type)[i].type,
				  off + btf_member_bit_offset(type, i) / 8, depth + 1, fields);
	return err;
}

static int find_datasec_fields(const struct btf *btf, u32 id, struct fields *fields)
{
	const struct btf_type *sec = btf__type_by_id(btf, id);
	int err = 0;

	if (!sec || !btf_is_datasec(sec))
		return find_fields(btf, id, 0, 0, fields);
	for (u32 i = 0; i < btf_vlen(sec) && !err; i++) {
		const struct btf_var_secinfo *info = &btf_var_secinfos(sec)[i];
		const struct btf_type *var = btf__type_by_id(btf, info->type);

		if (var && btf_is_var(var))
			err = find_fields(btf, var->type, info->offset, 0, fields);
	}
	return err;
}

/* What a map of maps holds; NULL: no maps, or nobody says. */
static const struct object_map *inner_of(const struct env *env, const struct object_map *object)
{
	static const struct object_map assumed = {.def = {"inner", SKEP_MAP_ARRAY, 4, 8, 1}};

	if (object->inner || !map_type_is_nested(object->def.type))
		return object->inner;
	return env->in->flags & VERIFY_ASSUME_INNER ? &assumed : NULL;
}

static int vmap_init(struct env *env, struct vmap *map, const struct object_map *object, s32 index)
{
	const struct object_map *of = inner_of(env, object);
	struct fields fields = {.arena = env->arena};
	u32 type_id = object->btf_datasec_id ? object->btf_datasec_id : object->btf_value_type_id;
	int err = 0;

	map->object = object;
	map->def = &object->def;
	map->index = index;
	map->lock_off = map->timer_off = -1;
	map->is_const = (object->kind == OBJECT_MAP_RODATA || object->kind == OBJECT_MAP_KCONFIG) &&
			object->def.map_flags & SKEP_F_RDONLY_PROG;
	if (env->in->btf && type_id)
		err = find_datasec_fields(env->in->btf, type_id, &fields);
	if (err)
		return err;
	map->fields = fields.rows;
	map->nr_fields = (u32)fields.nr;
	for (u32 i = 0; i < map->nr_fields; i++) {
		if (map->fields[i].kind == FIELD_SPIN_LOCK)
			map->lock_off = (s32)map->fields[i].off;
		if (map->fields[i].kind == FIELD_TIMER)
			map->timer_off = (s32)map->fields[i].off;
	}
	if (of) {
		struct vmap *inner = arena_alloc(env->arena, sizeof(*inner));

		if (!inner)
			return -ENOMEM;
		err = vmap_init(env, inner, of, -1);
		map->inner = inner;
	}
	return err;
}

int vmaps_build(struct env *env)
{
	int err = 0;

	env->maps = arena_array(env->arena, env->in->nr_maps + 1, sizeof(*env->maps));
	if (!env->maps)
		return -ENOMEM;
	for (u32 i = 0; i < env->in->nr_maps && !err; i++)
		err = vmap_init(env, &env->maps[i], &env->in->maps[i], (s32)i);
	return err;
}

const struct field *vmap_field_in(const struct vmap *map, s64 min, s64 max)
{
	for (u32 i = 0; i < map->nr_fields; i++) {
		const struct field *field = &map->fields[i];

		if (min < (s64)field->off + field->size && (s64)field->off < max)
			return field;
	}
	return NULL;
}

bool vmap_read_const(const struct vmap *map, u64 off, u32 size, u64 *ret)
{
	u64 value = 0;

	if (!map->is_const || off + size > map->def->value_size)
		return false;
	if (map->object->data)
		memcpy(&value, (const char *)map->object->data + off, size);
	*ret = value;
	return true;
}
