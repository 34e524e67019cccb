# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Sourced by the resource agents: the tree of the target, and what all of them do
# in the same way. Parameters are those of the agents for nvmet, so that a
# cluster moves over by the provider's name.

: "${OCF_FUNCTIONS_DIR=${OCF_ROOT:-/usr/lib/ocf}/lib/heartbeat}"
# shellcheck disable=SC1091 # part of resource-agents
. "${OCF_FUNCTIONS_DIR}/ocf-shellfuncs"

NVMFT_ROOT=${NVMFT_ROOT:-/sys/kernel/config/nvmft}
NVMFT_TRIES=30

# The module, once; a node where it is not there cannot run the resource.
nvmft_load() {
	[ -d "$NVMFT_ROOT" ] && return 0
	modprobe nvmft-tcp || true
	if [ ! -d "$NVMFT_ROOT" ]; then
		ocf_exit_reason "$NVMFT_ROOT is not there: the module nvmft-tcp cannot be loaded"
		return 1
	fi
}

# put FILE VALUE: write it unless it is there; says what the kernel says.
put() {
	[ "$(cat "$1" 2>/dev/null)" = "$2" ] && return 0
	if ! echo "$2" 2>/dev/null >"$1"; then
		ocf_exit_reason "${1#"$NVMFT_ROOT"/}: \"$2\" refused: $(
			dmesg | sed -n 's/.*nvmft[^:]*: .* refused: //p' | tail -n 1)"
		return 1
	fi
}

# try_until_gone COMMAND...: what others still use goes when they let go.
try_until_gone() {
	try=0
	until "$@" 2>/dev/null; do
		try=$((try + 1))
		if [ "$try" -ge "$NVMFT_TRIES" ]; then
			"$@" || true
			return 1
		fi
		sleep 1
	done
}

# deep_check: the monitor is to look closely (OCF_CHECK_LEVEL 10 and above).
deep_check() {
	[ "${OCF_CHECK_LEVEL:-0}" -ge 10 ]
}

# need NAME VALUE: a parameter without which there is nothing to do.
need() {
	if [ -z "$2" ]; then
		ocf_exit_reason "the parameter $1 is not set"
		exit "$OCF_ERR_CONFIGURED"
	fi
	case $2 in
	*/../* | ../* | . | ..)
		ocf_exit_reason "the parameter $1 is no name: $2"
		exit "$OCF_ERR_CONFIGURED" ;;
	esac
}

# actions TIMEOUT: the list of every agent.
actions() {
	cat <<-END
	<actions>
	<action name="start" timeout="$1" />
	<action name="stop" timeout="$1" />
	<action name="monitor" timeout="20s" interval="10s" depth="0" />
	<action name="monitor" timeout="20s" interval="60s" depth="10" />
	<action name="meta-data" timeout="5s" />
	<action name="validate-all" timeout="20s" />
	</actions>
	END
}

# parameter NAME UNIQUE REQUIRED TYPE DEFAULT SHORT: its long text is on stdin.
parameter() {
	default=${5:+ default=\"$5\"}
	cat <<-END
	<parameter name="$1" unique="$2" required="$3">
	<longdesc lang="en">
	$(cat)
	</longdesc>
	<shortdesc lang="en">$6</shortdesc>
	<content type="$4"$default />
	</parameter>
	END
}

# run_agent ACTION: the agent has agent_meta, agent_start, agent_stop,
# agent_monitor and agent_validate.
run_agent() {
	case $1 in
	meta-data) agent_meta; exit "$OCF_SUCCESS" ;;
	usage | help) echo "usage: $0 start|stop|monitor|validate-all|meta-data"; exit "$OCF_SUCCESS" ;;
	esac
	agent_validate
	case $1 in
	validate-all) exit "$OCF_SUCCESS" ;;
	start) agent_start ;;
	stop) agent_stop ;;
	monitor | status) agent_monitor ;;
	*) echo "usage: $0 start|stop|monitor|validate-all|meta-data" >&2
		exit "$OCF_ERR_UNIMPLEMENTED" ;;
	esac
	exit $?
}
