# SPDX-License-Identifier: Apache-2.0
# Set-up: the only step that uses the network. It runs when the machine lacks something or when a list of inputs has
# changed; afterwards everything builds offline.

CAPOS_TOOLS_ROOT ?= $(HOME)/.capos-tools
CAPOS_CAPNP ?= /usr/bin/capnp
ifndef CAPOS_CUE
CAPOS_CUE := $(shell CAPOS_TOOLS_ROOT='$(CAPOS_TOOLS_ROOT)' third_party/cue/install.sh --where)
endif
ifndef CAPOS_CBMC
CAPOS_CBMC := $(shell CAPOS_TOOLS_ROOT='$(CAPOS_TOOLS_ROOT)' third_party/cbmc/install.sh --where)
endif
export CAPOS_TOOLS_ROOT CAPOS_CAPNP CAPOS_CUE CAPOS_CBMC

SETUP_INPUTS := $(wildcard tools/setup/* third_party/cue/* third_party/cbmc/*)
SETUP_DONE := $(B)/setup.done
SETUP_ANSWER := $(CAPOS_TOOLS_ROOT) $(CAPOS_CAPNP) $(CAPOS_CUE) $(CAPOS_CBMC)

# Anew if another tool is named than last time, or one has gone.
ifneq ($(strip $(file <$(SETUP_DONE))),$(SETUP_ANSWER))
SETUP_STALE := setup-again
else ifneq ($(words $(wildcard $(CAPOS_CAPNP) $(CAPOS_CUE) $(CAPOS_CBMC) /usr/bin/$(CC) /usr/bin/$(QEMU))),5)
SETUP_STALE := setup-again
endif

$(SETUP_DONE): $(SETUP_INPUTS) $(SETUP_STALE)
	@mkdir -p $(@D)
	@tools/setup/setup.sh
	@echo '$(SETUP_ANSWER)' > $@

.PHONY: setup setup-again
setup: $(SETUP_DONE) ## install what the build needs from Debian's packages (run and test call it)
setup-again:
