# SPDX-License-Identifier: Apache-2.0
# Compilers and flags. One compiler for kernel, programs and host; each part has its own include paths, so that what a
# part may not include does not compile.

CC := clang-19
CXX := clang++-19
LD := ld.lld-19
AR := llvm-ar-19
CLANG_FORMAT := clang-format-19
CAPNP := capnp

SETUP := $(B)/.setup-done

WARNINGS := -Wall -Wextra -Wconversion -Wthread-safety -Werror
BASE_FLAGS := -std=c17 $(WARNINGS) -g -MMD -MP -fno-common -fmacro-prefix-map=$(CURDIR)/=

# The paths that source files use: <abi/...>, <capnp/...>, <core/...>, <schema/...>.
INCLUDE_ABI := -I$(B)/include
INCLUDE_LIB := -Ilib
INCLUDE_GEN := -I$(B)/gen/include

FREESTANDING := -ffreestanding -fno-builtin-memcpy -nostdlibinc -fno-stack-protector -fno-pic -fno-pie \
	-fno-asynchronous-unwind-tables -mno-red-zone
SANITIZERS := -fsanitize=address,undefined -fno-sanitize-recover=all
HOST_FLAGS := $(BASE_FLAGS) -O1 -D_GNU_SOURCE $(INCLUDE_ABI) $(INCLUDE_LIB) $(INCLUDE_GEN)

# abi/ is reached as <abi/...>, and nothing else of the root is.
$(B)/include/abi:
	@mkdir -p $(B)/include
	$(Q)ln -sfn $(CURDIR)/abi $@

# $(call sources,FOLDERS): C sources that are not tests.
sources = $(filter-out %_test.c,$(shell find $(1) -name '*.c' 2>/dev/null | LC_ALL=C sort))
