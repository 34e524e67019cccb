#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A file system on a namespace in a file of a file system: it comes back on the
# next connection, and from the file without the target.
. "$(dirname "$0")/../lib.sh"

NS=$NVMFT_ROOT/subsystems/$NQN/namespaces/1

# within OUTER BUFFERED INNER
within() {
	local outer=$1 buffered=$2 inner=$3 file

	clean_up
	store_add "$outer" 430 || fail "$outer for the file"
	file=$STORE/disk
	truncate -s 310M "$file"
	port_add 1 && subsys_add "$NQN" && link 1 "$NQN" || fail "setup"
	ns_add "$NQN" 1 "$file" buffered_io="$buffered" || fail "namespace in $file"
	connect_ns "$NQN" -i 2 || return
	expect_ok "mkfs and mount" make_and_mount "$DEV" "$inner"
	expect_ok "files" fill_tree "$MNT" 30
	expect_ok "umount" unmount_all
	disconnect "$NQN"
	connect_ns "$NQN" -i 1 -g -G || return
	expect_ok "mount again" mount_again "$DEV"
	expect_ok "checksums" check_tree "$MNT"
	expect_ok "umount" unmount_all
	disconnect "$NQN"
	put "$NS/enable" 0
	modprobe -q loop || { skip_case "loop is not there"; return; }
	expect_ok "mount the file" mount -o loop "$file" "$MNT"
	MOUNTS=$MNT
	expect_ok "checksums of the file" check_tree "$MNT"
	expect_ok "umount" unmount_all
	expect_ok "the outer file system is not in use any more" wait_until 5 store_remove
}

run_cases "within ext4 0 ext4" "within ext4 1 xfs" "within xfs 0 xfs"
