/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* One program for each kind of section name. */
#include "common.h"

#define PROGRAM(section, name)                                                                     \
	SEC(section) int name(void *ctx)                                                           \
	{                                                                                          \
		return 1;                                                                          \
	}

PROGRAM("xdp", p_xdp)
PROGRAM("xdp/devmap", p_xdp_devmap)
PROGRAM("xdp/cpumap", p_xdp_cpumap)
PROGRAM("xdp.frags", p_xdp_frags)
PROGRAM("xdp.frags/devmap", p_xdp_frags_devmap)
PROGRAM("?xdp.frags/cpumap", p_not_loaded)
PROGRAM("xdp/other", p_xdp_other)
PROGRAM("xdp_skeleton", p_unknown)
PROGRAM("prog", p_prog)
PROGRAM("tc", p_tc)
PROGRAM("tc/ingress", p_tc_ingress)
PROGRAM("tc/egress", p_tc_egress)
PROGRAM("tcx/ingress", p_tcx_ingress)
PROGRAM("tcx/egress", p_tcx_egress)
PROGRAM("classifier", p_classifier)
PROGRAM("action", p_action)
PROGRAM("socket", p_socket)
PROGRAM("netkit/primary", p_netkit)
PROGRAM("kprobe/do_sys_open", p_kprobe)
PROGRAM("fentry.s/x", p_fentry)
PROGRAM("cgroup_skb/egress", p_cgroup)
PROGRAM("txq", p_txq)
PROGRAM("flow", p_flow)
