#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# Records firmware/demo/ping.pcap: five pings over a veth pair between two network namespaces, as the
# XDP hook of the pinging side sees them, that is, received packets only.
#
#   skep-ping-a (pings)                     skep-ping-b
#   veth1 10.2.2.1/24  52:54:27:27:27:25 -- veth2 10.2.2.2/24  52:54:27:27:27:26    MTU 9000
#
# Received are five echo replies (98 bytes), the reply to our ARP request and the peer's own ARP
# request (42 bytes each), which comes about five seconds after its first reply, when it wants to
# confirm the address: 7 packets, 574 bytes. IPv6 is off, so that nothing else is on the wire.
#
# Needs root, iproute2, tcpdump and ping. Usage: firmware/demo/record_ping.sh [FILE]

set -euo pipefail

file=${1:-$(dirname "$0")/ping.pcap}
a=skep-ping-a
b=skep-ping-b
tcpdump=

finish()
{
	[ -z "$tcpdump" ] || kill "$tcpdump" 2>/dev/null || true
	ip netns del $a 2>/dev/null || true
	ip netns del $b 2>/dev/null || true
}
trap finish EXIT

ip netns add $a
ip netns add $b
for ns in $a $b; do
	ip netns exec $ns sysctl -qw net.ipv6.conf.all.disable_ipv6=1 \
		net.ipv6.conf.default.disable_ipv6=1
done
ip -n $a link add veth1 mtu 9000 address 52:54:27:27:27:25 type veth \
	peer name veth2 mtu 9000 address 52:54:27:27:27:26 netns $b
ip -n $a addr add 10.2.2.1/24 dev veth1
ip -n $b addr add 10.2.2.2/24 dev veth2
ip -n $a link set veth1 up
ip -n $b link set veth2 up

ip netns exec $a tcpdump -i veth1 -Q in -U --immediate-mode -s 0 -w "$file" -Z root 2>/dev/null &
tcpdump=$!
sleep 1
ip netns exec $a ping -q -c 5 -i 1 -w 10 10.2.2.2
sleep 4
kill -INT $tcpdump
wait $tcpdump || true
tcpdump=

packets=$(tcpdump -nr "$file" 2>/dev/null | wc -l)
icmp=$(tcpdump -nr "$file" 'icmp[0] == 0 and len == 98' 2>/dev/null | wc -l)
arp=$(tcpdump -nr "$file" 'arp and len == 42' 2>/dev/null | wc -l)
echo "$file: $packets packets: $icmp ICMP echo replies of 98 bytes, $arp ARP of 42 bytes"
[ "$packets $icmp $arp" = '7 5 2' ]
