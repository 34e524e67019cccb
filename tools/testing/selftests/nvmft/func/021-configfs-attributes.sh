#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Every attribute: its default, what it takes, what it refuses with which errno,
# and when it may be written. An attribute that nvmet of the running kernel does
# not have is passed over there.
. "$(dirname "$0")/../lib.sh"

PORT=$NVMFT_ROOT/ports/1
SUBSYS=$NVMFT_ROOT/subsystems/$NQN
NS=$SUBSYS/namespaces/1

has() {
	[ -e "$1" ] && return 0
	is_nvmet || fail "no ${1##*/}"
	return 1
}

times() {
	printf "%0$1d" 0
}

port_defaults() {
	mkdir "$PORT"
	expect addr_trtype "$(cat "$PORT/addr_trtype")" ""
	expect addr_adrfam "$(cat "$PORT/addr_adrfam")" ""
	expect addr_traddr "$(cat "$PORT/addr_traddr")" ""
	expect addr_trsvcid "$(cat "$PORT/addr_trsvcid")" ""
	expect addr_treq "$(cat "$PORT/addr_treq")" "not specified"
	expect param_inline_data_size "$(cat "$PORT/param_inline_data_size")" -1
	! has "$PORT/param_max_queue_size" ||
		expect param_max_queue_size "$(cat "$PORT/param_max_queue_size")" -1
	! has "$PORT/param_mdts" || expect param_mdts "$(cat "$PORT/param_mdts")" -1
	! has "$PORT/param_pi_enable" || expect param_pi_enable "$(cat "$PORT/param_pi_enable")" 0
	! has "$PORT/addr_tsas" || expect addr_tsas "$(cat "$PORT/addr_tsas")" none
}

port_address() {
	expect_accepted "$PORT/addr_trtype" tcp
	expect_refused "$PORT/addr_trtype" bogus EINVAL
	expect_accepted "$PORT/addr_adrfam" ipv6
	expect_accepted "$PORT/addr_adrfam" ipv4
	expect_refused "$PORT/addr_adrfam" ipv5 EINVAL
	expect_accepted "$PORT/addr_traddr" 127.0.0.1
	expect_refused "$PORT/addr_traddr" "$(times 300)" "EINVAL|ENAMETOOLONG"
	expect_accepted "$PORT/addr_trsvcid" 4420
	expect_refused "$PORT/addr_trsvcid" "$(times 40)" "EINVAL|ENAMETOOLONG"
	expect_accepted "$PORT/addr_treq" required
	expect_accepted "$PORT/addr_treq" "not required"
	expect_accepted "$PORT/addr_treq" "not specified"
	expect_refused "$PORT/addr_treq" maybe EINVAL
	put_raw "$PORT/addr_trsvcid" 4421
	expect "without a newline" "$(cat "$PORT/addr_trsvcid")" 4421
}

port_parameters() {
	local value

	for value in 0 4096 16384 65536; do
		expect_accepted "$PORT/param_inline_data_size" "$value"
	done
	expect_refused "$PORT/param_inline_data_size" abc EINVAL
	is_nvmet || expect_refused "$PORT/param_inline_data_size" 2147483648 "EINVAL|ERANGE"
	if has "$PORT/param_max_queue_size"; then
		expect_accepted "$PORT/param_max_queue_size" 128
		expect_refused "$PORT/param_max_queue_size" abc EINVAL
	fi
	if has "$PORT/param_mdts"; then
		expect_accepted "$PORT/param_mdts" 5
		expect_refused "$PORT/param_mdts" 256 "EINVAL|ERANGE"
		expect_refused "$PORT/param_mdts" abc EINVAL
	fi
	if has "$PORT/param_pi_enable"; then
		expect_accepted "$PORT/param_pi_enable" 0
		expect_refused "$PORT/param_pi_enable" maybe EINVAL
		is_nvmet || expect_refused "$PORT/param_pi_enable" 1 "EOPNOTSUPP|EINVAL"
	fi
	if has "$PORT/addr_tsas"; then
		expect_accepted "$PORT/addr_tsas" none
		expect_refused "$PORT/addr_tsas" bogus EINVAL
		is_nvmet || expect_refused "$PORT/addr_tsas" tls1.3 "EOPNOTSUPP|EINVAL"
	fi
}

port_enabled() {
	local attribute

	target_clear
	nullb_add nulla 64
	export_device "$DISK" || fail "export"
	for attribute in addr_trtype=tcp addr_adrfam=ipv6 addr_traddr=127.0.0.2 \
			addr_trsvcid=4421 addr_treq=required param_inline_data_size=4096; do
		expect_refused "$PORT/${attribute%%=*}" "${attribute#*=}" "EACCES|EBUSY"
	done
	unlink 1 "$NQN"
	expect_accepted "$PORT/addr_trsvcid" 4421
	target_clear
}

subsystem_defaults() {
	mkdir "$SUBSYS"
	expect attr_allow_any_host "$(cat "$SUBSYS/attr_allow_any_host")" 0
	expect_match attr_serial "$(cat "$SUBSYS/attr_serial")" '[0-9a-f]{20}'
	expect attr_model "$(cat "$SUBSYS/attr_model")" Linux
	expect_match attr_version "$(cat "$SUBSYS/attr_version")" '(1\.3|1\.4|2\.[0-9])(\.0)?'
	expect attr_cntlid_min "$(cat "$SUBSYS/attr_cntlid_min")" 1
	expect attr_cntlid_max "$(cat "$SUBSYS/attr_cntlid_max")" 65519
	expect attr_qid_max "$(cat "$SUBSYS/attr_qid_max")" 128
	is_nvmet || expect attr_max_host_ctrls "$(cat "$SUBSYS/attr_max_host_ctrls")" 512
	expect attr_pi_enable "$(cat "$SUBSYS/attr_pi_enable")" 0
	! has "$SUBSYS/attr_firmware" ||
		expect_match attr_firmware "$(cat "$SUBSYS/attr_firmware")" '.{1,8}'
	! has "$SUBSYS/attr_ieee_oui" ||
		expect attr_ieee_oui "$(cat "$SUBSYS/attr_ieee_oui")" 0x000000
	! has "$SUBSYS/attr_vendor_id" ||
		expect_match attr_vendor_id "$(cat "$SUBSYS/attr_vendor_id")" '0x0+'
	! has "$SUBSYS/attr_subsys_vendor_id" ||
		expect_match attr_subsys_vendor_id "$(cat "$SUBSYS/attr_subsys_vendor_id")" '0x0+'
}

# string_attribute NAME LONGEST
string_attribute() {
	local file=$SUBSYS/$1

	has "$file" || return 0
	expect "$1 <- A" "$(errno_of put "$file" A)" OK
	expect_match "$1 after A" "$(cat "$file")" "A *"	# nvmet shows the padding
	expect_accepted "$file" "$(times "$2")"
	expect_refused "$file" "$(times $(($2 + 1)))" "EINVAL|ENAMETOOLONG"
	expect_refused "$file" "" EINVAL
	expect_refused "$file" $'a\001b' EINVAL
	expect_refused "$file" $'a\303\244' EINVAL
}

subsystem_strings() {
	string_attribute attr_serial 20
	string_attribute attr_model 40
	string_attribute attr_firmware 8
}

subsystem_numbers() {
	expect_accepted "$SUBSYS/attr_allow_any_host" 1
	expect_accepted "$SUBSYS/attr_allow_any_host" 0
	expect_refused "$SUBSYS/attr_allow_any_host" maybe EINVAL
	expect_accepted "$SUBSYS/attr_cntlid_min" 100
	expect_accepted "$SUBSYS/attr_cntlid_max" 200
	expect_refused "$SUBSYS/attr_cntlid_min" 201 EINVAL
	expect_refused "$SUBSYS/attr_cntlid_max" 99 EINVAL
	expect_refused "$SUBSYS/attr_cntlid_min" 0 "EINVAL|ERANGE"
	# FFF0h and above are reserved; nvmet takes them, and cuts to 16 bits
	is_nvmet || expect_refused "$SUBSYS/attr_cntlid_max" 65520 "EINVAL|ERANGE"
	is_nvmet || expect_refused "$SUBSYS/attr_cntlid_max" 70000 "EINVAL|ERANGE"
	expect_accepted "$SUBSYS/attr_qid_max" 1
	expect_accepted "$SUBSYS/attr_qid_max" 128
	expect_refused "$SUBSYS/attr_qid_max" 0 "EINVAL|ERANGE"
	expect_refused "$SUBSYS/attr_qid_max" 129 "EINVAL|ERANGE"
	expect_refused "$SUBSYS/attr_qid_max" abc EINVAL
	is_nvmet || expect_accepted "$SUBSYS/attr_max_host_ctrls" 1
	is_nvmet || expect_accepted "$SUBSYS/attr_max_host_ctrls" 65519
	is_nvmet || expect_refused "$SUBSYS/attr_max_host_ctrls" 0 "EINVAL|ERANGE"
	is_nvmet || expect_refused "$SUBSYS/attr_max_host_ctrls" 65520 "EINVAL|ERANGE"
	expect_accepted "$SUBSYS/attr_version" 1.4
	expect_refused "$SUBSYS/attr_version" abc EINVAL
	if has "$SUBSYS/attr_ieee_oui"; then
		expect_accepted "$SUBSYS/attr_ieee_oui" 0xabcdef
		expect_refused "$SUBSYS/attr_ieee_oui" 0x1000000 "EINVAL|ERANGE"
	fi
	if has "$SUBSYS/attr_vendor_id"; then
		expect "attr_vendor_id" "$(errno_of put "$SUBSYS/attr_vendor_id" 0x1af4)" OK
		expect_refused "$SUBSYS/attr_vendor_id" 0x10000 "EINVAL|ERANGE"
		expect "attr_subsys_vendor_id" \
			"$(errno_of put "$SUBSYS/attr_subsys_vendor_id" 0x1af4)" OK
		expect_refused "$SUBSYS/attr_subsys_vendor_id" 0x10000 "EINVAL|ERANGE"
	fi
	if ! is_nvmet; then
		expect_accepted "$SUBSYS/attr_pi_enable" 0
		expect_refused "$SUBSYS/attr_pi_enable" 1 "EOPNOTSUPP|EINVAL"
	fi
}

namespace_defaults() {
	mkdir "$NS"
	expect_match device_path "$(cat "$NS/device_path")" '(\(null\))?'
	expect_match device_uuid "$(cat "$NS/device_uuid")" \
		'[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}'
	expect_match device_nguid "$(cat "$NS/device_nguid")" \
		'[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'
	is_nvmet || [ "$(tr -d '0\n-' <"$NS/device_nguid")" ] || fail "device_nguid is zero"
	expect ana_grpid "$(cat "$NS/ana_grpid")" 1
	expect buffered_io "$(cat "$NS/buffered_io")" 0
	expect enable "$(cat "$NS/enable")" 0
	! has "$NS/resv_enable" || expect resv_enable "$(cat "$NS/resv_enable")" 0
}

namespace_values() {
	local uuid=12345678-9abc-4def-8123-456789abcdef

	expect_accepted "$NS/device_uuid" $uuid
	expect_refused "$NS/device_uuid" 12345678 EINVAL
	expect_refused "$NS/device_uuid" ${uuid/a/g} EINVAL
	expect_accepted "$NS/device_nguid" $uuid
	expect "nguid without dashes" "$(errno_of put "$NS/device_nguid" ${uuid//-/})" OK
	expect_refused "$NS/device_nguid" 1234 EINVAL
	expect_accepted "$NS/ana_grpid" 1
	expect_refused "$NS/ana_grpid" 0 "EINVAL|ERANGE"
	expect_refused "$NS/ana_grpid" 129 "EINVAL|ERANGE"
	expect_accepted "$NS/buffered_io" 1
	expect_accepted "$NS/buffered_io" 0
	expect_refused "$NS/buffered_io" maybe EINVAL
	expect_refused "$NS/enable" maybe EINVAL
	expect_accepted "$NS/device_path" /dev/nulla
	if ! is_nvmet; then
		expect_accepted "$NS/resv_enable" 0
		expect_refused "$NS/resv_enable" 1 "EOPNOTSUPP|EINVAL"
	fi
}

namespace_that_cannot_be_enabled() {
	local ns=$SUBSYS/namespaces/2

	mkdir "$ns"
	expect_match "without a path" "$(errno_of put "$ns/enable" 1)" "EINVAL|ENOENT"
	put "$ns/device_path" /dev/does-not-exist
	expect "no such device" "$(errno_of put "$ns/enable" 1)" ENOENT
	put "$ns/device_path" /dev/null
	expect_match "a character device" "$(errno_of put "$ns/enable" 1)" \
		"EINVAL|ENOTBLK"
	expect enable "$(cat "$ns/enable")" 0
}

namespace_enabled() {
	expect_accepted "$NS/enable" 1
	expect "enabling twice" "$(errno_of put "$NS/enable" 1)" OK
	expect_refused "$NS/device_path" /dev/nullb9 EBUSY
	expect_refused "$NS/device_uuid" 00000000-0000-4000-8000-000000000001 EBUSY
	expect_refused "$NS/device_nguid" 00000000-0000-4000-8000-000000000001 EBUSY
	expect_match "buffered_io while enabled" "$(errno_of put "$NS/buffered_io" 1)" \
		"EBUSY|EINVAL"
	expect "revalidate_size" "$(errno_of put "$NS/revalidate_size" 1)" OK
	expect_accepted "$NS/enable" 0
	expect "disabling twice" "$(errno_of put "$NS/enable" 0)" OK
}

discovery_nqn() {
	has "$NVMFT_ROOT/discovery_nqn" || { skip_case "this nvmet has no discovery_nqn"; return; }
	expect "default" "$(cat "$NVMFT_ROOT/discovery_nqn")" "$DISCOVERY_NQN"
	expect_accepted "$NVMFT_ROOT/discovery_nqn" nqn.2026-01.test:discovery
	expect_refused "$NVMFT_ROOT/discovery_nqn" "$(times 256)" "EINVAL|ENAMETOOLONG"
	expect_accepted "$NVMFT_ROOT/discovery_nqn" "$DISCOVERY_NQN"
}

run_cases port_defaults port_address port_parameters port_enabled \
	subsystem_defaults subsystem_strings subsystem_numbers \
	namespace_defaults namespace_values namespace_that_cannot_be_enabled \
	namespace_enabled discovery_nqn
