# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""What the e2e tests share: running skep, captures, objects, and TAP output.

A test file defines functions test_*(t) and ends with harness.main(globals()). Environment (set
by meson): SKEP, FIRMWARE and OBJECTS (folders of .bpf.o files), SOURCE (the repository), CLANG
with its flags in BPF_CFLAGS.
"""
import json
import os
import shlex
import shutil
import struct
import subprocess
import sys
import tempfile
import traceback

SKEP = os.environ["SKEP"]
SOURCE = os.environ["SOURCE"]
PING = os.path.join(SOURCE, "firmware/demo/ping.pcap")
SKELETON = os.path.join(os.environ["FIRMWARE"], "xdp_skeleton.bpf.o")
HOOKS = os.path.join(os.environ["OBJECTS"], "hooks.bpf.o")
VERDICTS = ["XDP_ABORTED", "XDP_DROP", "XDP_PASS", "XDP_TX", "XDP_REDIRECT"]
with open(os.path.join(SOURCE, "tests/e2e/hooks.bpf.c"), encoding="ascii") as _source:
    _modes = _source.read().split("enum mode {")[1].split("}")[0]
MODE = {name.strip()[5:].lower(): number for number, name in enumerate(_modes.split(","))
        if name.strip()}


class Skip(Exception):
    pass


class Result:
    def __init__(self, done):
        self.status = done.returncode
        self.out = done.stdout
        self.err = done.stderr

    def json(self):
        return json.loads(self.out)


class Test:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="skep-e2e-")
        self.prefix = []  # a command that runs skep

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, content):
        """A file with text, bytes, or anything else as JSON; returns its path."""
        path = self.path(name)
        if isinstance(content, bytes):
            data = content
        else:
            data = (content if isinstance(content, str) else json.dumps(content)).encode()
        with open(path, "wb") as file:
            file.write(data)
        return path

    def skep(self, *args, status=0, stdin=b"", env=None):
        """Run skep; it must exit with `status` and leave no sanitizer report."""
        done = subprocess.run([*self.prefix, SKEP, *map(str, args)], input=stdin, capture_output=True,
                              timeout=60, check=False, env={**os.environ, **(env or {})})
        done.stdout = done.stdout.decode(errors="replace")
        done.stderr = done.stderr.decode(errors="replace")
        said = f"skep {shlex.join(map(str, args))}: status {done.returncode}\n{done.stdout}{done.stderr}"
        for mark in ("Sanitizer", "runtime error:"):
            assert mark not in done.stderr, said
        assert done.returncode == status, f"wanted status {status}: {said}"
        return Result(done)

    def run(self, mode=None, *args, argument=None, status=0):
        """skep -j run of hooks.bpf.o with mode and argument set; returns the JSON."""
        variables = {"mode": "MODE_" + mode.upper()} if mode else {}
        if argument is not None:
            variables["argument"] = argument
        config = self.write("config.json", [{"key": 0, "value": variables}])
        return self.skep("-j", "run", HOOKS, "-P", "hooks", "--in", PING,
                         "--map", f".rodata={config}", *args, status=status).json()

    def refused(self, *args, status, words, env=None):
        """Both forms of a refusal: the words on stderr, and {"error": ..} on stdout."""
        plain = self.skep(*args, status=status, env=env)
        for word in words:
            assert word in plain.err, f"'{word}' is not in: {plain.err}"
        assert plain.err.startswith("skep: "), plain.err
        error = self.skep("-j", *args, status=status, env=env)
        assert not error.err, error.err
        error = error.json()["error"]
        text = " ".join(str(value) for value in error.values())
        for word in words:
            assert word in text, f"'{word}' is not in: {error}"
        assert error["code"] < 0 and error["problem"]
        return error

    def compile(self, source, name, *flags):
        path = self.path(name)
        subprocess.run([os.environ["CLANG"], *shlex.split(os.environ["BPF_CFLAGS"]), *flags, "-c",
                        os.path.join(SOURCE, "tests/e2e", source), "-o", path], check=True,
                       timeout=60)
        return path


def need(tool):
    """The path of an optional tool, or a skip."""
    path = shutil.which(tool) or shutil.which(tool, path="/usr/sbin:/sbin")
    if not path:
        raise Skip(f"optional: no {tool}")
    return path


def pcap(packets, magic=0xa1b2c3d4, link=1):
    """A classic pcap of (seconds, fraction, bytes) packets."""
    out = struct.pack("=IHHiIII", magic, 2, 4, 0, 0, 262144, link)
    for seconds, fraction, data in packets:
        out += struct.pack("=IIII", seconds, fraction, len(data), len(data)) + data
    return out


def main(names):
    tests = [(name[5:], function) for name, function in names.items()
             if name.startswith("test_")]
    print(f"1..{len(tests)}")
    failed = False
    for number, (name, function) in enumerate(tests, 1):
        test = Test()
        try:
            function(test)
            print(f"ok {number} - {name}")
        except Skip as reason:
            print(f"ok {number} - {name} # SKIP {reason}")
        except Exception:  # one failing test must not hide the others
            failed = True
            print(f"not ok {number} - {name}")
            for line in traceback.format_exc().splitlines():
                print("# " + line)
        finally:
            shutil.rmtree(test.folder, ignore_errors=True)
        sys.stdout.flush()
    sys.exit(1 if failed else 0)
