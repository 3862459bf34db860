/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "map/quiesce.h"

#include <urcu/urcu-qsbr.h>

void quiesce_join(void)
{
	urcu_qsbr_register_thread();
}

void quiesce_leave(void)
{
	urcu_qsbr_unregister_thread();
}

void quiesce_point(void)
{
	urcu_qsbr_quiescent_state();
}

void quiesce_idle(void)
{
	urcu_qsbr_thread_offline();
}

void quiesce_busy(void)
{
	urcu_qsbr_thread_online();
}

void quiesce_wait(void)
{
	urcu_qsbr_synchronize_rcu();
}
