# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Bad input gets a sentence that names the thing, and the right exit status."""
import json
import os
import struct

import harness
from harness import HOOKS, PING, SKELETON


def test_missing_object(t):
    t.refused("run", "/nonexistent/fw.o", "--in", PING, status=2,
              words=["/nonexistent/fw.o", "No such file"])
    t.refused("prog", "show", "/nonexistent/fw.o", status=2, words=["/nonexistent/fw.o"])
    t.refused("map", "show", t.folder, status=2, words=[t.folder])


def test_unreadable_object(t):
    if os.geteuid() == 0:  # root without the right to read every file
        t.prefix = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
    path = t.write("fw.o", b"")
    os.chmod(path, 0)
    t.refused("run", path, "--in", PING, status=2, words=[path, "Permission denied"])


def test_not_an_elf(t):
    for name, content in [("empty.o", b""), ("text.o", b"hello\n"), ("short.o", b"\x7fELF"),
                          ("zeros.o", bytes(4096))]:
        path = t.write(name, content)
        t.refused("run", path, "--in", PING, status=2, words=[name])


def test_not_bpf(t):
    t.refused("run", harness.SKEP, "--in", PING, status=2, words=["BPF"])


def test_broken_objects(t):
    """Cut or overwritten objects are refused or run; none crashes or leaks."""
    with open(SKELETON, "rb") as file:
        data = file.read()
    refused = 0
    for cut in list(range(0, len(data), len(data) // 25)) + [len(data) - 1]:
        done = t_run(t, t.write("cut.o", data[:cut]))
        refused += done.returncode == 2
    assert refused >= 25, refused
    for at in range(16, len(data), len(data) // 60):
        broken = data[:at] + b"\xff\xff\xff\xff" + data[at + 4:]
        t_run(t, t.write("broken.o", broken))


def t_run(t, path):
    import subprocess
    done = subprocess.run([harness.SKEP, "run", path, "--in", PING, "--budget", "100000"],
                          capture_output=True, timeout=60, check=False)
    err = done.stderr.decode(errors="replace")
    assert done.returncode in (0, 1, 2, 3), (done.returncode, err)
    assert "Sanitizer" not in err and "runtime error" not in err, err
    assert done.returncode == 0 or err.startswith("skep: "), err
    return done


def test_no_such_program(t):
    t.refused("run", HOOKS, "-P", "nosuch", "--in", PING, status=2,
              words=["nosuch", "hooks (xdp)", "egress (xdp/devmap)", "classify (tc)"])
    t.refused("prog", "dump", HOOKS, "-P", "nosuch", status=2, words=["nosuch", "hooks (xdp)"])


def test_several_programs(t):
    error = t.refused("run", HOOKS, "--in", PING, status=1, words=["hooks (xdp)", "next (xdp)", "-P"])
    for name in ("egress", "classify", "untyped", "optional"):
        assert name not in error["try"], error


def test_program_of_another_hook(t):
    t.refused("run", HOOKS, "-P", "classify", "--in", PING, status=2, words=["classify", "tc"])


def test_unknown_helper(t):
    path = t.compile("call.bpf.c", "unknown.o", "-DHELPER=9999")
    error = t.refused("run", path, "--in", PING, status=3, words=["9999", "call", "call.bpf.c:"])
    assert error["insn"] > 0


def test_missing_helper(t):
    helpers = t.skep("helper", "show", "-a", "-j").json()
    for state in ("missing", "meaningless"):
        chosen = [helper for helper in helpers
                  if helper["state"] == state and "xdp" in helper["hooks"]]
        if not chosen:
            continue
        helper = chosen[0]
        path = t.compile("call.bpf.c", "missing.o", f"-DHELPER={helper['id']}")
        error = t.refused("run", path, "--in", PING, status=3,
                          words=["bpf_" + helper["name"], f"#{helper['id']}", "call.bpf.c:"])
        assert error["rule"] == "helper-unsupported"


def test_helper_of_another_hook(t):
    helpers = t.skep("helper", "show", "-j").json()
    chosen = [h for h in helpers if "xdp" not in h["hooks"] and "tc ingress" in h["hooks"]]
    if not chosen:
        raise harness.Skip("optional: every helper is for XDP")
    path = t.compile("call.bpf.c", "other.o", f"-DHELPER={chosen[0]['id']}")
    t.refused("run", path, "--in", PING, status=3, words=["bpf_" + chosen[0]["name"], "xdp"])


def test_kernel_function(t):
    path = t.compile("call.bpf.c", "kfunc.o", "-DKFUNC")
    t.refused("run", path, "--in", PING, status=3, words=["call", "bpf_xdp_metadata_rx_hash"])
    assert "bpf_xdp_metadata_rx_hash" in t.skep("prog", "show", path).out


def test_unsupported_map_type(t):
    path = t.compile("call.bpf.c", "map.o", "-DMAP_TYPE=BPF_MAP_TYPE_STACK_TRACE")
    t.refused("run", path, "--in", PING, status=2, words=["wanted", "stack_trace"])
    path = t.compile("call.bpf.c", "map.o", "-DMAP_TYPE=200")
    t.refused("run", path, "--in", PING, status=2, words=["wanted", "200"])


def test_map_without_a_size(t):
    path = t.compile("call.bpf.c", "map.o", "-DENTRIES=0")
    t.refused("run", path, "--in", PING, status=2, words=["wanted", "--max-entries wanted=N"])
    t.skep("run", path, "--in", PING, "--max-entries", "wanted=1")


def test_capture(t):
    packet = (1, 2, bytes(60))
    whole = harness.pcap([packet] * 3)
    t.refused("run", SKELETON, "--in", "/nonexistent/in.pcap", status=2,
              words=["/nonexistent/in.pcap", "No such file"])
    for name, content in [("empty", b""), ("text", b"hello world\n" * 9), ("head", whole[:20])]:
        t.refused("run", SKELETON, "--in", t.write(name, content), status=2, words=[name])
    t.refused("run", SKELETON, "--in", t.folder, status=2, words=[t.folder])
    t.refused("run", SKELETON, "--in", t.write("cooked", harness.pcap([packet], link=113)), status=2,
              words=["LINUX_SLL", "Ethernet"])


def test_capture_ends_in_the_middle(t):
    whole = harness.pcap([(1, 2, bytes(60))] * 3)
    for cut in (1, 59, 60, 61, 75):
        t.refused("run", SKELETON, "--in", t.write("cut.pcap", whole[:-cut]), status=2,
                  words=["cut.pcap", "packet 3", "2 whole packets"])
    out = t.path("out.pcapng")
    t.skep("run", SKELETON, "--in", PING, "--out", out)
    with open(out, "rb") as file:
        data = file.read()
    t.refused("run", SKELETON, "--in", t.write("cut.pcapng", data[:-10]), status=2,
              words=["cut.pcapng", "packet 7", "6 whole packets"])


def test_zero_packets(t):
    t.refused("run", SKELETON, "--in", t.write("none.pcap", harness.pcap([])), status=2,
              words=["none.pcap", "no packets"])


def test_unwritable_output(t):
    t.refused("run", SKELETON, "--in", PING, "--out", "/nonexistent/out.pcapng", status=2,
              words=["/nonexistent/out.pcapng"])
    if os.path.exists("/dev/full"):
        t.refused("run", SKELETON, "--in", PING, "--out", "/dev/full", status=2,
                  words=["/dev/full", "No space left"])


def test_huge_packet(t):
    data = bytes(262145)
    head = struct.pack("=IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 300000, 1)
    record = struct.pack("=IIII", 1, 0, len(data), len(data))
    t.refused("run", SKELETON, "--in", t.write("huge.pcap", head + record + data), status=2,
              words=["huge.pcap"])


def fill(t, name, content, words, prog="touch", status=2):
    path = t.write("fill.json", content)
    return t.refused("run", HOOKS, "-P", prog, "--in", PING, "--map", f"{name}={path}",
                     status=status, words=words)


def test_unknown_map(t):
    fill(t, "nosuch", [], ["nosuch", "records", "hooks.rodata"])
    fill(t, "jump", [{"key": 0, "value": "touch"}], ["jump", "not used", "touch"])


def test_size_of_unknown_map(t):
    t.refused("run", HOOKS, "-P", "touch", "--in", PING, "--max-entries", "nosuch=3", status=2,
              words=["nosuch"])


def test_fill_file(t):
    t.refused("run", HOOKS, "-P", "touch", "--in", PING, "--map", "raw=/nonexistent.json",
              status=2, words=["/nonexistent.json", "No such file"])
    fill(t, "words", "[{]", ["fill.json", "line 1", "JSON"])
    fill(t, "words", "\n\n[{\"key\": 1, \"key\": 2, \"value\": 1}]", ["fill.json", "line 3"])
    fill(t, "words", {"key": 0, "value": 1}, ["fill.json", "array"])
    fill(t, "words", [{"key": 0, "value": 1}, 5], ["entry 2"])
    fill(t, "words", [{"value": 1}], ["entry 1"])
    fill(t, "words", [{"key": 1}], ["entry 1", "value"])
    fill(t, "words", [{"key": 1, "value": 1, "vlaue": 1}], ["entry 1", "vlaue"])


def test_fill_does_not_fit(t):
    cases = [
        ("words", 2, 1, ["entry 1", "words", "max_entries 2"]),
        ("words", 0, 1 << 32, ["entry 1", "value", "32 bits"]),
        ("words", 0, -(1 << 31) - 1, ["entry 1", "32 bits"]),
        ("words", "010203", 1, ["entry 1", "key", "3 bytes", "4 are wanted"]),
        ("words", 0, ["0x01", 2], ["entry 1", "value", "2 bytes", "4 are wanted"]),
        ("words", 0, [1, 2, 3, 256], ["entry 1", "256", "8 bits"]),
        ("words", 0, "xyz", ["entry 1", "xyz"]),
        ("words", 0, "0xzz", ["entry 1", "0xzz"]),
        ("words", 0, {"a": 1}, ["entry 1", "BTF"]),
        ("words", 0, None, ["entry 1", "null"]),
        ("words", 0, 1.5, ["entry 1", "fraction"]),
        ("raw", 5, "00" * 20, ["entry 1", "raw", "3 are wanted"]),
        ("raw", "010203", 5, ["entry 1", "raw", "20 are wanted"]),
        ("records", 1, {"nosuch": 1}, ["entry 1", "nosuch", "number", "inner"]),
        ("records", 1, {"low": 8}, ["records.low", "3 bits"]),
        ("records", 1, {"name": "too long a name"}, ["records.name", "8"]),
        ("records", 1, {"color": "BLUE"}, ["records.color", "BLUE", "enum color"]),
        ("records", 1, {"inner": {"list": [1, 2, 3, 4]}}, ["inner.list", "4 elements"]),
        ("records", 1, {"inner": {"list": [1, 70000]}}, ["inner.list[1]", "70000"]),
        ("records", 1, {"inner": 5}, ["records.inner", "object"]),
        (".rodata", 0, {"nosuch": 1}, ["nosuch", "mode", "argument"]),
    ]
    for name, key, value, words in cases:
        prog = "hooks" if name == ".rodata" else "touch"
        fill(t, name, [{"key": key, "value": value}], words, prog)


def test_fill_percpu(t):
    fill(t, "counts", [{"key": 0, "values": [{"cpu": 99999, "value": 1}]}], ["CPU 99999"])
    fill(t, "counts", [{"key": 0, "values": [{"value": 1}]}], ["entry 1", "cpu"])
    fill(t, "words", [{"key": 0, "values": [{"cpu": 0, "value": 1}]}], ["words", "per-CPU"])


def test_fill_full_and_twice(t):
    entries = [{"key": f"0000{n:02x}", "value": "00" * 20} for n in range(3)]
    fill(t, "raw", entries, ["entry 3", "raw", "max_entries 2", "full"])
    fill(t, "words", [{"key": 1, "value": 1}, {"key": "01000000", "value": 2}],
         ["entry 2", "entry 1", "same key"])


def test_fill_programs(t):
    fill(t, "jump", [{"key": 0, "value": "nosuch"}], ["nosuch", "hooks"], "hooks")
    fill(t, "jump", [{"key": 0, "value": "classify"}], ["jump"], "hooks")
    fill(t, "exits", [{"key": 0, "value": {"ifindex": 3, "prog": "next"}}], ["exits"], "hooks")
    fill(t, "ports", [{"key": 0, "value": {"ifindex": 3, "prog": "egress"}}], ["ports", "4 bytes"],
         "hooks")


def test_usage(t):
    cases = [
        ([], ["no command"]),
        (["fly"], ["fly", "run", "prog"]),
        (["prog"], ["prog", "show", "dump"]),
        (["prog", "fly", SKELETON], ["fly", "show", "dump"]),
        (["run"], ["OBJ"]),
        (["run", SKELETON], ["--in"]),
        (["run", SKELETON, "extra", "--in", PING], ["extra"]),
        (["run", SKELETON, "--in"], ["--in"]),
        (["run", SKELETON, "--in", PING, "--fly"], ["--fly"]),
        (["run", SKELETON, "--in", PING, "-x"], ["-x"]),
        (["run", SKELETON, "--in", PING, "--repeat", "0"], ["--repeat", "0"]),
        (["run", SKELETON, "--in", PING, "--repeat", "-1"], ["--repeat", "-1"]),
        (["run", SKELETON, "--in", PING, "--repeat", "1x"], ["--repeat", "1x"]),
        (["run", SKELETON, "--in", PING, "--ifindex", "4294967296"], ["--ifindex"]),
        (["run", SKELETON, "--in", PING, "--map", "words"], ["--map", "NAME=FILE"]),
        (["run", SKELETON, "--in", PING, "--map", "=x"], ["--map", "NAME=FILE"]),
        (["run", SKELETON, "--in", PING, "--max-entries", "words"], ["--max-entries", "NAME=N"]),
        (["run", SKELETON, "--in", PING, "--max-entries", "words=0"], ["--max-entries", "0"]),
        (["run", SKELETON, "--in", PING, "--target", "gpu"], ["gpu", "interp"]),
        (["run", SKELETON, "--in", PING, "--color", "pink"], ["pink", "never"]),
        (["map", "show", SKELETON, "-P", "x"], ["--prog"]),
        (["prog", "dump", SKELETON, "fly"], ["fly", "xlated"]),
        (["helper", "show", "--all=yes"], ["--all"]),
        (["help", "fly"], ["fly"]),
    ]
    for args, words in cases:
        t.refused(*args, status=1, words=words)


def test_output_closed(t):
    import subprocess
    with open("/dev/full", "wb") as full:
        done = subprocess.run([harness.SKEP, "prog", "dump", SKELETON], stdout=full,
                              stderr=subprocess.PIPE, timeout=60, check=False)
    assert done.returncode == 2 and b"standard output" in done.stderr, done


def test_json_errors_are_json(t):
    done = t.skep("run", "/nonexistent", "--in", PING, "-j", status=2)
    assert json.loads(done.out)["error"]["code"] == -2


harness.main(globals())
