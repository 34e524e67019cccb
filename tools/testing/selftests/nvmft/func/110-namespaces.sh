#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Namespaces that come, grow, go and come back while a host is connected: it
# hears of it by itself.
. "$(dirname "$0")/../lib.sh"

SUBSYS=$NVMFT_ROOT/subsystems/$NQN

setup() {
	nullb_add nulla 64
	nullb_add nullb 32
	DISK=/dev/nulla
	export_device "$DISK" || fail "export"
	connect_ns "$NQN" -i 2 || return
}


added() {
	setup
	expect_ok "only 1 at first" block_is_gone "$NQN" 2
	ns_add "$NQN" 2 /dev/nullb || fail "second namespace"
	wait_for_ns "$NQN" 2 || return
	expect "its size" "$(blockdev --getsize64 "$DEV")" $((32 << 20))
	fio_verify "$DEV" 4m --bs=32k
}

same_disk_twice() {
	ns_add "$NQN" 3 /dev/nullb || fail "third namespace on the same disk"
	wait_for_ns "$NQN" 3 || return
	expect_ok "read" dd if="$DEV" of=/dev/null bs=64k count=8 iflag=direct
}

removed() {
	put "$SUBSYS/namespaces/3/enable" 0
	expect_ok "3 is gone after disable" wait_until 10 block_is_gone "$NQN" 3
	rmdir "$SUBSYS/namespaces/3"
	rmdir "$SUBSYS/namespaces/2"
	expect_ok "2 is gone after rmdir of an enabled one" wait_until 10 block_is_gone "$NQN" 2
	expect_ok "1 is still there" block_is_there "$NQN" 1
}

enabled_again() {
	local uuid

	uuid=$(cat "$SUBSYS/namespaces/1/device_uuid")
	put "$SUBSYS/namespaces/1/enable" 0
	expect_ok "gone" wait_until 10 block_is_gone "$NQN" 1
	put "$SUBSYS/namespaces/1/enable" 1
	wait_for_ns "$NQN" 1 || return
	expect "the same uuid" "$(cat "/sys/block/${DEV##*/}/wwid")" "uuid.$uuid"
	fio_verify "$DEV" 4m --bs=32k
}

host_sees_bytes() {
	[ "$(blockdev --getsize64 "$DEV")" = "$1" ]
}

# A loop device can grow while it is open.
resized() {
	modprobe -q loop || { skip_case "loop is not there"; return; }
	truncate -s 32M "$TMP/file"
	DISK=$(losetup -f --show "$TMP/file") || fail "losetup"
	ns_add "$NQN" 9 "$DISK" || fail "namespace on $DISK"
	wait_for_ns "$NQN" 9 || return
	expect "size" "$(blockdev --getsize64 "$DEV")" $((32 << 20))
	truncate -s 48M "$TMP/file"
	losetup -c "$DISK"
	put "$SUBSYS/namespaces/9/revalidate_size" 1
	expect_ok "the host sees 48 MiB" wait_until 10 host_sees_bytes $((48 << 20))
	expect_ok "write at the new end" dd if=/dev/zero of="$DEV" bs=1M seek=47 count=1 oflag=direct
	rmdir "$SUBSYS/namespaces/9"
	expect_ok "gone" wait_until 10 block_is_gone "$NQN" 9
	losetup -d "$DISK"
}

many_namespaces() {
	local id

	for id in 10 11 12 13 1000; do
		ns_add "$NQN" $id /dev/nullb || fail "namespace $id"
	done
	for id in 10 11 12 13 1000; do
		wait_for_ns "$NQN" $id
	done
	expect "list" "$(nvme list-ns "/dev/$CTRL" | sed 's/.*://' | xargs printf '%d ')" \
		"1 10 11 12 13 1000 "
	for id in 10 11 12 13 1000; do
		rmdir "$SUBSYS/namespaces/$id"
	done
	expect_ok "gone" wait_until 10 block_is_gone "$NQN" 1000
}

# Disabled and enabled under I/O: the host requeues or fails the I/O, the target
# does not mix up what it has in flight.
toggled_under_load() {
	local round

	is_nvmet && { skip_case "nvmet 6.1 loses count of its namespaces and warns"; return; }
	DISK=/dev/nulla
	wait_for_ns "$NQN" 1 || return
	fio_load "$DEV" --continue_on_error=all || return
	for ((round = 0; round < 3; round++)); do
		put "$SUBSYS/namespaces/1/enable" 0
		sleep 0.3
		put "$SUBSYS/namespaces/1/enable" 1
		sleep 0.7
	done
	kill_load
	wait_for_ns "$NQN" 1 || return
	fio_verify "$DEV" 4m --bs=64k
}

run_cases added same_disk_twice removed enabled_again resized many_namespaces toggled_under_load
