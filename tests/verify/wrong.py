#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Each wrong program is refused with the words of its .txt file, and by the running kernel.

The instructions in those words are those of the reference compiler, clang 14; another one is held
to the rule and the source line. `wrong.py --write` writes the .txt files anew.
"""
import os
import re
import subprocess
import sys

SOURCE = os.path.join(os.environ["SOURCE"], "tests/verify/wrong")
REFERENCE = "clang version 14."
NAMES = sorted(name[:-6] for name in os.listdir(SOURCE) if name.endswith(".bpf.c"))
# Programs that the running kernel takes, or refuses before its verifier sees them, and why.
KERNEL_DIFFERS = {
}


def normal(text, name):
    """Without what differs from run to run: folders, and the figures of the table."""
    text = re.sub(r"object \S*/", "object ", text)
    return re.sub(r"^(entry +rejected) .*$", r"\1", text, flags=re.M)


def verify(name):
    path = os.path.join(os.environ["WRONG"], name + ".bpf.o")
    done = subprocess.run([os.environ["SKEP"], "verify", path], capture_output=True, text=True,
                          timeout=60, check=False)
    return done.returncode, normal(done.stdout.split("\n", 1)[1], name), done.stderr


def parts(text):
    rule = re.search(r"^  rule: +(\S+)", text, re.M)
    place = re.search(r"^  (\S+:\d+):", text, re.M)
    return rule and rule[1], place and place[1]


def check_words(name):
    status, text, err = verify(name)
    with open(os.path.join(SOURCE, name + ".txt"), encoding="utf-8") as file:
        wanted = file.read()
    assert status == 3 and not err, (status, err)
    assert parts(text)[0], "no rule is named"
    if os.environ["CLANG_VERSION"].find(REFERENCE) >= 0:
        assert text == wanted, f"wanted:\n{wanted}\nfound:\n{text}"
    else:
        assert parts(text) == parts(wanted), f"wanted:\n{wanted}\nfound:\n{text}"


def check_kernel(name):
    """None, or why there is nothing to compare."""
    path = os.path.join(os.environ["WRONG"], name + ".bpf.o")
    done = subprocess.run([os.environ["KERNEL_LOAD"], path], capture_output=True, text=True,
                          timeout=120, check=False)
    if done.returncode == 77:
        return "optional: bpf(2) is not permitted here"
    if name in KERNEL_DIFFERS:
        return "optional: " + KERNEL_DIFFERS[name]
    assert done.returncode == 3, f"the kernel says: {done.stdout}"
    return None


def write():
    for name in NAMES:
        status, text, err = verify(name)
        assert status == 3 and not err, (name, text, err)
        with open(os.path.join(SOURCE, name + ".txt"), "w", encoding="utf-8") as file:
            file.write(text)


def main():
    number, failed = 0, False
    print(f"1..{2 * len(NAMES) + 1}")
    for name in NAMES:
        for label, check in ((name, check_words), (name + " [kernel]", check_kernel)):
            number += 1
            try:
                skip = check(name)
                print(f"ok {number} - {label}" + (f" # SKIP {skip}" if skip else ""))
            except (AssertionError, OSError, subprocess.SubprocessError) as problem:
                failed = True
                print(f"not ok {number} - {label}")
                print("\n".join("# " + line for line in str(problem).splitlines()))
    enough = len(NAMES) >= 60
    print(f"{'ok' if enough else 'not ok'} {number + 1} - {len(NAMES)} programs")
    sys.exit(failed or not enough)


if sys.argv[1:] == ["--write"]:
    write()
else:
    main()
