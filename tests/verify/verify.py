# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""skep verify and skep explain: the table, JSON, details, choices, exit statuses."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.environ["SOURCE"], "tests/e2e"))
import harness  # noqa: E402
from harness import HOOKS, SKELETON  # noqa: E402

WRONG = os.path.join(os.environ["WRONG"], "packet_too_short.bpf.o")
COLUMNS = ["program", "verdict", "insns", "visited", "states", "peak", "max/insn", "stack", "us"]
FIGURES = ["insns", "visited", "states", "peak_states", "max_states_per_insn", "stack_depth",
           "duration_us", "memory_bytes"]


def test_table(t):
    lines = t.skep("verify", SKELETON).out.splitlines()
    assert lines[0].split() == COLUMNS, lines
    assert len(lines) == 4, lines
    for line in lines[1:]:
        assert re.fullmatch(r"xdp_skeleton\w* +accepted( +\d+){7}", line), line


def test_json(t):
    rows = t.skep("verify", SKELETON, "-j").json()
    assert sorted(row["prog"] for row in rows) == ["xdp_skeleton", "xdp_skeleton_1",
                                                    "xdp_skeleton_2"]
    for row in rows:
        assert row["verdict"] == "accepted" and row["type"] == "xdp" and "error" not in row
        assert all(isinstance(row[name], int) for name in FIGURES), row
        assert row["visited"] > 0 and "log" not in row and "facts" not in row


def test_one_program(t):
    rows = t.skep("verify", SKELETON, "-P", "xdp_skeleton_2", "-j").json()
    assert [row["prog"] for row in rows] == ["xdp_skeleton_2"]
    t.refused("verify", SKELETON, "-P", "nosuch", status=2, words=["nosuch", "xdp_skeleton_2"])


def test_rejected(t):
    done = t.skep("verify", WRONG, status=3)
    assert not done.err
    for part in ["memory safety: ", "packet_too_short.bpf.c:", "instruction ", "path: ",
                 "proven: 14 bytes", "needed: ", "try: ", "rule:   packet-bounds"]:
        assert part in done.out, (part, done.out)
    row = t.skep("verify", WRONG, "-j", status=3).json()[0]
    error = row["error"]
    assert row["verdict"] == "rejected" and error["rule"] == "packet-bounds"
    for key in ("category", "problem", "object", "section", "symbol", "insn", "insn_text", "source",
                "source_text", "path", "proven", "needed", "try"):
        assert str(error[key]) in done.out or key == "path", (key, error)
    for step in error["path"]:
        assert step in done.out and step.endswith(("true)", "false)")), step


def test_details(t):
    done = t.skep("verify", SKELETON, "-P", "xdp_skeleton_2", "-d")
    assert re.search(r"^0: .*; R1=ctx\(\) R10=fp", done.out, re.M), done.out
    assert "facts:\n0: " in done.out and "src=ctx" in done.out
    row = t.skep("verify", SKELETON, "-P", "xdp_skeleton_2", "-d", "-j").json()[0]
    assert row["log"] in done.out and row["facts"] in done.out
    row = t.skep("verify", WRONG, "-d", "-j", status=3).json()[0]
    assert row["error"]["problem"] in row["log"] and "facts" not in row


def test_types(t):
    out = t.skep("verify", HOOKS).out
    assert re.search(r"^untyped +not for a network card \(prog\)$", out, re.M), out
    assert re.search(r"^untyped +accepted", t.skep("verify", HOOKS, "-P", "untyped").out, re.M)
    rows = t.skep("verify", HOOKS, "--type", "xdp", "-j").json()
    assert {row["prog"]: row["type"] for row in rows}["untyped"] == "xdp"
    assert all(row["verdict"] == "accepted" for row in rows)
    error = t.refused("verify", HOOKS, "--type", "kprobe", status=1, words=["kprobe", "network card"])
    assert "xdp" in error["try"]


def test_foreign_types(t):
    source = t.write("probe.bpf.c", "#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\n"
                     'SEC("kprobe/do_exit") int probe(void *ctx) { return 0; }\n'
                     'char _license[] SEC("license") = "GPL";\n')
    if "CLANG" not in os.environ:
        raise harness.Skip("optional: no compiler")
    path = t.compile(source, "probe.o")
    out = t.skep("verify", path).out
    assert re.search(r"^probe +not for a network card \(kprobe\)$", out, re.M), out
    row = t.skep("verify", path, "-j").json()[0]
    assert row["verdict"] == "not for a network card" and "kprobe" in row["error"]["problem"]


def test_target(t):
    assert "accepted" in t.skep("verify", SKELETON, "--target", "interp").out
    t.refused("verify", SKELETON, "--target", "gpu", status=1, words=["gpu", "interp"])


def test_rules(t):
    lines = t.skep("explain").out.splitlines()
    rules = t.skep("explain", "-j").json()
    assert len(lines) == len(rules) >= 50
    for rule in rules:
        assert all(rule[key] for key in ("rule", "category", "title", "why", "wrong", "right",
                                         "try")), rule
        page = t.skep("explain", rule["rule"]).out
        assert page.startswith(f"{rule['rule']} ({rule['category']})\n"), page
        for key in ("title", "why", "try"):
            assert rule[key] in page, (key, page)
        assert "\nWrong:\n    " in page and "\nRight:\n    " in page
    assert t.skep("explain", "null-check", "-j").json()["rule"] == "null-check"


def test_unknown_rule(t):
    error = t.refused("explain", "packet-size", status=1, words=["packet-size", "packet-bounds"])
    assert "packet-read-only" in error["try"]
    t.refused("explain", "zzz", status=1, words=["zzz", "skep explain"])


def test_rules_of_goldens_have_pages(t):
    folder = os.path.join(os.environ["SOURCE"], "tests/verify/wrong")
    known = {rule["rule"] for rule in t.skep("explain", "-j").json()}
    named = set()
    for name in os.listdir(folder):
        if name.endswith(".txt"):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                named |= set(re.findall(r"^  rule: +(\S+)", file.read(), re.M))
    assert named <= known and len(named) >= 30, (len(named), named - known)


def test_not_an_object(t):
    t.refused("verify", "/nonexistent.o", status=2, words=["/nonexistent.o"])
    t.refused("verify", t.write("text.o", "hello"), status=2, words=["text.o"])


harness.main(globals())
