#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# install.sh: build CUE into $CAPOS_TOOLS_ROOT, unless it is there. The folder appears at once or not at all, and its
# name holds the recipe's hash, so that clones with different recipes do not disturb each other.
# install.sh --where: print the path of the program. install.sh --version-line: the line of `cue version` that tells this version.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
: "${CAPOS_TOOLS_ROOT:=$HOME/.capos-tools}"
version=0.12.0
recipe=$(cat "$here/install.sh" "$here/packages.lock" | sha256sum | cut -c 1-12)
target=$CAPOS_TOOLS_ROOT/cue-$version-$recipe

case "${1:-}" in
--where) echo "$target/bin/cue"; exit ;;
--version-line) echo "cue.lang.version v$version"; exit ;;
esac

build() {
	local work=$1 go=$1/root/usr/lib/go-1.24

	"$here/../../tools/setup/fetch-packages.sh" trixie "$work/root" "$here/packages.lock"
	mkdir -p "$work/result/bin"
	cp "$work/root.packages" "$work/result/packages.used"
	# No module is looked up anywhere: all sources are in the packages.
	env -i PATH=/usr/bin:/bin HOME="$work" GOROOT="$go" GOPATH="$work/root/usr/share/gocode" GOCACHE="$work/cache" \
		GO111MODULE=off GOTOOLCHAIN=local GOPROXY=off GOTELEMETRY=off CGO_ENABLED=0 \
		"$go/bin/go" build -trimpath -ldflags='-s -w -buildid=' -o "$work/result/bin/cue" cuelang.org/go/cmd/cue
	sha256sum "$work/result/bin/cue" | cut -d ' ' -f 1 >"$work/result/cue.sha256"
}

mkdir -p "$CAPOS_TOOLS_ROOT"
exec 9>"$CAPOS_TOOLS_ROOT/cue.lock"
flock 9
[ -x "$target/bin/cue" ] && exit 0
echo "set-up: building CUE $version from Debian's packages into $CAPOS_TOOLS_ROOT (once, about 40 s)"
work=$(mktemp -d "$CAPOS_TOOLS_ROOT/cue-build.XXXXXX")
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
build "$work"
rm -rf "$target"
mv "$work/result" "$target"
