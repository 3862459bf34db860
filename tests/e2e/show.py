# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""skep prog show, prog dump, map show, helper show, help; abbreviations and manual pages."""
import os
import re
import subprocess

import harness
from harness import HOOKS, SKELETON


def test_prog_show(t):
    out = t.skep("prog", "show", HOOKS).out
    assert re.search(r"^hooks: xdp  section xdp  hook xdp  license GPL \(gpl compatible\)$", out,
                     re.M), out
    assert re.search(r"^classify: sched_cls  section tc  hook tc ingress", out, re.M), out
    progs = {prog["name"]: prog for prog in t.skep("prog", "show", HOOKS, "-j").json()}
    assert set(progs) == {"hooks", "next", "egress", "touch", "classify", "untyped", "optional"}
    assert progs["untyped"]["type"] == "unspec" and progs["untyped"]["hook"] == "none"
    hooks = progs["hooks"]
    assert hooks["bytes_xlated"] == 8 * hooks["insns"] and hooks["gpl_compatible"] is True
    assert {"ports", "exits", "jump", "records"} <= set(hooks["maps"])
    assert progs["next"]["insns"] == 2 and progs["next"]["maps"] == []
    assert progs["egress"]["section"] == "xdp/devmap"


def test_map_show(t):
    out = t.skep("map", "show", SKELETON).out
    assert "stats_map: percpu_array  flags 0x0\n\tkey 4B  value 16B  max_entries 5" in out, out
    assert "\tslot 1: xdp_skeleton_1\n" in out
    maps = {entry["name"]: entry for entry in t.skep("map", "show", SKELETON, "-j").json()}
    assert maps["jmp_map"]["slots"] == [{"key": 1, "prog": "xdp_skeleton_1"},
                                        {"key": 2, "prog": "xdp_skeleton_2"}]
    assert maps["stats_map"]["bytes_value"] == 16


def test_prog_dump(t):
    lines = t.skep("prog", "dump", HOOKS, "-P", "next").out.splitlines()
    assert lines == ["next:", "   0: (b7) r0 = 3", "   1: (95) exit"], lines
    source = t.skep("prog", "dump", HOOKS, "source", "-P", "next").out.splitlines()
    assert "; return XDP_TX;" in source and [l for l in source if not l.startswith(";")] == lines
    every = t.skep("prog", "dump", HOOKS).out
    for name in ("hooks", "next", "egress", "classify", "touch"):
        assert f"{name}:\n" in every
    assert "map[records]" in every and "call map_lookup_elem#1" in every


def test_prog_dump_json(t):
    progs = t.skep("prog", "dump", HOOKS, "source", "-P", "next", "-j").json()
    assert len(progs) == 1 and progs[0]["name"] == "next"
    first, last = progs[0]["insns"]
    assert first["insn"] == 0 and first["func"] == "next" and first["disasm"] == "(b7) r0 = 3"
    assert last["src"] == "return XDP_TX;" and last["file"].endswith("hooks.bpf.c")
    assert last["line"] > 0
    # every slot is listed once, wide instructions as one
    insns = t.skep("prog", "dump", HOOKS, "-P", "hooks", "-j").json()[0]["insns"]
    numbers = [insn["insn"] for insn in insns]
    steps = {after - before for before, after in zip(numbers, numbers[1:])}
    assert numbers[0] == 0 and steps == {1, 2}, steps


def test_dump_agrees_with_llvm(t):
    """The same instructions as llvm-objdump lists, where relocation changes nothing."""
    objdump = harness.need("llvm-objdump")
    done = subprocess.run([objdump, "-d", "--no-show-raw-insn", HOOKS], capture_output=True,
                          text=True, timeout=60, check=True)
    theirs = len(re.findall(r"^\s+\d+:\t", done.stdout, re.M))
    progs = t.skep("prog", "dump", HOOKS, "-j").json()
    assert sum(len(prog["insns"]) for prog in progs) >= theirs > 100


def test_helper_show(t):
    have = t.skep("helper", "show", "-j").json()
    every = t.skep("helper", "show", "-a", "-j").json()
    assert all(helper["state"] == "implemented" for helper in have)
    assert len(every) >= 211 and [h["id"] for h in every] == list(range(1, len(every) + 1))
    lookup = every[0]
    assert lookup["name"] == "map_lookup_elem" and "xdp" in lookup["hooks"]
    assert "   1  map_lookup_elem " in t.skep("helper", "show").out


def test_abbreviations(t):
    full = t.skep("prog", "show", SKELETON).out
    assert t.skep("p", "s", SKELETON).out == full
    assert t.skep("pro", "sho", SKELETON).out == full
    assert t.skep("-j", "m", "s", SKELETON).json()
    t.refused("h", "s", status=1, words=["\"h\"", "help"])  # helper or help


def test_options_anywhere(t):
    want = t.skep("prog", "dump", HOOKS, "-P", "next").out
    for args in (["-P", "next", "prog", "dump", HOOKS], ["prog", "-Pnext", "dump", HOOKS],
                 ["prog", "dump", "--prog=next", "--", HOOKS]):
        assert t.skep(*args).out == want, args


def test_help(t):
    page = t.skep("--help").out
    assert page == t.skep("help").out == t.skep("-h").out
    for words in ("skep run OBJ", "skep prog dump OBJ", "--json", "Exit status: 0 done"):
        assert words in page, words
    run = t.skep("run", "--help").out
    assert "--rx-queue N" in run and "--dump-maps" in run and "--all" not in run
    assert t.skep("help", "run").out == run
    assert t.skep("help", "prog", "dump").out == t.skep("prog", "dump", "-h").out
    assert "skep prog dump" in t.skep("prog", "--help").out


def test_version(t):
    assert re.fullmatch(r"skep \d+\.\d+\.\d+\n", t.skep("--version").out)
    assert t.skep("-V").out == t.skep("--version").out


def test_color(t):
    def colored(*args, env=None):
        return "\033[" in t.skep("run", "/nonexistent", "--in", "x", *args, status=2, env=env).err

    assert colored("--color", "always") and not colored("--color=never") and not colored()
    assert "\033[" not in t.skep("run", "/nonexistent", "--in", "x", "-j", "--color=always",
                                 status=2).out


def test_manual_pages(t):
    """Each option of the command stands in its page and the other way round."""
    pages = {("run",): "skep-run.8", ("prog", "dump"): "skep-prog.8", ("map", "show"): "skep-map.8",
             ("helper", "show"): "skep.8", ("verify",): "skep-verify.8",
             ("explain",): "skep-explain.8"}
    for command, page in pages.items():
        with open(os.path.join(harness.SOURCE, "man", page), encoding="utf-8") as file:
            text = file.read()
        for section in ("NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "EXAMPLES"):
            assert f".Sh {section}\n" in text, (page, section)
        own = t.skep(*command, "--help").out.split("Options everywhere:")[0]
        for option in re.findall(r"--([a-z-]+)", own.split("Options of this command:")[-1]):
            assert f"Fl -{option}" in text or f"Fl {option[0]}" in text, (page, option)
        known = set(re.findall(r"--([a-z-]+)", t.skep(*command, "--help").out))
        if command == ("prog", "dump") or command == ("run",):
            assert set(re.findall(r"^\.It .*Fl -([a-z-]+)", text, re.M)) <= known, page


def test_manual_page_lint(t):
    mandoc = harness.need("mandoc")
    for page in sorted(os.listdir(os.path.join(harness.SOURCE, "man"))):
        done = subprocess.run([mandoc, "-T", "lint", "-W", "warning",
                               os.path.join(harness.SOURCE, "man", page)], capture_output=True,
                              text=True, timeout=60, check=False)
        assert not done.stdout, done.stdout


harness.main(globals())
