#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# ANA groups beside the first one: made, given a state, left and removed while a
# host is connected, which follows by itself.
. "$(dirname "$0")/../lib.sh"

GROUPS_DIR=$NVMFT_ROOT/ports/1/ana_groups
SUBSYS=$NVMFT_ROOT/subsystems/$NQN

setup() {
	clean_up
	nullb_add nulla 64
	export_device "$DISK" || fail "export"
	ns_add "$NQN" 2 "$DISK" || fail "second namespace"
	connect_ns "$NQN" -i 1 && wait_for_ns "$NQN" 2
}

# path NSID FILE: of the path to a namespace
path() {
	cat "$(path_dir "$CTRL" "$1")/$2"
}

path_is() {
	[ "$(path "$1" "$2")" = "$3" ]
}

follows() {
	expect_ok "namespace $1 has $2 $3" wait_until 10 path_is "$1" "$2" "$3"
}

# group ID: a namespace moves into it and back.
group() {
	local id=$1 state

	setup || return
	mkdir "$GROUPS_DIR/$id"
	put "$GROUPS_DIR/$id/ana_state" optimized
	put "$SUBSYS/namespaces/2/ana_grpid" "$id" || fail "regroup"
	follows 2 ana_grpid "$id"
	for state in non-optimized inaccessible optimized; do
		put "$GROUPS_DIR/$id/ana_state" $state
		follows 2 ana_state $state
		expect "namespace 1 in group 1" "$(path 1 ana_state)" optimized
	done
	expect_ok "read" dd if="/dev/$(block_name "$NQN" 2)" of=/dev/null bs=64k count=4 iflag=direct
	put "$SUBSYS/namespaces/2/ana_grpid" 1
	follows 2 ana_grpid 1
	rmdir "$GROUPS_DIR/$id" || fail "rmdir"
	nvme ana-log "/dev/$CTRL" >"$TMP/ana" 2>&1 || fail "$(cat "$TMP/ana")"
	expect "groups" "$(field ngrps "$TMP/ana")" 1
}

# A group that the port does not have is inaccessible by it; I/O waits.
group_that_is_not_there() {
	setup || return
	put "$SUBSYS/namespaces/2/ana_grpid" 77
	follows 2 ana_state inaccessible
	dd if="/dev/$(block_name "$NQN" 2)" of=/dev/null bs=4k count=1 iflag=direct \
		2>"$TMP/dd" &
	sleep 1
	kill -0 $! 2>/dev/null || fail "I/O did not wait: $(cat "$TMP/dd")"
	mkdir "$GROUPS_DIR/77"
	put "$GROUPS_DIR/77/ana_state" optimized
	follows 2 ana_state optimized
	wait $! || fail "the read failed: $(cat "$TMP/dd")"
}

group_removed_under_its_namespace() {
	setup || return
	mkdir "$GROUPS_DIR/5"
	put "$GROUPS_DIR/5/ana_state" optimized
	put "$SUBSYS/namespaces/2/ana_grpid" 5
	follows 2 ana_grpid 5
	follows 2 ana_state optimized
	rmdir "$GROUPS_DIR/5"
	follows 2 ana_state inaccessible
	put "$SUBSYS/namespaces/2/ana_grpid" 1
	follows 2 ana_state optimized
}

last_group() {
	is_nvmet && { skip_case "nvmet takes group 128 for 0"; return; }
	group 128
}

run_cases "group 2" last_group group_that_is_not_there group_removed_under_its_namespace
