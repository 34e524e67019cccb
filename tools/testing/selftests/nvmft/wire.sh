#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The wire-level tests: a raw NVMe/TCP client against the loaded modules.
cd "$(dirname "$0")" || exit 1
. ./ktap.sh

skip() {
	ktap_print_header
	ktap_skip_all "$*"
	exit $KSFT_SKIP
}

[ "$(id -u)" = 0 ] || skip "not root"
target=${NVMFT_ROOT:-/sys/kernel/config/nvmft}
modprobe -q "${target##*/}" || skip "module ${target##*/} is not there"
mountpoint -q /sys/kernel/config || mount -t configfs configfs /sys/kernel/config
exec python3 -u wire/run.py "$@"
