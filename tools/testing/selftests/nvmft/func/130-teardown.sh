#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The configuration goes away in every order that configfs allows, while a
# connected host does I/O: no order hangs, and the disk is let go.
. "$(dirname "$0")/../lib.sh"

SUBSYS=$NVMFT_ROOT/subsystems/$NQN
PORT=$NVMFT_ROOT/ports/1

step() {
	case $1 in
	unlink) rm "$PORT/subsystems/$NQN" ;;
	port) rmdir "$PORT" ;;
	disable) put "$SUBSYS/namespaces/1/enable" 0 ;;
	namespace) rmdir "$SUBSYS/namespaces/1" ;;
	subsystem) rmdir "$SUBSYS" ;;
	forbid) put "$SUBSYS/attr_allow_any_host" 0 ;;
	disconnect) disconnect "$NQN" ;;
	cut) drop_host_sockets ;;
	esac
}

disk_has_users() {
	[ "$(cat /sys/module/null_blk/refcnt)" = "$1" ]
}

# order STEP...
order() {
	local name users

	clean_up
	nullb_add nulla 64
	users=$(cat /sys/module/null_blk/refcnt)
	export_device "$DISK" || fail "export"
	connect_ns "$NQN" -i 2 -c 1 -l 3 || return
	fio_load "$DEV" || return
	for name in "$@"; do
		expect_ok "$name" timeout 30 bash -c "$(declare -f step put drop_host_sockets disconnect)
			SUBSYS=$SUBSYS PORT=$PORT NQN=$NQN SVC=$SVC; step $name"
	done
	expect_ok "all gone" target_is_empty
	expect_ok "no connection" wait_until 10 target_has_no_connection
	expect_ok "the disk is let go" wait_until 10 disk_has_users "$users"
	host_clear
	kill_load
}

what_is_in_use_stays() {
	clean_up
	nullb_add nulla 64
	export_device "$DISK" || fail "export"
	expect_match "rmdir of a linked subsystem" "$(errno_of rmdir "$SUBSYS")" "EBUSY|ENOTEMPTY"
	expect_match "rmdir of a port with a link" "$(errno_of rmdir "$PORT")" "EBUSY|ENOTEMPTY"
	expect_ok "still listens" listens
	connect_ns "$NQN" || fail "connect"
}

run_cases what_is_in_use_stays \
	"order unlink port disable namespace subsystem" \
	"order unlink port namespace subsystem" \
	"order disable namespace unlink subsystem port" \
	"order namespace unlink port subsystem" \
	"order disable unlink port namespace subsystem" \
	"order forbid unlink namespace subsystem port" \
	"order disconnect unlink port disable namespace subsystem" \
	"order cut unlink disable port namespace subsystem" \
	"order unlink disconnect namespace subsystem port"
