#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# fetch-packages.sh SUITE FOLDER LOCK: fetch the packages that LOCK names (lines `name version sha256`) from another
# Debian suite and unpack them below FOLDER. Nothing is installed and no script of a package runs.
#
# apt verifies every file against the suite's signature. The upstream version is pinned: another one is refused. The
# Debian revision may move below it; what was used is written to FOLDER.packages in the form of LOCK.
set -euo pipefail
suite=$1
mkdir -p "$2"
folder=$(cd "$2" && pwd)
lock=$(realpath "$3")
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

fail() {
	echo "set-up: $1" >&2
	exit 1
}

# The mirror that this machine already uses.
mirror() {
	if [ -n "${CAPOS_DEBIAN_MIRROR:-}" ]; then
		echo "$CAPOS_DEBIAN_MIRROR"
		return
	fi
	{
		apt-get indextargets --format '$(REPO_URI)' 2>/dev/null
		sed -n 's/^URIs: *//p; s/^deb  *\(\[[^]]*\] *\)\{0,1\}\([^ ]*\).*/\2/p' \
			/etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null
	} | grep -m 1 '/debian/*$' || true
}

upstream_version() {
	local version=${1#*:}

	echo "${version%-*}"
}

[ -f "$keyring" ] || fail "the package debian-archive-keyring is missing: $keyring"
mirror=$(mirror)
[ -n "$mirror" ] || fail "no Debian mirror found in apt's sources; set CAPOS_DEBIAN_MIRROR"

state=$(mktemp -d)
trap 'rm -rf "$state"' EXIT
mkdir -p "$state"/{lists/partial,archives/partial,debs}
echo "deb [signed-by=$keyring] $mirror $suite main" >"$state/sources.list"
: >"$state/status"
options=(-q=2 -o Dir::Etc::sourcelist="$state/sources.list" -o Dir::Etc::sourceparts=/dev/null
	-o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null
	-o Dir::State="$state" -o Dir::State::lists="$state/lists" -o Dir::State::status="$state/status"
	-o Dir::Cache="$state" -o APT::Sandbox::User="$(id -un)" -o Acquire::Languages=none -o Acquire::Retries=3
	-o Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false)
# apt's own word on a failure is the useful one.
apt-get "${options[@]}" update >"$state/log" 2>&1 || { cat "$state/log" >&2; fail "the package list of $suite cannot be fetched"; }

mapfile -t names < <(awk '!/^#/ && NF { print $1 }' "$lock")
cd "$state/debs"
apt-get "${options[@]}" download "${names[@]}" >"$state/log" 2>&1 ||
	{ cat "$state/log" >&2; fail "packages of $suite cannot be fetched"; }

: >"$folder.packages"
for file in *.deb; do
	name=$(dpkg-deb -f "$file" Package)
	version=$(dpkg-deb -f "$file" Version)
	locked=$(awk -v name="$name" '$1 == name { print $2 }' "$lock")
	[ "$(upstream_version "$version")" = "$(upstream_version "$locked")" ] ||
		fail "$name $version does not have the upstream version of ${lock##*/}: $locked"
	echo "$name $version $(sha256sum "$file" | cut -d ' ' -f 1)" >>"$folder.packages"
	dpkg-deb -x "$file" "$folder"
done
[ "$(wc -l <"$folder.packages")" = ${#names[@]} ] || fail "not all packages of ${lock##*/} came"
