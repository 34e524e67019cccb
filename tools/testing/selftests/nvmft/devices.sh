# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Sourced by lib.sh: disks to export, and taking them away again.

NULLB=$CONFIGFS/nullb
MOUNTS=
MNT=
STORE=

# nullb_add NAME MIB [ATTR=VALUE]...: a RAM-backed disk; $DISK is its node.
nullb_add() {
	local name=$1 dir=$NULLB/$1 size=$2 pair

	shift 2
	[ -d "$NULLB" ] || modprobe null_blk nr_devices=0 || return 1
	mkdir "$dir" || return 1
	for pair in memory_backed=1 size="$size" completion_nsec=0 irqmode=0 "$@"; do
		put "$dir/${pair%%=*}" "${pair#*=}" || return 1
	done
	put "$dir/power" 1 || return 1
	# named after the folder, before 5.18 after its index
	DISK=/dev/$name
	wait_until 2 test -b "$DISK" || DISK=/dev/nullb$(cat "$dir/index")
	[ -b "$DISK" ]
}

# scsi_debug_add [PARAMETER=VALUE]...: $DISK is its node.
scsi_debug_add() {
	modprobe sd_mod && modprobe scsi_debug "$@" || return 1
	wait_until 10 scsi_debug_disk >/dev/null || return 1
	DISK=/dev/$(scsi_debug_disk)
	wait_until 5 test -b "$DISK"
}

scsi_debug_disk() {
	local dir

	for dir in /sys/bus/pseudo/drivers/scsi_debug/adapter*/host*/target*/*/block/*; do
		[ ! -d "$dir" ] || { echo "${dir##*/}"; return 0; }
	done
	return 1
}

# dm_add NAME TABLE: $DISK is its node.
dm_add() {
	dmsetup create "$1" --table "$2" --noudevsync || return 1
	dmsetup mknodes "$1"
	DISK=/dev/mapper/$1
}

# make_and_mount DEVICE TYPE: a new file system, mounted at $MNT.
make_and_mount() {
	local device=$1 type=$2

	MNT=$TMP/mnt
	mkdir -p "$MNT"
	case $type in
	ext4) mkfs.ext4 -q -F "$device" ;;
	xfs) mkfs.xfs -q -f "$device" ;;
	esac || return 1
	mount_again "$device"
}

mount_again() {
	mount "$1" "$MNT" && MOUNTS=$MNT
}

unmount_all() {
	[ -z "$MOUNTS" ] || umount "$MOUNTS" || return 1
	MOUNTS=
}

# store_add TYPE MIB [mkfs option]...: a file system on a RAM-backed disk, for
# files to export; $STORE is where it is mounted.
store_add() {
	local type=$1 mib=$2 options=(-f)

	shift 2
	[ "$type" != ext4 ] || options=(-F -b 4096)
	nullb_add nullstore "$mib" && "mkfs.$type" -q "${options[@]}" "$@" "$DISK" &&
		mkdir -p "$TMP/store" && mount "$DISK" "$TMP/store" && STORE=$TMP/store
}

store_remove() {
	[ -z "$STORE" ] || umount "$STORE" || return 1
	STORE=
}

# fill_tree DIR FILES: files of many sizes, and DIR/sums to check them by.
fill_tree() {
	local dir=$1 count=$2 n

	for ((n = 0; n < count; n++)); do
		mkdir -p "$dir/d$((n % 5))"
		head -c $((n * n * 37 + n)) /dev/urandom >"$dir/d$((n % 5))/f$n" || return 1
	done
	(cd "$dir" && find . -type f -print0 | sort -z | xargs -0 sha256sum) >"$TMP/sums" &&
		cp "$TMP/sums" "$dir/sums"
}

check_tree() {
	(cd "$1" && sha256sum --quiet -c sums)
}

devices_clear() {
	local dir name

	[ ! -d /sys/module/dm_mod ] || for name in $(dmsetup ls 2>/dev/null | awk '/nvmft-test/ { print $1 }'); do
		dmsetup remove --noudevsync "$name"
		rm -f "/dev/mapper/$name"
	done
	[ ! -d /sys/module/loop ] || for name in $(losetup -n -O NAME,BACK-FILE 2>/dev/null | awk -v tmp="$TMP/" 'index($2, tmp) { print $1 }'); do
		losetup -d "$name"
	done
	wait_until 5 store_remove 2>/dev/null
	[ ! -d "$NULLB" ] || for dir in "$NULLB"/*/; do
		[ ! -d "$dir" ] || rmdir "$dir"
	done
	[ ! -d /sys/module/scsi_debug ] || wait_until 5 rmmod scsi_debug 2>/dev/null
	[ ! -d /sys/module/brd ] || rmmod brd 2>/dev/null
	return 0
}
