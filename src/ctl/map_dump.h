/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A map's contents as JSON: an array of elements, each with "key" and "value" (per-CPU:
 * "values") in hexadecimal bytes, and with BTF the same by type as "formatted".
 */
#ifndef SKEP_CTL_MAP_DUMP_H
#define SKEP_CTL_MAP_DUMP_H

#include "base/json_writer.h"

struct skep_map;

/*
 * Write one array. With json->plain (the map must have BTF) elements are by type only.
 * Returns 0 or -ENOMEM, and then wrote nothing.
 */
int map_dump_json(struct skep_map *map, struct json_writer *json);

/* Has the map more than `limit` keys? False without memory to find out. */
bool map_has_more_than(struct skep_map *map, size_t limit);

#endif
