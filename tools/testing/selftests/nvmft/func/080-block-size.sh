#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Disks of 512 and of 4096 byte blocks, with and without a volatile cache: the
# host sees the same geometry, and I/O at both ends of the disk is right.
. "$(dirname "$0")/../lib.sh"

# same_geometry DISK
same_geometry() {
	local theirs=/sys/block/${1##*/}/queue ours=/sys/block/${DEV##*/}/queue name

	# what the disk writes well, the host gets as its smallest good size
	for name in logical_block_size minimum_io_size; do
		expect "$name" "$(cat "$ours/$name")" "$(cat "$theirs/$name")"
	done
	expect "size" "$(blockdev --getsize64 "$DEV")" "$(blockdev --getsize64 "$1")"
	# nvmet says there is a cache whatever the disk says
	is_nvmet || expect write_cache "$(cat "$ours/write_cache")" "$(cat "$theirs/write_cache")"
}

# block_io BLOCK-SIZE: single blocks, ends of the disk, unaligned ranges.
block_io() {
	local size=$1 blocks

	blocks=$(($(blockdev --getsize64 "$DEV") / size))
	dd if=/dev/urandom of="$TMP/block" bs="$size" count=3 2>/dev/null
	expect_ok "write the last three" dd if="$TMP/block" of="$DEV" bs="$size" \
		seek=$((blocks - 3)) oflag=direct conv=notrunc
	cmp "$TMP/block" <(dd if="$DISK" bs="$size" skip=$((blocks - 3)) iflag=direct 2>/dev/null) ||
		fail "the last three blocks differ on the disk"
	expect_ok "write the first three" dd if="$TMP/block" of="$DEV" bs="$size" \
		oflag=direct conv=notrunc
	cmp "$TMP/block" <(dd if="$DISK" bs="$size" count=3 iflag=direct 2>/dev/null) ||
		fail "the first three blocks differ on the disk"
	nvme read "$DEV" --start-block="$blocks" --block-count=0 --data-size="$size" \
		>/dev/null 2>"$TMP/beyond" && fail "a read behind the end is answered"
	is_nvmet || grep -qi 'LBA out of range' "$TMP/beyond" || fail "read behind the end: $(cat "$TMP/beyond")"
	nvme read "$DEV" --start-block=$((blocks - 1)) --block-count=1 --data-size=$((size * 2)) \
		>/dev/null 2>"$TMP/beyond" && fail "a read across the end is answered"
	fio_verify "$DEV" 8m --bsrange="$size-256k" --blockalign="$size"
	expect_ok "flush" nvme flush "$DEV"
}

export_and_test() {
	export_device "$DISK" || fail "export"
	connect_ns "$NQN" -i 2 || return
	same_geometry "$DISK"
	block_io "$1"
}

# null_block BLOCK-SIZE CACHE-MIB
null_block() {
	clean_up
	nullb_add nulla 64 blocksize="$1" cache_size="$2" || fail "null_blk"
	export_and_test "$1"
}

# scsi_disk SECTOR-SIZE [scsi_debug parameter]...
scsi_disk() {
	local size=$1

	shift
	clean_up
	modprobe -q -n scsi_debug || { skip_case "scsi_debug is not there"; return; }
	scsi_debug_add dev_size_mb=32 sector_size="$size" "$@" || fail "scsi_debug"
	export_and_test "$size"
}

ram_disk() {
	clean_up
	modprobe -q brd rd_nr=1 rd_size=65536 || { skip_case "brd is not there"; return; }
	DISK=/dev/ram0
	export_and_test 512
}

run_cases "null_block 512 0" "null_block 4096 0" "null_block 512 4" "null_block 4096 4" \
	"scsi_disk 512" "scsi_disk 4096" ram_disk
