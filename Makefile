# Everything a developer runs. `make` alone lists it.

SHELL := /bin/bash -o pipefail
GO ?= go

# Servers for the tests, and tools, are kept outside the clone. The place is
# the one that tools/cache chooses when BERTH_CACHE does not say.
ifeq ($(shell id -u),0)
BERTH_CACHE ?= /var/cache/berth
else
BERTH_CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/berth
endif
export BERTH_CACHE

GOLANGCI_VERSION := v2.15.0
GOLANGCI := $(BERTH_CACHE)/bin/golangci-lint-$(GOLANGCI_VERSION)

# Modules of their own below this one: what only their tests need stays out of
# the product's go.mod. tools/consulagent/build has nothing to test.
NESTED := $(filter-out tools/consulagent/build,$(patsubst ./%/go.mod,%,$(shell find . -mindepth 2 -name go.mod -not -path './.*/*')))

# A count of inputs, for a time is no verdict: where the machine is busy, go
# test reports "context deadline exceeded" for a target that found nothing.
FUZZTIME ?= 5000x

.DEFAULT_GOAL := help
.PHONY: help demo build fetch test lint bench fuzz soak

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "make %-7s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

# Not by go run, which calls an end by Ctrl-C a failure.
demo: build ## the whole thing on this machine, live (CONSUL=1: on Consul instead of a directory; DEMOFLAGS=...)
	@bin/berth demo $(if $(filter 1,$(CONSUL)),--store consul) $(DEMOFLAGS)

build: ## bin/berth
	$(GO) build -trimpath -o bin/berth ./cmd/berth

fetch: ## MySQL and Consul into the cache, unless the machine has them
	$(GO) run ./tools/devcluster fetch --consul

test: fetch ## all tests, on real MySQL and Consul (TESTFLAGS=-race, PKG=./shard/...)
	$(GO) test $(TESTFLAGS) $(or $(PKG),./...)
	$(if $(PKG),,@set -e; for dir in $(NESTED); do echo "cd $$dir && $(GO) test $(TESTFLAGS) ./..."; (cd $$dir && $(GO) test $(TESTFLAGS) ./...); done)

lint: $(GOLANGCI) ## gofmt, vet, errcheck, staticcheck and a few more
	@set -e; for dir in . $(NESTED); do echo "cd $$dir && golangci-lint run"; (cd $$dir && $(GOLANGCI) run --config $(CURDIR)/.golangci.yml ./...); done

bench: fetch ## the numbers in the README, side by side with what they are compared with (BENCHFLAGS=...)
	$(GO) run ./tools/bench $(BENCHFLAGS)

fuzz: ## each fuzz target for a short while (FUZZTIME=5000x)
	@set -e; for dir in $$(grep -rl --include='*_test.go' '^func Fuzz' . | xargs -r -n1 dirname | sort -u); do \
		for target in $$($(GO) test -list '^Fuzz' $$dir | grep '^Fuzz'); do \
			echo "$$dir $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$dir; \
		done; \
	done

SOAKTIME ?= 4h

soak: fetch ## clients, moves and faults until a promise breaks or the time is over (SOAKTIME=4h SEED=7)
	$(GO) run ./tools/checker run --for $(SOAKTIME) $(if $(SEED),--seed $(SEED))

# It builds in some minutes, once.
$(GOLANGCI):
	mkdir -p $(@D)
	GOBIN=$(@D) GOFLAGS= $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	mv $(@D)/golangci-lint $@
