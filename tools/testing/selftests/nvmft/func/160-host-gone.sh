#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Hosts that vanish: the target notices by keep-alive and frees all it held; one
# that is merely idle stays.
. "$(dirname "$0")/../lib.sh"

setup() {
	clean_up
	nullb_add nulla 64
	export_device "$DISK" || fail "export"
}

idle_stays() {
	setup
	connect_ns "$NQN" -k 2 || return
	sleep 6
	expect "state" "$(host_state "$CTRL")" live
	expect "reconnects" "$(kernel_log 'error recovery|Reconnecting|keep.alive' | wc -l)" 0
	expect "kato" "$(cat "/sys/class/nvme/$CTRL/kato")" 2
}

silent_is_dropped() {
	local start

	setup
	connect_ns "$NQN" -i 2 -k 2 -c 1 -l 600 || return
	start=$SECONDS
	expect_ok "cut" network_stop
	expect_ok "the target drops its connections" wait_until 20 target_has_no_connection
	[ $((SECONDS - start)) -ge 2 ] || fail "before its keep-alive timeout"
	unlink 1 "$NQN"
	# a host that still thinks it is connected waits a minute for its last words
	expect_ok "the host notices as well" wait_until 20 host_is_not_live "$CTRL"
	network_restore
	host_clear
}

# The host's kernel forgets the connections without a word to its own driver.
reset_connections() {
	setup
	connect_ns "$NQN" -i 2 -c 60 || return
	drop_host_sockets
	expect_ok "the target lets go" wait_until 5 target_has_no_connection
	host_clear
	connect_ns "$NQN" || fail "a new connection"
}

# Half an association: the I/O queues are cut, the admin queue is not.
only_the_admin_queue_is_left() {
	local first

	setup
	connect_ns "$NQN" -i 2 -c 60 || return
	# the admin queue was connected first: it has the lowest socket cookie
	first=$(ss -Htne state established "dport = :$SVC" 2>/dev/null |
		sed -n 's/^[^ ]* *[^ ]* *[^ ]*:\([0-9]*\) .*ino:\([0-9]*\).*sk:\([0-9a-f]*\).*/\3 \1/p' |
		sort | head -n 1 | cut -d' ' -f2)
	ss -K state established "dport = :$SVC and not sport = :$first" >/dev/null 2>&1
	expect_ok "the rest goes as well" wait_until 15 target_has_no_connection
	host_clear
}

run_cases idle_stays silent_is_dropped reset_connections only_the_admin_queue_is_left
