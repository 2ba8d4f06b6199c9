# SPDX-License-Identifier: Apache-2.0
# The simulator as a program of its own, without sanitizers, so that it gets far; `sim_test.c` runs with them.

SIMULATOR := $(B)/test/simulator
SIMULATOR_OBJECTS := $(call objects,bulk,$(call sources,tests/sim) $(SIM_SOURCES) $(KERNEL_LIBRARY_SOURCES))
ALL_OBJECTS += $(SIMULATOR_OBJECTS)

$(eval $(call relist,$(SIMULATOR),$(SIMULATOR_OBJECTS)))
$(SIMULATOR): $(SIMULATOR_OBJECTS)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(SIMULATOR_OBJECTS) -fuse-ld=lld-19 -Wl,--gc-sections -o $@
	@echo '$(SIMULATOR_OBJECTS)' > $@.list

test: $(SIMULATOR)
