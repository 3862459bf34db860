#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Rules of taste that a script can check, over every file git tracks.

Each rule is one function over (path, text) that yields what is wrong. Long functions that are
one named dispatch are listed with their reason in tests/check/long-functions.txt.
"""
import pathlib
import re
import subprocess
import sys

USER = "BSD-2-Clause OR GPL-2.0-only"
FILE_LINES = 1000
FUNCTION_LINES = 60
LINE_COLUMNS = 100


def is_source(path):
    return path.suffix in (".c", ".h", ".def")


def check_spdx(path, text):
    if not (is_source(path) or path.suffix in (".py", ".sh", ".build") or path.name in ("Makefile",)
            or text.startswith("#!")):
        return
    want = "GPL-2.0-only" if path.parts[0] == "kmod" else USER
    head = "\n".join(text.splitlines()[:3])
    if f"SPDX-License-Identifier: {want}" not in head:
        yield f"no line 'SPDX-License-Identifier: {want}' at the top"


def check_width(path, text):
    if not is_source(path) or path.suffix == ".def":
        return
    for number, line in enumerate(text.splitlines(), 1):
        if len(line.expandtabs(8)) > LINE_COLUMNS:
            yield f"line {number}: wider than {LINE_COLUMNS} columns"


def check_blanks(path, text):
    if "corpus" in path.parts:  # bytes for a fuzzer
        return
    if text and not text.endswith("\n"):
        yield "no newline at the end"
    if is_source(path) or path.suffix in (".py", ".sh", ".build"):
        for number, line in enumerate(text.splitlines(), 1):
            if line != line.rstrip():
                yield f"line {number}: blanks at the end"


def check_file_length(path, text):
    if path.suffix in (".c", ".h") and text.count("\n") > FILE_LINES:
        yield f"{text.count(chr(10))} lines: split it (at most {FILE_LINES})"


def check_guard(path, text):
    if path.suffix != ".h":
        return
    if not re.search(r"^#ifndef \w+_H$", text, re.MULTILINE) and "included more than once" not in text:
        yield "no include guard"


FORBIDDEN = {
    r"\bstrcpy\s*\(": "strcpy: use a bounded copy",
    r"\bstrcat\s*\(": "strcat: use a struct buf",
    r"(?<![a-z_])sprintf\s*\(": "sprintf: use snprintf",
    r"\bgets\s*\(": "gets",
    r"\balloca\s*\(": "alloca",
    r"\batoi\s*\(": "atoi: use strtol and look at the error",
}


def check_calls(path, text):
    if path.suffix != ".c" or path.parts[0] != "src":
        return
    for pattern, words in FORBIDDEN.items():
        for match in re.finditer(pattern, text):
            yield f"line {text.count(chr(10), 0, match.start()) + 1}: {words}"
    if path.parts[1] != "cmd":
        for match in re.finditer(r"(?<![a-z_>.])(printf|puts|perror)\s*\(", text):
            yield (f"line {text.count(chr(10), 0, match.start()) + 1}: "
                   f"library code never prints ({match.group(1)})")


def check_marks(path, text):
    if not is_source(path):
        return
    for number, line in enumerate(text.splitlines(), 1):
        if re.search(r"\b(TODO|FIXME|XXX)\b", line):
            yield f"line {number}: unfinished work is finished or named in an issue"


def check_functions(path, text, allowed):
    """A function starts at a line '{' in column 0 behind a line ending in ')', ends at '}'."""
    if path.suffix != ".c":
        return
    start, name, last = None, None, ""
    for number, line in enumerate(text.splitlines(), 1):
        if line == "{" and last.endswith(")"):
            start = number
        elif line.startswith("}") and start:
            length = number - start
            if length > FUNCTION_LINES and f"{path}:{name}" not in allowed:
                yield f"line {start}: {name}() has {length} lines (at most {FUNCTION_LINES})"
            start = None
        match = re.match(r"^[a-zA-Z_][\w\s\*]*?\**(\w+)\(", line)
        if match and not start:
            name = match.group(1)
        if line.strip():
            last = line


RULES = [check_spdx, check_width, check_blanks, check_file_length, check_guard, check_calls,
         check_marks]


def main():
    root = pathlib.Path(sys.argv[1])
    listed = (root / "tests/check/long-functions.txt").read_text().splitlines()
    allowed = {line.split("#")[0].strip() for line in listed}
    files = subprocess.run(["git", "-C", str(root), "ls-files"], capture_output=True, text=True,
                           check=True).stdout.split("\n")
    results = {rule.__name__: [] for rule in RULES + [check_functions]}
    for name in filter(None, files):
        path = pathlib.Path(name)
        try:
            text = (root / path).read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
            continue
        if path.parts[0] == "LICENSES":
            continue
        for rule in RULES:
            results[rule.__name__] += [f"{path}: {what}" for what in rule(path, text)]
        results["check_functions"] += [f"{path}: {what}"
                                       for what in check_functions(path, text, allowed)]
    print(f"1..{len(results)}")
    for number, (name, found) in enumerate(results.items(), 1):
        for line in found:
            print("# " + line)
        print(("not ok" if found else "ok") + f" {number} - {name[6:]}")


main()
