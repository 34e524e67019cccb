#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A file system with files on the connected disk, across a reconnect.
. "$(dirname "$0")/../lib.sh"

FILES=60

make_files() {
	nullb_add nulla 256
	export_device "$DISK" || fail "export"
	connect_ns "$NQN" -i 2 || return
	expect_ok "mkfs and mount" make_and_mount "$DEV" ext4
	expect_ok "files" fill_tree "$MNT" $FILES
	expect_ok "checksums" check_tree "$MNT"
	expect_ok "copy" cp -a "$MNT/d1" "$MNT/copy"
	expect_ok "remove" rm -r "$MNT/copy"
	expect_ok "umount" unmount_all
	expect_ok "fsck" e2fsck -fn "$DEV"
}

files_after_reconnect() {
	disconnect "$NQN"
	connect_ns "$NQN" -i 1 -g -G || return
	expect_ok "mount" mount_again "$DEV"
	expect_ok "checksums" check_tree "$MNT"
	expect_ok "umount" unmount_all
}

files_on_the_disk_itself() {
	disconnect "$NQN"
	unlink 1 "$NQN"
	put "$NVMFT_ROOT/subsystems/$NQN/namespaces/1/enable" 0
	expect_ok "fsck" e2fsck -fn "$DISK"
	expect_ok "mount" mount_again "$DISK"
	expect_ok "checksums" check_tree "$MNT"
	expect_ok "umount" unmount_all
}

run_cases make_files files_after_reconnect files_on_the_disk_itself
