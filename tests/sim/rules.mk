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

# Scopes of `explore_scopes.c` that take minutes; `test_explore.py` runs the others.
EXPLORED_DEEP := 2x2-deep 3x4-deep 3x4-wide-deep 3x4-all

.PHONY: explore
explore: $(SIMULATOR) ## everything that a few processes can do, against the model, far (an hour)
	@for scope in $(EXPLORED_DEEP); do $(SIMULATOR) --explore $$scope || exit 1; done

# Random operations of other seeds than each test run's: 20,000,000, or as many as there is time for.
FAR_SEED ?= 2010
FAR_SEEDS ?= 10
FAR_OPERATIONS ?= 2000000

.PHONY: far
far: $(SIMULATOR) ## random operations against the model, far (minutes; FAR_SEED=, FAR_SEEDS=, FAR_OPERATIONS= of each)
	@for seed in $$(seq $(FAR_SEED) $$(($(FAR_SEED) + $(FAR_SEEDS) - 1))); do \
		$(SIMULATOR) --seed $$seed --steps $(FAR_OPERATIONS) >$(B)/far.log 2>&1 || { cat $(B)/far.log; exit 1; }; \
		grep '^seed' $(B)/far.log; done

check-deep: explore far

# What allocates or charges is called through tests/sim/shortage, which refuses it.
SHORT := pool_alloc pool_alloc_unset frame_alloc frame_alloc_dirty frame_alloc_pool frame_alloc_contiguous ledger_charge \
	ledger_charge_below
LINK_FLAGS_tests/sim/shortage := $(SHORT:%=-Wl,--wrap=%)

# What two processors meet at is called through tests/sim/interleave, which lets the other one go first.
MET := spin_lock spin_unlock spin_lock_pair arch_spin_hint
LINK_FLAGS_tests/sim/interleave := $(MET:%=-Wl,--wrap=%)
