#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Takes the whole configuration down in orders drawn by lot, while two hosts do
# I/O by two ports: every step is tried again and again until configfs allows it,
# so each order ends, and nothing hangs or stays.
. "$(dirname "$0")/../lib.sh"

SUBSYS=$NVMFT_ROOT/subsystems/$NQN
PORTS=$NVMFT_ROOT/ports
H1=$HOSTNQN
H2=nqn.2026-01.test:host-2

setup() {
	local port host

	clean_up
	nullb_add nulla 64
	users=$(cat /sys/module/null_blk/refcnt)
	subsys_add "$NQN" attr_allow_any_host=0 && ns_add "$NQN" 1 "$DISK" &&
		ns_add "$NQN" 2 "$DISK" ana_grpid=2 && port_add 1 && port_add 2 ::1 ipv6 4421 ||
		fail "setup"
	for port in 1 2; do
		mkdir -p "$PORTS/$port/ana_groups/2" "$PORTS/$port/referrals/r"
		put "$PORTS/$port/ana_groups/2/ana_state" optimized
	done
	for host in "$H1" "$H2"; do
		mkdir "$NVMFT_ROOT/hosts/$host"
		ln -s "$NVMFT_ROOT/hosts/$host" "$SUBSYS/allowed_hosts/"
	done
	link 1 "$NQN" && link 2 "$NQN" || fail "links"
	connect_ns "$NQN" -i 2 -c 1 -l 3 || return
	ADDR=::1 SVC=4421 connect "$NQN" -i 1 -c 1 -l 3 || return
	connect_as 2 "$NQN" nr_io_queues=1,reconnect_delay=1,ctrl_loss_tmo=3 || return
	fio_load "$DEV"
}

steps() {
	cat <<-END
		rm $PORTS/1/subsystems/$NQN
		rm $PORTS/2/subsystems/$NQN
		rmdir $PORTS/1
		rmdir $PORTS/2
		rmdir $PORTS/1/ana_groups/2
		rmdir $PORTS/2/ana_groups/2
		rmdir $PORTS/1/referrals/r
		rmdir $PORTS/2/referrals/r
		rm $SUBSYS/allowed_hosts/$H1
		rm $SUBSYS/allowed_hosts/$H2
		rmdir $NVMFT_ROOT/hosts/$H1
		rmdir $NVMFT_ROOT/hosts/$H2
		rmdir $SUBSYS/namespaces/1
		rmdir $SUBSYS/namespaces/2
		rmdir $SUBSYS
	END
}

# try_each FILE: takes each step of FILE that configfs allows; what is left stays
# in FILE. False when no step was allowed.
try_each() {
	local step progress=1

	while read -r step; do
		# shellcheck disable=SC2086 # a command and its argument
		if timeout 60 $step 2>>"$TMP/refused"; then
			progress=0
		else
			echo "$step"
		fi
	done <"$1" >"$1.left"
	mv "$1.left" "$1"
	return $progress
}

# order SEED
order() {
	setup || return
	steps | shuf --random-source=<(yes "$1") >"$TMP/order"
	sed 's/^/seed '"$1"': /' "$TMP/order" >"$TMP/drawn"
	while [ -s "$TMP/order" ]; do
		try_each "$TMP/order" || {
			fail "no step is allowed any more: $(cat "$TMP/order" "$TMP/drawn")"
			break
		}
	done
	expect_ok "all gone" target_is_empty
	expect_ok "no connection" wait_until 10 target_has_no_connection
	expect_ok "no connection at the other port" wait_until 10 target_has_no_connection 4421
	expect "users of the disk" "$(cat /sys/module/null_blk/refcnt)" "$users"
	host_clear
	kill_load
}

run_cases "order 1" "order 2" "order 3"
