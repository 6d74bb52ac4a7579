# Everything here needs Go, Python 3, make and the network the first time.
# `make help` lists the targets.

GO ?= go
PYTHON ?= python3
STATICCHECK_VERSION := v0.8.2

# What the filter's health page says. A release sets it and CHANGELOG.md.
VERSION := 0.1.0-dev

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

ifeq ($(shell command -v $(GO)),)
$(error $(GO) is not on the PATH: install Go 1.26 from https://go.dev/dl)
endif

# The same flags for every Go command: no C compiler, nothing from a go.work
# above this folder, no version-control stamp (it would change with each commit).
export CGO_ENABLED := 0
export GOWORK := off
export GOFLAGS := $(strip $(GOFLAGS) -buildvcs=false)
export PYTHONDONTWRITEBYTECODE := 1

# ENVOY replaces the pinned Envoy: a path, or a name on the PATH.
ifeq ($(strip $(ENVOY)),)
envoy_needs := .tools/envoy
override ENVOY := $(CURDIR)/.tools/envoy
else
envoy_needs := own-envoy
override ENVOY := $(shell case '$(ENVOY)' in \
	(/*) echo '$(ENVOY)';; (*/*) echo "$$PWD/"'$(ENVOY)';; (*) command -v '$(ENVOY)' || echo '$(ENVOY)';; esac)
endif
export ENVOY

module := github.com/sparkward/sparkward
wasm := GOOS=wasip1 GOARCH=wasm $(GO) build -buildmode=c-shared -trimpath -ldflags='-w -X $(module)/plugin/internal/guard.Version=$(VERSION)'
# No -trimpath: it would compile the libraries once more, beside what the tests use.
native := $(GO) build

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z][a-z0-9-]*:.*## /{printf "  make %-11s %s\n", $$1, $$2}' Makefile

# ---- build ----

.PHONY: build FORCE
build: build/sparkward.wasm build/sparkctl build/hostsim build/provider build/demo ## the filter and its commands, into build/
FORCE:

# Go's compiler sends every jump through a table; reflow makes them branches.
build/sparkward.wasm: FORCE
	$(wasm) -o build/go.wasm ./plugin
	$(GO) run ./tools/reflow build/go.wasm $@

build/sparkward-test.wasm: FORCE
	$(wasm) -tags sparkward_testhooks -o build/go-test.wasm ./plugin
	$(GO) run ./tools/reflow build/go-test.wasm $@

build/sparkctl: FORCE
	$(native) -o $@ ./plugin/sparkctl

build/hostsim: FORCE
	$(native) -o $@ ./hostsim/cmd/hostsim

build/provider: FORCE
	$(native) -o $@ ./e2e/cmd/provider

build/demo: FORCE
	$(native) -o $@ ./e2e/cmd/demo

# ---- tools ----

.PHONY: tools own-envoy
tools: $(envoy_needs) ## fetch the pinned Envoy into .tools/ (ENVOY=path uses yours)

.tools/envoy: tools/envoy.py
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not on the PATH: it fetches the pinned Envoy. Install Python 3, or set ENVOY=/path/to/envoy." >&2; exit 1; }
	$(PYTHON) tools/envoy.py $@

own-envoy:
	@"$$ENVOY" --version >/dev/null || { echo "ENVOY=$$ENVOY does not run: give the path of an Envoy 1.40 executable, or leave ENVOY unset." >&2; exit 1; }

staticcheck := .tools/staticcheck-$(STATICCHECK_VERSION)
$(staticcheck):
	GOBIN="$$PWD/.tools/bin-$$$$" && export GOBIN && \
	  $(GO) install honnef.co/go/tools/cmd/staticcheck@$(STATICCHECK_VERSION) && \
	  mv "$$GOBIN/staticcheck" $@ && rmdir "$$GOBIN"

# ---- run ----

.PHONY: run
run: build/sparkward.wasm build/sparkctl build/demo $(if $(filter sim,$(HOST)),build/hostsim,tools) ## the demo on 127.0.0.1:10000 (PORT, ADMIN_PORT, PROVIDER_PORT; HOST=sim without Envoy)
	@exec build/demo

# ---- test ----

# Modules of their own, so that what they bring stays out of the filter's go.mod.
nested := e2e/sdk envoy/apicheck
# They bring large libraries and run for seconds: to optimise those, or to write
# what a debugger wants, would double the time to compile them.
quickly := -vet=off -ldflags='-s -w' $(foreach from,github.com istio.io k8s.io sigs.k8s.io google.golang.org,-gcflags='$(from)/...=-N -l -dwarf=false')
each_nested = set -e; for module in $(nested); do (cd $$module && $(1)) || exit 1; done

# The end-to-end part runs after the rest, alone: some of its steps look at the clock.
# make lint vets, here it would cost a minute of a new machine's first run.
others = $(shell $(GO) list ./... | grep -v /e2e)

.PHONY: test e2e chaos soak cost sdk sdk-python fleet prometheus docker fuzz bench
test: build build/sparkward-test.wasm tools ## everything: units, scenarios on hostsim and Envoy, official SDKs
	cd tools && $(PYTHON) -m unittest -q envoy_test
	$(GO) test -count=1 -vet=off $(others)
	$(GO) test -count=1 -vet=off -timeout 20m ./e2e/...
	$(call each_nested,$(GO) test -count=1 $(quickly) ./...)

e2e: build build/sparkward-test.wasm tools ## the scenarios alone
	$(GO) test -count=1 -timeout 20m -v ./e2e/...

CHAOS ?= 5m
SEED ?= 0
chaos: build build/sparkward-test.wasm tools ## providers and VMs that fail, at a steady load on the real Envoy, for CHAOS (5m), in the order of SEED (any)
	$(GO) test -count=1 -v -timeout 30m ./e2e -run '^TestChaos$$' -chaos $(CHAOS) -chaos-seed $(SEED)

SOAK ?= 1h
SOAK_RATE ?= 100
soak: build tools ## a steady load on the real Envoy for SOAK (1h), SOAK_RATE (100) requests a second: right answers, no growth
	$(GO) test -count=1 -v -timeout 0 ./e2e -run '^TestSoak$$' -soak $(SOAK) -soak-rate $(SOAK_RATE)

# COST='-cost-only everything,plain -cost-other /path/of/another.wasm' and other flags of e2e/cost_test.go.
cost: build tools ## what the filter costs the real Envoy, processor time a request and a byte of prompt (Linux)
	$(GO) test -count=1 -tags cost -run '^TestCost$$' -v -timeout 60m ./e2e $(COST)

sdk: build tools ## the official SDKs against the demo
	cd e2e/sdk && $(GO) test -count=1 $(quickly) -v ./...

# The rate limit service of Envoy's project, for limits over several proxies.
RATELIMIT_VERSION := v1.4.1-0.20260122083618-3fb702589d36
ratelimit := .tools/ratelimit-$(RATELIMIT_VERSION)
$(ratelimit):
	GOBIN="$$PWD/.tools/bin-$$$$" && export GOBIN && \
	  $(GO) install github.com/envoyproxy/ratelimit/src/service_cmd@$(RATELIMIT_VERSION) && \
	  mv "$$GOBIN/service_cmd" $@ && rmdir "$$GOBIN"

fleet: build tools $(ratelimit) ## two Envoys, one Redis: limits over both (needs redis-server)
	@command -v redis-server >/dev/null || { echo "redis-server is not on the PATH: install it (Debian: apt-get install redis-server)." >&2; exit 1; }
	RATELIMIT="$(CURDIR)/$(ratelimit)" $(GO) test -count=1 -tags fleet -run '^TestFleet' -v ./e2e

prometheus: build build/sparkward-test.wasm tools ## a real Prometheus, the shipped alerts, an Envoy in trouble (needs prometheus)
	@command -v prometheus promtool >/dev/null || { echo "prometheus or promtool is not on the PATH: install them (Debian: apt-get install prometheus)." >&2; exit 1; }
	$(GO) test -count=1 -tags prometheus -run '^Test(AlertRules|Prometheus)$$' -v ./e2e

# ENVOY_IMAGE names the image of Envoy; without it one is made of the pinned Envoy.
docker: build build/sparkward-test.wasm tools ## the shipped image, and the scenarios on Envoy in containers (needs Docker on Linux; ENVOY_IMAGE=name)
	@docker info >/dev/null || { echo "docker cannot be used: install it and start its daemon (Debian: apt-get install docker.io)." >&2; exit 1; }
	$(if $(ENVOY_IMAGE),,tools/envoy-image "$$ENVOY" sparkward-test-envoy)
	ENVOY="$(CURDIR)/tools/envoy-in-docker" ENVOY_IMAGE="$(or $(ENVOY_IMAGE),sparkward-test-envoy)" \
	  $(GO) test -count=1 -tags docker -timeout 20m -run '^Test(Image|ShippedConfiguration|BrokenPolicy|Scenarios)$$/^envoy$$' ./e2e

# The Python SDKs go into a folder named after their pinned versions.
python_sdks := .tools/python-$(shell cksum <e2e/sdk/python/requirements.txt | cut -d" " -f1)
$(python_sdks):
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --target $@.part -r e2e/sdk/python/requirements.txt
	mv $@.part $@

sdk-python: build tools $(python_sdks) ## the official Python SDKs against the demo
	PYTHONPATH=$(python_sdks) $(PYTHON) -m unittest -v e2e/sdk/python/sdk_test.py

FUZZTIME ?= 20s
fuzz: ## every fuzz test for FUZZTIME each (20s)
	@set -e; for package in $$($(GO) list ./...); do \
	  for name in $$($(GO) test -list '^Fuzz' "$$package" | grep '^Fuzz' || true); do \
	    echo "$$package $$name"; \
	    $(GO) test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) "$$package"; \
	  done; done

bench: ## every benchmark
	$(GO) test -run '^$$' -bench . -benchmem ./...

# ---- the scanner's model ----

.PHONY: train eval
train: build/sparkctl ## train the scanner's model on DATA=folder (train.jsonl, dev.jsonl, SOURCES.md)
	build/sparkctl train $(if $(DATA),-data "$(DATA)")

eval: build/sparkctl ## measure the scanner on DATA=folder: dev.jsonl, then each source left out of training
	$(if $(DATA),,$(error DATA is missing: make eval DATA=folder with train.jsonl and dev.jsonl))
	build/sparkctl eval "$(DATA)/dev.jsonl"
	build/sparkctl eval -leave-out "$(DATA)/train.jsonl" "$(DATA)/dev.jsonl"

# ---- check ----

wasip1 := GOOS=wasip1 GOARCH=wasm

.PHONY: lint check generate
lint: $(staticcheck) ## gofmt, vet and staticcheck, for this machine and for wasm
	@files=$$(gofmt -l $$(git ls-files --cached --others --exclude-standard '*.go')); \
	  [ -z "$$files" ] || { echo "not formatted, run gofmt -w on:" $$files >&2; exit 1; }
	$(GO) vet ./...
	$(wasip1) $(GO) vet ./plugin
	$(wasip1) $(GO) vet -tags sparkward_testhooks ./plugin
	$(GO) vet -tags fleet,cost,prometheus,docker ./e2e
	$(call each_nested,$(GO) vet ./...)
	$(staticcheck) ./...
	$(wasip1) $(staticcheck) -checks inherit,-U1000 ./plugin # it takes what the host calls for unused

generate: ## write the generated files again
	$(GO) generate ./...

# What the stripped filter may weigh, in bytes: each worker's start and each
# push to a mesh pays for it. An empty Go filter is 2.3 MB.
wasm_budget := 4500000

.PHONY: size
size: build/sparkward.wasm ## the filter is within its budget
	@bytes=$$(($$(wc -c <$<))); echo "$<: $$bytes of $(wasm_budget) bytes"; \
	  [ $$bytes -le $(wasm_budget) ] || { echo "the filter is too large: GOOS=wasip1 GOARCH=wasm go list -deps ./plugin shows what it links" >&2; exit 1; }

check: tools ## lint, size, fresh generated files, arrows, short tests; the tree must come out as it went in
	@before=$$(tools/tree-state) && $(MAKE) lint size generate && \
	  $(GO) mod tidy && ($(call each_nested,$(GO) mod tidy)) && \
	  $(GO) test -short $(others) && \
	  { [ "$$before" = "$$(tools/tree-state)" ] || { \
	    echo "make check changed these files; commit the change:" >&2; git status --short >&2; exit 1; }; }

.PHONY: clean
clean: ## remove build/ and .tools/
	rm -rf build .tools
