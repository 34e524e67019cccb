# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Completion of nvmftcli for bash. Paths are those of the tree of the target, as
# the shell of nvmftcli has them.

# Offers what stands below a path of the target; hosts may see less than root.
_nvmftcli_path() {
	local root=/sys/kernel/config/nvmft folder=${cur%/*}/ entry

	for entry in "$root${folder}"*/; do
		entry=${entry%/}
		[ ! -e "$entry" ] || COMPREPLY+=("${entry#"$root"}")
	done
	mapfile -t COMPREPLY < <(compgen -W "${COMPREPLY[*]}" -- "$cur")
	[ ${#COMPREPLY[@]} -ne 1 ] || COMPREPLY+=("${COMPREPLY[0]}/")
}

# Namespaces' devices and subsystems, which unexport takes.
_nvmftcli_exports() {
	local root=/sys/kernel/config/nvmft file

	for file in "$root"/subsystems/*/namespaces/*/device_path; do
		[ ! -r "$file" ] || cat "$file"
	done
	for file in "$root"/subsystems/*/; do
		[ ! -d "$file" ] || basename "$file"
	done
}

# Sessions, subsystems and hosts that have some: _nvmftcli_sessions SED-EXPRESSION.
_nvmftcli_sessions() {
	sed -n "$1" /proc/fs/nvmft/sessions 2>/dev/null | sort -u
}

_nvmftcli() {
	local cur prev words cword word verb=''
	local verbs="save restore clear check export unexport show sessions terminate top stats ls"

	# NQNs are one word, whatever is in them
	_get_comp_words_by_ref -n : cur prev words cword
	for word in "${words[@]:1:cword-1}"; do
		case $word in
		-*) ;;
		*) verb=$word; break ;;
		esac
	done
	COMPREPLY=()
	case $prev in
	--config | --output) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	--by) verb=by ;;
	--host) verb=host ;;
	--subsystem) verb=subsystem ;;
	--addr | --nqn | --port | --wait | --interval | --number | -d | -n) return ;;
	esac
	case $verb:$cur in
	:-*) verbs="--json --config --version --help" ;;
	:/*) _nvmftcli_path; return ;;
	:*) ;;
	restore:-*) verbs="--wait --keep --dry-run --if-exists --json --help" ;;
	export:-*) verbs="--nqn --host --addr --port --as-is --force --no-save --json --help" ;;
	unexport:-*) verbs="--no-save --json --help" ;;
	sessions:-*) verbs="--host --subsystem --long --interval --json --help" ;;
	terminate:-*) verbs="--host --subsystem --all --json --help" ;;
	top:-*) verbs="--by --interval --once --batch --number --json --help" ;;
	stats:-*) verbs="--prometheus --output --json --help" ;;
	by:*) verbs="subsystems namespaces hosts queues" ;;
	host:*) verbs=$(_nvmftcli_sessions 's/.* hostnqn=\([^ ]*\) .*/\1/p') ;;
	subsystem:*) verbs=$(_nvmftcli_sessions 's/^subsys=\([^ ]*\) .*/\1/p') ;;
	terminate:*) verbs=$(_nvmftcli_sessions 's/^subsys=\([^ ]*\) cntlid=\([0-9]*\) .*/\1\/\2/p') ;;
	*:-*) verbs="--json --help" ;;
	save:* | restore:* | check:* | export:*)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	unexport:*) verbs=$(_nvmftcli_exports) ;;
	/*:*) verbs="ls create delete set get enable disable status grpid resize" ;;
	*) return ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$cur")
	__ltrim_colon_completions "$cur"
}

complete -F _nvmftcli nvmftcli
