.DEFAULT_GOAL := help
SHELL := /bin/bash
export npm_config_nodedir ?= $(patsubst %/bin/node,%,$(shell readlink -f "$$(command -v node)"))
export npm_config_build_from_source ?= true

.PHONY: help
help: ## show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /\1\t/' | expand -t 16
