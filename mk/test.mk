# SPDX-License-Identifier: Apache-2.0
# Tests. Every *_test.c becomes one program build/test/PATH, linked with what it tests; build/test/PATH NAME runs the
# tests of it whose names contain NAME. tools/run-tests runs all of them, then the pytest suites, and counts.

TEST_SOURCES := $(sort $(shell find abi kernel lib services drivers apps tools tests -name '*_test.c' 2>/dev/null))
TEST_BASE := $(call objects,host,tests/base/main.c)
ALL_OBJECTS += $(TEST_BASE)
TEST_LIBRARIES := -lcmocka

# Tests of the kernel, and of the simulator that drives it, see kernel headers.
KERNEL_TEST_SOURCES := $(filter kernel/% tests/sim/%,$(TEST_SOURCES))
HOST_TEST_SOURCES := $(filter-out $(KERNEL_TEST_SOURCES),$(TEST_SOURCES))
TEST_PROGRAMS := $(TEST_SOURCES:%.c=$(B)/test/%)

# $(call test_rules,SOURCE,KIND,LIBRARIES). LINK_FLAGS_FOLDER: what the tests of a folder need besides.
define test_rules
$(1:%.c=$(B)/test/%): $(call objects,$(2),$(1)) $(TEST_BASE) $(3) $(HOST_LIBRARY)
	$$(call say,LINK,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $(SANITIZERS) $$(filter %.o,$$^) -Wl,--start-group $$(filter %.a,$$^) -Wl,--end-group \
		$(TEST_LIBRARIES) $$(LINK_FLAGS_$(patsubst %/,%,$(dir $(1)))) -fuse-ld=lld-19 -o $$@
ALL_OBJECTS += $(call objects,$(2),$(1))
endef

# A program's own code is tested on the host through an archive of its folder, without the file that starts it.
TESTED_FOLDERS := $(sort $(patsubst %/,%,$(dir $(HOST_TEST_SOURCES) $(filter tests/sim/%,$(TEST_SOURCES)))))
TESTED_FOLDERS := $(filter-out lib/% tests/base,$(TESTED_FOLDERS))
folder_sources = $(filter-out %.S %/main.c,$(call sources,$(1)))
folder_kind = $(if $(filter tests/sim%,$(1)),sim,host)
folder_library = $(if $(filter $(1),$(TESTED_FOLDERS)),$(if $(call folder_sources,$(1)),$(B)/lib/test/$(1).a))

$(foreach folder,$(TESTED_FOLDERS),$(if $(call folder_sources,$(folder)),$(eval \
	$(call archive,test/$(folder),$(call objects,$(call folder_kind,$(folder)),$(call folder_sources,$(folder)))))))

# The real machine is not in the simulator's library; what of it is pure is tested with the file that a test stands beside.
MACHINE_TESTED := $(wildcard $(patsubst %_test.c,%.c,$(filter kernel/arch/$(MACHINE)/%,$(KERNEL_TEST_SOURCES))))
MACHINE_LIBRARY := $(if $(MACHINE_TESTED),$(B)/lib/test/kernel/arch/$(MACHINE).a)
$(if $(MACHINE_LIBRARY),$(eval $(call archive,test/kernel/arch/$(MACHINE),$(call objects,sim,$(MACHINE_TESTED)))))
machine_library = $(if $(filter kernel/arch/$(MACHINE)/%,$(1)),$(MACHINE_LIBRARY))

folder_of = $(patsubst %/,%,$(dir $(1)))
$(foreach test,$(HOST_TEST_SOURCES),$(eval \
	$(call test_rules,$(test),host,$(call folder_library,$(call folder_of,$(test))))))
$(foreach test,$(KERNEL_TEST_SOURCES),$(eval \
	$(call test_rules,$(test),sim,$(call folder_library,$(call folder_of,$(test))) $(call machine_library,$(test)) $(SIM_LIBRARY))))

# With T=, programs whose path holds the words, or all if only names of tests can match.
WANTED_PROGRAMS := $(or $(strip $(foreach program,$(TEST_PROGRAMS),$(if $(findstring $(T),$(program)),$(program)))),$(TEST_PROGRAMS))
RUN_TESTS = tools/run-tests --name='$(T)' $(if $(filter 1,$(V)),--verbose)

.PHONY: test unit
test: everything checks $(TEST_PROGRAMS) ## build everything and run every test (T= by name, V=1 verbose)
	@$(RUN_TESTS) $(TEST_PROGRAMS)

unit: $(WANTED_PROGRAMS) ## run the host tests alone (T= by name)
	@$(RUN_TESTS) --unit $(WANTED_PROGRAMS)
