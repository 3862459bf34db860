# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""libskep.so: what it exports, and a C program that uses it as an installed library."""
import os
import subprocess

import harness
from harness import PING, SKELETON

BUILD = os.environ["BUILD"]
LIBRARY = os.path.join(BUILD, "src/cmd/libskep.so")

EXAMPLE = r"""
#include <skep/run.h>

int main(int argc, char **argv)
{
	struct skep_run_opts opts = {.sz = sizeof(opts), .in = argv[2]};
	struct skep_diag *diag = skep_diag_new();
	struct skep_object *object = NULL;
	struct skep_run *run = NULL;
	struct skep_run_count count;
	int status;

	if (!skep_object_open(argv[1], &object, diag) &&
	    !skep_run_prepare(object, &opts, &run, diag) && !skep_run_packets(run, diag))
		for (size_t i = 0; skep_run_verdict(run, i, &count); i++)
			printf("%s %d\n", count.name, (int)count.packets);
	status = skep_diag_exit(diag);
	skep_diag_print(diag, stdout);
	skep_run_free(run);
	if (object)
		skep_object_close(object);
	skep_diag_free(diag);
	return status;
}
"""


def symbols():
    nm = harness.need("nm")
    done = subprocess.run([nm, "-D", "--defined-only", LIBRARY], capture_output=True, text=True,
                          timeout=60, check=True)
    return {line.split()[-1].split("@")[0] for line in done.stdout.splitlines()
            if line.split()[-2] in "TDBR"}


def test_exports_only_its_own(t):
    found = symbols()
    foreign = {name for name in found if not name.startswith("skep_")}
    foreign = {name for name in foreign if not name.startswith(("__asan", "__ubsan", "__odr"))}
    assert len(found) > 50 and not foreign, foreign


def test_exports_what_headers_declare(t):
    declared = set()
    folder = os.path.join(harness.SOURCE, "include/skep")
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            text = file.read()
        for piece in text.split("SKEP_API")[2 if name == "diag.h" else 1:]:
            declared.add(piece.split("(")[0].split()[-1].lstrip("*"))
    missing = {name for name in declared if name.startswith("skep_")} - symbols()
    assert not missing, missing


def test_example(t):
    """Install into a folder, build with pkg-config, run."""
    pkg_config = harness.need("pkg-config")
    if "asan" in os.path.basename(BUILD):
        raise harness.Skip("optional: a sanitizer build is not installed")
    destination = t.path("root")
    subprocess.run(["meson", "install", "-C", BUILD, "--no-rebuild", "--quiet", "--destdir",
                    destination], check=True, timeout=120, capture_output=True)
    prefix = None
    for folder, _, files in os.walk(destination):
        if "skep.pc" in files:
            prefix = folder
    assert prefix, "skep.pc is not installed"
    env = {**os.environ, "PKG_CONFIG_PATH": prefix, "PKG_CONFIG_SYSROOT_DIR": destination}
    flags = subprocess.run([pkg_config, "--cflags", "--libs", "skep"], capture_output=True,
                           text=True, check=True, env=env, timeout=60).stdout.split()
    example = t.path("example")
    subprocess.run(["cc", "-Wall", "-Wextra", "-Wno-unused-parameter", "-Werror",
                    t.write("example.c", EXAMPLE), "-o", example, *flags], check=True, timeout=60)
    env["LD_LIBRARY_PATH"] = os.path.dirname(prefix)
    done = subprocess.run([example, SKELETON, PING], capture_output=True, text=True, env=env,
                          timeout=60, check=False)
    assert done.returncode == 0 and "XDP_PASS 7\n" in done.stdout, done
    done = subprocess.run([example, "/nonexistent.o", PING], capture_output=True, text=True,
                          env=env, timeout=60, check=False)
    assert done.returncode == 2 and "/nonexistent.o" in done.stdout, done


harness.main(globals())
