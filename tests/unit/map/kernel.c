/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The same to the running kernel, by bpf(2), and to us: odd definitions, and sequences of random
 * operations with every flag. Return codes must be equal and so must contents (as sets, because
 * the order of a hash is nobody's business).
 *
 * SKEP_SEED and SKEP_ROUNDS in the environment make other and longer runs.
 */
#include "fixture.h"

#include <linux/bpf.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#define VALUE_MAX (1 << 16)
#define LOOPBACK 1          /* the one ifindex that exists everywhere */
#define TOKEN_FD (1u << 16) /* concerns the caller's rights, which skep's maps know nothing of */
#define NO_SUCH_PROG 0x7ffffff0

struct pair {
	int fd;
	struct skep_map *map;
};

/* Programs that a kernel's prog array and ours can both take, and ones that do not fit them. */
enum { PROG_XDP, PROG_XDP_TOO, PROG_DEVMAP, PROG_FILTER, PROG_MAX };

static struct {
	int fd;
	u32 kernel_id;
	struct image *image;
} progs[PROG_MAX];

/* Maps for maps of maps: two like the template, others not, and one that may not be inside. */
enum { INNER_LIKE, INNER_LIKE_TOO, INNER_LONGER, INNER_HASH, INNER_MAX };

static const struct skep_map_def inner_defs[INNER_MAX] = {
	{.name = "like", .type = SKEP_MAP_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 4},
	{.name = "too", .type = SKEP_MAP_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 4},
	{.name = "longer",
	 .type = SKEP_MAP_ARRAY,
	 .key_size = 4,
	 .value_size = 8,
	 .max_entries = 5},
	{.name = "hash", .type = SKEP_MAP_HASH, .key_size = 4, .value_size = 8, .max_entries = 4},
};

static struct {
	int fd;
	u32 kernel_id;
	struct skep_map *map;
} inners[INNER_MAX];

static u64 random_state;
static unsigned long rounds;

static u32 random_below(u32 n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (u32)((random_state >> 32) % n);
}

#define RANDOM_OF(...)                                                                             \
	({                                                                                         \
		static const u32 of_[] = {__VA_ARGS__};                                            \
		of_[random_below(ARRAY_SIZE(of_))];                                                \
	})

static int bpf(enum bpf_cmd command, union bpf_attr *attr)
{
	long ret = syscall(SYS_bpf, command, attr, sizeof(*attr));

	return ret < 0 ? -errno : (int)ret;
}

/* --- the kernel's side ---------------------------------------------------------------------- */

static int kernel_create(const struct skep_map_def *def)
{
	union bpf_attr attr = {.map_type = def->type,
			       .key_size = def->key_size,
			       .value_size = def->value_size,
			       .max_entries = def->max_entries,
			       .map_flags = def->map_flags,
			       .numa_node = def->numa_node,
			       .map_extra = def->map_extra};

	if (map_type_is_nested(def->type))
		attr.inner_map_fd = (u32)inners[INNER_LIKE].fd;
	memcpy(attr.map_name, def->name, BPF_OBJ_NAME_LEN - 1);
	return bpf(BPF_MAP_CREATE, &attr);
}

static int kernel_op(enum bpf_cmd command, int fd, const void *key, void *value, u64 flags)
{
	union bpf_attr attr = {.map_fd = (u32)fd, .key = (uintptr_t)key};

	attr.value = (uintptr_t)value;
	attr.flags = flags;
	return bpf(command, &attr);
}

static int kernel_prog(u32 type, u32 attach_type, u32 *ret_id)
{
	struct bpf_insn insns[] = {{.code = 0xb7, .imm = 1}, {.code = 0x95}};
	union bpf_attr attr = {
		.prog_type = type, .insn_cnt = 2, .expected_attach_type = attach_type};
	struct bpf_prog_info info = {0};
	int fd;

	attr.insns = (uintptr_t)insns;
	attr.license = (uintptr_t) "GPL";
	fd = bpf(BPF_PROG_LOAD, &attr);
	assert_true(fd >= 0);
	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (u32)fd;
	attr.info.info_len = sizeof(info);
	attr.info.info = (uintptr_t)&info;
	assert_int_equal(bpf(BPF_OBJ_GET_INFO_BY_FD, &attr), 0);
	*ret_id = info.id;
	return fd;
}

static void prog_make(int which, u32 type, u32 attach_type, enum skep_hook hook)
{
	progs[which].fd = kernel_prog(type, attach_type, &progs[which].kernel_id);
	progs[which].image = make_image(hook, attach_type);
}

static void inners_make(void)
{
	for (int i = 0; i < INNER_MAX; i++) {
		struct bpf_map_info info = {0};
		union bpf_attr attr = {0};

		inners[i].fd = kernel_create(&inner_defs[i]);
		assert_true(inners[i].fd >= 0);
		attr.info.bpf_fd = (u32)inners[i].fd;
		attr.info.info_len = sizeof(info);
		attr.info.info = (uintptr_t)&info;
		assert_int_equal(bpf(BPF_OBJ_GET_INFO_BY_FD, &attr), 0);
		inners[i].kernel_id = info.id;
		assert_int_equal(map_create(&inner_defs[i], &inners[i].map, NULL), 0);
	}
}

static int progs_setup(_unused_ void **state)
{
	inners_make();
	prog_make(PROG_XDP, BPF_PROG_TYPE_XDP, 0, SKEP_HOOK_XDP);
	prog_make(PROG_XDP_TOO, BPF_PROG_TYPE_XDP, 0, SKEP_HOOK_XDP);
	prog_make(PROG_DEVMAP, BPF_PROG_TYPE_XDP, BPF_XDP_DEVMAP, SKEP_HOOK_XDP);
	prog_make(PROG_FILTER, BPF_PROG_TYPE_SOCKET_FILTER, 0, SKEP_HOOK_SOCKET);
	return 0;
}

static int progs_teardown(_unused_ void **state)
{
	for (int i = 0; i < PROG_MAX; i++) {
		close(progs[i].fd);
		image_put(progs[i].image);
	}
	assert_int_equal(images_freed, PROG_MAX);
	for (int i = 0; i < INNER_MAX; i++) {
		close(inners[i].fd);
		assert_int_equal(inners[i].map->refs, 1);
		map_put(inners[i].map);
	}
	return 0;
}

/* Why bpf(2) cannot be the judge here; NULL when it can. */
static const char *kernel_missing(void)
{
	struct skep_map_def def = map_def(SKEP_MAP_DEVMAP, 4, 4, 1, 0);
	int fd = kernel_create(&def);

	if (fd < 0)
		return strerror(-fd);
	close(fd);
	return NULL;
}

/* --- one operation on both ------------------------------------------------------------------- */

static bool is_percpu(const struct pair *pair)
{
	return map_type_is_percpu(pair->map->def.type);
}

static void explain(const struct pair *pair, const char *op, const void *key, u64 flags, int theirs,
		    int ours)
{
	const struct skep_map_def *def = &pair->map->def;

	fail_msg("%s on %s key %u value %u entries %u flags %#x: key[0] %u, flags %#llx: "
		 "kernel %d, skep %d",
		 op, skep_map_type_name(def->type), def->key_size, def->value_size,
		 def->max_entries, def->map_flags, key ? *(const u8 *)key : 0,
		 (unsigned long long)flags, theirs, ours);
}

/* What the kernel and we show for the same program, brought to one number. */
static void value_normalize(const struct pair *pair, void *theirs, void *ours)
{
	u32 at = pair->map->def.type == SKEP_MAP_PROG_ARRAY ? 0 : 4, id;

	for (int i = 0; map_type_is_nested(pair->map->def.type) && i < INNER_MAX; i++) {
		if (*(u32 *)theirs == inners[i].kernel_id && *(u32 *)ours == inners[i].map->id)
			memcpy(theirs, ours, 4);
	}
	if (pair->map->def.type != SKEP_MAP_PROG_ARRAY &&
	    (pair->map->def.value_size != 8 || !pair->map->ops->redirect))
		return;
	memcpy(&id, (char *)theirs + at, 4);
	for (int i = 0; i < PROG_MAX; i++)
		if (id == progs[i].kernel_id)
			memcpy((char *)theirs + at, &i, 4);
	memcpy(&id, (char *)ours + at, 4);
	for (int i = 0; i < PROG_MAX; i++)
		if (id == progs[i].image->id)
			memcpy((char *)ours + at, &i, 4);
}

static int both_lookup(const struct pair *pair, const void *key)
{
	static u8 theirs[VALUE_MAX], ours[VALUE_MAX];
	int kernel, skep;

	memset(theirs, 0, sizeof(theirs));
	memset(ours, 0, sizeof(ours));
	kernel = kernel_op(BPF_MAP_LOOKUP_ELEM, pair->fd, key, theirs, 0);
	skep = skep_map_lookup(pair->map, key, ours);
	if (kernel != skep)
		explain(pair, "lookup", key, 0, kernel, skep);
	if (!kernel)
		value_normalize(pair, theirs, ours);
	if (memcmp(theirs, ours, skep_map_value_bytes(pair->map)))
		explain(pair, "value of lookup", key, 0, theirs[0], ours[0]);
	return kernel;
}

static void value_random(const struct pair *pair, u8 *theirs, u8 *ours)
{
	const struct skep_map_def *def = &pair->map->def;
	u32 prog = random_below(PROG_MAX + 2), fd = NO_SUCH_PROG, id = NO_SUCH_PROG, ifindex;

	if (prog < PROG_MAX) {
		fd = (u32)progs[prog].fd;
		id = progs[prog].image->id;
	} else if (prog == PROG_MAX && pair->map->ops->redirect) {
		fd = id = RANDOM_OF(0, UINT32_MAX);
	}
	for (size_t i = 0; i < skep_map_value_bytes(pair->map); i++)
		theirs[i] = (u8)random_below(256);
	memcpy(ours, theirs, skep_map_value_bytes(pair->map));
	if (map_type_is_nested(def->type)) {
		u32 inner = random_below(INNER_MAX + 1);

		fd = inner < INNER_MAX ? (u32)inners[inner].fd : NO_SUCH_PROG;
		id = inner < INNER_MAX ? inners[inner].map->id : NO_SUCH_PROG;
	}
	if (def->type == SKEP_MAP_PROG_ARRAY || map_type_is_nested(def->type)) {
		memcpy(theirs, &fd, 4);
		memcpy(ours, &id, 4);
	}
	if (!pair->map->ops->redirect)
		return;
	ifindex = random_below(5) ? LOOPBACK : 0;
	memcpy(theirs, &ifindex, 4);
	memcpy(ours, &ifindex, 4);
	if (def->value_size == 8) {
		memcpy(theirs + 4, &fd, 4);
		memcpy(ours + 4, &id, 4);
	}
}

static void both_update(const struct pair *pair, const void *key)
{
	static u8 theirs[VALUE_MAX], ours[VALUE_MAX];
	u64 flags = RANDOM_OF(0, 0, 0, 0, 1, 1, 2, 2, 3, 4, 5, 6, 7, 0x80000000u);
	int kernel, skep;

	value_random(pair, theirs, ours);
	if (!random_below(50))
		flags |= 1ull << 63;
	kernel = kernel_op(BPF_MAP_UPDATE_ELEM, pair->fd, key, theirs, flags);
	skep = skep_map_update(pair->map, key, ours, flags);
	if (kernel != skep)
		explain(pair, "update", key, flags, kernel, skep);
	both_lookup(pair, key);
}

static void both_delete(const struct pair *pair, const void *key)
{
	int kernel = kernel_op(BPF_MAP_DELETE_ELEM, pair->fd, key, NULL, 0);
	int skep = skep_map_delete(pair->map, key);

	if (kernel != skep)
		explain(pair, "delete", key, 0, kernel, skep);
}

static void both_freeze(const struct pair *pair)
{
	union bpf_attr attr = {.map_fd = (u32)pair->fd};
	int kernel = bpf(BPF_MAP_FREEZE, &attr), skep = skep_map_freeze(pair->map);

	if (kernel != skep)
		explain(pair, "freeze", NULL, 0, kernel, skep);
}

/* Every key of one is in the other: count both ways, and look each of ours up in both. */
static void both_contents(const struct pair *pair)
{
	u8 key[512], next[512];
	u32 theirs = 0, ours = 0;
	int kernel, skep;

	kernel = kernel_op(BPF_MAP_GET_NEXT_KEY, pair->fd, NULL, next, 0);
	skep = skep_map_next_key(pair->map, NULL, key);
	if (kernel != skep)
		explain(pair, "first key", NULL, 0, kernel, skep);
	for (; !kernel; theirs++) {
		memcpy(key, next, sizeof(key));
		both_lookup(pair, key);
		kernel = kernel_op(BPF_MAP_GET_NEXT_KEY, pair->fd, key, next, 0);
	}
	skep = skep_map_next_key(pair->map, NULL, next);
	for (; !skep; ours++) {
		memcpy(key, next, sizeof(key));
		both_lookup(pair, key);
		skep = skep_map_next_key(pair->map, key, next);
	}
	if (kernel != skep || theirs != ours)
		explain(pair, "number of keys", NULL, 0, (int)theirs, (int)ours);
}

/* Keys from a small set, so that they meet again; for index keys with some outside. */
static void key_random(const struct pair *pair, u8 *key)
{
	const struct skep_map_def *def = &pair->map->def;
	u32 number = random_below(def->max_entries < 20 ? def->max_entries + 3 : 20);

	memset(key, 0xa5, 512);
	if (def->type == SKEP_MAP_LPM_TRIE) {
		u32 prefixlen = random_below((def->key_size - 4) * 8 + 2);

		memcpy(key, &prefixlen, 4);
		for (int i = 0; i < 2; i++)
			key[4 + random_below(def->key_size - 4)] ^= (u8)RANDOM_OF(0, 1, 16, 128);
		return;
	}
	if (!random_below(100))
		number = UINT32_MAX;
	memcpy(key, &number, def->key_size < 4 ? def->key_size : 4);
	if (def->key_size > 8)
		key[def->key_size - 1] = (u8)number;
}

/* Arrays and tries have an order, and it is the same. */
static void ordered_next(const struct pair *pair, const void *key)
{
	u8 theirs[64] = {77}, ours[64] = {77};
	int kernel, skep;

	if (strstr(skep_map_type_name(pair->map->def.type), "hash") ||
	    pair->map->def.key_size > sizeof(theirs))
		return;
	kernel = kernel_op(BPF_MAP_GET_NEXT_KEY, pair->fd, key, theirs, 0);
	skep = skep_map_next_key(pair->map, key, ours);
	if (kernel != skep || memcmp(theirs, ours, pair->map->def.key_size))
		explain(pair, "next key", key, 0, kernel, skep);
}

static void both_random(const struct pair *pair)
{
	u8 key[512];

	key_random(pair, key);
	switch (random_below(8)) {
	case 0:
	case 1:
	case 2:
	case 3:
		both_update(pair, key);
		break;
	case 4:
	case 5:
		both_delete(pair, key);
		break;
	case 6:
		both_lookup(pair, key);
		break;
	default:
		ordered_next(pair, key);
	}
}

static int our_create(const struct skep_map_def *def, struct skep_map **ret, struct skep_diag *diag)
{
	if (map_type_is_nested(def->type))
		return map_create_nested(def, &inner_defs[INNER_LIKE], ret, diag);
	return map_create(def, ret, diag);
}

static void sequence(const struct skep_map_def *def)
{
	struct pair pair = {.fd = kernel_create(def)};

	assert_int_equal(our_create(def, &pair.map, NULL), 0);
	assert_true(pair.fd >= 0);
	if (is_percpu(&pair) && cpu_count() != sysconf(_SC_NPROCESSORS_CONF))
		goto out;
	for (int i = 0; i < 200; i++)
		both_random(&pair);
	both_contents(&pair);
	if (!random_below(4)) {
		both_freeze(&pair);
		both_freeze(&pair);
		for (int i = 0; i < 20; i++)
			both_random(&pair);
		both_contents(&pair);
	}
out:
	close(pair.fd);
	map_put(pair.map);
}

/* --- tests ----------------------------------------------------------------------------------- */

static void need_kernel(void)
{
	const char *missing = kernel_missing();

	if (!missing)
		return;
	print_message("# SKIP bpf(2) cannot be used here: %s\n", missing);
	skip();
}

static u32 random_type(void)
{
	return RANDOM_OF(SKEP_MAP_HASH, SKEP_MAP_ARRAY, SKEP_MAP_PROG_ARRAY, SKEP_MAP_PERCPU_HASH,
			 SKEP_MAP_PERCPU_ARRAY, SKEP_MAP_DEVMAP, SKEP_MAP_DEVMAP_HASH,
			 SKEP_MAP_ARRAY_OF_MAPS, SKEP_MAP_HASH_OF_MAPS, SKEP_MAP_LRU_HASH,
			 SKEP_MAP_LRU_PERCPU_HASH, SKEP_MAP_LPM_TRIE);
}

static struct skep_map_def odd_definition(void)
{
	struct skep_map_def def = {
		.name = "odd",
		.type = random_type(),
		.key_size = RANDOM_OF(4, 4, 4, 4, 0, 1, 3, 5, 8, 16, 100, 1 << 20, UINT32_MAX),
		.value_size = RANDOM_OF(4, 4, 8, 8, 0, 1, 12, 32768, 32769, 1 << 20, 4194251,
					4194252, 0x80000000u, UINT32_MAX),
		.max_entries = RANDOM_OF(1, 1, 2, 3, 7, 0)};

	for (u32 i = random_below(3); i; i--)
		def.map_flags |= 1u << random_below(random_below(8) ? 14 : 32);
	def.map_flags &= ~TOKEN_FD;
	if (def.map_flags & SKEP_F_NUMA_NODE)
		def.numa_node = RANDOM_OF(0, 0, 1000);
	if (!random_below(30))
		def.map_extra = 1;
	if (!random_below(30))
		strcpy(def.name, "odd/name");
	return def;
}

static void test_definitions(void **state)
{
	need_kernel();
	for (unsigned long i = 0; i < rounds * 20; i++) {
		struct skep_map_def def = odd_definition();
		int kernel = kernel_create(&def), skep;
		struct skep_map *map = NULL;

		skep = our_create(&def, &map, NULL);
		map_put(map);
		if (kernel >= 0) {
			close(kernel);
			kernel = 0;
		}
		if (kernel != skep)
			fail_msg("type %s key %u value %u entries %u flags %#x node %u extra %u "
				 "name %s: kernel %d, skep %d",
				 skep_map_type_name(def.type), def.key_size, def.value_size,
				 def.max_entries, def.map_flags, def.numa_node, (u32)def.map_extra,
				 def.name, kernel, skep);
	}
}

static void test_sequences(void **state)
{
	need_kernel();
	for (unsigned long i = 0; i < rounds; i++) {
		struct skep_map_def def = map_def(random_type(), 4, RANDOM_OF(4, 8), 0, 0);
		bool nested = map_type_is_nested(def.type);
		bool hash = def.type == SKEP_MAP_HASH || def.type == SKEP_MAP_PERCPU_HASH ||
			    def.type == SKEP_MAP_HASH_OF_MAPS;
		bool lru = def.type == SKEP_MAP_LRU_HASH || def.type == SKEP_MAP_LRU_PERCPU_HASH;

		def.max_entries = 1 + random_below(10);
		if (def.type == SKEP_MAP_PROG_ARRAY || nested)
			def.value_size = 4;
		else if (hash || def.type == SKEP_MAP_ARRAY || def.type == SKEP_MAP_PERCPU_ARRAY)
			def.value_size = 1 + random_below(40);
		if (hash)
			def.key_size = RANDOM_OF(1, 2, 4, 8, 9, 12, 16, 20, 200);
		if (lru) {
			/* never full: which key has to go is each side's own choice */
			def.max_entries = 4000;
			def.key_size = RANDOM_OF(1, 4, 8, 13);
		}
		if (def.type == SKEP_MAP_LPM_TRIE) {
			def.key_size = RANDOM_OF(5, 8, 8, 12, 20);
			def.map_flags = SKEP_F_NO_PREALLOC;
			def.max_entries = 1 + random_below(30);
		}
		if (hash && random_below(2))
			def.map_flags |= SKEP_F_NO_PREALLOC;
		if (!random_below(6))
			def.map_flags |= RANDOM_OF(SKEP_F_RDONLY, SKEP_F_WRONLY);
		sequence(&def);
	}
}

int main(void)
{
	const char *seed = getenv("SKEP_SEED"), *count = getenv("SKEP_ROUNDS");
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_definitions),
		cmocka_unit_test(test_sequences),
	};

	random_state = seed ? strtoull(seed, NULL, 0) : 0x5eed;
	rounds = count ? strtoul(count, NULL, 0) : 50;
	return cmocka_run_group_tests_name("kernel", tests, kernel_missing() ? NULL : progs_setup,
					   kernel_missing() ? NULL : progs_teardown);
}
