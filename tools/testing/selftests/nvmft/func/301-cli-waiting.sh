#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Restores at a boot that is not through yet: a disk and an address that come
# later, and ones that do not come.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../tool.sh"

LATE=192.0.2.77

is_enabled() {
	[ "$(cat "$NVMFT_ROOT/subsystems/$NQN/namespaces/1/enable")" = 1 ]
}

is_linked() {
	[ -e "$NVMFT_ROOT/ports/1/subsystems/$NQN" ]
}

# in_background ARG...: sets TOOL_PID
in_background() {
	/usr/bin/python3 "$TOOL" "$@" >"$TMP/out" 2>"$TMP/err" &
	TOOL_PID=$!
}

expect_end() {
	local status

	wait "$TOOL_PID"
	status=$?
	expect "status" $status "$1"
}

# Null block devices have the name of their folder, or nullb and a number.
name_of_the_next_disk() {
	nullb_add late 64
	rmdir "$NULLB/late"
	expect_ok "gone" wait_until 5 test ! -e "$DISK"
}

a_disk_that_comes_later() {
	name_of_the_next_disk
	config_file "$DISK" >"$NVMFT_CONFIG"
	expect_tool 4 restore
	expect_said err "subsystems/$NQN/namespaces/1: $DISK is not there"
	expect_ok "exported meanwhile" is_linked
	expect "enable" "$(<"$NVMFT_ROOT/subsystems/$NQN/namespaces/1/enable")" 0
	in_background restore --wait 60
	expect_ok "it waits" wait_until 10 grep -q "waiting for $DISK" "$TMP/err"
	nullb_add late 64
	expect_end 0
	expect_ok "enabled" is_enabled
	connect_ns "$NQN"
	clean_up
}

an_address_that_comes_later() {
	nullb_add nulla 64
	config_file "$DISK" $LATE >"$NVMFT_CONFIG"
	expect_tool 4 restore
	expect_said err "this machine does not have $LATE"
	in_background restore --wait 60
	expect_ok "it waits" wait_until 10 grep -q "waiting for $LATE" "$TMP/err"
	ip address add $LATE/32 dev lo
	expect_end 0
	expect_ok "listens" is_linked
	ADDR=$LATE connect_ns "$NQN"
	host_clear
	ip address del $LATE/32 dev lo
	expect_tool 1 check
	expect_said out "does not have the address $LATE"
	clean_up
}

neither_comes() {
	config_file /dev/nvmft-none $LATE >"$NVMFT_CONFIG"
	expect_tool 4 restore --wait 2 --json
	expect "failures" "$(grep -c '"missing": "' "$TMP/out")" 2
	clean_up
}

# The kernel logs every open that fails; waiting must not fill the log.
waiting_is_quiet() {
	local mark="nvmft-quiet $RANDOM"

	config_file /dev/nvmft-none >"$NVMFT_CONFIG"
	echo "$mark" >/dev/kmsg
	expect_tool 4 restore --wait 5
	expect "lines" "$(kernel_log_since "$mark" | grep -c nvmft-none)" 0
	clean_up
}

run_cases a_disk_that_comes_later an_address_that_comes_later neither_comes waiting_is_quiet
