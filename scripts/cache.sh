# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Sourced by the other scripts: where this checkout is, where the guest's
# kernel and disk image are kept (outside the tree), and how to say things.

# shellcheck disable=SC2034 # for those who source this
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CACHE=${NVMFT_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/nvmft}
mkdir -p "$CACHE"

say() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

die() {
	say "$*"
	exit 1
}

# The guest's kernel: a release name that scripts/deps has put below
# $CACHE/kernels together with the headers of the same release.
guest_release() {
	readlink "$CACHE/kernels/default" ||
		die "no guest kernel in $CACHE/kernels yet; run scripts/deps"
}

guest_kdir() {
	printf '/usr/src/linux-headers-%s\n' "$(guest_release)"
}

# copy_sources DIR: the driver's sources, without what a build in the tree left.
copy_sources() {
	mkdir -p "$1"
	tar -C "$TOP/drivers/nvmft" --exclude='*.o' --exclude='.*.cmd' --exclude='*.ko' \
		--exclude='*.mod' --exclude='*.mod.c' -cf - . | tar -C "$1" -xf -
}
