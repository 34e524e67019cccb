#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A namespace of 512-byte blocks on a disk of 4096-byte blocks, as ESXi needs it:
# parts of the disk's blocks are read, changed and written.
. "$(dirname "$0")/../lib.sh"

setup() {
	clean_up
	if is_nvmet; then
		skip_case "nvmet has no block_size"
		return 1
	fi
	nullb_add nulla 64 blocksize=4096 || fail "disk"
	port_add 1 && subsys_add "$NQN" && ns_add "$NQN" 1 "$DISK" block_size=512 &&
		link 1 "$NQN" || fail "export"
	connect_ns "$NQN" -i 2
}

geometry() {
	setup || return
	expect "logical block" "$(blockdev --getss "$DEV")" 512
	expect "physical block" "$(blockdev --getpbsz "$DEV")" 4096
	expect "size" "$(blockdev --getsize64 "$DEV")" "$(blockdev --getsize64 "$DISK")"
}

# One byte pattern per block of 512; each write leaves its neighbours alone.
neighbours() {
	local first

	setup || return
	dd if=/dev/urandom of="$TMP/all" bs=512 count=64 2>/dev/null
	expect_ok "fill" dd if="$TMP/all" of="$DEV" bs=32k oflag=direct conv=notrunc
	for first in 0 3 7 8 13 31; do
		dd if=/dev/urandom of="$TMP/part" bs=512 count=11 2>/dev/null
		expect_ok "write 11 blocks at $first" dd if="$TMP/part" of="$DEV" bs=5632 count=1 \
			oflag=direct,seek_bytes seek=$((first * 512)) conv=notrunc
		dd if="$TMP/part" of="$TMP/all" bs=512 seek="$first" conv=notrunc 2>/dev/null
	done
	expect_ok "zero 20 blocks at 5" nvme write-zeroes "$DEV" -s 5 -c 19
	dd if=/dev/zero of="$TMP/all" bs=512 seek=5 count=20 conv=notrunc 2>/dev/null
	cmp "$TMP/all" <(dd if="$DEV" bs=512 count=64 iflag=direct 2>/dev/null) ||
		fail "the host reads something else"
	cmp "$TMP/all" <(dd if="$DISK" bs=4096 count=8 iflag=direct 2>/dev/null) ||
		fail "the disk holds something else"
}

# Many blocks of the disk, each written by several commands at once
at_once() {
	setup || return
	fio_verify "$DEV" 1m --bs=512 --iodepth=32
	fio_verify "$DEV" 8m --bsrange=512-64k --blockalign=512
}

# A file that ends within one of its file system's blocks
odd_file() {
	clean_up
	is_nvmet && { skip_case "nvmet has no block_size"; return; }
	nullb_add nulla 64 blocksize=4096 && make_and_mount "$DISK" ext4 || fail "file system"
	truncate -s $((1024 * 1024 + 1536)) "$MNT/file"
	port_add 1 && subsys_add "$NQN" && ns_add "$NQN" 1 "$MNT/file" block_size=512 &&
		link 1 "$NQN" || fail "export"
	connect_ns "$NQN" -i 1 || return
	expect "logical block" "$(blockdev --getss "$DEV")" 512
	expect "size" "$(blockdev --getsize64 "$DEV")" $((1024 * 1024))
	expect_ok "all of it" dd if="$DEV" of="$TMP/all" bs=64k iflag=direct
	expect_ok "the last block" dd if=/dev/urandom of="$DEV" bs=512 count=1 oflag=direct \
		seek=2047 conv=notrunc
	expect "length of the file" "$(stat -c %s "$MNT/file")" $((1024 * 1024 + 1536))
	# the file system goes after its file
	host_clear
	target_clear
}

refused() {
	clean_up
	is_nvmet && { skip_case "nvmet has no block_size"; return; }
	nullb_add nulla 64 || fail "disk"
	subsys_add "$NQN" && ns_add "$NQN" 1 "$DISK" || fail "namespace"
	expect_refused "$NVMFT_ROOT/subsystems/$NQN/namespaces/1/block_size" 512 EBUSY
	put "$NVMFT_ROOT/subsystems/$NQN/namespaces/1/enable" 0
	expect_refused "$NVMFT_ROOT/subsystems/$NQN/namespaces/1/block_size" 1000 EINVAL
	expect_refused "$NVMFT_ROOT/subsystems/$NQN/namespaces/1/block_size" 131072 ERANGE
}

run_cases geometry neighbours at_once odd_file refused
