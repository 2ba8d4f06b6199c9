# SPDX-License-Identifier: Apache-2.0
# capOS: one entry for everything. `make help` lists the targets; mk/ holds one fragment for each kind of output.
#
# The build is not recursive: every fragment adds rules to this one graph, so that a change rebuilds exactly what
# depends on it. Everything that is made stands in build/.

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules --no-builtin-variables
# As many jobs as there are processors, unless told otherwise.
ifeq ($(filter -j%,$(MAKEFLAGS)),)
MAKEFLAGS += --jobs=$(shell nproc)
endif

B := build
V ?= 0
T ?=
Q := $(if $(filter 1,$(V)),,@)
# What is being made, one short line each.
say = @$(if $(filter 1,$(V)),:,printf '  %-8s %s\n' $(1) $(2))

.PHONY: all help

all: everything ## build everything: kernel, programs, boot packages, image

help: ## list the targets
	@awk -F':.*## ' '/^[a-z][a-z-]*:.*## /{printf "  make %-20s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo '  make run-PROOF            build and boot manifests/PROOF.cue: $(PROOFS)'
	@echo '  V=1 shows commands; T=words limits test to names that contain them'

include mk/toolchain.mk
include mk/setup.mk
include mk/schema.mk
include mk/host.mk
include mk/kernel.mk
include mk/sim.mk
include mk/program.mk
include mk/programs.mk
include mk/image.mk
include mk/test.mk
include mk/check.mk
include mk/proof.mk
# A tool or a kind of test that needs rules of its own keeps them beside itself.
include $(wildcard tools/*/rules.mk tests/*/rules.mk proofs/*/rules.mk)

.PHONY: everything fmt clean
everything: $(KERNEL_ELF) $(PROGRAM_ELFS) $(BOOT_PACKAGES) $(HOST_TOOLS) image

fmt: $(SETUP_DONE) ## format all sources: C and CUE
	$(Q)git ls-files -co --exclude-standard '*.c' '*.h' | xargs $(CLANG_FORMAT) -i
	$(Q)cd manifests && $(CAPOS_CUE) fmt --files .

clean: ## remove everything that was built
	rm -rf $(B)

# What each object included when it was last compiled.
-include $(wildcard $(ALL_OBJECTS:.o=.d))
