# SPDX-License-Identifier: Apache-2.0
# The simulator as a program of its own, to repeat a run by hand; `sim_test.c` runs the same in `make unit`.

SIMULATOR := $(B)/test/simulator
SIMULATOR_OBJECTS := $(call objects,sim,$(call sources,tests/sim))
ALL_OBJECTS += $(SIMULATOR_OBJECTS)

$(SIMULATOR): $(SIMULATOR_OBJECTS) $(SIM_LIBRARY) $(HOST_LIBRARY)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(SANITIZERS) $(SIMULATOR_OBJECTS) -Wl,--start-group $(SIM_LIBRARY) $(HOST_LIBRARY) -Wl,--end-group \
		-fuse-ld=lld-19 -o $@

test: $(SIMULATOR)
