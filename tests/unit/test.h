/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What every unit test includes: cmocka with the headers it wants before it. */
#ifndef SKEP_TEST_H
#define SKEP_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/types.h"

#define assert_contains(text, part)                                                                \
	do {                                                                                       \
		if (!strstr((text), (part)))                                                       \
			fail_msg("'%s' does not contain '%s'", (text), (part));                    \
	} while (0)

#endif
