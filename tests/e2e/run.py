# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""skep run: verdicts, redirects, what stops a program, what is written."""
import json
import struct
import subprocess

import harness
from harness import HOOKS, PING, SKELETON, VERDICTS


def expect(result, verdict, packets=7, size=574):
    want = {name: {"packets": 0, "bytes": 0} for name in VERDICTS}
    want[verdict] = {"packets": packets, "bytes": size}
    assert result["verdicts"] == want, result["verdicts"]
    assert (result["packets"], result["bytes"]) == (packets, size)


def test_skeleton_report(t):
    lines = t.skep("run", SKELETON, "--in", PING).out.splitlines()
    for line in ["XDP_PASS: 7 packets / 574 bytes", "XDP_DROP: 0 packets / 0 bytes",
                 "total: 7 packets / 574 bytes", "start xdp_skeleton on interp",
                 "slot jmp_map[1]: xdp_skeleton_1", "slot jmp_map[2]: xdp_skeleton_2",
                 "map stats_map: percpu_array  key 4B  value 16B  max_entries 5"]:
        assert line in lines, (line, lines)
    progs = [line for line in lines if line.startswith("prog ")]
    assert len(progs) == 3 and all("license" in line for line in progs), progs


def test_skeleton_json(t):
    result = t.skep("run", SKELETON, "--in", PING, "-j").json()
    expect(result, "XDP_PASS")
    assert list(result)[:3] == ["packets", "bytes", "verdicts"]
    assert result["redirects"] == {} and result["ns_per_packet"] > 0
    stats = result["maps"]["stats_map"][2]["formatted"]["values"]
    assert sum(cpu["value"]["packets"] for cpu in stats) == 7
    assert sum(cpu["value"]["bytes"] for cpu in stats) == 574


def test_verdicts(t):
    expect(t.run("pass"), "XDP_PASS")
    expect(t.run("drop"), "XDP_DROP")
    expect(t.run("tx"), "XDP_TX")
    aborted = t.run("aborted")
    expect(aborted, "XDP_ABORTED")
    assert "aborted" not in aborted and "fault" not in aborted


def test_invalid_verdict(t):
    result = t.run("invalid")
    expect(result, "XDP_ABORTED")
    assert result["aborted"] == {
        "returned a number that is no verdict": {"packets": 7, "bytes": 574}}


def test_repeat(t):
    result = t.run("pass", "--repeat", 300)
    expect(result, "XDP_PASS", 2100, 172200)
    assert result["maps"]["hooks.bss"][0]["formatted"]["value"][".bss"] == [{"packets": 2100}]


def test_redirect(t):
    result = t.run("redirect", argument=9)
    expect(result, "XDP_REDIRECT")
    assert result["redirects"] == {"9": {"packets": 7, "bytes": 574, "maps": {}}}
    assert "redirect_errors" not in result


def test_redirect_nowhere(t):
    result = t.run("redirect_nowhere")
    expect(result, "XDP_REDIRECT")
    assert result["redirects"] == {}
    assert result["redirect_errors"] == [
        {"error": "EINVAL", "ifindex": 0, "packets": 7, "bytes": 574}]


def test_redirect_map(t):
    ports = t.write("ports.json", [{"key": 1, "value": 7}, {"key": 2, "value": {"ifindex": 8}}])
    result = t.run("redirect_map", "--map", f"ports={ports}", argument=2)
    expect(result, "XDP_REDIRECT")
    assert result["redirects"] == {"8": {"packets": 7, "bytes": 574,
                                         "maps": {"ports": {"packets": 7, "bytes": 574}}}}
    # an empty slot: the helper returns the action of its flags
    expect(t.run("redirect_map", "--map", f"ports={ports}", argument=3), "XDP_DROP")


def test_broadcast(t):
    ports = t.write("ports.json", [{"key": 0, "value": 6}, {"key": 1, "value": 7},
                                   {"key": 3, "value": 8}])
    result = t.run("broadcast", "--map", f"ports={ports}", "--ifindex", 7)
    expect(result, "XDP_REDIRECT")
    assert sorted(result["redirects"]) == ["6", "8"], result["redirects"]
    assert result["redirects"]["6"]["packets"] == 7


def test_egress_program(t):
    exits = t.write("exits.json", [{"key": 0, "value": {"ifindex": 12, "prog": "egress"}},
                                   {"key": 1, "value": {"ifindex": 13, "prog": "egress"}}])
    result = t.run("egress", "--map", f"exits={exits}", argument=0)
    assert list(result["redirects"]) == ["12"]
    assert result["maps"]["hooks.data"][0]["formatted"]["value"][".data"] == [{"egress_runs": 14}]
    result = t.run("egress", "--map", f"exits={exits}", argument=1)
    assert result["redirects"] == {}
    assert result["redirect_errors"][0]["error"] == "dropped by egress program"


def test_context(t):
    expect(t.run("context", "--ifindex", 3, "--rx-queue", 5), "XDP_PASS")
    expect(t.run("context", "--ifindex", 3), "XDP_DROP")


def test_stopped_by_memory(t):
    result = t.run("memory", "--unsafe")
    assert result["verified"] is False
    expect(result, "XDP_ABORTED")
    assert list(result["aborted"]) == ["touched memory it may not reach"]
    fault = result["fault"]["error"]
    assert "program hooks" in fault["problem"], fault
    assert "hooks.bpf.c:" in fault["source"] and "data_end" in fault["source_text"], fault
    assert fault["insn"] > 0 and "*(u32 *)" in fault["insn_text"], fault


def test_stopped_by_budget(t):
    result = t.run("endless", "--budget", 1000, "--unsafe")
    expect(result, "XDP_ABORTED")
    assert list(result["aborted"]) == ["ran out of its instruction budget"]


def test_verified_before(t):
    """What the two tests above see at run time is refused before it runs, unless --unsafe."""
    error = t.run("memory", status=3)["error"]
    assert error["rule"] == "not-accessible" and error["symbol"] == "hooks", error
    assert "hooks.bpf.c:" in error["source"] and "data_end" in error["source_text"], error
    assert t.run("endless", status=3)["error"]["rule"] == "infinite-loop"
    config = t.write("config.json", [{"key": 0, "value": {"mode": "MODE_MEMORY"}}])
    run = ["run", HOOKS, "-P", "hooks", "--in", PING, "--map", f".rodata={config}"]
    done = t.skep(*run, status=3)
    assert "XDP_PASS" not in done.out and "rule:   not-accessible" in done.err, done.err
    done = t.skep(*run, "--unsafe")
    assert "not verified" in done.err and "not verified" not in done.out, done.err


def test_checked(t):
    result = t.run("pass", "--checked")
    expect(result, "XDP_PASS")
    assert result["verified"] is True
    assert not t.skep("run", SKELETON, "--in", PING, "--checked").err


def test_trace(t):
    lengths = [42, 98, 98, 98, 98, 98, 42]
    assert t.run("trace")["trace"] == [f"length {n}" for n in lengths]
    out = t.skep("run", HOOKS, "-P", "hooks", "--in", PING,
                 "--map", ".rodata=" + t.write("m.json", [{"key": 0, "value": {"mode": 12}}])).out
    assert "trace: length 98\n" in out


def test_tail_call_by_name(t):
    jump = t.write("jump.json", [{"key": 2, "value": "next"}])
    expect(t.run("tail_call", "--map", f"jump={jump}", argument=2), "XDP_TX")
    expect(t.run("tail_call", "--map", f"jump={jump}", argument=1), "XDP_ABORTED")


def test_map_of_maps(t):
    """A slot that the object fills, one that a map file fills, and an empty one."""
    result = t.run("nested", argument=1)
    expect(result, "XDP_PASS")
    assert result["maps"]["first"][0]["formatted"]["value"] == 7, result["maps"]
    nested = t.write("nested.json", [{"key": 2, "value": "second"}])
    result = t.run("nested", "--map", f"nested={nested}", argument=2)
    assert result["maps"]["second"][0]["formatted"]["value"] == 7
    assert len(result["maps"]["nested"]) == 2
    expect(t.run("nested", argument=3), "XDP_DROP")
    t.refused("run", HOOKS, "-P", "hooks", "--in", PING, "--map",
              "nested=" + t.write("nested.json", [{"key": 2, "value": "nosuch"}]), status=2,
              words=["nosuch", "nested"])
    t.refused("run", HOOKS, "-P", "hooks", "--in", PING, "--map",
              "nested=" + t.write("nested.json", [{"key": 2, "value": "records"}]), status=2,
              words=["nested"])


def test_section_without_type(t):
    """SEC("prog") is no candidate for the start, but runs as XDP when -P says so."""
    expect(t.skep("-j", "run", HOOKS, "-P", "untyped", "--in", PING).json(), "XDP_DROP")
    expect(t.skep("-j", "run", HOOKS, "-P", "optional", "--in", PING).json(), "XDP_TX")


def test_standard_input(t):
    with open(PING, "rb") as file:
        done = t.skep("-j", "run", SKELETON, "--in", "-", stdin=file.read())
    expect(done.json(), "XDP_PASS")


def test_nanoseconds_in_and_out(t):
    source = t.write("in.pcap", harness.pcap([(5, 123456789, bytes(60)), (6, 1, bytes(61))],
                                             magic=0xa1b23c4d))
    out = t.path("out.pcapng")
    t.skep("run", SKELETON, "--in", source, "--out", out)
    again = t.path("again.pcapng")
    expect(t.skep("-j", "run", SKELETON, "--in", out, "--out", again).json(), "XDP_PASS", 2, 121)
    with open(out, "rb") as first, open(again, "rb") as second:
        data = first.read()
        assert data == second.read()
    stamp = 5 * 10**9 + 123456789
    assert struct.pack("=II", stamp >> 32, stamp & 0xffffffff) in data


def test_any_size(t):
    sizes = [0, 1, 13, 14, 60, 1514, 3520, 3521, 9014, 65535, 262144]
    source = t.write("in.pcap", harness.pcap([(1, 0, bytes(size)) for size in sizes]))
    out = t.path("out.pcapng")
    expect(t.run("pass", "--in", source, "--out", out), "XDP_PASS", len(sizes), sum(sizes))
    expect(t.run("pass", "--in", out), "XDP_PASS", len(sizes), sum(sizes))


def test_many_packets(t):
    packets = [(n, n, struct.pack("=I", n) * 16) for n in range(1000)]
    source = t.write("in.pcap", harness.pcap(packets))
    out = t.path("out.pcapng")
    expect(t.run("pass", "--in", source, "--out", out), "XDP_PASS", 1000, 64000)
    with open(out, "rb") as file:
        data = file.read()
    for n, _, content in packets:
        assert content in data, n


def test_written_packets(t):
    """What the program did to the packet is written; tshark reads verdict, queue, id, time."""
    tshark = harness.need("tshark")
    out = t.path("out.pcapng")
    t.run("push", "--out", out, "--rx-queue", 4, "--repeat", 3)
    fields = ["frame.len", "frame.verdict.ebpf_xdp", "frame.packet_id", "frame.interface_queue",
              "frame.comment", "frame.time_epoch"]
    command = [tshark, "-r", out, "-T", "fields"]
    for field in fields:
        command += ["-e", field]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert len(rows) == 7, rows
    with open(PING, "rb") as file:
        seconds, fraction = struct.unpack("=II", file.read()[24:32])
    assert rows[0] == ["56", "2", "1", "4", "XDP_PASS", f"{seconds}.{fraction:06}000"], rows[0]
    assert rows[1][0] == "112" and rows[6][2] == "7", rows


def test_written_redirect(t):
    tshark = harness.need("tshark")
    out = t.path("out.pcapng")
    t.run("redirect", "--out", out, argument=9)
    done = subprocess.run([tshark, "-r", out, "-Y", "frame.verdict.ebpf_xdp == 4", "-T", "fields",
                           "-e", "frame.comment"], capture_output=True, text=True, timeout=120,
                          check=True)
    assert done.stdout.splitlines() == ["XDP_REDIRECT to ifindex 9"] * 7, done.stdout


def test_pretty_json(t):
    compact = t.skep("run", SKELETON, "--in", PING, "-j").out
    pretty = t.skep("run", SKELETON, "--in", PING, "-p").out
    assert compact.count("\n") == 1 and pretty.count("\n") > 50
    first, second = json.loads(compact), json.loads(pretty)
    assert first["maps"] == second["maps"] and first["verdicts"] == second["verdicts"]


harness.main(globals())
