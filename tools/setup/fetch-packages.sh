#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# fetch-packages.sh SUITE FOLDER LOCK: fetch the packages that LOCK names (lines `name version sha256`) from another
# Debian suite and unpack them below FOLDER. Nothing is installed and no script of a package runs.
#
# The upstream version is pinned: another one is refused. The Debian revision may move below it; what was used is
# written to FOLDER.packages in the form of LOCK.
set -euo pipefail
. "$(dirname "$0")/private-apt.sh"
suite=$1
mkdir -p "$2"
folder=$(cd "$2" && pwd)
lock=$(realpath "$3")

upstream_version() {
	local version=${1#*:}

	echo "${version%-*}"
}

state=$(mktemp -d)
trap 'rm -rf "$state"' EXIT
private_apt_open "$suite" "$state"
mapfile -t names < <(awk '!/^#/ && NF { print $1 }' "$lock")
mkdir "$state/debs"
cd "$state/debs"
private_apt download "${names[@]}" || setup_fail "packages of $suite cannot be fetched"

: >"$folder.packages"
for file in *.deb; do
	name=$(dpkg-deb -f "$file" Package)
	version=$(dpkg-deb -f "$file" Version)
	locked=$(awk -v name="$name" '$1 == name { print $2 }' "$lock")
	[ "$(upstream_version "$version")" = "$(upstream_version "$locked")" ] ||
		setup_fail "$name $version does not have the upstream version of ${lock##*/}: $locked"
	echo "$name $version $(sha256sum "$file" | cut -d ' ' -f 1)" >>"$folder.packages"
	dpkg-deb -x "$file" "$folder"
done
[ "$(wc -l <"$folder.packages")" = ${#names[@]} ] || setup_fail "not all packages of ${lock##*/} came"
