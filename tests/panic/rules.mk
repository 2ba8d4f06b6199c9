# SPDX-License-Identifier: Apache-2.0
# A kernel that can be made to panic: the shipped objects, and provoke.c in front of three of their functions.

PANIC_ELF := $(B)/kernel/panic.elf
PANIC_OBJECTS := $(call objects,kernel,tests/panic/provoke.c)
PANIC_WRAPPED := boot_info_has_word kernel_boot ring_refresh
ALL_OBJECTS += $(PANIC_OBJECTS)

$(PANIC_ELF): $(PANIC_OBJECTS) $(KERNEL_OBJECTS) $(B)/lib/kernel.a $(KERNEL_SCRIPT) tests/panic/rules.mk
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(LD) -static -z max-page-size=4096 --gc-sections --build-id=none -T $(KERNEL_SCRIPT) \
		$(addprefix --wrap=,$(PANIC_WRAPPED)) -o $@ $(PANIC_OBJECTS) $(KERNEL_OBJECTS) $(B)/lib/kernel.a

everything: $(PANIC_ELF)
