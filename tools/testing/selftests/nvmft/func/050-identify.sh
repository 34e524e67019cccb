#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What nvme-cli prints of a connected controller, against the configfs tree and
# the disk behind it.
. "$(dirname "$0")/../lib.sh"

SUBSYS=$NVMFT_ROOT/subsystems/$NQN
UUID=12345678-9abc-4def-8123-456789abcdef
NGUID=00112233-4455-4677-8899-aabbccddeeff

# hex NUMBER: whatever its form
number() {
	echo $(($1))
}

setup() {
	nullb_add nulla 96
	subsys_add "$NQN" attr_serial=SERIAL-0123456789-ab attr_model="A model of mine" \
		attr_cntlid_min=40 attr_cntlid_max=50 || fail "subsystem"
	if ! is_nvmet; then
		put "$SUBSYS/attr_firmware" fw-1.2.3
		put "$SUBSYS/attr_ieee_oui" 0xabcdef
		put "$SUBSYS/attr_vendor_id" 0x1af4
	fi
	ns_add "$NQN" 1 "$DISK" device_uuid=$UUID device_nguid=$NGUID || fail "namespace"
	ns_add "$NQN" 7 "$DISK" || fail "namespace 7"
	port_add 1
	[ ! -e "$NVMFT_ROOT/ports/1/param_mdts" ] || put "$NVMFT_ROOT/ports/1/param_mdts" 6
	link 1 "$NQN" || fail "link"
	connect_ns "$NQN" -i 2 -g -G || return
}

id_ctrl() {
	setup
	nvme id-ctrl "/dev/$CTRL" >"$TMP/id"
	expect sn "$(field sn "$TMP/id")" "$(sed 's/ *$//' "$SUBSYS/attr_serial")"
	expect mn "$(field mn "$TMP/id")" "$(sed 's/ *$//' "$SUBSYS/attr_model")"
	expect cntlid "$(number "$(field cntlid "$TMP/id")")" 40
	expect subnqn "$(field subnqn "$TMP/id")" "$NQN"
	expect cntrltype "$(field cntrltype "$TMP/id")" 1
	expect sqes "$(field sqes "$TMP/id")" 0x66
	expect cqes "$(field cqes "$TMP/id")" 0x44
	expect icdoff "$(field icdoff "$TMP/id")" 0
	expect iorcsz "$(field iorcsz "$TMP/id")" 1
	expect "ioccsz: 64 bytes and 16 KiB" "$(field ioccsz "$TMP/id")" 1028
	expect "sgls: SGLs, in-capsule offset" "$(($(field sgls "$TMP/id") & 0x100003))" $((0x100001))
	expect "cmic: several ports, several controllers" "$(($(field cmic "$TMP/id") & 3))" 3
	[ "$(number "$(field nn "$TMP/id")")" -ge 7 ] || fail "nn is $(field nn "$TMP/id")"
	[ "$(number "$(field kas "$TMP/id")")" -gt 0 ] || fail "kas is 0"
	[ "$(number "$(field maxcmd "$TMP/id")")" -gt 0 ] || fail "maxcmd is 0"
	expect "oaes: namespace attributes" "$(($(field oaes "$TMP/id") >> 8 & 1))" 1
	is_nvmet && return
	expect mdts "$(field mdts "$TMP/id")" "$(cat "$NVMFT_ROOT/ports/1/param_mdts")"
	expect fr "$(field fr "$TMP/id")" fw-1.2.3
	expect ieee "$(field ieee "$TMP/id")" abcdef
	expect vid "$(number "$(field vid "$TMP/id")")" $((0x1af4))
}

id_ctrl_version() {
	local major minor

	IFS=. read -r major minor _ <"$SUBSYS/attr_version"
	expect ver "$(number "$(field ver "$TMP/id")")" $((major << 16 | minor << 8))
	nvme get-property "/dev/$CTRL" --offset=0x8 >"$TMP/vs"
	expect "property VS" "$(awk '{ print $NF }' "$TMP/vs")" \
		"$(printf '%x' $((major << 16 | minor << 8)))"
}

properties() {
	local cap

	nvme get-property "/dev/$CTRL" --offset=0x0 >"$TMP/cap"
	cap=$((0x$(awk '{ print $NF }' "$TMP/cap")))
	expect "CAP.CSS: NVM" $((cap >> 37 & 1)) 1
	expect "CAP.DSTRD" $((cap >> 32 & 15)) 0
	expect "CAP.MPSMIN" $((cap >> 48 & 15)) 0
	[ $((cap & 0xffff)) -ge 15 ] || fail "CAP.MQES is $((cap & 0xffff))"
	expect "CC.EN" $((0x$(nvme get-property "/dev/$CTRL" --offset=0x14 | awk '{ print $NF }') & 1)) 1
	expect "CSTS.RDY" $((0x$(nvme get-property "/dev/$CTRL" --offset=0x1c | awk '{ print $NF }') & 15)) 1
	expect_match "a property that is none" \
		"$(nvme get-property "/dev/$CTRL" --offset=0x100 2>&1)" ".*(Invalid|INVALID).*"
}

id_ns() {
	local shift_by blocks

	shift_by=9
	blocks=$(blockdev --getsz "$DISK")
	nvme id-ns "$DEV" >"$TMP/ns"
	expect nsze "$(number "$(field nsze "$TMP/ns")")" "$blocks"
	expect ncap "$(number "$(field ncap "$TMP/ns")")" "$blocks"
	expect nguid "$(field nguid "$TMP/ns")" ${NGUID//-/}
	expect anagrpid "$(field anagrpid "$TMP/ns")" 1
	expect "nmic: shared" "$(($(field nmic "$TMP/ns") & 1))" 1
	expect "block size" "$(grep 'in use' "$TMP/ns" | grep -o 'lbads:[0-9]*')" "lbads:$shift_by"
	nvme id-ns "/dev/$CTRL" -n 5 >"$TMP/none" 2>&1 || fail "inactive namespace: $(cat "$TMP/none")"
	expect "nsze of an inactive namespace" "$(number "$(field nsze "$TMP/none")")" 0
	nvme id-ctrl "/dev/$CTRL" >"$TMP/id"
	nvme id-ns "/dev/$CTRL" -n $(($(field nn "$TMP/id") + 1)) >"$TMP/none" 2>&1 &&
		! is_nvmet && fail "a namespace beyond nn is answered"
	return 0
}

identifiers() {
	nvme ns-descs "$DEV" >"$TMP/descs"
	expect uuid "$(field uuid "$TMP/descs")" "$(cat "$SUBSYS/namespaces/1/device_uuid")"
	expect nguid "$(field nguid "$TMP/descs")" ${NGUID//-/}
	expect csi "$(field csi "$TMP/descs")" 0
	expect "the host's wwid" "$(cat "/sys/block/${DEV##*/}/wwid")" "uuid.$UUID"
	wait_for_ns "$NQN" 7 || return
	nvme ns-descs "$DEV" >"$TMP/descs"
	expect "uuid of namespace 7" "$(field uuid "$TMP/descs")" \
		"$(cat "$SUBSYS/namespaces/7/device_uuid")"
	is_nvmet || expect "nguid of namespace 7" "$(field nguid "$TMP/descs")" \
		"$(tr -d - <"$SUBSYS/namespaces/7/device_nguid")"
}

namespace_list() {
	expect "list-ns" "$(nvme list-ns "/dev/$CTRL" | sed 's/.*://' | xargs)" "0x1 0x7"
	expect "list-ns after 1" "$(nvme list-ns "/dev/$CTRL" -n 2 | sed 's/.*://' | xargs)" 0x7
}

nvme_list() {
	DEV=/dev/$(block_name "$NQN" 1)
	nvme list >"$TMP/list"
	expect "lines" "$(grep -c "^$DEV " "$TMP/list")" 1
	expect_match "line" "$(grep "^$DEV " "$TMP/list")" \
		".*SERIAL-0123456789-ab *A model of mine .*512 .*B.*"
}

smart_log() {
	local reads writes

	dd if="$DEV" of=/dev/null bs=1M count=4 iflag=direct 2>/dev/null
	dd if=/dev/zero of="$DEV" bs=1M count=4 oflag=direct 2>/dev/null
	nvme smart-log "/dev/$CTRL" >"$TMP/smart" || fail "smart-log"
	expect critical_warning "$(field critical_warning "$TMP/smart")" 0
	reads=$(field host_read_commands "$TMP/smart")
	writes=$(field host_write_commands "$TMP/smart")
	[ "$reads" -gt 0 ] || fail "host_read_commands is $reads"
	[ "$writes" -gt 0 ] || fail "host_write_commands is $writes"
	dd if="$DEV" of=/dev/null bs=4k count=10 iflag=direct 2>/dev/null
	nvme smart-log "/dev/$CTRL" >"$TMP/smart"
	[ "$(field host_read_commands "$TMP/smart")" -ge $((reads + 10)) ] ||
		fail "10 reads did not count: $reads, then $(field host_read_commands "$TMP/smart")"
	# nvmet answers for a namespace as well; LPA says whether it has to
	nvme smart-log "/dev/$CTRL" -n 99 >/dev/null 2>&1 && fail "namespace 99 has a SMART log"
	return 0
}

error_log() {
	nvme error-log "/dev/$CTRL" -e 4 >"$TMP/error" 2>&1 || fail "$(cat "$TMP/error")"
	expect "entries" "$(grep -c '^error_count' "$TMP/error")" 4
}

firmware_log() {
	nvme fw-log "/dev/$CTRL" >"$TMP/fw" || fail "fw-log"
	is_nvmet && return
	expect "active slot" "$(($(field afi "$TMP/fw") & 7))" 1
	grep -q fw-1.2.3 "$TMP/fw" || fail "no slot holds attr_firmware: $(cat "$TMP/fw")"
}

# effect 0-FOR-ADMIN-1-FOR-IO OPCODE: bit 0 of its entry, "supported"
effect() {
	local offset=$((($1 * 256 + $2) * 4))

	od -An -tu4 -j "$offset" -N 4 "$TMP/effects" | awk '{ print $1 % 2 }'
}

effects_log() {
	local opcode

	nvme effects-log "/dev/$CTRL" >/dev/null || fail "nvme effects-log"
	nvme get-log "/dev/$CTRL" --log-id=5 --log-len=4096 -b >"$TMP/effects" || fail "get-log"
	expect "length" "$(wc -c <"$TMP/effects")" 4096
	for opcode in 0x02 0x06 0x08 0x09 0x0a 0x0c 0x18; do
		expect "admin $opcode" "$(effect 0 $opcode)" 1
	done
	for opcode in 0x00 0x01 0x02; do
		expect "I/O $opcode" "$(effect 1 $opcode)" 1
	done
	expect "admin 0x80, Format" "$(effect 0 0x80)" 0
}

ana_log() {
	nvme ana-log "/dev/$CTRL" >"$TMP/ana" || fail "ana-log"
	expect ngrps "$(field ngrps "$TMP/ana")" 1
	expect state "$(field state "$TMP/ana")" \
		"$(cat "$NVMFT_ROOT/ports/1/ana_groups/1/ana_state")"
	expect namespaces "$(grep -c 'nsid' "$TMP/ana")" 3	# nnsids and two nsid
}

log_offsets() {
	local page

	is_nvmet && { skip_case "nvmet 6.1 gives pages only as a whole"; return; }
	nvme get-log "/dev/$CTRL" --log-id=5 --log-len=512 --lpo=1024 -b >"$TMP/part" ||
		fail "at 1024"
	expect "same bytes" "$(sha256sum <"$TMP/part")" \
		"$(tail -c +1025 "$TMP/effects" | head -c 512 | sha256sum)"
	nvme get-log "/dev/$CTRL" --log-id=5 --log-len=512 --lpo=4294967296 -b \
		>"$TMP/part" 2>/dev/null && fail "far beyond the page is answered"
	nvme get-log "/dev/$CTRL" --log-id=0 --log-len=1024 -b >"$TMP/pages" || fail "log 00h"
	for page in 0 1 2 3 4 5 12; do
		expect "log $page supported" \
			"$(od -An -tu4 -j $((page * 4)) -N 4 "$TMP/pages" | awk '{ print $1 % 2 }')" 1
	done
}

features() {
	expect "queues" "$(nvme get-feature "/dev/$CTRL" -f 7 | grep -c 'Current value')" 1
	expect "keep-alive timeout" "$(nvme get-feature "/dev/$CTRL" -f 0xf | sed 's/.*value://' |
		xargs printf '%d')" "$(($(cat "/sys/class/nvme/$CTRL/kato") * 1000))"
	expect_match "async events" "$(nvme get-feature "/dev/$CTRL" -f 0xb)" ".*0x0000[0-9a-f]{4}"
	expect_match "an unknown feature" "$(nvme get-feature "/dev/$CTRL" -f 0x3f 2>&1)" \
		".*Invalid Field.*"
}

what_hosts_have_seen_is_frozen() {
	expect_match "attr_serial" "$(errno_of put "$SUBSYS/attr_serial" other)" "EINVAL|EBUSY|EPERM|EACCES"
	expect "attr_serial" "$(sed 's/ *$//' "$SUBSYS/attr_serial")" SERIAL-0123456789-ab
	expect_match "attr_model" "$(errno_of put "$SUBSYS/attr_model" other)" "EINVAL|EBUSY|EPERM|EACCES"
	expect_match "attr_version" "$(errno_of put "$SUBSYS/attr_version" 1.4)" "EINVAL|EBUSY|EPERM|EACCES"
}

controller_ids_stay_in_their_range() {
	local n ids

	for ((n = 1; n <= 10; n++)); do
		connect_as $n "$NQN" nr_io_queues=1 || { fail "host $n of 10 more"; break; }
	done
	ids=$(cat /sys/class/nvme/nvme*/cntlid | sort -n | uniq | xargs)
	expect "controller ids" "$ids" "$(seq 40 50 | xargs)"
	connect_as 11 "$NQN" && fail "an eleventh controller in 40..50"
	disconnect "$NQN"
	expect_ok "all are gone" wait_until 5 target_has_no_connection
	connect_as 11 "$NQN" || fail "after all are gone"
}

run_cases id_ctrl id_ctrl_version properties id_ns identifiers namespace_list nvme_list \
	smart_log error_log firmware_log effects_log ana_log log_offsets features \
	what_hosts_have_seen_is_frozen controller_ids_stay_in_their_range
