#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""The plugin protocol of the bpf_conformance suite, spoken to skep-conformance.

    protocol.py PLUGIN

Each case is the memory argument (None: absent), options, program bytes, and what must come back:
r0, or words on stderr with a failing exit status.
"""
import platform
import struct
import subprocess
import sys


def insn(code, dst=0, src=0, off=0, imm=0):
    return struct.pack("<BBhi", code, src << 4 | dst, off, imm)


EXIT = insn(0x95)


def elf(code):
    """An object as the suite's runner writes one: .text with one global function."""
    names = b"\0.text\0.symtab\0.strtab\0main\0"
    symbols = bytes(24) + struct.pack("<IBBHQQ", names.index(b"main"), 0x12, 0, 1, 0, len(code))
    off_symbols = 64 + len(code)
    off_names = off_symbols + len(symbols)
    off_headers = (off_names + len(names) + 7) & ~7
    header = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack(
        "<HHIQQQIHHHHHH", 1, 247, 1, 0, 0, off_headers, 0, 64, 0, 0, 64, 4, 3)

    def section(name, kind, flags, off, size, link=0, info=0, align=1, entry=0):
        at = names.index(name + b"\0")
        return struct.pack("<IIQQQQIIQQ", at, kind, flags, 0, off, size, link, info, align, entry)

    headers = (bytes(64) + section(b".text", 1, 6, 64, len(code), align=8)
               + section(b".symtab", 2, 0, off_symbols, len(symbols), 3, 1, 8, 24)
               + section(b".strtab", 3, 0, off_names, len(names)))
    body = header + code + symbols + names
    return body + bytes(off_headers - len(body)) + headers


LENGTH = insn(0xbf, 0, 2) + EXIT  # r0 = r2
FIRST = insn(0x71, 0, 1) + EXIT  # r0 = *(u8 *)r1
LAST = insn(0x79, 0, 1, 2) + EXIT  # r0 = *(u64 *)(r1 + 2)
HELPER = insn(0xb7, 1, imm=-1) + insn(0x85, imm=5) + insn(0xb7, 0, imm=2) + EXIT
V4 = insn(0xbf, 0, 1, 8) + EXIT  # r0 = (s8)r1
LOOP = insn(0x05, off=-1) + EXIT

CASES = [
    ("no memory: r1 is NULL", None, [], insn(0xbf, 0, 1) + EXIT, 0),
    ("no memory: r2 is 0", None, [], LENGTH, 0),
    ("memory in r1", "ab  cd  ", [], FIRST, 0xab),
    ("its length in r2", "ab  cd  01", [], LENGTH, 3),
    ("64-bit result", "00 00 11 22 33 44 55 66 77 88", [], LAST, 0x8877665544332211),
    ("helper 5 returns", None, [], HELPER, 2),
    ("--target interp", "07", ["--target", "interp"], FIRST, 7),
    ("--target=interp", "07", ["--target=interp"], FIRST, 7),
    ("--cpu_version v4", None, ["--cpu_version", "v4"], V4, 0),
    ("--elf", "2a", ["--elf"], elf(FIRST), 0x2a),
    ("--program", "2a", ["--program", FIRST.hex(" ")], b"", 0x2a),
    ("behind the memory", "2a", [], insn(0x71, 0, 1, 1) + EXIT, "touched memory"),
    ("endless", None, [], LOOP, "instruction budget"),
    ("unknown opcode", None, [], insn(0xff) + EXIT, "instruction 0"),
    ("no exit", None, [], insn(0xb7), "falls off"),
    ("half an instruction", None, [], EXIT[:5], "whole instructions"),
    ("no program", None, [], b"", "whole instructions"),
    ("an instruction too new", None, ["--cpu_version", "v3"], V4, "cpu v4"),
    ("unknown target", None, ["--target", "z80"], EXIT, "z80"),
    ("unknown option", None, ["--fast"], EXIT, "usage"),
    ("memory that is not hex", "xyz", [], EXIT, "hex"),
    ("ELF that is none", None, ["--elf"], FIRST, "object"),
]
if platform.machine() == "x86_64":
    CASES += [
        ("x86_64: memory", "07", ["--target", "x86_64"], FIRST, 7),
        ("x86_64: its length", "ab cd 01", ["--target", "x86_64"], LENGTH, 3),
        ("x86_64: helper 5", None, ["--target", "x86_64"], HELPER, 2),
        ("x86_64: --elf", "2a", ["--elf", "--target=x86_64"], elf(FIRST), 0x2a),
        ("x86_64: no exit", None, ["--target", "x86_64"], insn(0xb7), "falls off"),
    ]


def failure(plugin, memory, options, code, want):
    """What is wrong with the answer, None when nothing is."""
    text = "".join(f"{byte:02x}  " for byte in code)  # two blanks, as the suite writes
    command = [plugin] + ([memory] if memory is not None else []) + options
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60)
    if isinstance(want, int):
        if done.returncode or int(done.stdout, 16) != want:
            return f"exit {done.returncode}, r0 {done.stdout.strip()!r}, {done.stderr.strip()!r}"
    elif not done.returncode or done.stdout or want not in done.stderr:
        return f"exit {done.returncode}, {done.stdout.strip()!r}, {done.stderr.strip()!r}"
    return None


def main():
    print(f"1..{len(CASES)}")
    for number, (name, *case) in enumerate(CASES, 1):
        wrong = failure(sys.argv[1], *case)
        if wrong:
            print(f"# {wrong}")
        print(("not ok" if wrong else "ok") + f" {number} - {name}")


main()
