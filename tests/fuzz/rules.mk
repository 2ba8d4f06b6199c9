# SPDX-License-Identifier: Apache-2.0
# Fuzz targets: each tests/fuzz/NAME.c is one program, build/fuzz/NAME. Libraries and the kernel's core are compiled once more, with
# coverage counters and sanitizers.

FUZZ_SOURCES := $(sort $(wildcard tests/fuzz/*.c))
FUZZ_NAMES := $(notdir $(basename $(FUZZ_SOURCES)))
FUZZ_PROGRAMS := $(addprefix $(B)/fuzz/,$(FUZZ_NAMES))
FUZZ_LIBRARY := $(B)/fuzz/libfuzz.a
# The shell's completion and the terminal's editor are libraries of their programs. Of the tests' schema only the tables are used.
FUZZ_LIBRARY_SOURCES := $(filter-out lib/capos/panic.c lib/capos/start.c,$(HOST_LIBRARY_SOURCES)) $(GENERATED_SOURCES) $(SIM_SOURCES) \
	$(addprefix services/terminal/,line_editor.c line_history.c) \
	$(addprefix apps/shell/,cap_names.c complete.c launch_command.c scanner.c) $(B)/gen/interop/features.reflect.c

fuzz_FLAGS := $(sim_FLAGS) -I. -fsanitize=fuzzer-no-link
$(eval $(call object_rule,fuzz,$(GENERATED)))
$(eval $(call archive_at,$(FUZZ_LIBRARY),$(call objects,fuzz,$(sort $(FUZZ_LIBRARY_SOURCES)))))

$(FUZZ_PROGRAMS): $(B)/fuzz/%: $(B)/obj/fuzz/tests/fuzz/%.c.o $(FUZZ_LIBRARY)
	$(call say,LINK,$@)
	$(Q)$(CC) $(SANITIZERS) -fsanitize=fuzzer -fuse-ld=lld-19 $(FUZZ_LINK) $^ -o $@
# Before the kernel is left, the frames in it are forgotten by less than the sanitizer does: see dispatch.c.
$(B)/fuzz/dispatch: FUZZ_LINK := -Wl,--wrap=__asan_handle_no_return
ALL_OBJECTS += $(call objects,fuzz,$(FUZZ_SOURCES))

test: $(FUZZ_PROGRAMS)

FUZZ_RUNS ?= 200000
.PHONY: fuzz
fuzz: $(FUZZ_PROGRAMS) $(B)/boot/smoke.bin $(B)/user/hello.elf ## run fuzz targets (T= by name) for FUZZ_RUNS inputs (200,000)
	$(Q)FUZZ_RUNS=$(FUZZ_RUNS) $(PYTHON) -m pytest -q tests/fuzz $(if $(T),-k '$(T)')
