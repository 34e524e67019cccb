#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# nvmftcli on the real tree: an export from a disk to a host and back, files of
# nvmetcli, restores that hosts do not notice, and what check finds.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../tool.sh"

# connect_as_told: types what export has printed.
connect_as_told() {
	local line

	line=$(sed -n 's/^ *\(nvme connect .*\)/\1/p' "$TMP/out")
	expect_match "connect line" "$line" "nvme connect -t tcp -a [0-9.]+ -s 4420 -n nqn.*" || return
	NQN=${line#* -n }
	NQN=${NQN%% *}
	expect_ok "$line" eval "$line -i 2"
	wait_for_ns "$NQN"
}

export_to_a_host_and_back() {
	local NQN

	nullb_add nulla 64
	expect_tool 0 export "$DISK" || return
	expect_said err "any host that reaches the port"
	connect_as_told || return
	fio_verify "$DEV" 2m
	expect "saved" "$(stat -c %a "$NVMFT_CONFIG")" 600
	expect_tool 1 export "$DISK" --nqn nqn.2026-01.test:again
	expect_said err "is namespace 1 of $NQN already"
	expect_tool 0 unexport "$DISK"
	expect_ok "nothing is left of it" target_is_empty
	clean_up
}

after_a_reboot_it_is_back() {
	local NQN

	nullb_add nulla 64
	expect_tool 0 export "$DISK" --host "$HOSTNQN"
	cp "$TMP/out" "$TMP/exported"
	expect_tool 0 show
	mv "$TMP/out" "$TMP/before"
	target_clear
	target_unload
	target_load
	expect_tool 0 restore
	expect_tool 0 show
	expect_ok "the same" cmp "$TMP/before" "$TMP/out"
	cp "$TMP/exported" "$TMP/out"
	connect_as_told
	clean_up
}

# A namespace that only some hosts see is so again, and one without its disk is in standby.
what_nvmet_has_not_is_back_too() {
	local ns=$NVMFT_ROOT/subsystems/$NQN/namespaces/1

	nullb_add nulla 64
	config_file "$DISK" >"$TMP/nvmetcli.json"
	expect_tool 0 restore "$TMP/nvmetcli.json"
	expect_tool 0 "/subsystems/$NQN/namespaces/1/allowed_hosts" create nqn.2026-01.test:some
	expect_tool 0 "/subsystems/$NQN/namespaces/1" disable
	put "$NVMFT_ROOT/ports/1/ana_groups/1/ana_state" inaccessible
	put "$ns/block_size" 512
	put "$ns/device_size" 67108864
	put "$ns/enable" 1
	expect_tool 0 save
	expect_tool 0 clear
	expect_ok "empty" target_is_empty
	rmdir "$NULLB/nulla"
	target_unload
	target_load
	expect_tool 0 restore
	expect "seen by" "$(ls "$ns/allowed_hosts")" nqn.2026-01.test:some
	expect "enabled" "$(<"$ns/enable")" 1
	expect "in standby" "$(<"$ns/standby")" 1
	expect_tool 0 restore --dry-run
	expect "differences" "$(cat "$TMP/out")" ""
	clean_up
}

# Their own file, with an NGUID of zero, a version of 1.3 and their numbers.
files_of_nvmetcli() {
	local ns=$NVMFT_ROOT/subsystems/$NQN/namespaces/1

	nullb_add nulla 64
	config_file "$DISK" >"$TMP/nvmetcli.json"
	expect_tool 0 restore "$TMP/nvmetcli.json" || return
	expect "uuid" "$(<"$ns/device_uuid")" d592cdf3-5d1c-44e0-8412-3fcf7d99df27
	expect "enable" "$(<"$ns/enable")" 1
	expect "serial" "$(<"$NVMFT_ROOT/subsystems/$NQN/attr_serial")" 123456
	connect_ns "$NQN" || return
	fio_verify "$DEV" 2m
	expect_tool 0 restore --dry-run "$TMP/nvmetcli.json"
	expect "differences" "$(cat "$TMP/out")" ""
}

# goes on with the host of the one above
restore_is_not_noticed() {
	local before

	before=$(sessions_ended)
	fio_load "$DEV"
	expect_tool 0 restore "$TMP/nvmetcli.json"
	expect_said out "0 changes made, 0 failed"
	expect_tool 0 /subsystems create nqn.2026-01.test:other
	expect_tool 0 /subsystems/nqn.2026-01.test:other/namespaces create
	expect_tool 0 restore "$TMP/nvmetcli.json"
	[ ! -d "$NVMFT_ROOT/subsystems/nqn.2026-01.test:other" ] || fail "the other one is there"
	sed -i 's/"qid_max": "128"/"qid_max": "128", "model": "Linux"/' "$TMP/nvmetcli.json"
	expect_tool 0 restore "$TMP/nvmetcli.json"
	expect "sessions that ended" "$(sessions_ended)" "$before"
	end_load
}

reasons_are_told() {
	expect_tool 1 /ports/1 set addr traddr=127.0.0.3
	expect_said err "remove the links in subsystems/ first (EACCES)"
	expect_tool 1 "/subsystems/$NQN" set attr serial=new
	expect_said err "fixed since a host has identified the subsystem"
	expect_tool 1 "/subsystems/$NQN/namespaces/1" set device path=/dev/other
	expect_said err "the namespace is enabled"
	expect_tool 1 /ports create 70000
	expect_said err "ports/70000: "
}

what_failed_is_named_and_the_rest_done() {
	sed 's/"pi_enable": "0", "qid_max": "128"/"pi_enable": "1", "qid_max": "4"/' \
		"$TMP/nvmetcli.json" >"$TMP/bad.json"
	expect_tool 1 restore "$TMP/bad.json"
	expect_said err "subsystems/$NQN/attr_pi_enable"
	expect "qid_max" "$(<"$NVMFT_ROOT/subsystems/$NQN/attr_qid_max")" 4
	clean_up
}

check_finds_what_is_wrong() {
	nullb_add nulla 64
	config_file "$DISK" >"$TMP/nvmetcli.json"
	expect_tool 0 restore "$TMP/nvmetcli.json"
	expect_tool 0 check
	unlink 1 "$NQN"
	expect_tool 1 check
	expect_said out "PROBLEM: subsystems/$NQN: is on no port"
	expect_said out "PROBLEM: ports/1: exports nothing"
	expect_ok "what it says" eval "/usr/bin/python3 $TOOL $(
		sed -n 's/^    nvmftcli \(.ports.*subsystems create n.*\)/\1/p' "$TMP/out" | head -n 1)"
	expect_tool 0 check
	put "$NVMFT_ROOT/subsystems/$NQN/namespaces/1/enable" 0
	expect_tool 1 check
	expect_said out "is not enabled, though $DISK is there"
	clean_up
	expect_tool 0 check
	expect_said out "nothing is configured"
}

clear_under_load() {
	nullb_add nulla 64
	config_file "$DISK" >"$TMP/nvmetcli.json"
	expect_tool 0 restore "$TMP/nvmetcli.json"
	connect_ns "$NQN" -l 5 || return
	fio_load "$DEV"
	expect_tool 0 clear
	expect_ok "empty" target_is_empty
	expect_tool 0 clear
	host_clear
	kill_load
	clean_up
}

run_cases export_to_a_host_and_back after_a_reboot_it_is_back what_nvmet_has_not_is_back_too \
	files_of_nvmetcli restore_is_not_noticed reasons_are_told \
	what_failed_is_named_and_the_rest_done check_finds_what_is_wrong clear_under_load
