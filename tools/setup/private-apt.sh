#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Sourced by what fetches packages without installing them: an apt with a state of its own, for any Debian suite, from
# the mirror that this machine already uses. apt verifies every file against the suite's signature.
#
#   private_apt_open SUITE FOLDER    fetch the suite's package list; FOLDER is empty and the caller's to remove
#   private_apt ARGUMENT...          apt-get with that state
#   private_apt_cache ARGUMENT...    apt-cache with that state

setup_fail() {
	echo "set-up: $1" >&2
	exit 1
}

debian_mirror() {
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

private_apt_open() {
	local suite=$1 state=$2 keyring=/usr/share/keyrings/debian-archive-keyring.gpg mirror

	[ -f "$keyring" ] || setup_fail "the package debian-archive-keyring is missing: $keyring"
	mirror=$(debian_mirror)
	[ -n "$mirror" ] || setup_fail "no Debian mirror found in apt's sources; set CAPOS_DEBIAN_MIRROR"
	mkdir -p "$state"/{lists/partial,archives/partial}
	echo "deb [signed-by=$keyring] $mirror $suite main" >"$state/sources.list"
	: >"$state/status"
	private_apt_options=(-q=2 -o Dir::Etc::sourcelist="$state/sources.list" -o Dir::Etc::sourceparts=/dev/null
		-o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null
		-o Dir::State="$state" -o Dir::State::lists="$state/lists" -o Dir::State::status="$state/status"
		-o Dir::Cache="$state" -o APT::Sandbox::User="$(id -un)" -o Acquire::Languages=none -o Acquire::Retries=3)
	private_apt_log=$state/log
	private_apt update || setup_fail "the package list of $suite cannot be fetched"
}

# What apt prints is shown only when it fails: then its own words are the useful ones.
private_apt() {
	apt-get "${private_apt_options[@]}" "$@" >"$private_apt_log" 2>&1 || {
		cat "$private_apt_log" >&2
		return 1
	}
}

private_apt_cache() {
	apt-cache "${private_apt_options[@]}" "$@"
}
