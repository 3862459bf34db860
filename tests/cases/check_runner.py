#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Every case of tests/cases/wrong must fail, on each target, and for its own reason."""
import subprocess
import sys

done = subprocess.run(sys.argv[1:], capture_output=True, text=True, timeout=120)
lines = [line for line in done.stdout.splitlines() if line.startswith(("ok ", "not ok ", "Bail"))]
print(f"1..{len(lines) + 2}")
print(("ok" if done.returncode == 1 else "not ok") + " 1 - exit status 1")
print(("ok" if len(lines) >= 20 else "not ok") + " 2 - all cases were run")
for number, line in enumerate(lines, 3):
    skipped = "# SKIP" in line
    failed = line.startswith("not ok") or skipped
    print(("ok" if failed else "not ok") + f" {number} - fails: {line.split(' - ')[-1]}")
