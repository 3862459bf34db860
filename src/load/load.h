/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * From an object to maps and images. load_object() is the whole path on one page; it never sees
 * a packet.
 */
#ifndef SKEP_LOAD_LOAD_H
#define SKEP_LOAD_LOAD_H

#include "base/types.h"
#include "object/object.h"
#include "target/target.h"
#include "verifier/verify.h"

struct load_options {
	const struct target *target; /* NULL: the machine's preferred one */
	/*
	 * Load this program, the programs named in `also`, and what they reach through the static
	 * slots of maps; NULL: every program of the object but those of SEC("?...").
	 */
	const char *prog;
	const char *const *also;
	size_t nr_also;
	enum skep_hook hook; /* of programs whose section names no hook */
	u64 budget;
	/*
	 * Do not verify: every access is checked while programs run, which only targets with
	 * takes_unverified can do. For tests and for looking at what a program would do.
	 */
	bool unsafe;
	bool checked; /* check every access while they run although they are verified */
	/* Called after maps exist and before programs are translated; may resize or fill maps. */
	int (*maps_ready)(void *arg, struct skep_map **maps, const struct skep_object *object,
			  struct skep_diag *diag);
	void *arg;
};

struct loaded {
	const struct skep_object *object; /* borrowed: must outlive this */
	const struct target *target;
	/* [object->nr_maps]; NULL for maps that only programs which were not loaded use */
	struct skep_map **maps;
	struct image **images; /* [object->nr_progs]; NULL where not loaded */
	/* [object->nr_progs]: facts and figures of those that were verified */
	struct verify_result *verified;
	u32 nr_slots; /* static prog-array and map-in-map slots filled */
};

/*
 * Create every map, freeze read-only data, verify and translate the programs, and fill static
 * prog-array and map-in-map slots. Returns 0 and *ret, or -errno with words; nothing is left
 * behind then.
 */
int load_object(const struct skep_object *object, const struct load_options *options,
		struct loaded **ret, struct skep_diag *diag);
void loaded_free(struct loaded *loaded);

#endif
