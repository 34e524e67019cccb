#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Loading, the transport's autoload, refusing to go while in use, and leaving
# nothing behind, several times over.
. "$(dirname "$0")/../lib.sh"

transport_module() {
	echo "${TARGET_TRANSPORT//-/_}"
}

transport_is_loaded() {
	[ -d "/sys/module/$(transport_module)" ]
}

modinfo_says_what_it_is() {
	expect_match "license" "$(modinfo -F license "$TARGET")" "GPL( v2)?"
	expect_match "transport's license" "$(modinfo -F license "$TARGET_TRANSPORT")" "GPL( v2)?"
	expect "alias" "$(modinfo -F alias "$TARGET_TRANSPORT")" "$TARGET-transport-3"
	expect "depends" "$(modinfo -F depends "$TARGET_TRANSPORT" | tr ',' '\n' |
		grep -cx "$TARGET")" 1
}

empty_tree_after_load() {
	expect_match "root" "$(echo "$NVMFT_ROOT"/*)" \
		"($NVMFT_ROOT/discovery_nqn )?$NVMFT_ROOT/hosts $NVMFT_ROOT/ports $NVMFT_ROOT/subsystems"
	expect_ok "empty" target_is_empty
}

enabling_a_port_loads_the_transport() {
	transport_is_loaded && rmmod "$(transport_module)"
	nullb_add nulla 64
	export_device "$DISK" || fail "export"
	expect_ok "loaded" transport_is_loaded
	expect_ok "listens" listens
}

modules_in_use_stay() {
	expect_match "rmmod transport" "$(errno_of rmmod "$(transport_module)")" ".*in use.*"
	expect_match "rmmod core" "$(errno_of rmmod "$TARGET")" ".*in use.*"
	connect_ns "$NQN" || return
	expect_match "rmmod transport" "$(errno_of rmmod "$(transport_module)")" ".*in use.*"
	disconnect "$NQN"
}

reload() {
	local round

	for round in 1 2 3; do
		target_clear
		expect_ok "round $round: unload" wait_until 10 target_unload
		expect "round $round: loaded" "$(grep -c "^${TARGET}[_ ]" /proc/modules)" 0
		host_clear
		target_load
		port_add 1 && subsys_add "$NQN" && ns_add "$NQN" 1 "$DISK" && link 1 "$NQN" ||
			fail "round $round: export"
		connect_ns "$NQN" || return
		expect_ok "round $round: read" dd if="$DEV" of=/dev/null bs=1M count=4 iflag=direct
		# the host is still connected when everything goes
	done
}

run_cases modinfo_says_what_it_is empty_tree_after_load \
	enabling_a_port_loads_the_transport modules_in_use_stay reload
