#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Every header compiles alone, and the public ones compile as C++ and without src/."""
import pathlib
import subprocess
import sys

COMMON = ["-fsyntax-only", "-Wall", "-Wextra", "-Wno-unused-parameter",
          "-Wno-missing-field-initializers", "-Wno-unused-function"]


def compiles(compiler, language, includes, header):
    command = compiler + COMMON + ["-x", language] + [f"-I{i}" for i in includes] + ["-"]
    return subprocess.run(command, input=f'#include "{header}"\n', text=True,
                          capture_output=True, timeout=60)


def main():
    root = pathlib.Path(sys.argv[1])
    jobs = []
    for path in sorted((root / "include/skep").glob("*.h")):
        name = str(path.relative_to(root / "include"))
        if name != "skep/firmware.h":  # for clang -target bpf
            jobs.append((name, ["cc", "-std=gnu17", "-Werror"], "c", [root / "include"]))
            jobs.append((name, ["cc", "-Werror"], "c++", [root / "include"]))
    for path in sorted((root / "src").rglob("*.h")):
        if "included more than once" in path.read_text():
            continue
        name = str(path.relative_to(root / "src"))
        jobs.append((name, ["cc", "-std=gnu17", "-D_GNU_SOURCE", "-Werror"], "c",
                     [root / "src", root / "include"]))
    print(f"1..{len(jobs)}")
    for number, (name, compiler, language, includes) in enumerate(jobs, 1):
        done = compiles(compiler, language, includes, name)
        for line in done.stderr.splitlines()[:10]:
            print("# " + line)
        print(("not ok" if done.returncode else "ok") + f" {number} - {name} ({language})")


main()
