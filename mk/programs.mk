# SPDX-License-Identifier: Apache-2.0
# The programs of the system, by the folders that hold them. Adding a program to one of these is adding its folder with
# a main.c; anything else is one line: `$(call program,FOLDER,HELPER-FOLDERS)`.

folders = $(sort $(patsubst %/,%,$(wildcard $(1))))

$(foreach folder,$(call folders,services/*/ drivers/*/*/ apps/*/),$(call program,$(folder)))

# Test programs share the helpers that state and count claims.
$(foreach folder,$(call folders,tests/programs/*/ tests/bench/programs/*/),$(call program,$(folder),tests/programs/claims))

.PHONY: programs
programs: $(PROGRAM_ELFS) ## build all programs of capOS
