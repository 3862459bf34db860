/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What lies behind a prog array's map->priv: a contract with translators, which make tail calls
 * without leaving their code. A slot is read with one load; the image is usable until the
 * worker's next quiescent state (image.h).
 */
#ifndef SKEP_MAP_PROG_ARRAY_H
#define SKEP_MAP_PROG_ARRAY_H

#include <pthread.h>

#include "map/family.h"

struct prog_array {
	pthread_mutex_t lock; /* of the control side */
	struct map_owner owner;
	_Atomic(struct image *) images[]; /* [def.max_entries], NULL = empty */
};

#endif
