# SPDX-License-Identifier: Apache-2.0
# The kernel's unit tests once more, counting what they execute: `make refusals` (minutes).

covered_FLAGS := $(BASE_FLAGS) -O1 -D_GNU_SOURCE $(INCLUDES) -Itests -Ikernel
# Of what may be covered only the kernel is counted.
COUNTED := -fprofile-instr-generate -fcoverage-mapping
$(eval $(call object_rule,covered,$(GENERATED)))
$(B)/obj/covered/kernel/%.o: private covered_FLAGS += $(COUNTED)

# Folders below tests/sim change how the kernel is linked, and are left out.
COVERED_TESTS := $(filter kernel/% $(wildcard tests/sim/*_test.c),$(KERNEL_TEST_SOURCES))
COVERED_TESTS := $(filter-out kernel/arch/%,$(COVERED_TESTS))
COVERED_PROGRAMS := $(COVERED_TESTS:%.c=$(B)/covered/%)
COVERED_SOURCES := $(SIM_SOURCES) $(HOST_LIBRARY_SOURCES) $(GENERATED_SOURCES) $(filter-out %/main.c,$(call sources,tests/sim)) \
	tests/base/main.c
COVERED_LIBRARY := $(B)/lib/covered.a
$(eval $(call archive,covered,$(call objects,covered,$(COVERED_SOURCES))))
ALL_OBJECTS += $(call objects,covered,$(COVERED_TESTS))

$(COVERED_PROGRAMS): $(B)/covered/%: $(B)/obj/covered/%.c.o $(COVERED_LIBRARY)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(COUNTED) $< $(B)/obj/covered/tests/base/main.c.o -Wl,--start-group $(COVERED_LIBRARY) -Wl,--end-group \
		$(TEST_LIBRARIES) -fuse-ld=lld-19 -o $@

# One run of each program; its counts stand beside it.
$(COVERED_PROGRAMS:=.profraw): %.profraw: %
	$(call say,RUN,$<)
	$(Q)LLVM_PROFILE_FILE=$@ $< >$<.log 2>&1 || { cat $<.log; exit 1; }

.PHONY: refusals
refusals: $(COVERED_PROGRAMS:=.profraw) ## every refusal that the kernel names is reached by a test, or explained (minutes)
	$(Q)llvm-profdata-19 merge -sparse $^ -o $(B)/covered/profile
	$(Q)llvm-cov-19 export -instr-profile=$(B)/covered/profile $(addprefix -object ,$(COVERED_PROGRAMS)) \
		-compilation-dir=$(CURDIR) >$(B)/covered/coverage.json
	$(Q)tools/check-refusals $(B)/covered/coverage.json

check-deep: refusals
