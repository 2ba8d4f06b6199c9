#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# install.sh: put CBMC into $CAPOS_TOOLS_ROOT, unless it is there. The folder appears at once or not at all, and its
# name holds the recipe's hash. install.sh --where: print the path of the program.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
: "${CAPOS_TOOLS_ROOT:=$HOME/.capos-tools}"
version=6.6.0
recipe=$(cat "$here/install.sh" "$here/packages.lock" | sha256sum | cut -c 1-12)
target=$CAPOS_TOOLS_ROOT/cbmc-$version-$recipe

case "${1:-}" in
--where) echo "$target/bin/cbmc"; exit ;;
esac

# The program needs a newer C library than this Debian has: it runs with the one of its own suite.
wrapper() {
	cat <<-'WRAPPER'
		#!/bin/sh
		root=$(dirname "$(dirname "$(realpath "$0")")")/root
		libraries=$root/usr/lib/x86_64-linux-gnu
		exec "$libraries/ld-linux-x86-64.so.2" --library-path "$libraries:$root/usr/lib" "$root/usr/bin/cbmc" "$@"
	WRAPPER
}

mkdir -p "$CAPOS_TOOLS_ROOT"
exec 9>"$CAPOS_TOOLS_ROOT/cbmc.lock"
flock 9
[ -x "$target/bin/cbmc" ] && exit 0
echo "set-up: fetching CBMC $version from Debian's packages into $CAPOS_TOOLS_ROOT (once)"
work=$(mktemp -d "$CAPOS_TOOLS_ROOT/cbmc-fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/result/bin"
"$here/../../tools/setup/fetch-packages.sh" trixie "$work/result/root" "$here/packages.lock"
mv "$work/result/root.packages" "$work/result/packages.used"
wrapper >"$work/result/bin/cbmc"
chmod +x "$work/result/bin/cbmc"
rm -rf "$target"
mv "$work/result" "$target"
