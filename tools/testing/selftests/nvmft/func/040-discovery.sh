#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The discovery log: what each host may see, ports, referrals, and the event
# that a persistent discovery controller gets when something changes.
. "$(dirname "$0")/../lib.sh"

# discover [option]...: the log of this host's view, in $TMP/log.
discover() {
	nvme discover -t tcp -a "$ADDR" -s "$SVC" -q "$HOSTNQN" -I "$HOSTID" "$@" \
		>"$TMP/log" 2>&1
}

subsystems_in_log() {
	sed -n 's/^subnqn: *//p' "$TMP/log" | grep -v "$DISCOVERY_NQN" | sort | xargs
}

setup() {
	port_add 1 && port_add 2 "$ADDR" ipv4 4421 &&
		subsys_add "$NQN-open" && subsys_add "$NQN-mine" attr_allow_any_host=0 &&
		subsys_add "$NQN-other" attr_allow_any_host=0 && subsys_add "$NQN-unlinked" ||
		fail "setup"
	mkdir "$NVMFT_ROOT/hosts/$HOSTNQN" "$NVMFT_ROOT/hosts/nqn.2026-01.test:stranger"
	ln -s "$NVMFT_ROOT/hosts/$HOSTNQN" "$NVMFT_ROOT/subsystems/$NQN-mine/allowed_hosts/"
	ln -s "$NVMFT_ROOT/hosts/nqn.2026-01.test:stranger" \
		"$NVMFT_ROOT/subsystems/$NQN-other/allowed_hosts/"
	link 1 "$NQN-open" && link 1 "$NQN-mine" && link 1 "$NQN-other" || fail "links"
}

only_what_the_host_may_use() {
	setup
	discover || fail "$(cat "$TMP/log")"
	expect "this host" "$(subsystems_in_log)" "$NQN-mine $NQN-open"
	discover -q nqn.2026-01.test:stranger || fail "$(cat "$TMP/log")"
	expect "the stranger" "$(subsystems_in_log)" "$NQN-open $NQN-other"
	discover -q nqn.2026-01.test:nobody || fail "$(cat "$TMP/log")"
	expect "a third" "$(subsystems_in_log)" "$NQN-open"
}

what_an_entry_says() {
	discover
	sed -n "/Discovery Log Entry/,\$p" "$TMP/log" | awk -v want="$NQN-open" '
		/=Discovery Log Entry/ { entry = "" }
		{ entry = entry "\n" $0 }
		$1 == "subnqn:" { keep = $2 == want }
		$1 == "traddr:" && keep { print entry }' >"$TMP/entry"
	expect "trtype" "$(field trtype "$TMP/entry")" tcp
	expect "adrfam" "$(field adrfam "$TMP/entry")" ipv4
	expect "subtype" "$(field subtype "$TMP/entry")" "nvme subsystem"
	expect "treq" "$(field treq "$TMP/entry" | cut -d, -f1)" "not specified"
	expect "portid" "$(field portid "$TMP/entry")" 1
	expect "trsvcid" "$(field trsvcid "$TMP/entry")" "$SVC"
	expect "traddr" "$(field traddr "$TMP/entry")" "$ADDR"
}

the_other_port_shows_its_own() {
	link 2 "$NQN-open"
	discover -s 4421 || fail "$(cat "$TMP/log")"
	expect "port 2" "$(subsystems_in_log)" "$NQN-open"
	expect "service" "$(sed -n 's/^trsvcid: *//p' "$TMP/log" | sort -u | xargs)" 4421
	unlink 2 "$NQN-open"
}

unlinked_is_not_shown() {
	unlink 1 "$NQN-open"
	discover
	expect "after unlink" "$(subsystems_in_log)" "$NQN-mine"
	link 1 "$NQN-open"
	discover
	expect "after link" "$(subsystems_in_log)" "$NQN-mine $NQN-open"
}

referrals() {
	local dir=$NVMFT_ROOT/ports/1/referrals/other

	mkdir "$dir"
	put "$dir/addr_trtype" tcp
	put "$dir/addr_adrfam" ipv4
	put "$dir/addr_traddr" 192.0.2.9
	put "$dir/addr_trsvcid" 8009
	put "$dir/addr_portid" 33
	discover
	expect "while disabled" "$(grep -c 192.0.2.9 "$TMP/log")" 0
	put "$dir/enable" 1
	discover
	expect "enabled" "$(grep -c 192.0.2.9 "$TMP/log")" 1
	expect_match "subtype" "$(grep '^subtype:' "$TMP/log" | sort -u | xargs)" \
		".*discovery subsystem.*"
	expect "port id" "$(grep -c '^portid: *33' "$TMP/log")" 1
	put "$dir/enable" 0
	discover
	expect "disabled again" "$(grep -c 192.0.2.9 "$TMP/log")" 0
	rmdir "$dir"
}

generation() {
	discover
	sed -n 's/.*Generation counter \([0-9]*\).*/\1/p' "$TMP/log"
}

generation_counts_changes() {
	local before

	before=$(generation)
	expect "nothing changed" "$(generation)" "$before"
	unlink 1 "$NQN-open"
	[ "$(generation)" -gt "$before" ] || fail "unlink did not raise it from $before"
	before=$(generation)
	link 1 "$NQN-open"
	[ "$(generation)" -gt "$before" ] || fail "link did not raise it from $before"
}

events_seen() {
	[ "$(grep -c 'NVME_AEN=0x70f002' "$TMP/events")" -ge "$1" ]
}

persistent_discovery_gets_events() {
	udevadm monitor --kernel --property >"$TMP/events" 2>&1 &
	discover --persistent --keep-alive-tmo=4 || fail "$(cat "$TMP/log")"
	CTRL=$(host_controllers "$DISCOVERY_NQN")
	[ -n "$CTRL" ] || { fail "no persistent discovery controller"; return; }
	unlink 1 "$NQN-open"
	expect_ok "event after unlink" wait_until 5 events_seen 1
	expect_ok "log" nvme discover -d "$CTRL"
	link 1 "$NQN-open"
	expect_ok "event after link" wait_until 5 events_seen 2
	# keep-alive holds it past its timeout
	sleep 6
	expect "after 6 s" "$(host_state "$CTRL")" live
	nvme disconnect -d "$CTRL" >/dev/null
	kill %1
}

run_cases only_what_the_host_may_use what_an_entry_says the_other_port_shows_its_own \
	unlinked_is_not_shown referrals generation_counts_changes \
	persistent_discovery_gets_events
