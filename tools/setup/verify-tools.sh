#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# verify-tools.sh: the tools whose output the build depends on are the ones it was written for. CAPOS_CAPNP,
# CAPOS_CUE and CAPOS_CBMC may name others; they have to be absolute paths of the same versions.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cue_install=$here/../../third_party/cue/install.sh
cbmc_install=$here/../../third_party/cbmc/install.sh

refuse() {
	echo "set-up: $1" >&2
	exit 1
}

# verify NAME VARIABLE PATH EXPECTED VERSION-COMMAND...: what the command prints holds EXPECTED.
verify() {
	local name=$1 variable=$2 path=$3 expected=$4 printed
	shift 4

	[[ $path == /* ]] || refuse "$variable has to be an absolute path: \`$path\`"
	[ "$(realpath -sm "$path")" = "$path" ] || refuse "$variable has to be written without . .. and doubled slashes: \`$path\`"
	[ -x "$path" ] || refuse "$name is missing: no program at $path ($variable)"
	printed=$("$path" "$@" 2>&1) || refuse "$name does not run: $path ($variable)"
	[[ $printed == *"$expected"* ]] || refuse "$name has the wrong version: $path ($variable) says \`${printed%%$'\n'*}\`, expected \`$expected\`"
}

compiler=$(command -v clang-19) || refuse "clang-19 is missing"
verify clang clang-19 "$compiler" 'version 19.' --version
verify capnp CAPOS_CAPNP "${CAPOS_CAPNP:-/usr/bin/capnp}" "version 0.9.2" --version
verify cue CAPOS_CUE "${CAPOS_CUE:-$("$cue_install" --where)}" "$("$cue_install" --version-line)" version
verify cbmc CAPOS_CBMC "${CAPOS_CBMC:-$("$cbmc_install" --where)}" "6.6.0" --version
