# SPDX-License-Identifier: Apache-2.0
# Checks of the sources themselves.

.PHONY: check checks
check: checks ## form, sizes, layers, headers alone, lock analysis, ABI layout, generated code, docs
checks:
