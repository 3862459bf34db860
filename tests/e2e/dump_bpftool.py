# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Map dumps are those of bpftool: the same contents in kernel maps, both dumps compared."""
import json
import os
import subprocess

import harness
from harness import PING

PIN = f"/sys/fs/bpf/skep-e2e-{os.getpid()}"
MOUNTED = []  # did load() mount the bpffs
CONTENTS = {
    "words": [{"key": 0, "value": 77}, {"key": 1, "value": 0xdeadbeef}],
    "raw": [{"key": "010203", "value": "000102030405060708090a0b0c0d0e0f10111213"}],
    "records": [{"key": 3, "value": {
        "number": 5, "low": 5, "high": 17, "name": "eth0", "color": "GREEN", "yes": True,
        "negative": -3, "big": "0xfffffffffffffffe", "inner": {"mac": "52:54:27:27:27:25"},
        "either": {"word": 1}}}],
    "counts": [{"key": 1, "value": 9}],
    "raw_counts": [{"key": 9, "value": "22" * 20}],
}


def bpftool(*args, check=True):
    tool = harness.need("bpftool")
    return subprocess.run([tool, *args], capture_output=True, text=True, timeout=60, check=check)


def load(touch):
    """Load an object into the kernel; its maps are pinned below PIN."""
    if not os.path.isdir("/sys/fs/bpf") or os.geteuid() != 0:
        raise harness.Skip("optional: no bpffs to load programs with")
    if subprocess.run(["mountpoint", "-q", "/sys/fs/bpf"], check=False).returncode:
        MOUNTED.append(not subprocess.run(["mount", "-t", "bpf", "bpf", "/sys/fs/bpf"],
                                          check=False, stderr=subprocess.DEVNULL).returncode)
    try:
        os.makedirs(PIN + "/progs")
        done = bpftool("prog", "load", touch, PIN + "/prog", "pinmaps", PIN + "/maps",
                       check=False)
    except OSError as error:
        raise harness.Skip(f"optional: bpffs: {error}") from error
    if done.returncode:
        raise harness.Skip("optional: bpf(2) is not usable: " + done.stderr.splitlines()[-1])


def unload():
    for folder, names, files in os.walk(PIN, topdown=False):
        for name in files:
            os.unlink(os.path.join(folder, name))
        for name in names:
            os.rmdir(os.path.join(folder, name))
    if os.path.isdir(PIN):
        os.rmdir(PIN)
    if any(MOUNTED):
        MOUNTED.clear()
        subprocess.run(["umount", "/sys/fs/bpf"], check=False)


def compare(t, form):
    touch = t.compile("hooks.bpf.c", "touch.o", "-DTOUCH_ONLY")
    fills = []
    for name, content in CONTENTS.items():
        fills += ["--map", f"{name}=" + t.write(name + ".json", content)]
    ours = t.skep("-j", "run", touch, "-P", "touch", "--in", PING, *fills).json()["maps"]
    plain = t.skep("run", touch, "-P", "touch", "--in", PING, "--dump-maps", *fills).out
    blocks = {block.split(":\n", 1)[0]: block.split(":\n", 1)[1]
              for block in plain.split("\n\nmap ")[1:]}
    try:
        load(touch)
        for name in CONTENTS:
            pin = f"{PIN}/maps/{name}"
            for entry in ours[name]:
                value = entry["value"] if "value" in entry else entry["values"][0]["value"]
                if any(byte != "0x00" for byte in value):
                    bpftool("map", "update", "pinned", pin, "key", *entry["key"], "value", *value)
            if form == "json":
                theirs = json.loads(bpftool("-j", "map", "dump", "pinned", pin).stdout)
                assert same(ours[name], theirs), (name, ours[name], theirs)
            else:
                theirs = bpftool("map", "dump", "pinned", pin).stdout
                assert cpus(blocks[name].rstrip("\n")) == cpus(theirs.rstrip("\n")), \
                    f"{name}: skep\n{blocks[name]}bpftool\n{theirs}"
    finally:
        unload()


def same(ours, theirs):
    """Equal but for CPUs that are possible and not configured: the kernel has more of them."""
    def cut(value, number):
        if isinstance(value, dict):
            return {key: cut(part[:number] if key == "values" else part, number)
                    for key, part in value.items()}
        return [cut(part, number) for part in value] if isinstance(value, list) else value

    number = min([len(entry["values"]) for entry in ours + theirs if "values" in entry] or [0])
    return cut(ours, number) == cut(theirs, number)


def cpus(text):
    """Text with what belongs to CPU 2 and above left out, whatever machine this is."""
    lines, skipping = [], False
    for line in text.splitlines():
        if line.startswith("value (CPU") or '"cpu":' in line:
            number = int("".join(filter(str.isdigit, line.split(":")[-2 if "(" in line else -1])))
            skipping = number >= 1
        elif line.startswith(("key:", "Found", "    },{", "]")):
            skipping = False
        if not skipping:
            lines.append(line.rstrip("{,}[] "))
    return [line for line in lines if line]


def test_json(t):
    compare(t, "json")


def test_plain(t):
    compare(t, "plain")


harness.main(globals())
