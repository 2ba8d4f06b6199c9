#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# install.sh: put the kernel of Debian's cloud image into $CAPOS_TOOLS_ROOT, unless it is there. `make measure` starts it
# as the guest that capOS is compared with; nothing else needs it. install.sh --where: print the kernel's path.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../tools/setup/private-apt.sh"
: "${CAPOS_TOOLS_ROOT:=$HOME/.capos-tools}"
series=6.1
target=$CAPOS_TOOLS_ROOT/linux-$series

if [ "${1:-}" = --where ]; then
	echo "$target/vmlinuz"
	exit
fi
mkdir -p "$CAPOS_TOOLS_ROOT"
exec 9>"$CAPOS_TOOLS_ROOT/linux.lock"
flock 9
[ -e "$target/vmlinuz" ] && exit 0

echo "set-up: fetching Debian's cloud kernel $series into $CAPOS_TOOLS_ROOT (once)"
work=$(mktemp -d "$CAPOS_TOOLS_ROOT/linux-fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir "$work/apt" "$work/result"
private_apt_open bookworm "$work/apt"
# The package of this name holds nothing; it depends on the one of the present revision.
image=$(private_apt_cache show linux-image-cloud-amd64 | sed -n 's/^Depends: \(linux-image-[^ ,]*\).*/\1/p' | head -n 1)
[[ $image == linux-image-$series.* ]] || setup_fail "Debian's cloud kernel is not of series $series: \`$image\`"
cd "$work"
private_apt download "$image" || setup_fail "$image cannot be fetched"
dpkg-deb -x ./*.deb "$work/root"
cp "$work"/root/boot/vmlinuz-* "$work/result/vmlinuz"
echo "$image $(dpkg-deb -f ./*.deb Version) $(sha256sum ./*.deb | cut -d ' ' -f 1)" >"$work/result/packages.used"
rm -rf "$target"
mv "$work/result" "$target"
