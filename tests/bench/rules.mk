# SPDX-License-Identifier: Apache-2.0
# `make measure`: capOS and a Linux guest in the same emulator.

BENCH_LINUX := $(B)/bench/linux
LINUX_KERNEL = $(shell third_party/linux/install.sh --where)

$(BENCH_LINUX)/init: tests/bench/linux/guest.c
	@mkdir -p $(@D)
	$(Q)$(CC) -O2 -static -Wall -Wextra -Werror $< -o $@

$(BENCH_LINUX)/child: tests/bench/linux/child.c
	@mkdir -p $(@D)
	$(Q)$(CC) -O2 -static -nostdlib -ffreestanding -fno-stack-protector -Wall -Wextra -Werror $< -o $@

$(B)/bench/initrd: $(BENCH_LINUX)/init $(BENCH_LINUX)/child
	$(call say,CPIO,$@)
	$(Q)cd $(BENCH_LINUX) && printf '%s\n' init child | cpio -o -H newc --quiet > $(abspath $@)

# A plugin is loaded by the emulator: a shared library of the host.
$(B)/bench/counter.so: tests/bench/counter/counter.c
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -O2 -fPIC -shared -Wall -Wextra -Werror $< -o $@

everything: $(B)/bench/counter.so

.PHONY: measure profile run-measure
measure: everything $(B)/bench/initrd ## the figures, in instructions, beside a Linux guest
	$(Q)third_party/linux/install.sh
	$(Q)/usr/bin/python3 tests/bench/measure.py $(LINUX_KERNEL) $(B)/bench/initrd

run-measure: everything ## calls through the ring: what they take, segment by segment, and their baselines
	$(Q)/usr/bin/python3 tests/bench/call_segments.py

FIGURE ?= null_call_1
profile: everything ## the functions that one figure goes through (FIGURE= one of those of measure)
	$(Q)/usr/bin/python3 tests/bench/profile.py $(FIGURE)
