# Makefile - the few commands one needs; the building itself is CMake's (CMakePresets.json).
# Everything is made in build/. Each target first sees to it that what it needs is installed (tools/setup.sh).

FUZZ_SECONDS ?= 60
SOAK_SECONDS ?= 600
SOAK_ROUNDS ?= 1000
.DEFAULT_GOAL := build
# $(call make,PRESET,FLAGS): configures and builds a preset
make = cmake --preset $(1) --log-level=WARNING >/dev/null && cmake --build --preset $(1) $(2)
.PHONY: help build demo test sanitize windows release bench check fuzz soak derive clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 18

build: ## both programs: build/acq, build/telemetry_bridge
	@tools/setup.sh build
	@$(call make,release)

windows: ## the Windows programs: build/windows/*.exe
	@tools/setup.sh build windows
	@$(call make,windows)

release: ## what users get, built twice and compared: build/release/
	@tools/setup.sh build windows release
	@$(call make,windows)
	@$(call make,release)
	@tools/twice.sh build build/windows
	@tools/release.sh build build/windows build/release

demo: build ## a drive from simulator to picture
	@tools/demo.sh

test: build ## builds all and runs all tests; ACQ_DATA=folder adds those on real recordings
	@tools/setup.sh build windows test
	@$(call make,windows)
	@$(call make,release,--target all acq_tests)
	@tools/test.sh build

sanitize: ## all tests under the address and undefined-behaviour sanitizers
	@tools/setup.sh build windows test
	@$(call make,windows)
	@$(call make,asan)
	@tools/test.sh build/asan

fuzz: ## every fuzz target for FUZZ_SECONDS (60)
	@tools/setup.sh build check
	@$(call make,fuzz)
	@tools/fuzz.sh $(FUZZ_SECONDS)

check: ## layout of the sources, warnings of three compilers as errors, layers, derived files
	@tools/setup.sh build windows test check
	@tools/check.sh

derive: build ## writes the files that come from the channel table and the schema anew
	@tools/setup.sh test
	@tests/derived.sh build --write

bench: ## what we claim, measured
	@tools/setup.sh build bench
	@$(call make,bench)
	@tools/bench.sh

soak: ## damaged recordings, killed programs, failing networks, full disks, SOAK_ROUNDS (1000) times; then SOAK_SECONDS (600)
	@tools/setup.sh build test
	@$(call make,release,--target acq telemetry_bridge test_survival)
	@/usr/bin/python3 tests/soak.py build $(SOAK_SECONDS) $(SOAK_ROUNDS)

clean: ## removes build/; the cache of third-party parts stays
	rm -rf build
