# SPDX-License-Identifier: Apache-2.0
# Compilers, flags and the rule for objects. One compiler for kernel, programs and host. An object kind is a set of
# flags; each kind has its own include paths, so that what a part may not include does not compile.
#
#   kernel     the machine's kernel
#   user       programs of capOS
#   sim        the kernel's core on the host
#   bulk       the same without sanitizers, for very long runs
#   covered    the same, counting what is executed (tests/refusals/rules.mk)
#   host       libraries and programs on the host, for tests
#   tool       host programs that build the system
#   generator  the schema generator, which is built before anything generated exists
#
# Objects stand in build/obj/KIND/PATH-OF-SOURCE.o.

CC := clang-19
CXX := clang++-19
LD := ld.lld-19
AR := llvm-ar-19
OBJCOPY := llvm-objcopy-19
CLANG_FORMAT := clang-format-19
PYTHON := /usr/bin/python3
QEMU := qemu-system-x86_64

WARNINGS := -Wall -Wextra -Wconversion -Wthread-safety -Werror
BASE_FLAGS := -std=c17 $(WARNINGS) -g -MMD -MP -fno-common -ffile-prefix-map=$(CURDIR)/=

# <abi/...>; <capnp/...>, <core/...> and the other libraries; <schema/...>, which is generated.
INCLUDES := -I$(B)/include -Ilib -I$(B)/gen/include
SANITIZERS := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

FREESTANDING := --target=x86_64-unknown-none-elf -ffreestanding -nostdlibinc -Ilib/core/freestanding -fno-stack-protector -fno-pic \
	-fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections -O2 -flto

kernel_FLAGS := $(BASE_FLAGS) -Wvla $(FREESTANDING) -fomit-frame-pointer -mno-red-zone -mgeneral-regs-only -mcmodel=kernel $(INCLUDES) -Ikernel
user_FLAGS := $(BASE_FLAGS) $(FREESTANDING) -fomit-frame-pointer -ftls-model=local-exec $(INCLUDES)
host_FLAGS := $(BASE_FLAGS) -O1 -D_GNU_SOURCE $(SANITIZERS) $(INCLUDES) -Itests
# The order of locks is checked (kernel/sync/spinlock.c) wherever the kernel's core is tested.
sim_FLAGS := $(host_FLAGS) -Ikernel -DCAPOS_CHECK_LOCKS
bulk_FLAGS := $(BASE_FLAGS) -O2 -D_GNU_SOURCE -ffunction-sections $(INCLUDES) -Itests -Ikernel
tool_FLAGS := $(BASE_FLAGS) -O2 -D_GNU_SOURCE $(INCLUDES)
generator_FLAGS := $(tool_FLAGS)

ALL_OBJECTS :=

# $(call objects,KIND,SOURCES)
objects = $(patsubst %,$(B)/obj/$(1)/%.o,$(2))
# $(call sources,FOLDERS): their C and assembly sources, tests left out.
sources = $(filter-out %_test.c,$(sort $(wildcard $(addsuffix /*.c,$(1)) $(addsuffix /*.S,$(1)))))

# $(call object_rule,KIND,READY): READY is what must be there before the first object is compiled.
define object_rule
$(B)/obj/$(1)/%.o: % mk/toolchain.mk | $(SETUP_DONE) $(B)/include/abi $(2)
	$$(call say,CC,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$($(1)_FLAGS) $$(FLAGS_$$*) -c $$< -o $$@
endef

# The compiler would turn the loops of memcpy and its kin into calls of themselves; a link-time optimiser that sees
# their bodies does the same.
FLAGS_lib/core/memory.c := -fno-builtin -fno-lto

# Reached as <abi/...>; nothing else of the root is reachable.
$(B)/include/abi:
	@mkdir -p $(@D)
	@ln -sfn ../../abi $@

# $(call relist,TARGET,LIST): TARGET is made again when LIST is not what its recipe wrote to TARGET.list: a source that
# was removed leaves no trace otherwise.
define relist
ifneq ($$(strip $$(file <$(1).list)),$$(strip $(2)))
$(1): list-changed
endif
endef
.PHONY: list-changed

# $(call archive_at,PATH,OBJECTS), $(call archive,NAME,OBJECTS): a library, of which the linker takes what it needs.
define archive_at
$(call relist,$(1),$(2))
$(1): $(2)
	$$(call say,AR,$$@)
	@mkdir -p $$(@D) && rm -f $$@.new
	$$(Q)$$(AR) rcsD $$@.new $(2) && mv -f $$@.new $$@
	@echo '$(2)' > $$@.list
ALL_OBJECTS += $(2)
endef
archive = $(call archive_at,$(B)/lib/$(1).a,$(2))
