#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Modules that come and go, hosts that come and go, and kmemleak after each: what
# is lost once per cycle is seen here. NVMFT_CYCLES says how many hosts; of modules and
# targets it is a tenth.
. "$(dirname "$0")/../lib.sh"

CYCLES=${NVMFT_CYCLES:-100}
TENTH=$(((CYCLES + 9) / 10))

no_leaks() {
	expect "leaks" "$(new_leaks)" ""
}

load_and_unload() {
	local round

	for ((round = 1; round <= TENTH; round++)); do
		expect_ok "unload $round" target_unload
		target_load && modprobe "$TARGET_TRANSPORT" || fail "load $round"
	done
	expect_ok "unload" target_unload
	no_leaks
	target_load
}

connect_and_disconnect() {
	local round

	nullb_add nulla 64
	export_device "$DISK" || fail "export"
	for ((round = 1; round <= CYCLES; round++)); do
		connect_as 1 "$NQN" nr_io_queues=2 || { fail "connect $round: $(cat "$TMP/host.1")"; return; }
		[ $((round % 10)) != 1 ] || { wait_for_ns "$NQN" &&
			expect_ok "I/O $round" dd if="$DEV" of=/dev/null bs=64k count=4 iflag=direct; }
		echo 1 >"/sys/class/nvme/$CTRL/delete_controller" || fail "disconnect $round"
	done
	expect_ok "no connection is left" wait_until 10 target_has_no_connection
	expect_ok "created is destroyed" wait_until 10 counters_balance
	no_leaks
}

# configure_and_clear: a target of everything that configfs has a folder for.
configure_and_clear() {
	local round

	clean_up
	nullb_add nulla 64
	for ((round = 1; round <= TENTH; round++)); do
		export_device "$DISK" || fail "export $round"
		mkdir "$NVMFT_ROOT/ports/1/ana_groups/2" "$NVMFT_ROOT/ports/1/referrals/r" \
			"$NVMFT_ROOT/hosts/$HOSTNQN" || fail "folders $round"
		target_clear
		expect_ok "empty $round" target_is_empty
	done
	no_leaks
}

[ -w "$KMEMLEAK" ] || skip_all "the kernel has no kmemleak"
run_cases load_and_unload connect_and_disconnect configure_and_clear
