# SPDX-License-Identifier: Apache-2.0
# Proofs: CBMC on the shipped sources, as proofs/*/proof.toml says. `make test` runs the small bounds (tests/proofs).

.PHONY: prove check-deep
prove: $(SETUP_DONE) $(B)/include/abi $(GENERATED) ## the claims of proofs/ within their small bounds
	tools/prove

check-deep: $(SETUP_DONE) $(B)/include/abi $(GENERATED) ## large bounds and all faults of proofs/, all states, far runs, refusals (two hours)
	tools/prove --deep --mutants all
