# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A front for meson: each target installs what is missing, then builds. `make help` lists them.

BUILD      ?= build
BUILD_ASAN ?= build-asan
FUZZ_SECONDS ?= 600
VERIFY_SECONDS ?= 1800

# What was installed after a build folder was set up is found by setting it up again.
test_deps = new=$$(tools/deps test) || exit 2; [ -z "$$new" ] || \
	{ echo "$$new"; for b in $(1); do meson setup --reconfigure $$b >/dev/null || exit 2; done; }

.DEFAULT_GOAL := all
.PHONY: all demo test verify-suite bench fuzz lint format install clean help

all: $(BUILD)/build.ninja ## build everything into build/
	@ninja -C $(BUILD)

demo: $(BUILD)/build.ninja ## run the XDP skeleton over a real capture of five pings
	@ninja -C $(BUILD) --quiet src/cmd/skep firmware/xdp_skeleton.bpf.o
	@firmware/demo/run $(BUILD)

test: $(BUILD)/build.ninja $(BUILD_ASAN)/build.ninja ## run every test; the last line counts them
	@$(call test_deps,$(BUILD) $(BUILD_ASAN))
	@ninja -C $(BUILD) --quiet
	@ninja -C $(BUILD_ASAN) --quiet
	@tests/run $(BUILD_ASAN):unit,cases,e2e $(BUILD):cases,e2e,fuzz,peers,check

verify-suite: $(BUILD)/build.ninja ## the kernel's tests and VERIFY_SECONDS of random programs (default 1800)
	@tools/deps test
	@ninja -C $(BUILD) --quiet
	@tests/peers/run $(BUILD) $(VERIFY_SECONDS)

bench: all ## measure, side by side with what else runs here
	@tools/deps bench
	@bench/run $(BUILD)

fuzz: $(BUILD)/build.ninja ## run each fuzzer for FUZZ_SECONDS (default 600)
	@$(call test_deps,$(BUILD))
	@ninja -C $(BUILD) --quiet
	@tests/fuzz/run $(BUILD) $(FUZZ_SECONDS)

lint: $(BUILD)/build.ninja ## clang-tidy over all sources, slow
	@tools/deps test
	@tools/lint $(BUILD)

format: ## clang-format all sources in place
	@git ls-files '*.c' '*.h' | xargs clang-format -i

install: all ## install to DESTDIR and meson's prefix
	@meson install -C $(BUILD)

clean: ## remove the build folders
	@rm -rf $(BUILD) $(BUILD_ASAN)

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BUILD)/build.ninja:
	@tools/deps build
	@meson setup $(BUILD) >/dev/null || { cat $(BUILD)/meson-logs/meson-log.txt; exit 2; }

# Debug build: a sanitizer report ends the test that caused it.
$(BUILD_ASAN)/build.ninja:
	@tools/deps build
	@meson setup $(BUILD_ASAN) -Dbuildtype=debug -Db_sanitize=address,undefined \
		-Db_lundef=false >/dev/null || { cat $(BUILD_ASAN)/meson-logs/meson-log.txt; exit 2; }
