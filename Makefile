# SPDX-License-Identifier: Apache-2.0
# capOS: one entry for everything. `make help` lists the targets; mk/ holds one fragment for each kind of output.
#
# The build is not recursive: every fragment adds rules to this one graph, so that a change rebuilds exactly what
# depends on it. Everything that is made stands in build/.

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

B := build
V ?= 0
Q := $(if $(filter 1,$(V)),,@)

include mk/toolchain.mk
include mk/schema.mk
include mk/kernel.mk
include mk/program.mk
include mk/image.mk
include mk/test.mk

.PHONY: all help clean fmt docs

all: $(ALL_OUTPUTS) ## build everything: kernel, programs, boot packages, tools

help: ## list the targets
	@awk -F':.*## ' '/^[a-z][a-z-]*:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

fmt: ## format all C sources
	$(Q)$(CLANG_FORMAT) -i $(FORMATTED_FILES)

clean: ## remove everything that was built
	rm -rf $(B)

-include $(wildcard $(DEPENDENCY_FILES))
