# SPDX-License-Identifier: Apache-2.0
# The kernel: one ELF, started by QEMU (PVH) and by GRUB (Multiboot2). A machine supplies files, chosen here.

MACHINE := x86_64
KERNEL_SCRIPT := kernel/arch/$(MACHINE)/kernel.ld
KERNEL_ELF := $(if $(wildcard $(KERNEL_SCRIPT)),$(B)/kernel/capos.elf)

# Modules are the folders of kernel/; arch/ itself holds only the contract.
KERNEL_MODULES := $(filter-out kernel/arch,$(sort $(patsubst %/,%,$(wildcard kernel/*/))))
KERNEL_CORE_SOURCES := $(call sources,$(KERNEL_MODULES) kernel/arch)
KERNEL_MACHINE_SOURCES := $(call sources,kernel/arch/$(MACHINE) $(patsubst %/,%,$(wildcard kernel/arch/$(MACHINE)/*/)))
KERNEL_OBJECTS := $(call objects,kernel,$(KERNEL_CORE_SOURCES) $(KERNEL_MACHINE_SOURCES))
ALL_OBJECTS += $(KERNEL_OBJECTS)

KERNEL_LIBRARY_SOURCES := $(call sources,lib/capnp lib/core) $(GENERATED_SOURCES)
$(eval $(call archive,kernel,$(call objects,kernel,$(KERNEL_LIBRARY_SOURCES))))

$(eval $(call relist,$(B)/kernel/capos.elf,$(KERNEL_OBJECTS)))
$(B)/kernel/capos.elf: $(KERNEL_OBJECTS) $(B)/lib/kernel.a $(KERNEL_SCRIPT)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(LD) -static -z max-page-size=4096 --gc-sections --build-id=none -T $(KERNEL_SCRIPT) \
		-Map=$(B)/kernel/capos.map -o $@ $(KERNEL_OBJECTS) $(B)/lib/kernel.a
	@echo '$(KERNEL_OBJECTS)' > $@.list

.PHONY: kernel
kernel: $(KERNEL_ELF) ## build the kernel alone
