#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Two nodes, one disk, one subsystem: the other node is the kernel's own target,
# and this one stands by with a namespace whose device is not there until it takes
# over. The host has a path to each.
. "$(dirname "$0")/../lib.sh"

SUBSYS=$NVMFT_ROOT/subsystems/$NQN
STATE=$NVMFT_ROOT/ports/1/ana_groups/2/ana_state
OTHER=$CONFIGFS/nvmet
UUID=6e766d66-7400-4000-8000-000000000154
# the disk as this node knows it
OURS=/dev/mapper/nvmft-test

# The other node: it has the disk.
other_node() {
	local subsys=$OTHER/subsystems/$NQN port=$OTHER/ports/9

	mkdir "$subsys" && mkdir "$subsys/namespaces/1" "$port" && mkdir "$port/ana_groups/2" &&
		put_in "$subsys" attr_allow_any_host=1 attr_cntlid_min=1 attr_cntlid_max=31999 &&
		put_in "$subsys/namespaces/1" device_path="$DISK" device_uuid=$UUID \
			device_nguid=$UUID ana_grpid=2 enable=1 &&
		put_in "$port" addr_trtype=tcp addr_adrfam=ipv4 addr_traddr="$ADDR" \
			addr_trsvcid=4430 ana_groups/2/ana_state=optimized &&
		ln -s "$subsys" "$port/subsystems/"
}

other_node_clear() {
	local subsys=$OTHER/subsystems/$NQN port=$OTHER/ports/9

	[ ! -L "$port/subsystems/$NQN" ] || rm "$port/subsystems/$NQN"
	[ ! -d "$port/ana_groups/2" ] || rmdir "$port/ana_groups/2"
	[ ! -d "$port" ] || rmdir "$port"
	[ ! -d "$subsys/namespaces/1" ] || rmdir "$subsys/namespaces/1"
	[ ! -d "$subsys" ] || rmdir "$subsys"
}

# This node, in standby
this_node() {
	port_add 1 && mkdir "$NVMFT_ROOT/ports/1/ana_groups/2" &&
		subsys_add "$NQN" attr_cntlid_min=32000 &&
		ns_add "$NQN" 1 "$OURS" device_uuid=$UUID ana_grpid=2 \
			device_size=$((64 << 20)) block_size=512 && link 1 "$NQN"
}

setup() {
	host_clear
	[ ! -d "$OTHER" ] || other_node_clear
	clean_up
	nullb_add nulla 64
	this_node || fail "this node"
}

path_state() {
	cat "/sys/class/nvme/$1"/nvme*c*n1/ana_state
}

path_state_is() {
	[ "$(path_state "$1")" = "$2" ]
}

# The disk comes to this node, and leaves it: what DRBD or the volume manager do.
disk_comes() {
	dmsetup create nvmft-test --table "0 131072 linear $DISK 0" --noudevsync &&
		dmsetup mknodes nvmft-test
}

disk_goes() {
	dmsetup remove --noudevsync nvmft-test && rm -f "$OURS"
}

opened() {
	dmsetup info -c --noheadings -o open nvmft-test | tr -d ' '
}

is_shown_without_its_disk() {
	setup || return
	expect "standby" "$(cat "$SUBSYS/namespaces/1/standby")" 1
	connect "$NQN" -i 1 || return
	expect_ok "its path" wait_until 10 path_state_is "$CTRL" inaccessible
	expect "size" "$(cat "/sys/class/nvme/$CTRL"/nvme*c*n1/size)" 131072
	nvme list-ns "/dev/$CTRL" | grep -q ':0x1$' || fail "not in the list"
	nvme id-ns "/dev/$CTRL" -n 1 >"$TMP/id" || fail "id-ns"
	expect "nuse" "$(field nuse "$TMP/id")" 0
	expect "nguid" "$(field nguid "$TMP/id")" "${UUID//-/}"
	expect_refused "$STATE" optimized ENOENT
	expect_ok "its path still" path_state_is "$CTRL" inaccessible
}

another_disk_than_promised() {
	[ -n "$CTRL" ] || return
	dmsetup create nvmft-test --table "0 100000 linear $DISK 0" --noudevsync &&
		dmsetup mknodes nvmft-test || { skip_case "no device mapper"; return; }
	expect_refused "$STATE" optimized EMEDIUMTYPE
	[ -n "$(kernel_log 'namespaces/1: stays without its device: .*51200000 bytes.*67108864')" ] ||
		fail "the log does not say what is wrong with the disk"
	expect "open count" "$(opened)" 0
	disk_goes || fail "it is held"
}

takes_over_and_back() {
	local round ours theirs

	modprobe -q nvmet && modprobe -q nvmet-tcp || { skip_case "nvmet is not there"; return; }
	setup || return
	other_node || fail "other node"
	SVC=4430 connect "$NQN" -i 1 -c 1 -l 60 || return
	theirs=$CTRL
	connect "$NQN" -i 1 -c 1 -l 60 || return
	ours=$CTRL
	wait_for_ns "$NQN" || return
	expect "one disk" "$(echo /sys/class/nvme-subsystem/*/nvme*n1 | wc -w)" 1
	expect_ok "their path" wait_until 10 path_state_is "$theirs" optimized
	expect_ok "our path" wait_until 10 path_state_is "$ours" inaccessible
	fio_load "$DEV"
	for round in 1 2 3; do
		put "$OTHER/ports/9/ana_groups/2/ana_state" inaccessible
		disk_comes || fail "the disk does not come"
		put "$STATE" optimized || fail "promotion"
		expect "open count" "$(opened)" 1
		expect_ok "our path" wait_until 10 path_state_is "$ours" optimized
		io_is_flowing
		put "$STATE" inaccessible || fail "demotion"
		# at once: the cluster manager has waited for nothing but the write
		disk_goes || fail "the disk is held after the demotion"
		put "$OTHER/ports/9/ana_groups/2/ana_state" optimized
		expect_ok "their path" wait_until 10 path_state_is "$theirs" optimized
		io_is_flowing
	done
	end_load
	host_clear
	other_node_clear
	modprobe -r nvmet-tcp nvmet
}

# Without the promise a namespace needs its device to be enabled, and keeps it.
ordinary_namespaces_are_not_touched() {
	setup || return
	disk_comes || { skip_case "no device mapper"; return; }
	put "$SUBSYS/namespaces/1/enable" 0
	put "$SUBSYS/namespaces/1/device_size" 0
	put "$SUBSYS/namespaces/1/enable" 1 || fail "enable"
	expect "standby" "$(cat "$SUBSYS/namespaces/1/standby")" 0
	expect "open count" "$(opened)" 1
	put "$STATE" optimized
	put "$STATE" inaccessible
	expect "open count when inaccessible" "$(opened)" 1
	put "$SUBSYS/namespaces/1/enable" 0
	expect "open count when disabled" "$(opened)" 0
	disk_goes || fail "it is held"
}

! is_nvmet || skip_all "nvmet has no standby namespaces"
run_cases is_shown_without_its_disk another_disk_than_promised takes_over_and_back \
	ordinary_namespaces_are_not_touched
