#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The kernel's own tests, taken from a kernel source tree by compile-time include (the tree is
# never committed), through skep:
#
#   tests/kernel_verifier.sh [-b BUILD] SRC [verifier|exec] [OPTION...]
#
# SRC is a folder with Debian's linux-source unpacked, or its linux-source-*.tar.xz, which is
# unpacked below BUILD once. verifier (default): the array-style tests of
# tools/testing/selftests/bpf/verifier through the verifier; exec: the eBPF tests of
# lib/test_bpf.c on the interpreter. OPTION is for the program: -k also asks the running
# kernel, -v prints every line, NAME shows one test with its log.
set -eu

fail() {
	echo "kernel_verifier.sh: $*" >&2
	exit 2
}

here=$(cd "$(dirname "$0")" && pwd)
build=$here/../build
if [ "${1:-}" = -b ]; then
	build=$2
	shift 2
fi
[ $# -ge 1 ] || fail "usage: tests/kernel_verifier.sh [-b BUILD] SRC [verifier|exec] [OPTION...]"
src=$1
what=${2:-verifier}
[ $# -lt 2 ] && shift || shift 2
build=$(cd "$build" && pwd) || fail "no build folder: run make first"
out=$build/tests/peers-$what
mkdir -p "$out/include/linux" "$out/include/verifier"

if [ -f "$src" ]; then
	tree=$build/tests/kernel-source
	if [ ! -e "$tree/.complete" ]; then
		mkdir -p "$tree"
		tar -xf "$src" -C "$tree" --strip-components=1 --wildcards \
			'*/tools/testing/selftests/bpf/*.[ch]' '*/tools/include/*' '*/tools/arch/*/include/uapi/asm/*.h' '*/lib/test_bpf.c' \
			'*/include/uapi/linux/filter.h' || fail "cannot unpack $src"
		: >"$tree/.complete"
	fi
	src=$tree
fi
[ -f "$src/lib/test_bpf.c" ] || fail "$src is no kernel source tree: lib/test_bpf.c is missing"

# Headers that the kernel's file asks for and that have nothing to say here.
for name in init module skbuff netdevice if_vlan random highmem sched; do
	: >"$out/include/linux/$name.h"
done

libs=""
for layer in load target helper optimizer verifier map object insn base; do
	[ ! -e "$build/src/$layer/libskep_$layer.a" ] || libs="$libs $build/src/$layer/libskep_$layer.a"
done
compile="cc -O1 -g -D_GNU_SOURCE -std=gnu17"
skep="-Wall -Wextra -Wno-unused-parameter -I $here/../src -I $here/../include -I $here/peers"
link="-Wl,--start-group $libs -Wl,--end-group -lbpf -lelf -ljansson -lurcu-qsbr -lZydis -lpthread"
selftests=$src/tools/testing/selftests/bpf

case $what in
verifier)
	{
		echo '#ifdef FILL_ARRAY'
		for file in "$selftests"/verifier/*.c; do echo "#include \"$file\""; done
		echo '#endif'
	} >"$out/include/verifier/tests.h"
	$compile -w -ffunction-sections -I "$out/include" -I "$selftests" -I "$src/tools/include" \
		-I "$src/tools/include/uapi" -I "$here/peers" -c "$here/peers/records.c" -o "$out/records.o"
	# shellcheck disable=SC2086
	$compile $skep -o "$out/kernel_verifier" "$here/peers/kernel_verifier.c" \
		"$here/peers/peer_program.c" "$here/peers/peer_kernel.c" "$here/peers/peer_run.c" "$here/peers/peer_packet.c" \
		"$out/records.o" -Wl,--gc-sections $link
	exec "$out/kernel_verifier" "$@"
	;;
exec)
	# what follows is the suite's own runner
	sed '/^static struct net_device dev;/,$d' "$src/lib/test_bpf.c" >"$out/include/test_bpf_tests.c"
	$compile -w -DKERNEL_UAPI_FILTER_H="\"$src/include/uapi/linux/filter.h\"" \
		-DKERNEL_TOOLS_FILTER_H="\"$src/tools/include/linux/filter.h\"" -I "$here/peers" \
		-I "$out/include" -I "$src/tools/include" -I "$src/tools/include/uapi" \
		-c "$here/peers/exec_records.c" -o "$out/exec_records.o"
	# shellcheck disable=SC2086
	$compile $skep -o "$out/kernel_exec" "$here/peers/kernel_exec.c" \
		"$here/peers/peer_packet.c" "$out/exec_records.o" $link
	exec "$out/kernel_exec" "$@"
	;;
*)
	fail "no suite '$what': verifier or exec"
	;;
esac
