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

_nvmftcli() {
	local cur prev words cword word verb=''
	local verbs="save restore clear check export unexport show ls"

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
	--config) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	--addr | --host | --nqn | --port | --wait) return ;;
	esac
	case $verb:$cur in
	:-*) verbs="--json --config --version --help" ;;
	:/*) _nvmftcli_path; return ;;
	:*) ;;
	restore:-*) verbs="--wait --keep --dry-run --if-exists --json --help" ;;
	export:-*) verbs="--nqn --host --addr --port --as-is --force --no-save --json --help" ;;
	unexport:-*) verbs="--no-save --json --help" ;;
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
