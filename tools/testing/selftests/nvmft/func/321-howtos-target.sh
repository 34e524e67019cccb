#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What the pages about hosts, about high availability and about migrating tell to type on
# the target: run as it stands there, on disks of this machine.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../tool.sh"
. "$(dirname "$0")/../howto.sh"

UUID=0dc6b5a5-9e3b-4b3c-8a43-8f2b6b2f1c11

# As it is called where it is installed; eval runs it.
# shellcheck disable=SC2317
nvmftcli() {
	/usr/bin/python3 "$TOOL" "$@"
}

start() {
	clean_up
	rm -f "$NVMFT_CONFIG"
	ip link set lo up
	ip address show dev lo | grep -q 192.0.2.10/ || ip address add 192.0.2.10/32 dev lo
	nullb_add "$1" "${2:-64}"
}

# on_target PAGE SECTION [SED-SCRIPT]: the tool's commands, "..." filled in.
on_target() {
	follow "$1" "$2" -ne "s,/dev/disk/by-id/\.\.\.,$DISK,; ${3:-}" -e '/^nvmftcli/p'
}

ns_of() {
	cat "$NVMFT_ROOT/subsystems/$1/namespaces/$2/$3"
}

esxi() {
	local nqn=nqn.2026-01.com.example:vmfs1

	start nulla
	on_target hosts-esxi "On the target"
	expect enable "$(ns_of $nqn 1 enable)" 1
	expect block_size "$(ns_of $nqn 1 block_size)" 512
	expect_ok "saved" grep -q '"block_size"\|"size": "512"' "$NVMFT_CONFIG"
}

proxmox() {
	start nulla
	on_target hosts-proxmox "Shared LVM on all nodes"
	expect "hosts" "$(find "$NVMFT_ROOT/subsystems/nqn.2026-01.com.example:pve/allowed_hosts" -type l | wc -l)" 2
}

kubernetes() {
	local first

	start nulla
	first=$DISK
	nullb_add nullb 64
	on_target hosts-kubernetes "On the target" "s,/dev/vg/pvc-1,$first,; s,/dev/vg/pvc-2,$DISK,"
	expect "second volume" "$(ns_of nqn.2026-01.com.example:k8s 2 device_path)" "$DISK"
}

from_freebsd() {
	start nulla
	on_target migrating "From FreeBSD's nvmft" "s,NQN-OF-THE-PORT,$NQN,; s,/NQN/,/$NQN/,; s,/NQN ,/$NQN ,
		s,uuid=\.\.\.,uuid=$UUID,; s,nguid=\.\.\.,nguid=$UUID,; s,HI:\.\.\.,HI:12345,"
	expect device_uuid "$(ns_of "$NQN" 1 device_uuid)" "$UUID"
	expect attr_model "$(cat "$NVMFT_ROOT/subsystems/$NQN/attr_model")" FreeBSD
	expect enable "$(ns_of "$NQN" 1 enable)" 1
}

# Sparse, as large as the page says: the namespace is in standby until its group is opened.
two_machines() {
	local nqn=nqn.2026-01.com.example:disk1 number

	start nulla 102400
	subsys_add $nqn
	mkdir "$NVMFT_ROOT/subsystems/$nqn/namespaces/1"
	for number in 1 2; do
		port_add $number 127.0.0.$number
	done
	(follow high-availability "Two machines" -n -e "s,/dev/drbd0,$DISK," \
		-e '/^\(cd\|ns=\|mkdir\|echo\)/p'; [ -z "$CASE_FAILED" ]) || CASE_FAILED=y
	expect standby "$(ns_of $nqn 1 standby)" 1
	(follow high-availability "Two networks" '/^rm\|^echo/d'; [ -z "$CASE_FAILED" ]) || CASE_FAILED=y
	ADDR=127.0.0.1 connect $nqn || return
	# the move, on this machine to itself
	(cd "$NVMFT_ROOT" && follow high-availability "Two machines" -n \
		-e 's/^new# \(echo .*\)/\1/p'; [ -z "$CASE_FAILED" ]) || CASE_FAILED=y
	expect standby "$(ns_of $nqn 1 standby)" 0
	NQN=$nqn wait_for_ns $nqn
	expect_ok "read" dd if="$DEV" of=/dev/null bs=4k count=1 iflag=direct
	(cd "$NVMFT_ROOT" && follow high-availability "Two machines" -n \
		-e 's/^old# \(echo .*\)/\1/p'; [ -z "$CASE_FAILED" ]) || CASE_FAILED=y
	expect standby "$(ns_of $nqn 1 standby)" 1
	disconnect $nqn
	clean_up
}

run_cases esxi proxmox kubernetes from_freebsd two_machines
