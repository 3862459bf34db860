#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Dependencies run one way: which folder's headers each folder may include.

The table is the architecture (ARCHITECTURE.md): a folder may include itself, what it lists, and
what those list. The command line tool sees the public headers only.
"""
import pathlib
import re
import sys

USES = {
    "base": [],
    "insn": ["base"],
    "object": ["insn"],
    "map": ["insn"],
    "verifier": ["object", "map"],
    "optimizer": ["verifier"],
    "helper": ["object", "map"],
    "target": ["verifier", "optimizer", "helper"],
    "load": ["target"],
    "nic": ["helper"],
    "ctl": ["load", "nic"],
    "fpc": ["base"],
    "cmd": ["base"],
}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def reachable(layer):
    seen, todo = set(), [layer]
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo += USES[name]
    return seen


def violations(root):
    for path in sorted((root / "src").rglob("*.[chd]*")):
        relative = path.relative_to(root / "src")
        if path.suffix not in (".c", ".h", ".def") or len(relative.parts) < 2:
            continue
        layer = relative.parts[0]
        if layer not in USES:
            yield f"src/{relative}: folder '{layer}' is not in the table of {pathlib.Path(__file__).name}"
            continue
        allowed = reachable(layer)
        for include in INCLUDE.findall(path.read_text(encoding="utf-8")):
            first = include.split("/")[0]
            if "/" not in include or first == "skep" or include.startswith(".."):
                if include.startswith(".."):
                    yield f"src/{relative}: includes \"{include}\": name it from src/"
                continue
            if first in USES and first not in allowed:
                yield f"src/{relative}: '{layer}' may not use '{first}' (\"{include}\")"


def main():
    root = pathlib.Path(sys.argv[1])
    found = list(violations(root))
    for line in found:
        print("# " + line)
    print("1..1")
    print(("not ok" if found else "ok") + " 1 - dependencies run one way")


main()
