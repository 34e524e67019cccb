#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The first link into a port listens, or returns why it cannot; the last unlink
# ends it. IPv4 and IPv6.
. "$(dirname "$0")/../lib.sh"

setup() {
	nullb_add nulla 64
	subsys_add "$NQN" && ns_add "$NQN" 1 "$DISK" || fail "setup"
}

link_errno() {
	errno_of link "$1" "$NQN"
}

port_without_an_address() {
	setup
	mkdir "$NVMFT_ROOT/ports/1"
	expect_match "nothing set" "$(link_errno 1)" "EINVAL|ENOENT|EAFNOSUPPORT"
	put "$NVMFT_ROOT/ports/1/addr_trtype" tcp
	expect_match "no address" "$(link_errno 1)" "EINVAL|EAFNOSUPPORT"
	put "$NVMFT_ROOT/ports/1/addr_adrfam" ipv4
	put "$NVMFT_ROOT/ports/1/addr_traddr" not-an-address
	put "$NVMFT_ROOT/ports/1/addr_trsvcid" "$SVC"
	expect "no address of that family" "$(link_errno 1)" EINVAL
	put "$NVMFT_ROOT/ports/1/addr_traddr" "$ADDR"
	put "$NVMFT_ROOT/ports/1/addr_trsvcid" port
	expect "no port number" "$(link_errno 1)" EINVAL
	put "$NVMFT_ROOT/ports/1/addr_trsvcid" 70000
	expect_match "port number too large" "$(link_errno 1)" "EINVAL|ERANGE"
	put "$NVMFT_ROOT/ports/1/addr_trsvcid" "$SVC"
	expect "once all is right" "$(link_errno 1)" OK
	expect_ok "listens" listens
	rm "$NVMFT_ROOT/ports/1/subsystems/$NQN"
	rmdir "$NVMFT_ROOT/ports/1"
}

address_in_use() {
	port_add 1
	port_add 2
	expect "first" "$(link_errno 1)" OK
	expect "second" "$(link_errno 2)" EADDRINUSE
	expect "no link is left" "$(ls "$NVMFT_ROOT/ports/2/subsystems")" ""
	unlink 1 "$NQN"
	expect_ok "no more listening" wait_until 5 eval '! listens'
	expect "second, once the first is gone" "$(link_errno 2)" OK
	unlink 2 "$NQN"
	rmdir "$NVMFT_ROOT"/ports/[12]
}

address_of_another_machine() {
	port_add 1 192.0.2.77
	expect "ipv4" "$(link_errno 1)" EADDRNOTAVAIL
	rmdir "$NVMFT_ROOT/ports/1"
	port_add 1 2001:db8::77 ipv6
	expect "ipv6" "$(link_errno 1)" EADDRNOTAVAIL
	rmdir "$NVMFT_ROOT/ports/1"
}

ipv6_port() {
	port_add 1 ::1 ipv6
	expect "link" "$(link_errno 1)" OK
	expect "listens on" "$(ss -Htln "sport = :$SVC" | awk '{ print $4 }')" "[::1]:$SVC"
	ADDR=::1 connect_ns "$NQN" || return
	expect_match "address of the host's controller" "$(cat "/sys/class/nvme/$CTRL/address")" \
		"traddr=::1,trsvcid=$SVC.*"
	fio_verify "$DEV" 4m --bs=16k
	disconnect "$NQN"
	unlink 1 "$NQN"
	rmdir "$NVMFT_ROOT/ports/1"
}

any_address() {
	port_add 1 0.0.0.0
	expect "link" "$(link_errno 1)" OK
	ADDR=127.0.0.3 connect_ns "$NQN" || return
	disconnect "$NQN"
	unlink 1 "$NQN"
	rmdir "$NVMFT_ROOT/ports/1"
}

# :: is both families (net.ipv6.bindv6only is 0), and what a host is told and the
# log says is the address that it has used; nvmet writes IPv4 as ::ffff:a.b.c.d.
any_address_of_both_families() {
	local addr

	port_add 1 :: ipv6
	expect "link" "$(link_errno 1)" OK
	port_add 2 0.0.0.0
	expect "IPv4 is taken" "$(link_errno 2)" EADDRINUSE
	rmdir "$NVMFT_ROOT/ports/2"
	for addr in 127.0.0.4 ::1; do
		nvme discover -t tcp -a $addr -s "$SVC" >"$TMP/log" || fail "discover by $addr"
		is_nvmet || expect "addresses by $addr" \
			"$(sed -n 's/^traddr: *//p' "$TMP/log" | sort -u)" "$addr"
		ADDR=$addr connect_ns "$NQN" || return
		disconnect "$NQN"
	done
	is_nvmet || [ -n "$(kernel_log 'controller [0-9]* for host .*\(127\.0\.0\.1:')" ] ||
		fail "no host with an IPv4 address in the log"
	unlink 1 "$NQN"
	rmdir "$NVMFT_ROOT/ports/1"
}

last_unlink_ends_it() {
	subsys_add "$NQN-2" || fail "second subsystem"
	port_add 1
	link 1 "$NQN" && link 1 "$NQN-2" || fail "links"
	connect "$NQN-2" || return
	unlink 1 "$NQN"
	expect_ok "one link left: listens" listens
	expect "host of the other subsystem" "$(host_state "$CTRL")" live
	unlink 1 "$NQN-2"
	expect_ok "none left: closed" wait_until 5 eval '! listens'
	expect_ok "its connections end" wait_until 5 target_has_no_connection
	disconnect "$NQN-2"
}

run_cases port_without_an_address address_in_use address_of_another_machine \
	ipv6_port any_address any_address_of_both_families last_unlink_ends_it
