#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Files on a file system that is full or frozen, block devices through the page
# cache, and files that are let go under load.
. "$(dirname "$0")/../lib.sh"

SUBSYS=$NVMFT_ROOT/subsystems/$NQN
NS=$SUBSYS/namespaces/1

start() {
	clean_up
	port_add 1 && subsys_add "$NQN" && link 1 "$NQN" || fail "setup"
}

# export_path PATH [ATTR=VALUE]...
export_path() {
	ns_add "$NQN" 1 "$@" || fail "namespace in $1"
	connect_ns "$NQN" -i 2
}

write_block() {
	head -c 4096 /dev/zero | nvme write "$DEV" --start-block="$1" --block-count=0 \
		--data-size=4096 2>&1 | grep -v ': Success'
}

# The file is sparse, and its file system is full.
no_space() {
	start
	store_add ext4 32 || fail "store"
	truncate -s 64M "$STORE/disk"
	export_path "$STORE/disk" || return
	expect "there is space" "$(write_block 0)" ""
	dd if=/dev/zero of="$STORE/fill" bs=1M oflag=direct 2>/dev/null
	dd if=/dev/zero of="$STORE/fill2" bs=4k oflag=direct 2>/dev/null
	expect_match "write" "$(write_block 8000)" ".*(Capacity Exceeded|apacity).*"
	expect "what is allocated" "$(write_block 0)" ""
	expect "state" "$(host_state "$CTRL")" live
	rm "$STORE/fill" "$STORE/fill2"
	sync
	expect "with space again" "$(write_block 8000)" ""
}

# Writes wait until a frozen file system thaws; everything else goes on.
frozen() {
	local pid

	is_nvmet && { skip_case "nvmet writes to a frozen file system"; return; }
	start
	store_add ext4 64 || fail "store"
	nullb_add nulla 32 || fail "another disk"
	truncate -s 16M "$STORE/disk"
	export_path "$STORE/disk" || return
	ns_add "$NQN" 2 /dev/nulla || fail "another namespace"
	wait_for_ns "$NQN" 2 || return
	fsfreeze -f "$STORE" || fail "fsfreeze"
	dd if=/dev/urandom of="/dev/$(block_name "$NQN" 1)" bs=64k count=1 oflag=direct 2>/dev/null &
	pid=$!
	sleep 1
	expect_ok "the write waits" kill -0 $pid
	expect "blocks in the frozen file" "$(stat -c %b "$STORE/disk")" 0
	expect_ok "another namespace" timeout 10 dd if="$DEV" of=/dev/null bs=64k count=4 iflag=direct
	DEV=/dev/$(block_name "$NQN" 1)
	expect_ok "a read" timeout 10 dd if="$DEV" of=/dev/null bs=64k count=4 iflag=direct
	fsfreeze -u "$STORE"
	expect_ok "the write ends" wait $pid
	expect "blocks" "$(stat -c %b "$STORE/disk")" 128
}

# buffered_io makes a file of a block device, too.
block_device_buffered() {
	start
	nullb_add nulla 64 blocksize="$1" || fail "null_blk"
	export_path "$DISK" buffered_io=1 || return
	expect "size" "$(ns_size_in_bytes "$DEV")" $((64 << 20))
	is_nvmet || expect "block size" "$(blockdev --getss "$DEV")" "$1"
	fio_verify "$DEV" 16m --bsrange=4k-128k --blockalign=4k
	dd if=/dev/urandom of="$TMP/block" bs=64k count=1 2>/dev/null
	expect_ok "write" dd if="$TMP/block" of="$DEV" bs=64k seek=3 oflag=direct
	expect_ok "flush" nvme flush "$DEV"
	cmp "$TMP/block" <(dd if="$DISK" bs=64k skip=3 count=1 iflag=direct 2>/dev/null) ||
		fail "the disk has something else"
	is_nvmet || [ "$(kernel_log 'namespaces/1: file, .*, buffered' | wc -l)" != 0 ] ||
		fail "it is not taken as a file"
}

disabled_under_load() {
	local round

	is_nvmet && { skip_case "nvmet 6.1 loses count of its namespaces and warns"; return; }
	start
	store_add ext4 96 || fail "store"
	truncate -s 64M "$STORE/disk"
	export_path "$STORE/disk" buffered_io="$1" || return
	# what the page cache takes is counted by the host alone, on its path
	for DISK in /sys/block/"$CTRL"c*n1 "$DEV"; do
		[ ! -e "$DISK" ] || break
	done
	fio_load "$DEV" --continue_on_error=all || return
	for ((round = 0; round < 3; round++)); do
		put "$NS/enable" 0
		sleep 0.3
		put "$NS/enable" 1
		sleep 0.7
	done
	kill_load
	wait_for_ns "$NQN" 1 || return
	fio_verify "$DEV" 4m --bs=64k
	put "$NS/enable" 0
	expect_ok "the file system is free" store_remove
}

run_cases no_space frozen "block_device_buffered 512" "block_device_buffered 4096" \
	"disabled_under_load 0" "disabled_under_load 1"
