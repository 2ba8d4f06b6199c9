#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# setup.sh: install what the build needs, then verify it. The only step of the build that uses the network, and only if
# something is missing. Debian packages are installed for the machine (root, or sudo); CUE is built from packages of the
# next suite, and CBMC unpacked from them, into $CAPOS_TOOLS_ROOT, which clones share.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
: "${CAPOS_TOOLS_ROOT:=$HOME/.capos-tools}"
export CAPOS_TOOLS_ROOT

wanted_packages() {
	sed 's/#.*//' "$here/packages.txt" | awk 'NF { print $1 }'
}

missing_packages() {
	wanted_packages | while read -r package; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || echo "$package"
	done
}

# Run as root: directly, through sudo, or not at all; then the line to run is printed.
as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
		sudo "$@"
	else
		return 1
	fi
}

install_packages() {
	local missing=("$@")

	echo "set-up: installing ${#missing[@]} Debian packages: ${missing[*]}"
	if ! as_root true; then
		echo "set-up: this needs root. Run this line, then make again:" >&2
		echo "  apt-get update && apt-get install --yes --no-install-recommends ${missing[*]}" >&2
		return 1
	fi
	as_root apt-get -q=2 update >/dev/null
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -q=2 -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120 \
		install --yes --no-install-recommends "${missing[@]}" >/dev/null
}

mapfile -t missing < <(missing_packages)
if [ -z "${CAPOS_CBMC:-}" ] || [ "$CAPOS_CBMC" = "$("$root/third_party/cbmc/install.sh" --where)" ]; then
	"$root/third_party/cbmc/install.sh"
fi
if [ -z "${CAPOS_CUE:-}" ] || [ "$CAPOS_CUE" = "$("$root/third_party/cue/install.sh" --where)" ]; then
	# Fetched and built while the packages are installed; it needs none of them.
	"$root/third_party/cue/install.sh" &
	cue_job=$!
fi
if [ ${#missing[@]} -gt 0 ] && ! install_packages "${missing[@]}"; then
	[ -z "${cue_job:-}" ] || wait "$cue_job" || true
	exit 1
fi
[ -z "${cue_job:-}" ] || wait "$cue_job"
"$here/verify-tools.sh"
