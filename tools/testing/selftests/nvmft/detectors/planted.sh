#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Loads the module that commits the fault NVMFT_FAULT, within the frame of every
# functional test: one of the frame's own checks, or the kernel's log, has to turn
# this run red. With the fault "none" it is green.
. "$(dirname "$0")/../lib.sh"

commit() {
	expect_ok "load" modprobe nvmft-detect fault="$NVMFT_FAULT"
}

# Counters are looked at while the module is there.
count() {
	expect_ok "created is destroyed" counters_balance
}

unload() {
	expect_ok "unload" rmmod nvmft_detect
}

run_cases commit count unload
