# SPDX-License-Identifier: Apache-2.0
# Set-up: the only step that uses the network. It runs when the machine lacks something or when a list of inputs has
# changed; afterwards everything builds offline.

export CAPOS_TOOLS_ROOT ?= $(HOME)/.capos-tools
export CAPOS_CUE ?= $(CAPOS_TOOLS_ROOT)/bin/cue
export CAPOS_CAPNP ?= /usr/bin/capnp

SETUP_INPUTS := $(wildcard tools/setup/* third_party/cue/*)
SETUP_DONE := $(if $(wildcard tools/setup/setup.sh),$(B)/setup.done)

$(B)/setup.done: $(SETUP_INPUTS)
	@mkdir -p $(@D)
	@tools/setup/setup.sh
	@touch $@

.PHONY: setup
setup: $(SETUP_DONE) ## install what the build needs from Debian's packages (run and test call it)
