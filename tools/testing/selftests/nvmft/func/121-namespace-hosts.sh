#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Namespaces that only some hosts see: each host has its own list, and hears of it
# when it changes.
. "$(dirname "$0")/../lib.sh"

SUBSYS=$NVMFT_ROOT/subsystems/$NQN

# Two hosts of one machine; $A and $B are their controllers.
setup() {
	nullb_add nulla 64
	nullb_add nullb 64
	DISK=/dev/nulla
	export_device "$DISK" && ns_add "$NQN" 2 /dev/nullb || fail "export"
	mkdir "$NVMFT_ROOT/hosts/nqn.2026-01.test:host-1" "$NVMFT_ROOT/hosts/nqn.2026-01.test:host-2"
	connect_as 1 "$NQN" nr_io_queues=1 || return
	A=$CTRL
	connect_as 2 "$NQN" nr_io_queues=1 || return
	B=$CTRL
	expect_ok "A" wait_until 10 has "$A" 2
	expect_ok "B" wait_until 10 has "$B" 2
}

# show NSID N / unshow NSID N: to host N
show() {
	ln -s "$NVMFT_ROOT/hosts/nqn.2026-01.test:host-$2" "$SUBSYS/namespaces/$1/allowed_hosts/"
}

unshow() {
	rm "$SUBSYS/namespaces/$1/allowed_hosts/nqn.2026-01.test:host-$2"
}

# has CONTROLLER NSID: has the host a path to it by that controller?
has() {
	local nsid

	for nsid in "/sys/class/nvme/$1"/nvme*c*n*/nsid; do
		[ "$(cat "$nsid" 2>/dev/null)" != "$2" ] || return 0
	done
	return 1
}

has_not() {
	! has "$@"
}

list() {
	nvme list-ns "/dev/$1" | sed 's/.*://' | xargs printf '%d ' | xargs
}

hidden_from_the_other() {
	setup || return
	show 2 1 || fail "link"
	expect_ok "B loses it" wait_until 10 has_not "$B" 2
	expect "list of A" "$(list "$A")" "1 2"
	expect "list of B" "$(list "$B")" "1"
	has "$A" 2 || fail "A has lost it"
	nvme id-ns "/dev/$B" -n 2 >"$TMP/id" 2>&1
	expect "size for B" "$(field nsze "$TMP/id")" 0
	nvme ns-descs "/dev/$B" -n 2 >"$TMP/descs" 2>&1 && fail "descriptors for B"
	wait_for_ns "$NQN" 2 || return
	fio_verify "$DEV" 4m --bs=16k
}

shown_to_both() {
	show 2 2 || fail "link"
	expect_ok "B gets it" wait_until 10 has "$B" 2
	expect "list of B" "$(list "$B")" "1 2"
}

each_its_own() {
	unshow 2 1
	show 1 1 || fail "link"
	expect_ok "A loses 2" wait_until 10 has_not "$A" 2
	expect_ok "B loses 1" wait_until 10 has_not "$B" 1
	expect "list of A" "$(list "$A")" "1"
	expect "list of B" "$(list "$B")" "2"
}

# With the last link the restriction goes.
all_again() {
	unshow 2 2
	unshow 1 1
	expect_ok "A" wait_until 10 has "$A" 2
	expect_ok "B" wait_until 10 has "$B" 1
	expect "list of A" "$(list "$A")" "1 2"
	expect "list of B" "$(list "$B")" "1 2"
}

# I/O to one namespace while another comes and goes for this host and that
others_are_not_disturbed() {
	local round

	wait_for_ns "$NQN" 1 || return
	fio_load "$DEV"
	for round in 1 2 3; do
		show 2 1 && wait_until 10 has_not "$B" 2 || fail "round $round, to A"
		show 2 2 && wait_until 10 has "$B" 2 || fail "round $round, to both"
		unshow 2 1 && wait_until 10 has_not "$A" 2 || fail "round $round, to B"
		unshow 2 2 && wait_until 10 has "$A" 2 || fail "round $round, to all"
		io_is_flowing
	done
	end_load
}

! is_nvmet || skip_all "nvmet shows every namespace to every host"
run_cases hidden_from_the_other shown_to_both each_its_own all_again others_are_not_disturbed
