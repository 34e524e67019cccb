#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What a failing disk says reaches the host as the right NVMe status, only for
# the blocks it is about, and the connection lives on.
. "$(dirname "$0")/../lib.sh"

export_failing() {
	export_device "$DISK" || fail "export"
	connect_ns "$NQN" -i 1 || return
}

# read_block LBA / write_block LBA: what nvme-cli says of its failure, else nothing.
read_block() {
	nvme read "$DEV" --start-block="$1" --block-count=0 --data-size=512 2>&1 >/dev/null |
		grep -v ': Success'
}

write_block() {
	head -c 512 /dev/zero | nvme write "$DEV" --start-block="$1" --block-count=0 \
		--data-size=512 2>&1 | grep -v ': Success'
}

connection_lives() {
	expect "state" "$(host_state "$CTRL")" live
	expect "no reconnect" "$(kernel_log 'error recovery|Reconnecting' | wc -l)" 0
	expect "a good block" "$(read_block 0)" ""
}

medium_error() {
	clean_up
	scsi_debug_add dev_size_mb=32 medium_error_start=4660 medium_error_count=8 opts=2 ||
		{ skip_case "scsi_debug is not there"; return; }
	export_failing || return
	expect_match "read" "$(read_block 4660)" "$(is_nvmet && echo '.+' || echo '.*Unrecovered Read Error.*')"
	expect "the block before" "$(read_block 4659)" ""
	expect "the block behind" "$(read_block 4668)" ""
	expect_match "with dd" "$(errno_of dd if="$DEV" of=/dev/null bs=4k skip=582 count=1 iflag=direct)" \
		".*(Input/output error|No data available).*"
	connection_lives
}

failing_range() {
	clean_up
	nullb_add nulla 64
	dm_add nvmft-test "0 1000 linear $DISK 0
1000 8 error
1008 64000 linear $DISK 1008" || { skip_case "dm-error is not there"; return; }
	export_failing || return
	expect_match "read" "$(read_block 1000)" ".+"
	expect_match "write" "$(write_block 1007)" ".+"
	expect "the block before" "$(read_block 999)" ""
	expect "the block behind" "$(read_block 1008)" ""
	fio_verify "$DEV" 4m --bs=16k --offset=1m
	connection_lives
}

bad_blocks() {
	clean_up
	nullb_add nulla 64 badblocks=+2048-2055 || fail "badblocks"
	export_failing || return
	expect_match "read" "$(read_block 2050)" ".+"
	expect_match "write" "$(write_block 2048)" ".+"
	expect "the block before" "$(read_block 2047)" ""
	connection_lives
}

# A thin pool that is full.
no_space() {
	local pool=nvmft-test-pool

	clean_up
	modprobe -q dm_thin_pool || { skip_case "dm-thin-pool is not there"; return; }
	nullb_add nullm 8 && nullb_add nulla 16 || fail "disks"
	dd if=/dev/zero of=/dev/nullm bs=4k count=1 oflag=direct 2>/dev/null
	dmsetup create $pool --noudevsync \
		--table "0 32768 thin-pool /dev/nullm /dev/nulla 128 0 1 error_if_no_space" ||
		{ skip_case "no thin pool"; return; }
	dmsetup mknodes $pool
	dmsetup message $pool 0 "create_thin 0"
	dm_add nvmft-test "0 131072 thin /dev/mapper/$pool 0" || fail "thin volume"
	export_failing || return
	expect_match "filling it" "$(errno_of dd if=/dev/zero of="$DEV" bs=1M count=32 oflag=direct)" \
		".*(No space left on device|Input/output error).*"
	expect_match "write" "$(write_block 120000)" ".*(Capacity Exceeded|apacity).*"
	connection_lives
}

read_only_disk() {
	local enabled before

	clean_up
	nullb_add nulla 64
	dd if=/dev/urandom of="$DISK" bs=1M count=1 oflag=direct 2>/dev/null
	before=$(dd if="$DISK" bs=1M count=1 iflag=direct 2>/dev/null | sha256sum)
	blockdev --setro "$DISK"
	port_add 1 && subsys_add "$NQN" && link 1 "$NQN" || fail "setup"
	enabled=$(errno_of ns_add "$NQN" 1 "$DISK")
	expect_match "enable" "$enabled" "OK|EACCES|EROFS|.*Read-only.*"
	if [ "$enabled" = OK ]; then
		connect_ns "$NQN" || return
		expect_match "write" "$(write_block 1)" ".+"
		expect "read" "$(read_block 1)" ""
		expect "unchanged" "$(dd if="$DEV" bs=1M count=1 iflag=direct 2>/dev/null | sha256sum)" "$before"
	fi
	blockdev --setrw "$DISK"
}

# every_way BLOCK STATUS-OF-READS STATUS-OF-WRITES: each command on it says so.
every_way() {
	local block=$1 reads=$2 writes=$3 bytes=$TMP/bytes

	head -c 512 /dev/zero >"$bytes"
	expect_match "read" "$(read_block "$block")" ".*$reads.*"
	expect_match "write" "$(write_block "$block")" ".*$writes.*"
	expect_match "compare" "$(nvme compare "$DEV" --start-block="$block" --block-count=0 \
		--data-size=512 --data="$bytes" 2>&1)" ".*$reads.*"
	expect_match "verify" "$(nvme verify "$DEV" --start-block="$block" --block-count=0 2>&1)" \
		".*$reads.*"
	expect_match "write zeroes" "$(nvme write-zeroes "$DEV" --start-block="$block" \
		--block-count=0 2>&1)" ".*$writes.*"
}

READ_ERROR="Unrecovered Read Error"
WRITE_FAULT="Write Fault"

# All of a disk, that then is well again.
error_target() {
	clean_up
	nullb_add nulla 64
	dm_add nvmft-test "0 131072 linear $DISK 0" || { skip_case "device mapper is not there"; return; }
	export_failing || return
	swap_table "0 131072 error"
	every_way 1000 "$READ_ERROR" "$WRITE_FAULT"
	expect_match "flush" "$(nvme flush "$DEV" 2>&1)" ".*(Success|success|$WRITE_FAULT).*"
	swap_table "0 131072 linear /dev/nulla 0"
	connection_lives
	fio_verify "$DEV" 2m --bs=16k
}

# swap_table TABLE: of the device that dm_add has made.
swap_table() {
	dmsetup suspend --noudevsync nvmft-test && dmsetup load nvmft-test --table "$1" &&
		dmsetup resume --noudevsync nvmft-test || fail "dmsetup"
}

# A disk that loses writes, and one that fails all and everything.
flakey_target() {
	clean_up
	modprobe -q dm_flakey || { skip_case "dm-flakey is not there"; return; }
	nullb_add nulla 64
	dm_add nvmft-test "0 131072 linear $DISK 0" || { skip_case "device mapper is not there"; return; }
	export_failing || return
	swap_table "0 131072 flakey /dev/nulla 0 0 600 1 error_writes"
	expect "read" "$(read_block 1000)" ""
	expect_match "write" "$(write_block 1000)" ".*$WRITE_FAULT.*"
	swap_table "0 131072 flakey /dev/nulla 0 0 600"
	every_way 1000 "$READ_ERROR" "$WRITE_FAULT"
	swap_table "0 131072 linear /dev/nulla 0"
	connection_lives
}

# The block layer itself fails every bio.
fail_make_request() {
	local knobs=/sys/kernel/debug/fail_make_request

	clean_up
	[ -d $knobs ] || { skip_case "the kernel has no fail_make_request"; return; }
	nullb_add nulla 64
	export_failing || return
	put $knobs/verbose 0
	put $knobs/times -1
	put $knobs/probability 100
	put "/sys/block/${DISK##*/}/make-it-fail" 1
	every_way 1000 "$READ_ERROR" "$WRITE_FAULT"
	put "/sys/block/${DISK##*/}/make-it-fail" 0
	put $knobs/probability 0
	connection_lives
	fio_verify "$DEV" 2m --bs=16k
}

run_cases medium_error failing_range bad_blocks error_target flakey_target \
	fail_make_request no_space read_only_disk
