#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Namespaces in regular files, direct and through the page cache: I/O lands in the
# file, Flush and FUA reach its disk, blocks that hosts give back become holes.
. "$(dirname "$0")/../lib.sh"

NS=$NVMFT_ROOT/subsystems/$NQN/namespaces/1
FILE=

# export_file FILE BUFFERED: on a target that has nothing yet.
export_file() {
	FILE=$1
	port_add 1 && subsys_add "$NQN" && link 1 "$NQN" || fail "setup"
	ns_add "$NQN" 1 "$FILE" buffered_io="$2" || fail "namespace in $FILE"
	connect_ns "$NQN" -i 2
}

# start STORE-TYPE BUFFERED MIB-OF-FILE [mkfs option]...
start() {
	local type=$1 buffered=$2 size=$3

	shift 3
	clean_up
	# XFS cannot be made smaller
	store_add "$type" 320 "$@" || fail "$type for the file"
	truncate -s "${size}M" "$STORE/disk"
	export_file "$STORE/disk" "$buffered"
}

# delayed: does ext4 hold parts of the file that it has not yet written?
delayed() {
	filefrag -v "$FILE" | grep -q delalloc
}

cached_bytes() {
	fincore -n -b -o RES "$FILE" | tr -d ' '
}

allocated() {
	echo $(($(stat -c %b "$FILE") * 512))
}

file_io() {
	local type=$1 buffered=$2

	start "$type" "$buffered" 64 || return
	expect "size" "$(ns_size_in_bytes "$DEV")" $((64 << 20))
	expect "block size" "$(blockdev --getss "$DEV")" 4096
	expect "cache" "$(cat "/sys/block/${DEV##*/}/queue/write_cache")" "write back"
	fio_verify "$DEV" 16m --bsrange=4k-256k --blockalign=4k
	dd if=/dev/urandom of="$TMP/block" bs=64k count=3 2>/dev/null
	expect_ok "write" dd if="$TMP/block" of="$DEV" bs=64k seek=1021 oflag=direct
	expect_ok "flush" nvme flush "$DEV"
	cmp "$TMP/block" <(tail -c 192K "$FILE") || fail "the file ends in something else"
	cmp "$TMP/block" <(dd if="$DEV" bs=64k skip=1021 iflag=direct 2>/dev/null) ||
		fail "the disk reads as something else"
	expect "size of the file" "$(stat -c %s "$FILE")" $((64 << 20))
}

small_blocks() {
	start ext4 0 16 -b 1024 || return
	expect "block size" "$(blockdev --getss "$DEV")" 512
	fio_verify "$DEV" 8m --bsrange=512-64k --blockalign=512
}

only_buffered_io_uses_the_cache() {
	local buffered=$1

	start ext4 "$buffered" 16 || return
	expect_ok "write" dd if=/dev/urandom of="$DEV" bs=1M count=8 oflag=direct
	expect_ok "read" dd if="$DEV" of=/dev/null bs=1M count=8 iflag=direct
	if [ "$buffered" = 1 ]; then
		expect "bytes in the page cache" "$(cached_bytes)" $((8 << 20))
	else
		expect "bytes in the page cache" "$(cached_bytes)" 0
	fi
}

flush_and_fua_reach_the_disk() {
	start ext4 1 16 || return
	expect_ok "write" dd if=/dev/urandom of="$DEV" bs=64k count=4 oflag=direct
	expect_ok "a write stays in the page cache" delayed
	expect_ok "flush" nvme flush "$DEV"
	delayed && fail "the flush has written nothing"
	head -c 4096 /dev/urandom >"$TMP/block"
	expect_ok "write with FUA" nvme write "$DEV" --start-block=1000 --block-count=0 \
		--data-size=4096 --data="$TMP/block" --force-unit-access
	delayed && fail "the write with FUA has stayed in the page cache"
	cmp "$TMP/block" <(dd if="$FILE" bs=4096 skip=1000 count=1 iflag=direct 2>/dev/null) ||
		fail "the file has something else"
}

bit_of_oncs() {
	local oncs

	oncs=$(field oncs <(nvme id-ctrl "/dev/$CTRL"))
	[ $((oncs & $1)) != 0 ]
}

blocks_given_back() {
	local type=$1 buffered=$2 before

	start "$type" "$buffered" 64 || return
	bit_of_oncs 4 || { skip_case "no Dataset Management"; return; }
	expect_ok "fill" dd if=/dev/urandom of="$DEV" bs=1M count=64 oflag=direct
	expect_ok "flush" nvme flush "$DEV"
	before=$(allocated)
	expect_ok "discard" blkdiscard -o $((8 << 20)) -l $((32 << 20)) "$DEV"
	sync "$FILE"
	[ "$(allocated)" -le $((before - (31 << 20))) ] ||
		fail "allocated: $(allocated), before: $before"
	expect_ok "reads as zeroes" cmp -n $((32 << 20)) -i $((8 << 20)):0 "$DEV" /dev/zero
	expect "size of the file" "$(stat -c %s "$FILE")" $((64 << 20))
}

# part FIRST COUNT: a checksum of so many MiB of the file
part() {
	dd if="$FILE" bs=1M skip="$1" count="$2" 2>/dev/null | sha256sum
}

zeroes_written() {
	local type=$1 buffered=$2 before behind

	start "$type" "$buffered" 64 || return
	bit_of_oncs 8 || { skip_case "no Write Zeroes"; return; }
	expect_ok "fill" dd if=/dev/urandom of="$DEV" bs=1M count=64 oflag=direct
	before=$(part 0 1)
	behind=$(part 9 10)
	expect_ok "zeroes" fallocate --zero-range -o $((1 << 20)) -l $((8 << 20)) "$DEV"
	expect_ok "flush" nvme flush "$DEV"
	cmp -n $((8 << 20)) -i $((1 << 20)):0 "$FILE" /dev/zero || fail "the file has no zeroes"
	expect "what is before" "$(part 0 1)" "$before"
	expect "what is behind" "$(part 9 10)" "$behind"
}

run_cases "file_io ext4 0" "file_io ext4 1" "file_io xfs 0" "file_io xfs 1" small_blocks \
	"only_buffered_io_uses_the_cache 0" "only_buffered_io_uses_the_cache 1" \
	flush_and_fua_reach_the_disk \
	"blocks_given_back ext4 0" "blocks_given_back xfs 1" \
	"zeroes_written ext4 0" "zeroes_written xfs 1"
