#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A port that goes and comes under load, and hosts that come and go all at once.
. "$(dirname "$0")/../lib.sh"

setup() {
	clean_up
	nullb_add nulla 64
	export_device "$DISK" || fail "export"
}

flaps_under_load() {
	local round

	setup
	connect_ns "$NQN" -i 2 -c 1 -l 60 || return
	fio_load "$DEV"
	for ((round = 1; round <= 4; round++)); do
		expect_ok "unlink $round" unlink 1 "$NQN"
		expect_ok "link $round" link 1 "$NQN"
		expect_ok "live after flap $round" wait_until 15 host_is_live "$CTRL"
		io_is_flowing
	done
	end_load
}

# A host that loses its connections while it sets up a controller does not notice:
# Linux 6.1 starts error recovery in state live only. Its Connect is answered by the
# admin timeout, which is a minute, or it goes live and fails every command with EPIPE
# and tries it again, for ever. An administrator resets such a controller.
PATIENCE=100
host_answers() {
	nvme id-ctrl "/dev/$CTRL" >/dev/null 2>&1 && return
	host_is_live "$CTRL" && target_has_no_connection &&
		echo "# the host is live without a connection: reset" && nvme reset "/dev/$CTRL"
	return 1
}

flaps_fast() {
	local round

	setup
	connect_ns "$NQN" -i 2 -c 1 -l 60 || return
	for ((round = 1; round <= 20; round++)); do
		unlink 1 "$NQN" && link 1 "$NQN" || fail "flap $round"
	done
	expect_ok "live" wait_until "$PATIENCE" host_is_live "$CTRL"
	expect_ok "answers" wait_until "$PATIENCE" host_answers
	wait_for_ns "$NQN" && fio_verify "$DEV" 2m --bs=16k
}

moves_to_another_address() {
	setup
	connect_ns "$NQN" || return
	unlink 1 "$NQN"
	put "$NVMFT_ROOT/ports/1/addr_trsvcid" 4425
	put "$NVMFT_ROOT/ports/1/addr_traddr" 127.0.0.9
	expect_ok "link" link 1 "$NQN"
	expect_ok "not on the old port" eval '! listens'
	host_clear
	ADDR=127.0.0.9 SVC=4425 connect_ns "$NQN" || fail "connect there"
}

# one_host N: connects and disconnects, five times.
one_host() {
	local round

	for ((round = 1; round <= 5; round++)); do
		connect_as "$1" "$NQN" nr_io_queues=2 || return 1
		echo 1 >"/sys/class/nvme/$CTRL/delete_controller" || return 1
	done
}

many_hosts_come_and_go() {
	local n pids=()

	setup
	for n in 1 2 3 4; do
		one_host $n &
		pids+=($!)
	done
	for n in "${pids[@]}"; do
		wait "$n" || fail "a host could not connect: $(cat "$TMP"/host.*)"
	done
	expect_ok "no connection is left" wait_until 10 target_has_no_connection
	connect_ns "$NQN" || fail "afterwards"
}

run_cases flaps_under_load flaps_fast moves_to_another_address many_hosts_come_and_go
