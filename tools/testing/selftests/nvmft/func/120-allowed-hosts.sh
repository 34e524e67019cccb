#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Only the hosts that are allowed get in, and a refusal is an answer.
. "$(dirname "$0")/../lib.sh"

SUBSYS=$NVMFT_ROOT/subsystems/$NQN

# The status word that the kernel's host prints of a refused Connect.
refused_because() {
	! connect "$NQN" >"$TMP/out" 2>&1 || return 1
	[ -n "$(kernel_log "$1")" ] || { fail "no line in the log matches '$1'"; return 1; }
}

nobody() {
	nullb_add nulla 64
	export_device "$DISK" attr_allow_any_host=0 || fail "export"
	expect_ok "refused" refused_because 'Connect.*(allow|Invalid Host|invalid host|not allowed)'
	expect_ok "no connection is left" wait_until 5 target_has_no_connection
}

this_host() {
	mkdir "$NVMFT_ROOT/hosts/$HOSTNQN"
	ln -s "$NVMFT_ROOT/hosts/$HOSTNQN" "$SUBSYS/allowed_hosts/$HOSTNQN"
	connect_ns "$NQN" || fail "allowed, but refused"
	connect_as 5 "$NQN" && fail "another host got in"
	disconnect "$NQN"
}

no_longer() {
	connect_ns "$NQN" -i 1 || return
	rm "$SUBSYS/allowed_hosts/$HOSTNQN"
	host_clear
	connect "$NQN" >"$TMP/out" 2>&1 && fail "still let in"
	return 0
}

any() {
	put "$SUBSYS/attr_allow_any_host" 1
	connect_ns "$NQN" || fail "refused"
	connect_as 5 "$NQN" || fail "another host is refused"
	host_clear
}

unknown_subsystem() {
	connect "$NQN-none" >"$TMP/out" 2>&1 && fail "connected to what is not there"
	expect_ok "no connection is left" wait_until 5 target_has_no_connection
	# known, but not on this port
	subsys_add "$NQN-elsewhere"
	connect "$NQN-elsewhere" >"$TMP/out" 2>&1 && fail "connected past the port"
	expect_ok "no connection is left" wait_until 5 target_has_no_connection
}

run_cases nobody this_host no_longer any unknown_subsystem
