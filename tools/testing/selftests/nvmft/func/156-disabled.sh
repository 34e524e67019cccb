#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A namespace is disabled under the I/O of a host. By another path, to the kernel's own
# target with the same disk, the I/O goes on without an error; where there is none it
# ends with one soon, with the host's multipath and without.
. "$(dirname "$0")/../lib.sh"

NS=$NVMFT_ROOT/subsystems/$NQN/namespaces/1
OTHER=$CONFIGFS/nvmet
UUID=6e766d66-7400-4000-8000-000000000156

# The other node of the same subsystem
other_node() {
	local subsys=$OTHER/subsystems/$NQN port=$OTHER/ports/9

	mkdir "$subsys" && mkdir "$subsys/namespaces/1" "$port" &&
		put_in "$subsys" attr_allow_any_host=1 attr_cntlid_min=1 attr_cntlid_max=31999 &&
		put_in "$subsys/namespaces/1" device_path="$DISK" device_uuid=$UUID \
			device_nguid=$UUID enable=1 &&
		put_in "$port" addr_trtype=tcp addr_adrfam=ipv4 addr_traddr="$ADDR" \
			addr_trsvcid=4430 &&
		ln -s "$subsys" "$port/subsystems/"
}

other_node_clear() {
	local subsys=$OTHER/subsystems/$NQN port=$OTHER/ports/9

	[ ! -L "$port/subsystems/$NQN" ] || rm "$port/subsystems/$NQN"
	[ ! -d "$port" ] || rmdir "$port"
	[ ! -d "$subsys/namespaces/1" ] || rmdir "$subsys/namespaces/1"
	[ ! -d "$subsys" ] || rmdir "$subsys"
}

setup() {
	clean_up
	nullb_add nulla 64
	port_add 1 && subsys_add "$NQN" attr_cntlid_min=32000 &&
		ns_add "$NQN" 1 "$DISK" device_uuid=$UUID && link 1 "$NQN" || fail "export"
}

MULTIPATH=/sys/module/nvme_core/parameters/multipath

# host_with_multipath Y|N: where that is not how the host is, its driver anew
host_with_multipath() {
	[ "$(cat $MULTIPATH)" != "$1" ] || return 0
	host_clear
	modprobe -r nvmet-tcp nvmet
	rmmod nvme_tcp && rmmod nvme_fabrics && rmmod nvme_core 2>/dev/null &&
		modprobe nvme-core multipath="$1"
	modprobe nvme-tcp
	[ "$(cat $MULTIPATH)" = "$1" ]
}

# The host's disk, where it makes no other of its paths
plain_disk() {
	local dir

	for dir in /sys/class/nvme/"$CTRL"/nvme*n*; do
		[ ! -b "/dev/${dir##*/}" ] || { echo "/dev/${dir##*/}"; return; }
	done
	return 1
}

load_has_ended() {
	! kill -0 "$LOAD_PID" 2>/dev/null
}

# Commands that the target has ended with Internal Path Error
path_errors() {
	sed -n 's/^object=host .* sct=3 sc=0 count=//p' /proc/fs/nvmft/errors
}

# The only path: the load fails, and does not go round for ever.
ends_with_an_error() {
	local start status

	start=$(date +%s%N)
	put "$NS/enable" 0
	expect_ok "the load ends" wait_until 10 load_has_ended || { kill_load; return 1; }
	ktap_print_msg "ended $((($(date +%s%N) - start) / 1000000)) ms later, $(path_errors) path errors"
	wait "$LOAD_PID"
	status=$?
	expect "ended with an error" "$((status > 0)) $status" "1 $status"
	expect_match "of the disk" "$(cat "$TMP/load")" ".*(Input/output error|No such device|error=5).*"
}

one_path() {
	host_with_multipath Y || { skip_case "booted with nvme_core.multipath=N"; return; }
	setup
	connect_ns "$NQN" -i 2 || return
	fio_load "$DEV" || return
	ends_with_an_error
	expect_ok "the host's disk is gone" wait_until 10 block_is_gone "$NQN" 1
	put "$NS/enable" 1
	wait_for_ns "$NQN" && fio_verify "$DEV" 4m --bs=64k
}

one_path_without_multipath() {
	host_with_multipath N || { skip_case "needs nvme_core.multipath=N on the command line"; return; }
	setup
	connect "$NQN" -i 2 || return
	expect_ok "the host's disk" wait_until 15 plain_disk || return
	DEV=$(plain_disk)
	fio_load "$DEV" || return
	ends_with_an_error
	put "$NS/enable" 1
	expect_ok "the host's disk is back" wait_until 15 plain_disk || return
	fio_verify "$(plain_disk)" 4m --bs=64k
}

other_path_ios() {
	awk '{ print $1 + $5 }' "/sys/class/nvme/$FAR"/nvme*c*n1/stat
}

other_path_ios_above() {
	[ "$(other_path_ios)" -gt "$1" ]
}

other_path_ios_above_or_load_ended() {
	other_path_ios_above "$1" || load_has_ended
}

# A host that takes a path away sends what it has just chosen that path for to a disk
# of no size. That is between the host and itself, and rare without such a storm.
lost_by_the_host() {
	kernel_log 'attempt to access beyond end of device' | wc -l
}

# without_namespace: disabled under load; 1: the host lost I/O on its own account.
without_namespace() {
	local lost goal

	setup
	modprobe nvmet-tcp && other_node || fail "the other node"
	connect_ns "$NQN" -i 2 && SVC=4430 connect "$NQN" -i 2 || return 0
	FAR=$CTRL
	expect_ok "two paths to one disk" wait_until 15 other_path_ios
	fio_load "$DEV" || return 0
	lost=$(lost_by_the_host)
	goal=$(($(other_path_ios) + 50))
	put "$NS/enable" 0
	wait_until 30 other_path_ios_above_or_load_ended "$goal"
	if load_has_ended && [ "$(lost_by_the_host)" -gt "$lost" ]; then
		kill_load
		return 1
	fi
	expect_ok "I/O by the other path" other_path_ios_above "$goal"
	put "$NS/enable" 1
	io_is_flowing
	end_load
	ktap_print_msg "$(path_errors) path errors"
}

# The load does not notice.
two_paths() {
	local turn good=

	modprobe -q nvmet-tcp || { skip_case "the kernel's target is not there"; return; }
	host_with_multipath Y || { skip_case "booted with nvme_core.multipath=N"; return; }
	for turn in {1..10}; do
		without_namespace && good=y
		host_clear
		other_node_clear
		[ -z "$good" ] || break
		ktap_print_msg "turn $turn: the host sent I/O to a path that it was taking away"
	done
	modprobe -r nvmet-tcp nvmet
	[ -n "$good" ] || fail "the host lost I/O each time"
}

is_nvmet && skip_all "two targets, one of which is nvmet"
run_cases one_path one_path_without_multipath two_paths
