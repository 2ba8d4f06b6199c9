# SPDX-License-Identifier: Apache-2.0
# Programs of capOS: static ELF, laid out by lib/capos/user.ld: image at 4 MiB, segments of whole pages that are never
# writable and executable at once, thread-local storage of the local-exec kind. Each links what it uses of lib/.

USER_LIBRARY := $(B)/lib/user.a
$(eval $(call archive,user,$(call objects,user,$(LIBRARY_SOURCES) $(GENERATED_SOURCES))))

USER_SCRIPT := lib/capos/user.ld
USER_LINK_FLAGS := -static -T $(USER_SCRIPT) -z max-page-size=4096 -z noexecstack --gc-sections --build-id=none \
	--no-dynamic-linker -u _start

PROGRAM_ELFS :=
comma := ,

# $(call program,FOLDER,HELPER-FOLDERS): FOLDER -> build/user/<name>.elf, the name being the folder's with - for _.
# Symbols and debugging information stay in <name>.debug; what crash records need of them is in <name>.sym, for boot
# packages that want it.
# Sources of helper folders are linked too, and their headers are found. A folder without main.c builds nothing yet.
program = $(if $(wildcard $(1)/main.c),$(eval $(call program_rules,$(1),$(2),$(subst _,-,$(notdir $(1))))))

define program_rules
$(B)/user/$(3).elf: $(call objects,user,$(call sources,$(1) $(2))) $(USER_LIBRARY) $(USER_SCRIPT) tools/mksymbols
	$$(call say,LINK,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$(LD) $$(USER_LINK_FLAGS) -o $$(@:.elf=.debug) $$(filter %.o %.a,$$^)
	$$(Q)$$(OBJCOPY) --strip-all $$(@:.elf=.debug) $$@
	$$(Q)tools/mksymbols $$(@:.elf=.debug) $$(@:.elf=.sym)
$(call objects,user,$(call sources,$(1))): private user_FLAGS += $(addprefix -I,$(2))
ALL_OBJECTS += $(call objects,user,$(call sources,$(1) $(2)))
PROGRAM_ELFS += $(B)/user/$(3).elf
endef



