# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Sourced by lib.sh: the kernel's NVMe/TCP host, nvme-cli, and I/O on what is
# connected.

HOSTNQN=nqn.2014-08.org.nvmexpress:uuid:6e766d66-7400-4000-8000-0000000000aa
HOSTID=6e766d66-7400-4000-8000-0000000000aa
DISCOVERY_NQN=nqn.2014-08.org.nvmexpress.discovery

# Names of all fabrics controllers, or of those of one subsystem, in order.
# shellcheck disable=SC2120
host_controllers() {
	local dir

	for dir in /sys/class/nvme/nvme*; do
		[ -e "$dir/transport" ] || continue
		[ "$(cat "$dir/transport" 2>/dev/null)" != pcie ] || continue
		if [ $# = 0 ] || [ "$(cat "$dir/subsysnqn" 2>/dev/null)" = "$1" ]; then
			echo "${dir##*/}"
		fi
	done | sort -V
}

# host_state CONTROLLER: live, connecting, ...
host_state() {
	cat "/sys/class/nvme/$1/state" 2>/dev/null
}

host_is_live() {
	[ "$(host_state "$1")" = live ]
}

host_is_not_live() {
	! host_is_live "$1"
}

# connect NQN [nvme-connect option]...: $CTRL is the new controller's name.
connect() {
	local nqn=$1 before after

	shift
	before=$(host_controllers)
	nvme connect -t tcp -a "$ADDR" -s "$SVC" -n "$nqn" -q "$HOSTNQN" -I "$HOSTID" \
		"$@" >"$TMP/connect" 2>&1 || {
		ktap_print_msg "nvme connect: $(cat "$TMP/connect")"
		return 1
	}
	after=$(host_controllers)
	CTRL=$(comm -13 <(sort <<<"$before") <(sort <<<"$after") | tail -n 1)
	[ -n "$CTRL" ]
}

# connect_as N NQN [OPTION=VALUE]...: the same from a host of its own, past
# nvme-cli, which takes two hosts on one machine for one. $CTRL is the controller.
connect_as() {
	local n=$1 nqn=$2 options answer

	shift 2
	options=$(printf ',%s' "$@")
	exec 9<>/dev/nvme-fabrics || return 1
	if printf '%s' "transport=tcp,traddr=$ADDR,trsvcid=$SVC,nqn=$nqn$options" \
		",hostnqn=nqn.2026-01.test:host-$n" \
		",hostid=6e766d66-7400-4000-8000-$(printf '%012x' "$n")" >&9 2>"$TMP/host.$n" &&
			read -r answer <&9; then
		CTRL=nvme$(sed -n 's/.*instance=\([0-9]*\).*/\1/p' <<<"$answer")
	else
		CTRL=
	fi
	exec 9>&-
	[ -n "$CTRL" ]
}

disconnect() {
	nvme disconnect -n "$1" >/dev/null
}

# path_dir CONTROLLER NSID: the path through it to a namespace. Its number in sysfs need
# not be the NSID: hosts since 6.12 look at namespaces in no order.
path_dir() {
	local path

	for path in /sys/class/nvme/"$1"/nvme*c*n*; do
		if [ "$(cat "$path/nsid" 2>/dev/null)" = "$2" ]; then
			echo "$path"
			return
		fi
	done
	return 1
}

# block_name NQN NSID: nvmeXnY of the connected namespace, nothing if it is not there.
block_name() {
	local subsys block

	for subsys in /sys/class/nvme-subsystem/*; do
		[ "$(cat "$subsys/subsysnqn" 2>/dev/null)" = "$1" ] || continue
		for block in "$subsys"/nvme*n*; do
			if [ "$(cat "$block/nsid" 2>/dev/null)" = "$2" ]; then
				echo "${block##*/}"
				return
			fi
		done
	done
	return 1
}

block_is_there() {
	local name

	name=$(block_name "$@") && [ -b "/dev/$name" ]
}

block_is_gone() {
	! block_name "$@" >/dev/null
}

# wait_for_ns NQN [NSID]: $DEV is its device node.
wait_for_ns() {
	wait_until 15 block_is_there "$1" "${2:-1}" || {
		fail "namespace ${2:-1} of $1 did not appear"
		return 1
	}
	DEV=/dev/$(block_name "$1" "${2:-1}")
}

# connect_ns NQN [option]...: connect and wait for namespace 1.
connect_ns() {
	connect "$@" && wait_for_ns "$1"
}

host_clear() {
	[ -z "$(host_controllers)" ] || nvme disconnect-all
}

# field NAME FILE: the value of a "name : value" line of nvme-cli, trimmed.
field() {
	sed -n "s/^[ \t]*$1[ \t]*:[ \t]*//p" "$2" | sed 's/[ \t]*$//' | head -n 1
}

# ns_size_in_bytes DEVICE
ns_size_in_bytes() {
	blockdev --getsize64 "$1"
}

# fio_verify DEVICE SIZE [fio option]...: writes, reads back, compares.
fio_verify() {
	local device=$1 size=$2

	shift 2
	expect_ok "fio verify $*" fio --name=verify --filename="$device" --size="$size" \
		--rw=randwrite --direct=1 --ioengine=libaio --iodepth=16 --thread \
		--verify=crc32c --verify_fatal=1 --verify_state_save=0 --do_verify=1 \
		--randseed=7 --output-format=terse "$@"
}

# fio_load DEVICE [fio option]...: mixed I/O in the background, verified as it
# goes, that lives through resets, until end_load. $DISK is the disk behind
# DEVICE: its counters say that I/O is flowing (those of a multipath device stay
# at zero on older kernels).
fio_load() {
	local device=$1

	shift
	# The kernel's host sends from the task that submits, without MSG_NOSIGNAL: into a
	# connection that is being closed that is a SIGPIPE for fio.
	(
		trap '' PIPE
		exec fio --name=load --filename="$device" --size=16m --rw=randrw \
			--bssplit=4k/70:64k/30 --direct=1 --ioengine=libaio --iodepth=8 --thread \
			--time_based --runtime=1000 --verify=crc32c --verify_backlog=32 \
			--verify_fatal=1 --verify_state_save=0 --output-format=terse "$@"
	) >"$TMP/load" 2>&1 &
	LOAD_PID=$!
	io_is_flowing
}

# end_load: it must not have met an error until now.
end_load() {
	local status

	if ! kill -INT "$LOAD_PID" 2>/dev/null; then
		wait "$LOAD_PID"
		status=$?
		fail "the load ended by itself with $status: $(cat "$TMP/load")"
		return 1
	fi
	wait "$LOAD_PID"
	status=$?
	# what fio ends with when it is told to
	[ $status = 128 ] || fail "the load ended with $status: $(cat "$TMP/load")"
	expect "the load's errors" "$(sed -n 's/^3;//p' "$TMP/load" | cut -d';' -f4)" 0
}

# kill_load: whatever became of it.
kill_load() {
	kill -INT "$LOAD_PID" 2>/dev/null
	wait "$LOAD_PID"
	return 0
}

disk_ios() {
	awk '{ print $1 + $5 }' "/sys/block/$(basename "$(readlink -f "$DISK")")/stat"
}

disk_ios_above() {
	[ "$(disk_ios)" -gt "$1" ]
}

# io_is_flowing: waits until $DISK has done 100 more I/Os.
io_is_flowing() {
	wait_until 30 disk_ios_above $(($(disk_ios) + 100)) || fail "no I/O reaches $DISK"
}

# drop_host_sockets: the host's TCP connections are reset.
drop_host_sockets() {
	ss -K "dport = :${1:-$SVC}" >/dev/null 2>&1
}

# network_stop: nothing passes the loopback interface until network_restore.
network_stop() {
	modprobe -q sch_netem && tc qdisc add dev lo root netem loss 100%
}

network_restore() {
	tc qdisc del dev lo root 2>/dev/null
	return 0
}
