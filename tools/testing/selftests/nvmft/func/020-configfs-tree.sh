#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The folders of the configfs tree: which names they take, what they hold, and
# what cannot be removed.
. "$(dirname "$0")/../lib.sh"

long_name() {
	printf "nqn.2026-01.test:%0$(($1 - 17))d" 0
}

port_ids() {
	local id

	for id in 0 1 65535; do
		expect "port $id" "$(errno_of mkdir "$NVMFT_ROOT/ports/$id")" OK
	done
	for id in 65536 -1 abc 99999999999 1x; do
		expect_match "port $id" "$(errno_of mkdir "$NVMFT_ROOT/ports/$id")" "EINVAL|ERANGE"
	done
	expect "port 1 again" "$(errno_of mkdir "$NVMFT_ROOT/ports/1")" EEXIST
	target_clear
}

port_folder() {
	local name

	mkdir "$NVMFT_ROOT/ports/1"
	for name in addr_adrfam addr_traddr addr_treq addr_trsvcid addr_trtype \
			param_inline_data_size subsystems referrals ana_groups; do
		[ -e "$NVMFT_ROOT/ports/1/$name" ] || fail "no $name"
	done
	is_nvmet || for name in addr_tsas param_max_queue_size param_mdts param_pi_enable; do
		[ -e "$NVMFT_ROOT/ports/1/$name" ] || fail "no $name"
	done
	expect "ana_groups" "$(ls "$NVMFT_ROOT/ports/1/ana_groups")" 1
	expect "ana_state" "$(cat "$NVMFT_ROOT/ports/1/ana_groups/1/ana_state")" optimized
	expect_match "rmdir of group 1" "$(errno_of rmdir "$NVMFT_ROOT/ports/1/ana_groups/1")" \
		"EBUSY|EPERM|EACCES"
	expect "mkdir of group 2" "$(errno_of mkdir "$NVMFT_ROOT/ports/1/ana_groups/2")" OK
	expect "mkdir of group 0" "$(errno_of mkdir "$NVMFT_ROOT/ports/1/ana_groups/0")" EINVAL
	expect "mkdir of group 129" "$(errno_of mkdir "$NVMFT_ROOT/ports/1/ana_groups/129")" EINVAL
	target_clear
}

subsystem_names() {
	local name=$NVMFT_ROOT/subsystems

	expect "nqn form" "$(errno_of mkdir "$name/nqn.2026-01.test:a")" OK
	expect "free form" "$(errno_of mkdir "$name/testnqn")" OK
	expect "223 characters" "$(errno_of mkdir "$name/$(long_name 223)")" OK
	# nvmet takes it, and no host can connect
	is_nvmet || expect_match "224 characters" \
		"$(errno_of mkdir "$name/$(long_name 224)")" "EINVAL|ENAMETOOLONG"
	expect "the discovery NQN" "$(errno_of mkdir "$name/$DISCOVERY_NQN")" EINVAL
	expect "twice" "$(errno_of mkdir "$name/testnqn")" EEXIST
	target_clear
}

subsystem_folder() {
	local name dir=$NVMFT_ROOT/subsystems/testnqn

	mkdir "$dir"
	for name in attr_allow_any_host attr_serial attr_model attr_version attr_cntlid_min \
			attr_cntlid_max attr_qid_max attr_pi_enable allowed_hosts namespaces; do
		[ -e "$dir/$name" ] || fail "no $name"
	done
	is_nvmet || for name in attr_firmware attr_ieee_oui attr_vendor_id attr_max_host_ctrls \
			attr_subsys_vendor_id; do
		[ -e "$dir/$name" ] || fail "no $name"
	done
	target_clear
}

namespace_ids() {
	local id dir=$NVMFT_ROOT/subsystems/testnqn/namespaces

	mkdir "$NVMFT_ROOT/subsystems/testnqn"
	for id in 1 2 1024; do
		expect "namespace $id" "$(errno_of mkdir "$dir/$id")" OK
	done
	# nvmft says that it has NN 1024 and keeps to it
	is_nvmet || expect_match "namespace 1025" "$(errno_of mkdir "$dir/1025")" "EINVAL|ERANGE"
	for id in 0 4294967295 4294967296 -1 abc; do
		expect_match "namespace $id" "$(errno_of mkdir "$dir/$id")" "EINVAL|ERANGE"
	done
	expect "in use" "$(errno_of mkdir "$dir/1")" EEXIST
	for id in device_path device_uuid device_nguid ana_grpid buffered_io \
			revalidate_size enable; do
		[ -e "$dir/1/$id" ] || fail "no $id"
	done
	is_nvmet || for id in resv_enable block_size device_size standby allowed_hosts qos_iops \
			qos_kibps qos_burst_ms; do
		[ -e "$dir/1/$id" ] || fail "no $id"
	done
	target_clear
}

links_take_only_what_belongs() {
	local port=$NVMFT_ROOT/ports/1 subsys=$NVMFT_ROOT/subsystems/testnqn

	mkdir "$port" "$subsys" "$NVMFT_ROOT/hosts/h1"
	expect "host into a port" \
		"$(errno_of ln -s "$NVMFT_ROOT/hosts/h1" "$port/subsystems/h1")" EINVAL
	expect "subsystem into allowed_hosts" \
		"$(errno_of ln -s "$subsys" "$subsys/allowed_hosts/testnqn")" EINVAL
	expect "host while any may connect" "$(
		put "$subsys/attr_allow_any_host" 1
		errno_of ln -s "$NVMFT_ROOT/hosts/h1" "$subsys/allowed_hosts/h1")" EINVAL
	put "$subsys/attr_allow_any_host" 0
	expect "host" "$(errno_of ln -s "$NVMFT_ROOT/hosts/h1" "$subsys/allowed_hosts/h1")" OK
	expect "allow any while a host is listed" \
		"$(errno_of put "$subsys/attr_allow_any_host" 1)" EINVAL
	expect_match "rmdir of a linked host" "$(errno_of rmdir "$NVMFT_ROOT/hosts/h1")" EBUSY
	target_clear
}

referral_folder() {
	local dir=$NVMFT_ROOT/ports/1/referrals/other name

	mkdir -p "$dir"
	for name in addr_adrfam addr_portid addr_traddr addr_treq addr_trsvcid addr_trtype enable; do
		[ -e "$dir/$name" ] || fail "no $name"
	done
	expect_accepted "$dir/addr_trtype" tcp
	expect_accepted "$dir/addr_adrfam" ipv4
	expect_accepted "$dir/addr_traddr" 192.0.2.1
	expect_accepted "$dir/addr_trsvcid" 8009
	expect_accepted "$dir/addr_portid" 7
	expect_refused "$dir/addr_portid" 65536 "EINVAL|ERANGE"
	expect_refused "$dir/enable" maybe EINVAL
	expect_accepted "$dir/enable" 1
	expect_match "traddr while enabled" "$(errno_of put "$dir/addr_traddr" 192.0.2.2)" \
		"EACCES|EBUSY"
	target_clear
}

run_cases port_ids port_folder subsystem_names subsystem_folder namespace_ids \
	links_take_only_what_belongs referral_folder
