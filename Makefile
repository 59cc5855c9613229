.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-print-directory
# node-gyp and the native helper use the headers of the running node; nothing is downloaded.
export npm_config_nodedir ?= $(patsubst %/bin/node,%,$(shell readlink -f "$$(command -v node)"))
export PATH := $(CURDIR)/node_modules/.bin:$(PATH):/usr/sbin:/sbin

sources := $(shell find fa mn ha shared test scripts -name '*.ts')
RUN := node --enable-source-maps
# Directories whose tests need no namespaces, bundles or real time.
unit := base wire security protocol forwarding fa mn ha sim service scripts architecture demo docs packaging
unit_tests = $(shell find $(foreach d,$(unit),build/test/$(d)) -name '*.test.js' \
  ! -name '*netns*' ! -name '*bundle*' ! -name 'smoke*' ! -name 'run.test.js' 2>/dev/null | sort)
# Whole networks in real time. Those that look at a stream of packets, or flood, measure: they have the machine
# to themselves.
lab_tests = $(shell find build/test/lab -name '*.test.js' | sort)
lab_alone = $(shell grep -lE 'gaps\.js|streams\.js|flood' $(lab_tests))
other_tests = $(filter-out $(lab_tests),$(shell find build/test -name '*.test.js' | sort))
TEST := node --test --test-reporter=./build/scripts/test-reporter.js

.PHONY: help
help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /\1\t/' | expand -t 14

.PHONY: setup
setup: ## install what is missing (Debian and npm packages)
	@scripts/setup.sh

# --- building -----------------------------------------------------------------------------------

build/.compiled: $(sources) package.json tsconfig.json | setup
	@tsc
	@touch $@

build/.native: $(wildcard shared/native/* shared/bpf/*) scripts/build-native.sh | setup
	@scripts/build-native.sh
	@touch $@

dist/.bundled: build/.compiled build/.native $(wildcard board-configs/*)
	@$(RUN) build/scripts/bundle.js
	@touch $@

.PHONY: build
build: dist/.bundled ## write dist/mip4-fa, dist/mip4-mn and dist/mip4-ha

.PHONY: package
package: build ## write packages for OpenWrt (.ipk, and a feed) and Debian (.deb) into dist/
	@$(RUN) build/scripts/package.js

# --- checking -----------------------------------------------------------------------------------

.PHONY: format
format: setup ## put the sources into shape
	@biome check --write .

.PHONY: check
check: build/.compiled build/.native ## format, lint, types, architecture, unit tests (the fast part)
	@biome check --error-on-warnings .
	@knip
	@node --test --test-concurrency=$$(nproc) --test-reporter=dot $(unit_tests)

.PHONY: test
test: build ## set everything up and run all tests
	@biome check --error-on-warnings .
	@knip
	@export MIP4_TEST_SINCE=$$(date +%s%3N); failed=0; \
	$(TEST) --test-concurrency=$$(nproc) $(other_tests) || failed=1; \
	$(TEST) --test-concurrency=$$(nproc) $(filter-out $(lab_alone),$(lab_tests)) || failed=1; \
	$(TEST) --test-concurrency=1 $(lab_alone) || failed=1; \
	exit $$failed

.PHONY: test-foreign
test-foreign: ## the bundles on arm64 and armv7 under qemu-user and on musl, with Node for these (fetched)
	@scripts/foreign-node.sh
	@$(MAKE) --always-make build/.native
	@$(MAKE) build
	@MIP4_MACHINE=1 $(RUN) build/test/foreign/main.js

.PHONY: test-kernel
test-kernel: build/.compiled build/.native ## the rules of tunnels by every driver, in that machine, and what packets cost (RUNS=kernel:rules-netns)
	@$(RUN) build/test/machine/drivers.js
	@$(if $(RUNS),,$(RUN) build/test/machine/tunnel-cost.js)

.PHONY: test-machine
test-machine: build/.compiled ## the virtual machine of the tests that need Debian's kernel (QEMU; the kernel is fetched)
	@$(RUN) build/test/machine/main.js

.PHONY: test-ebpf
test-ebpf: build/.compiled build/.native ## the accelerator on Debian's kernel, against its tunnel devices (QEMU)
	@$(RUN) build/test/machine/accelerator.js

.PHONY: test-radio
test-radio: build ## fast handovers between two access points: mac80211_hwsim, hostapd, wpa_supplicant (QEMU)
	@$(RUN) build/test/machine/radio.js

.PHONY: test-luci
test-luci: build ## the LuCI pages in headless Chromium (Debian: chromium), with screenshots
	@$(RUN) build/test/luci/main.js

.PHONY: cover
cover: build/.compiled ## line and branch coverage of the unit tests
	@c8 --exclude-after-remap --src . --exclude 'test/**' --reporter text-summary --reporter text \
	  node --enable-source-maps --test --test-reporter=dot $(unit_tests)

.PHONY: conformance
conformance: build/.compiled ## which requirements of the RFCs are proved (after make test), which are open
	@$(RUN) build/scripts/conformance.js $(ARGS)

.PHONY: docs
docs: build/.compiled ## write the reference pages that are made from the code
	@$(RUN) build/scripts/docs.js

.PHONY: sim
sim: build/.compiled ## simulate networks: make sim N=200 or HANDOVERS=100000, or replay one with SEED=n
	@$(RUN) build/test/sim/main.js $(if $(SEED),--seed $(SEED)) $(if $(N),--runs $(N)) $(if $(HANDOVERS),--handovers $(HANDOVERS))

.PHONY: fuzz
fuzz: build/.compiled ## octets nobody should send: make fuzz N=10000000 [SEED=n] [WRITE=1: corpus]
	@$(RUN) build/test/fuzz/main.js $(if $(SEED),--seed $(SEED)) $(if $(N),--inputs $(N)) \
	  $(if $(WRITE),--write)

# --- seeing it ----------------------------------------------------------------------------------

.PHONY: demo
demo: build ## show a session that survives two handovers and the way home
	@$(RUN) build/scripts/demo.js $(ARGS)

.PHONY: lab
lab: build ## leave the demo network standing, to play with
	@$(RUN) build/scripts/lab.js $(ARGS)

.PHONY: bench
bench: build ## measure: codec, registrations, data paths, handovers, side by side
	@$(RUN) build/test/bench/main.js $(ARGS)

.PHONY: clean
clean: ## remove everything that was built
	@rm -rf build dist .cache
