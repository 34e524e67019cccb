#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Behind all the others: has any of them lost memory?
. "$(dirname "$0")/../lib.sh"

no_leaks() {
	target_unload
	expect "leaks" "$(new_leaks)" ""
	target_load
}

[ -w "$KMEMLEAK" ] || skip_all "the kernel has no kmemleak"
run_cases no_leaks
