#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Every program of firmware/ verifies, and of Debian's xdp-tools those that a card can run."""
import glob
import json
import os
import subprocess
import sys

objects = sorted(glob.glob(os.environ["FIRMWARE"] + "/*.bpf.o"))
firmware = len(objects)
objects += sorted(glob.glob("/usr/lib/*/bpf/*.o"))
failed = firmware < 4
print(f"1..{len(objects) + 2}")
print(("not ok" if failed else "ok") + f" 1 - {firmware} objects of firmware")
accepted = 0
for number, path in enumerate(objects, 2):
    done = subprocess.run([os.environ["SKEP"], "-j", "verify", path], capture_output=True,
                          text=True, timeout=60, check=False)
    wrong = []
    if done.returncode:
        wrong.append(f"status {done.returncode}: {done.stdout}{done.stderr}")
    else:
        rows = json.loads(done.stdout)
        wrong += [json.dumps(row) for row in rows if row["verdict"] == "rejected"]
        accepted += sum(row["verdict"] == "accepted" for row in rows)
    failed = failed or bool(wrong)
    print(("not ok" if wrong else "ok") + f" {number} - {os.path.basename(path)}")
    for line in wrong:
        print("# " + line.replace("\n", "\n# "))
if len(objects) == firmware:
    print(f"ok {len(objects) + 2} - xdp-tools # SKIP optional: no /usr/lib/*/bpf/*.o")
else:
    print(f"ok {len(objects) + 2} - {accepted} programs accepted")
sys.exit(failed)
