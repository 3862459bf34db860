/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Filling a map from a JSON file, an array of {"key": .., "value": ..}:
 *
 *   a number         host order, as wide as the key or value (1, 2, 4 or 8 bytes); "0x.." too
 *   ["0x01", 2, ..]  bytes
 *   "01 02", "01:02" bytes in hexadecimal
 *   {"member": ..}   by BTF type; absent members are zero (global data: unchanged)
 *   per-CPU          "values": [{"cpu": 0, "value": ..}, ..], or "value" for all CPUs
 *   program array    the name of a program
 *   map of maps      the name of a map
 *   devmap           a number, or {"ifindex": N, "prog": "NAME"}
 *
 * What `skep run --dump-maps -j` writes can be read back: "formatted" is skipped.
 */
#ifndef SKEP_CTL_MAP_FILL_H
#define SKEP_CTL_MAP_FILL_H

#include "base/types.h"
#include "object/object.h"

struct loaded;
struct map_fill;
struct skep_diag;

/*
 * Read and check a file that will fill map `name` of the object ("rodata" and its like match the
 * section's name too). Returns 0 and *ret, or -errno with words.
 */
int map_fill_open(const struct skep_object *object, const char *name, const char *path,
		  struct map_fill **ret, struct skep_diag *diag);
void map_fill_free(struct map_fill *fill);

/* Index of the map in the object. */
size_t map_fill_map(const struct map_fill *fill);

/* Names of programs that entries put into the map; they live as long as the fill. NULL: end. */
const char *map_fill_prog(const struct map_fill *fill, size_t nr);

/* Can the map be filled only when programs are translated (it holds programs or maps)? */
bool map_fill_is_late(const struct map_fill *fill);

/* Update the map with every entry; `loaded` is needed for fills that are late, else NULL. */
int map_fill_apply(const struct map_fill *fill, struct skep_map *map, const struct loaded *loaded,
		   struct skep_diag *diag);

#endif
