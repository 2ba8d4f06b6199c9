# SPDX-License-Identifier: Apache-2.0
# Checks of the sources themselves. Each leaves a mark in build/check/ and runs again only when what it looks at changed;
# each has tests that seed violations: tests/checks.

CHECKED_SOURCES := $(shell git ls-files -co --exclude-standard 2>/dev/null)
CHECKED_C := $(wildcard $(filter %.c %.h %.S,$(CHECKED_SOURCES)))
FORMATTED := $(filter %.c %.h,$(CHECKED_C))
CHECKED_HEADERS := $(filter %.h,$(CHECKED_C))

# $(call check,NAME,INPUTS,COMMAND): COMMAND is silent and succeeds, or tells what is wrong.
define check
$(B)/check/$(1): $(2) | $$(SETUP_DONE)
	$$(call say,CHECK,$(1))
	@mkdir -p $$(@D)
	$$(Q)$(3)
	@touch $$@
CHECKS += $(B)/check/$(1)
endef

CHECKS :=
$(eval $(call check,format,$(FORMATTED) .clang-format tools/check-format,\
	tools/check-format $$(if $$(filter-out $(FORMATTED),$$?),$(FORMATTED),$$?)))
$(eval $(call check,sizes,$(CHECKED_C) tools/check-sizes tools/c_source.py tools/style-exceptions.txt,tools/check-sizes))
$(eval $(call check,style,$(wildcard $(CHECKED_SOURCES)),tools/check-style))
$(eval $(call check,includes,$(CHECKED_C) tools/check-includes tools/c_source.py,tools/check-includes))
$(eval $(call check,abi,$(wildcard abi/*) tools/check-abi tools/c_source.py,tools/check-abi))
$(eval $(call check,transfers,$(wildcard schema/*.capnp) $(filter kernel/%.c,$(CHECKED_C)) docs/transfer-matrix.md \
	tools/check-transfers,tools/check-transfers))
$(eval $(call check,panics,$(filter kernel/%.c kernel/%.h kernel/%.S lib/%.c lib/%.h,$(CHECKED_C)) docs/panics.md \
	tools/check-panics tools/c_source.py,tools/check-panics))
$(eval $(call check,docs,$(wildcard $(CHECKED_SOURCES)),tools/check-docs))

# A header compiles alone, with the flags of the code that it belongs to; what tests share is the host's.
header_kind = $(or $(if $(filter lib/%_test.h,$(1)),host),$(if $(filter kernel/arch/sim/%,$(1)),sim),$(if $(filter kernel/%,$(1)),kernel),$(if \
	$(filter abi/% lib/% services/% drivers/% apps/% tests/programs/% tests/bench/programs/%,$(1)),user),$(if \
	$(filter tools/%,$(1)),tool),$(if $(filter tests/sim/% proofs/%,$(1)),sim),host)

define header_check
$(B)/check/headers/$(1): $(1) tools/check-header mk/toolchain.mk | $(SETUP_DONE) $(B)/include/abi $(GENERATED)
	@mkdir -p $$(@D)
	$$(Q)tools/check-header $(1) $$(CC) $$(filter-out -flto,$$($(call header_kind,$(1))_FLAGS)) -Itests/programs/claims \
		-Wno-unused-function -MF $$@.d -MT $$@
	@touch $$@
endef
$(foreach header,$(CHECKED_HEADERS),$(eval $(call header_check,$(header))))
HEADER_CHECKS := $(addprefix $(B)/check/headers/,$(CHECKED_HEADERS))
-include $(wildcard $(addsuffix .d,$(HEADER_CHECKS)))

# The generator writes the same bytes every time, and nobody has changed its output by hand.
.PHONY: generated-check
generated-check: $(GENERATED) ## compile the schema once more and compare every byte
	$(call generate,$(B)/check/generated,$(SCHEMAS))
	@diff -r $(B)/gen/include/schema $(B)/check/generated

# The lock analysis and the warnings are the compiler's: whatever was built has passed them.
.PHONY: check checks headers-check
headers-check: $(HEADER_CHECKS) ## every header compiles alone
checks: $(CHECKS) headers-check generated-check $(KERNEL_OBJECTS)
check: checks ## form, sizes, layers, headers alone, lock analysis, ABI layout, generated code, docs
	@echo 'check: all is well'

.PHONY: check-bare-machine
check-bare-machine: ## the README's two commands in a Debian that has only git and make (root, debootstrap, minutes)
	tools/check-bare-machine

.PHONY: docs
docs: $(B)/check/docs ## links, the map of the tree, a page for each part

.PHONY: mutants
mutants: ## plant faults into the kernel, one by one: the tests have to find each (minutes; LIST=, SEED=, COUNT=)
	tools/mutants $(if $(LIST),--list $(LIST)) --seed $(or $(SEED),1) --count $(or $(COUNT),40)
