#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# One subsystem behind two ports: the host makes one disk of two paths and lives
# on either; a path's ANA state reaches it.
. "$(dirname "$0")/../lib.sh"

setup() {
	clean_up
	nullb_add nulla 64
	export_device "$DISK" || fail "export"
	port_add 2 ::1 ipv6 4421 && link 2 "$NQN" || fail "second port"
	connect_ns "$NQN" -i 1 -c 1 -l 60 || return
	FIRST=$CTRL
	ADDR=::1 SVC=4421 connect "$NQN" -i 1 -c 1 -l 60 || return
	SECOND=$CTRL
}

# ana_state CONTROLLER: of its path to namespace 1
ana_state() {
	cat "$(path_dir "$1" 1)/ana_state"
}

ana_state_is() {
	[ "$(ana_state "$1")" = "$2" ]
}

one_disk() {
	setup || return
	expect "controllers" "$(host_controllers "$NQN" | wc -l)" 2
	expect "disks" "$(echo /sys/class/nvme-subsystem/*/nvme*n1 | wc -w)" 1
	[ "$(cat "/sys/class/nvme/$FIRST/cntlid")" != "$(cat "/sys/class/nvme/$SECOND/cntlid")" ] ||
		fail "both controllers have the same id"
	fio_verify "$DEV" 4m --bs=16k
}

lives_on_either() {
	setup || return
	fio_load "$DEV"
	unlink 1 "$NQN"
	io_is_flowing
	link 1 "$NQN"
	expect_ok "first path is back" wait_until 15 host_is_live "$FIRST"
	unlink 2 "$NQN"
	io_is_flowing
	link 2 "$NQN"
	expect_ok "second path is back" wait_until 15 host_is_live "$SECOND"
	end_load
}

ana_states() {
	local state

	setup || return
	expect "first" "$(ana_state "$FIRST")" optimized
	fio_load "$DEV"
	for state in non-optimized inaccessible optimized; do
		put "$NVMFT_ROOT/ports/1/ana_groups/1/ana_state" $state || fail "$state"
		expect_ok "the host sees $state" wait_until 10 ana_state_is "$FIRST" $state
		expect "the other path" "$(ana_state "$SECOND")" optimized
		io_is_flowing
	done
	end_load
}

run_cases one_disk lives_on_either ana_states
