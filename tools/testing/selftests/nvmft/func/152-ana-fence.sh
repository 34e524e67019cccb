#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A write of an ANA state is a fence: when it returns, nothing of before is being
# done to the disk. The disk here is one that holds what it is given until it is
# told to go on.
. "$(dirname "$0")/../lib.sh"

SUBSYS=$NVMFT_ROOT/subsystems/$NQN
STATE=$NVMFT_ROOT/ports/1/ana_groups/3/ana_state
# how long the target waits
PATIENCE=10

setup() {
	clean_up
	nullb_add nulla 64
	dm_add nvmft-test "0 100000 linear $DISK 0" || { skip_case "no device mapper"; return 1; }
	port_add 1 && subsys_add "$NQN" && ns_add "$NQN" 1 "$DISK" ana_grpid=3 || fail "export"
	mkdir "$NVMFT_ROOT/ports/1/ana_groups/3"
	put "$STATE" optimized
	link 1 "$NQN" && connect_ns "$NQN" -i 1
}

# hold: the disk keeps what it is given. go_on: it does it.
hold() {
	dmsetup suspend --nolockfs --noflush nvmft-test
}

go_on() {
	dmsetup resume nvmft-test
}

# One write in flight, past the host's page cache; $WRITER is its process.
write_in_flight() {
	dd if=/dev/zero of="$DEV" bs=4k count=1 oflag=direct 2>"$TMP/dd" &
	WRITER=$!
	sleep 1
	kill -0 $WRITER || fail "the disk does not hold: $(cat "$TMP/dd")"
}

waits_for_the_disk() {
	local change

	is_nvmet && { skip_case "nvmet's state is no fence"; return; }
	setup || return
	hold
	write_in_flight
	put "$STATE" inaccessible &
	change=$!
	sleep 2
	kill -0 $change || fail "returned with a write at the disk"
	expect "the state meanwhile" "$(cat "$STATE")" inaccessible
	go_on
	wait $change || fail "the change failed"
	wait $WRITER || fail "the write failed: $(cat "$TMP/dd")"
	put "$STATE" optimized
	expect_ok "read" dd if="$DEV" of=/dev/null bs=4k count=1 iflag=direct
}

says_when_it_is_none() {
	local start

	is_nvmet && { skip_case "nvmet's state is no fence"; return; }
	setup || return
	hold
	write_in_flight
	start=$SECONDS
	expect "the disk holds on" "$(errno_of put "$STATE" inaccessible)" ETIMEDOUT
	[ $((SECONDS - start)) -ge $((PATIENCE - 1)) ] ||
		fail "gave up after $((SECONDS - start)) s"
	expect "the state" "$(cat "$STATE")" inaccessible
	[ -n "$(kernel_log 'ports/1/ana_groups/3/ana_state: is set, but.*no fence')" ] ||
		fail "no line in the log"
	go_on
	wait $WRITER || fail "the write failed: $(cat "$TMP/dd")"
	put "$STATE" inaccessible || fail "still no fence"
	put "$STATE" optimized || fail "cannot be opened again"
	expect_ok "read" dd if="$DEV" of=/dev/null bs=4k count=1 iflag=direct
}

# The same for a namespace that is moved to where it cannot be reached.
moved_to_another_group() {
	is_nvmet && { skip_case "nvmet's group is no fence"; return; }
	setup || return
	hold
	write_in_flight
	expect "the disk holds on" "$(errno_of put "$SUBSYS/namespaces/1/ana_grpid" 4)" ETIMEDOUT
	expect "the group" "$(cat "$SUBSYS/namespaces/1/ana_grpid")" 4
	[ -n "$(kernel_log 'namespaces/1: commands from before have not ended')" ] ||
		fail "no line in the log"
	go_on
	put "$SUBSYS/namespaces/1/ana_grpid" 3 || fail "back"
	wait $WRITER || fail "the write failed: $(cat "$TMP/dd")"
	put "$SUBSYS/namespaces/1/ana_grpid" 4 || fail "still no fence"
	put "$SUBSYS/namespaces/1/ana_grpid" 3 || fail "back"
	expect_ok "read" dd if="$DEV" of=/dev/null bs=4k count=1 iflag=direct
}

run_cases waits_for_the_disk says_when_it_is_none moved_to_another_group
