# SPDX-License-Identifier: Apache-2.0
# Boot packages, the bootable image, and QEMU. manifests/PROOF.cue -> build/boot/PROOF.bin; `make run-PROOF` boots it.

# A manifest is one system: manifests/system.cue is what `make run` starts, the others are focused proofs. Folders below
# manifests/ hold the defaults that they are layered on.
PROOFS := $(patsubst manifests/%.cue,%,$(sort $(wildcard manifests/*.cue)))
MANIFEST_INPUTS := $(wildcard manifests/*.cue manifests/*/*.cue manifests/*/*/*.cue system.local.cue)
MKMANIFEST := $(if $(wildcard tools/mkmanifest/main.c),$(B)/tools/mkmanifest)
BOOT_PACKAGES := $(if $(MKMANIFEST),$(PROOFS:%=$(B)/boot/%.bin))
IMAGE := $(if $(and $(KERNEL_ELF),$(filter %/system.bin,$(BOOT_PACKAGES))),$(B)/capos.iso)

# A package holds the bytes of the programs it names, so any program that changed makes it anew; so do other tags and an
# overlay that comes or goes. system.local.cue, which nobody commits, is unified with the system's manifest.
OVERLAY := $(wildcard system.local.cue)
define package_rules
$(call relist,$(B)/boot/$(1).bin,$(MANIFEST_INPUTS) $(CAPOS_CUE_TAGS))
$(B)/boot/$(1).bin: manifests/$(1).cue $(MANIFEST_INPUTS) $(SCHEMAS) $(PROGRAM_ELFS) $(MKMANIFEST)
	$$(call say,PACKAGE,$$@)
	@mkdir -p $$(@D)
	$$(Q)$(MKMANIFEST) build $$< -o $$@ --binaries $(B)/user $(if $(filter system,$(1)),$(addprefix --overlay ,$(OVERLAY)))
	@echo '$(MANIFEST_INPUTS) $(CAPOS_CUE_TAGS)' > $$@.list
endef
$(foreach proof,$(PROOFS),$(eval $(call package_rules,$(proof))))

.PHONY: image
image: $(IMAGE) ## build/capos.iso: starts under BIOS and UEFI, from CD or disk

GRUB_MODULES := multiboot2 normal serial part_gpt part_msdos iso9660 fat search search_fs_file configfile

$(B)/capos.iso: $(KERNEL_ELF) $(B)/boot/system.bin mk/grub.cfg
	$(call say,ISO,$@)
	@rm -rf $(B)/iso && mkdir -p $(B)/iso/boot/grub
	@grub-file --is-x86-multiboot2 $(KERNEL_ELF) || { echo 'the kernel has no Multiboot2 header'; exit 1; }
	@cp $(KERNEL_ELF) $(B)/iso/boot/capos.elf && cp $(B)/boot/system.bin $(B)/iso/boot/ && cp mk/grub.cfg $(B)/iso/boot/grub/
	$(Q)grub-mkrescue --locales= --fonts= --themes= --install-modules="$(GRUB_MODULES)" \
		-o $@ $(B)/iso > $(B)/iso.log 2>&1 || { cat $(B)/iso.log; exit 1; }

# ---- QEMU: COM1 is the kernel's log, COM2 the terminal; exit status 2n+1 is the code n that the system stopped with ----

QEMU_MACHINE := -accel tcg -machine q35 -m 256 -smp 1 -cpu max -display none -monitor none -nic none -no-reboot \
	-device isa-debug-exit,iobase=0xf4,iosize=0x04
QEMU_SERIAL = -serial file:$(B)/run/$(1).log -chardev stdio,id=terminal,signal=off -serial chardev:terminal
# $(call boot,NAME): kernel and package as QEMU loads them itself.
boot = -kernel $(KERNEL_ELF) -initrd $(B)/boot/$(1).bin
# $(call qemu,LOG,FLAGS): run; a stop with code 0 is success, and the kernel's log is shown otherwise.
define qemu
@mkdir -p $(B)/run
$(Q)$(QEMU) $(QEMU_MACHINE) $(call QEMU_SERIAL,$(1)) $(2); status=$$?; \
	[ $$status -eq 1 ] || { tail -n 40 $(B)/run/$(1).log; echo "stopped with status $$status; log: $(B)/run/$(1).log"; exit 1; }
endef

.PHONY: run debug run-uefi run-bios
run: $(KERNEL_ELF) $(B)/boot/system.bin ## start the system in QEMU; its terminal is here (kernel log: build/run/system.log)
	$(call qemu,system,$(call boot,system))

debug: $(KERNEL_ELF) $(B)/boot/system.bin ## as run, stopped at the start and waiting for gdb
	@echo 'in another terminal: gdb $(KERNEL_ELF) -ex "target remote :1234"'
	$(call qemu,debug,$(call boot,system) -s -S)

run-bios: $(IMAGE) ## start the image under SeaBIOS
	$(call qemu,bios,-cdrom $(IMAGE) -boot d)

OVMF_CODE := /usr/share/OVMF/OVMF_CODE_4M.fd
OVMF_VARIABLES := /usr/share/OVMF/OVMF_VARS_4M.fd

run-uefi: $(IMAGE) ## start the image under UEFI firmware
	@mkdir -p $(B)/run && cp $(OVMF_VARIABLES) $(B)/run/uefi-variables.fd
	$(call qemu,uefi,-cdrom $(IMAGE) -boot d -drive if=pflash$(comma)format=raw$(comma)readonly=on$(comma)file=$(OVMF_CODE) \
		-drive if=pflash$(comma)format=raw$(comma)file=$(B)/run/uefi-variables.fd)

# Each manifest is also a target of its own; that of the figures has another emulator (tests/bench/rules.mk).
RUN_PROOFS := $(addprefix run-,$(filter-out system measure,$(PROOFS)))
.PHONY: $(RUN_PROOFS)
$(RUN_PROOFS): run-%: $(KERNEL_ELF) $(B)/boot/%.bin
	$(call qemu,$*,$(call boot,$*))
