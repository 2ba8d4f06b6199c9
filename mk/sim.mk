# SPDX-License-Identifier: Apache-2.0
# The kernel's core as a host library: everything but the real machine, over arch/sim, with sanitizers. Unit tests of
# kernel modules and the simulator link it.

SIM_LIBRARY := $(B)/sim/libkernel.a
SIM_SOURCES := $(filter-out %.S,$(KERNEL_CORE_SOURCES) $(call sources,kernel/arch/sim))
$(eval $(call archive_at,$(SIM_LIBRARY),$(call objects,sim,$(SIM_SOURCES))))

.PHONY: sim
sim: $(SIM_LIBRARY) ## build the kernel's core as a host library
