#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""The kernel's own tests as tests of skep: what they give must be what expected.txt says.

usage: suite.py BUILD EXPECTED SOURCE

SOURCE is Debian's linux-source-6.1.tar.xz (or a folder with it unpacked); without it the tests are
skipped. EXPECTED lists every test of the verifier suite on which skep and the suite disagree, with
the reason. A disagreement that is not listed fails, and so does a listed one that is gone: then
the line goes, too.
"""
import os
import re
import subprocess
import sys

AGREE_LEAST = 914  # of the 923 to 926 that need only what a network runtime has
EXEC_LEAST = 742
RUNS_LEAST = 546

HERE = os.path.dirname(os.path.abspath(__file__))
LINE = re.compile(r"^DISAGREE +\S+ +(accept|reject) +(accept|reject) +(.*)$")


class Tap:
    def __init__(self):
        self.count = self.failed = 0

    def check(self, right, name, details=()):
        self.count += 1
        self.failed += not right
        print(f"{'ok' if right else 'not ok'} {self.count} - {name}")
        for line in details if not right else ():
            print(f"# {line}")


def read_expected(path):
    """{name: (what skep does, reason)}; lines are `accept|reject: NAME: REASON`, by tabs."""
    expected = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            if line.strip() and not line.startswith("#"):
                verdict, name, reason = line.rstrip("\n").split("\t")
                expected[name] = (verdict, reason)
    return expected


def run_suite(build, source, suite):
    command = [os.path.join(HERE, "..", "kernel_verifier.sh"), "-b", build, source, suite]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", timeout=500)
    return done.stdout


def find_name(text, expected):
    """What follows a test's name is the reason of the refusal, behind ": "; names have that, too."""
    for end in range(len(text), 0, -1):
        if text[:end] in expected and (end == len(text) or text[end:end + 2] == ": "):
            return text[:end]
    return text


def number(pattern, text):
    match = re.search(pattern, text)
    return int(match.group(1)) if match else -1


def check_verifier(tap, output, expected):
    seen = set()
    unknown = []
    for line in output.splitlines():
        match = LINE.match(line)
        if not match:
            continue
        name = find_name(match.group(3), expected)
        if name in expected and expected[name][0].rstrip("?") == match.group(2):
            seen.add(name)
        else:
            unknown.append(line)
    agree = number(r"^agree (\d+)", output) if output.startswith("agree") else \
        number(r"\nagree (\d+)", output)
    tap.check(agree >= AGREE_LEAST, f"{agree} of the kernel's verifier tests agree",
              output.splitlines()[-20:])
    tap.check(not unknown, "every disagreement is in the table", unknown)
    gone = sorted(n for n in set(expected) - seen if not expected[n][0].endswith("?"))
    tap.check(not gone, "every line of the table is still true", [f"agrees now: {n}" for n in gone])
    runs, wrong = number(r"runs (\d+)", output), number(r"wrong (\d+)", output)
    tap.check(runs >= RUNS_LEAST and wrong == 0,
              f"{runs} runs return what the suite says, {wrong} do not",
              [line for line in output.splitlines() if line.startswith("WRONG RUN")])


def check_exec(tap, output):
    passed, failed = number(r"(\d+) passed", output), number(r"(\d+) failed", output)
    tap.check(passed >= EXEC_LEAST and failed == 0,
              f"{passed} of the kernel's execution tests pass, {failed} fail",
              output.splitlines()[-20:])


def main():
    if len(sys.argv) != 4:
        print(__doc__.strip())
        return 2
    build, table, source = sys.argv[1:]
    if not os.path.exists(source):
        print(f"1..0 # SKIP {source} is not there: tools/deps test installs it")
        return 0
    tap = Tap()
    check_verifier(tap, run_suite(build, source, "verifier"), read_expected(table))
    check_exec(tap, run_suite(build, source, "exec"))
    print(f"1..{tap.count}")
    return 1 if tap.failed else 0


if __name__ == "__main__":
    sys.exit(main())
