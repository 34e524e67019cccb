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

# Names of the supported kernels, oldest first.
kernel_names() {
	sed -n 's/^\([0-9][0-9.]*\)[[:blank:]].*/\1/p' "$TOP/drivers/nvmft/compat/RANGE"
}

# kernel_release NAME: what "uname -r" says where the kernel runs that
# scripts/kernel has put into the cache.
kernel_release() {
	local image

	[ -e "$CACHE/kernels/$1/ready" ] ||
		die "kernel $1 is not in $CACHE/kernels; run scripts/kernel get $1"
	for image in "$CACHE/kernels/$1"/boot/vmlinuz-*; do
		echo "${image##*/vmlinuz-}"
	done
}

# The build folder of the oldest kernel, where one will do.
guest_kdir() {
	readlink "$CACHE/kernels/$(kernel_names | head -n 1)/kdir" ||
		die "no kernel in $CACHE/kernels yet; run scripts/deps"
}

# copy_sources DIR: the driver's sources, without what a build in the tree left.
copy_sources() {
	mkdir -p "$1"
	tar -C "$TOP/drivers/nvmft" --exclude='*.o' --exclude='.*.cmd' --exclude='*.ko' \
		--exclude='*.mod' --exclude='*.mod.c' -cf - . | tar -C "$1" -xf -
}
