# SPDX-License-Identifier: Apache-2.0
# What two processes do to the same memory, by two threads under the thread sanitizer: tests that stand beside the code are
# compiled once more. They test headers alone, and need no library.

LITMUS_SOURCES := lib/buffer/ring_view_test.c
LITMUS_PROGRAMS := $(LITMUS_SOURCES:%.c=$(B)/litmus/%)

litmus_FLAGS := $(BASE_FLAGS) -O2 -D_GNU_SOURCE -fsanitize=thread $(INCLUDES) -Itests
$(eval $(call object_rule,litmus,$(GENERATED)))

$(LITMUS_PROGRAMS): $(B)/litmus/%: $(B)/obj/litmus/%.c.o $(B)/obj/litmus/tests/base/main.c.o
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -fsanitize=thread -fuse-ld=lld-19 $^ $(TEST_LIBRARIES) -o $@
ALL_OBJECTS += $(call objects,litmus,$(LITMUS_SOURCES) tests/base/main.c)

test: $(LITMUS_PROGRAMS)

.PHONY: litmus
litmus: $(LITMUS_PROGRAMS) ## what processes do to shared memory, by threads under the thread sanitizer
	$(Q)$(PYTHON) -m pytest -q tests/litmus
