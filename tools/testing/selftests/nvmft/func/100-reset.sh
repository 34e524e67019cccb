#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Controller resets, connection resets and a silent network while I/O runs: it
# goes on and every block is right.
. "$(dirname "$0")/../lib.sh"

setup() {
	clean_up
	nullb_add nulla 64
	export_device "$DISK" || fail "export"
	connect_ns "$NQN" "$@" || return
}

reset_idle() {
	local round

	setup -i 2 || return
	for round in 1 2 3; do
		expect_ok "reset $round" nvme reset "/dev/$CTRL"
		expect_ok "live after reset $round" wait_until 10 host_is_live "$CTRL"
	done
	fio_verify "$DEV" 4m --bs=64k
	nvme id-ctrl "/dev/$CTRL" >"$TMP/id"
	expect "still its model" "$(field mn "$TMP/id")" Linux
}

# reset_under_load [connect option]...
reset_under_load() {
	local round

	setup "$@" || return
	fio_load "$DEV"
	for round in 1 2 3 4 5; do
		expect_ok "reset $round" nvme reset "/dev/$CTRL"
		expect_ok "live after reset $round" wait_until 10 host_is_live "$CTRL"
		io_is_flowing
	done
	end_load
}

connections_cut_under_load() {
	local round

	setup -i 2 -c 1 || return
	fio_load "$DEV"
	for round in 1 2 3; do
		drop_host_sockets
		expect_ok "reconnects after cut $round" wait_until 10 reconnected 3
		io_is_flowing
	done
	end_load
}

# reconnected CONNECTIONS: live, with that many on the target's side.
reconnected() {
	host_is_live "$CTRL" && [ "$(target_connections)" = "$1" ]
}

silent_network_under_load() {
	setup -i 2 -c 1 -k 3 || return
	fio_load "$DEV"
	expect_ok "cut" network_stop
	expect_ok "target gives up" wait_until 20 target_has_no_connection
	network_restore
	expect_ok "reconnects" wait_until 30 reconnected 3
	io_is_flowing
	end_load
}

run_cases reset_idle "reset_under_load -i 1" "reset_under_load -i 2 -g -G" \
	connections_cut_under_load silent_network_under_load
