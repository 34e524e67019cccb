#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Blocks of 4 KiB to 1 MiB written, read back and compared, with every mixture of
# digests and one or two I/O queues.
. "$(dirname "$0")/../lib.sh"

setup() {
	nullb_add nulla 64
	export_device "$DISK" || fail "export"
}

# verify QUEUES [DIGEST-OPTION]...
verify() {
	local queues=$1

	host_clear
	[ -d "$NVMFT_ROOT/ports/1" ] || setup
	connect_ns "$NQN" -i "$@" || return
	expect "I/O queues" "$(($(cat "/sys/class/nvme/$CTRL/queue_count") - 1))" "$queues"
	expect "connections" "$(target_connections)" $((queues + 1))
	fio_verify "$DEV" 16m --numjobs=1 \
		--bssplit=4k/40:8k/10:16k/10:64k/20:128k/10:512k/5:1m/5
	disconnect "$NQN"
	expect_ok "queues end" wait_until 5 target_has_no_connection
}

# Both sides of the transfer must be the same bytes that the disk has.
what_is_written_is_on_the_disk() {
	connect_ns "$NQN" -i 2 || return
	dd if=/dev/urandom of="$TMP/data" bs=1M count=8 2>/dev/null
	dd if="$TMP/data" of="$DEV" bs=1M seek=3 oflag=direct conv=notrunc 2>/dev/null
	cmp "$TMP/data" <(dd if="$DISK" bs=1M skip=3 count=8 iflag=direct 2>/dev/null) ||
		fail "the disk differs from what was written"
	dd if="$TMP/data" of="$DISK" bs=1M seek=20 oflag=direct conv=notrunc 2>/dev/null
	cmp "$TMP/data" <(dd if="$DEV" bs=1M skip=20 count=8 iflag=direct 2>/dev/null) ||
		fail "what was read differs from the disk"
	disconnect "$NQN"
}

two_hosts_at_once() {
	local first

	connect_ns "$NQN" -i 2 || return
	first=$DEV
	connect_as 2 "$NQN" nr_io_queues=2 hdr_digest || return
	expect_ok "two jobs" fio --ioengine=libaio --direct=1 --thread --iodepth=8 --bs=16k \
		--rw=randwrite --verify=crc32c --verify_fatal=1 --verify_state_save=0 \
		--filename="$first" --size=8m --output-format=terse \
		--name=one --offset=0 --name=two --offset=16m
	disconnect "$NQN"
}

run_cases "verify 1" "verify 2" "verify 1 -g" "verify 2 -g" "verify 1 -G" "verify 2 -G" \
	"verify 1 -g -G" "verify 2 -g -G" what_is_written_is_on_the_disk two_hosts_at_once
