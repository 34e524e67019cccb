#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Style of everything in the tree: licence tags, whitespace, and what shellcheck,
# pyflakes, kernel-doc, docutils and checkpatch say. Prints KTAP. With
# --self-test each check is shown a violation in a scratch tree.
#
# checkpatch and kernel-doc are those of the newest kernel (scripts/kernel tree), or
# NVMFT_CHECKPATCH names another. A tool that is not there is a counted skip.
set -uo pipefail
shopt -s lastpipe # point counts in this shell, at the end of a pipe

SELF=$(readlink -f "$0")
cd "$(dirname "$SELF")/.." || exit 1
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

POINTS=0
FAILED=0
SPDX='SPDX-License-Identifier: GPL-2.0'
TAG=${SPDX//./\\.}

# Written by checkpatch for kernel patches. Not asked for here:
CHECKPATCH_IGNORE=(
	BIT_MACRO		# proto/ also builds in user space
	UNCOMMENTED_DEFINITION	# locks are explained in the struct's kernel-doc
	CONSTANT_COMPARISON	# takes LINUX_VERSION_CODE < KERNEL_VERSION(...) for one
	LINUX_VERSION_CODE	# check-layers.py knows where it may stand
	UNNECESSARY_PARENTHESES	# around comparisons; gcc asks for some of them
	MACRO_ARG_REUSE		# what declares things uses a name more than once
	MACRO_ARG_PRECEDENCE	# a member's name cannot stand in parentheses
	COMPLEX_MACRO		# what declares things; configfs's own are like that
	FILE_PATH_CHANGES	# about patches
)

# point NAME: takes findings on stdin; none is a pass.
point() {
	local findings

	findings=$(head -n 60)
	POINTS=$((POINTS + 1))
	if [ -z "$findings" ]; then
		echo "ok $POINTS style: $1"
	else
		FAILED=$((FAILED + 1))
		printf '%s\n' "$findings" | sed 's/^/# /'
		echo "not ok $POINTS style: $1"
	fi
}

# skip NAME REASON
skip() {
	POINTS=$((POINTS + 1))
	echo "ok $POINTS style: $1 # SKIP $2"
}

# Everything that is or will be committed; without git (a tarball) all but what
# builds leave behind.
list_files() {
	if git -c safe.directory='*' rev-parse --git-dir >/dev/null 2>&1; then
		git -c safe.directory='*' ls-files -co --exclude-standard |
			while IFS= read -r file; do
				if [ -e "$file" ]; then echo "$file"; fi
			done
	else
		find . -type f -not -path '*/.*.cmd' -not -name '*.o' -not -name '*.ko' \
			-not -name '*.mod' -not -name '*.mod.c' -not -name '*.pyc' \
			-not -path '*/build/*' -not -name '*.symvers' \
			-not -name modules.order -printf '%P\n'
	fi | sort
}

# Text files without the licences, which are what they are.
list_text() {
	grep -v '^LICENSES/' "$WORK/all" | while IFS= read -r file; do
		if [ -s "$file" ] && grep -qI . "$file"; then echo "$file"; fi
	done
}

first_line_is() {
	head -n 1 "$1" | grep -qE "$2"
}

is_shell() {
	case $1 in
	*.sh) return 0 ;;
	*) first_line_is "$1" '^#!.*\b(ba|da)?sh\b' ||
		sed -n 1,4p "$1" | grep -q '^# shellcheck shell=' ;;
	esac
}

is_python() {
	case $1 in
	*.py) return 0 ;;
	*) first_line_is "$1" '^#!.*\bpython3?\b' ;;
	esac
}

# What tells the licence, on the first line that can (a #! goes before it).
point_spdx() {
	local file want line

	while IFS= read -r file; do
		case $file in
		*.c) want="^// $TAG$" ;;
		*.h | *.lds | *.S) want="^/\* $TAG( WITH Linux-syscall-note)? \*/$" ;;
		*.rst) want="^\.\. $TAG$" ;;
		*.md | *.svg) want="^<!-- $TAG -->$" ;;
		*.out) continue ;; # what a program is expected to print
		# forms in which nothing may stand before what they begin with
		debian/changelog | debian/copyright | debian/source/format) continue ;;
		Documentation/man/*) want="^\.\\\\\" $TAG$" ;;
		Documentation/ABI/*) want="$TAG" ;;
		*) want="^# $TAG$" ;;
		esac
		line=$(head -n 1 "$file")
		if [ "${line#\#!}" != "$line" ]; then line=$(sed -n 2p "$file"); fi
		if ! printf '%s\n' "$line" | grep -qE "$want"; then
			echo "$file: first line is not: ${want//[\\^$]/}"
		fi
	done <"$WORK/text" | point "every file begins with its licence"
}

point_whitespace() {
	local file

	while IFS= read -r file; do
		case $file in *.out) continue ;; esac
		grep -nHE '[[:blank:]]+$' "$file"
		grep -nHF $'\r' "$file"
		if [ -n "$(tail -c 1 "$file")" ]; then echo "$file: no newline at its end"; fi
		if [ -z "$(tail -n 1 "$file" | tr -d '[:space:]')" ]; then
			echo "$file: ends in an empty line"
		fi
	done <"$WORK/text" | point "no blanks at the end of a line or file"
}

# Code is indented with tabs; a space before a tab, or eight for one, is seen in
# no editor. Comments hang on " *".
point_tabs() {
	local file

	while IFS= read -r file; do
		case $file in
		*.[ch] | */Kbuild) grep -nHP '^ +(?! ?\*)\S|^\t* {8}| +\t' "$file" ;;
		esac
	done <"$WORK/text" | point "C is indented with tabs"
}

point_leftovers() {
	local file

	while IFS= read -r file; do
		grep -nHP '(?<![.\w])(TO''DO|FIX''ME|XX''X|HA''CK)\b' "$file"
	done <"$WORK/text" | point "nothing is left to be done later"
}

point_executable() {
	local file

	while IFS= read -r file; do
		if first_line_is "$file" '^#!'; then
			if [ ! -x "$file" ]; then echo "$file: begins with #! but is not executable"; fi
		elif [ -x "$file" ]; then
			echo "$file: executable without a #! line"
		fi
	done <"$WORK/text" | point "scripts are executable, and nothing else is"
}

point_shellcheck() {
	local name="shellcheck has nothing to say" file
	local -a files=()

	if ! command -v shellcheck >/dev/null; then
		skip "$name" "shellcheck is not installed"
		return
	fi
	while IFS= read -r file; do
		if is_shell "$file"; then files+=("$file"); fi
	done <"$WORK/text"
	shellcheck -x -f gcc "${files[@]}" 2>&1 | point "$name"
}

list_python() {
	local file

	while IFS= read -r file; do
		if is_python "$file"; then echo "$file"; fi
	done <"$WORK/text"
}

point_python() {
	list_python | PYTHONPYCACHEPREFIX=$WORK/pyc xargs -r python3 -m py_compile 2>&1 |
		point "python compiles"
}

point_pyflakes() {
	local name="pyflakes has nothing to say"

	if command -v pyflakes3 >/dev/null; then
		list_python | xargs -r pyflakes3 2>&1 | point "$name"
	else
		skip "$name" "pyflakes3 is not installed"
	fi
}

# nvmftcli and its tests are typed and formatted throughout.
NVMFTCLI="scripts/nvmftcli scripts/nvmftlib"
NVMFTCLI_TESTS=tools/testing/selftests/nvmft/cli

point_flake8() {
	local name="flake8 has nothing to say of nvmftcli"

	if ! command -v flake8 >/dev/null; then
		skip "$name" "flake8 is not installed"
		return
	fi
	# shellcheck disable=SC2086 # a list of files
	existing $NVMFTCLI $NVMFTCLI_TESTS |
		xargs -r flake8 --isolated --max-line-length 100 2>&1 | point "$name"
}

point_mypy() {
	local name="mypy has nothing to say of nvmftcli"

	if ! command -v mypy >/dev/null; then
		skip "$name" "mypy is not installed"
		return
	fi
	# shellcheck disable=SC2086 # a list of files
	{
		existing $NVMFTCLI | run_mypy --strict
		existing $NVMFTCLI_TESTS | run_mypy --allow-untyped-calls
	} | point "$name"
}

# Those of a list of paths that are there.
existing() {
	local path

	for path; do
		if [ -e "$path" ]; then echo "$path"; fi
	done
}

run_mypy() {
	MYPYPATH=scripts xargs -r mypy --cache-dir="$WORK/mypy" --config-file= \
		--no-error-summary "$@" 2>&1
}

# kernel_tree: sources of the newest kernel, whose tools are taken.
kernel_tree() {
	local top

	top=$(dirname "$(dirname "$SELF")")
	"$top/scripts/kernel" tree "$("$top/scripts/kernel" list | tail -n 1)"
}

point_kernel_doc() {
	local name="kernel-doc comments are whole" tool
	local -a files

	tool=$(kernel_tree)/tools/docs/kernel-doc
	mapfile -t files < <(grep -E '^drivers/.*\.[ch]$' "$WORK/text" |
		xargs -r grep -lE '^/\*\*$')
	if [ ! -e "$tool" ]; then
		skip "$name" "linux-source is not to be had"
	elif [ ${#files[@]} -eq 0 ]; then
		point "$name" <<<"drivers/: no kernel-doc at all"
	else
		PYTHONDONTWRITEBYTECODE=1 python3 "$tool" -none -Werror "${files[@]}" 2>&1 | point "$name"
	fi
}

point_checkpatch() {
	local name="checkpatch has nothing to say of the driver" tool ignore
	local -a files traces how=(--no-tree --strict --terse --show-types --no-summary --quiet)

	tool=${NVMFT_CHECKPATCH:-$(kernel_tree)/scripts/checkpatch.pl}
	mapfile -t files < <(grep -E '^drivers/.*\.[ch]$' "$WORK/text")
	if [ ! -e "$tool" ]; then
		skip "$name" "linux-source is not to be had"
		return
	fi
	ignore=$(IFS=,; echo "${CHECKPATCH_IGNORE[*]}")
	# TRACE_EVENT() has a layout of its own everywhere.
	mapfile -t traces < <(printf '%s\n' "${files[@]}" | grep '/trace\.h$')
	mapfile -t files < <(printf '%s\n' "${files[@]}" | grep -v '/trace\.h$')
	{
		perl "$tool" "${how[@]}" --ignore "$ignore" -f "${files[@]}"
		[ ${#traces[@]} -eq 0 ] ||
			perl "$tool" "${how[@]}" -f "${traces[@]}" \
				--ignore "$ignore,OPEN_ENDED_LINE,PARENTHESIS_ALIGNMENT"
	} 2>&1 | point "$name"
}

point_rst() {
	local name="documentation parses and names what exists"

	if python3 -c 'import docutils' 2>/dev/null; then
		"$(dirname "$SELF")/check-rst.py" . 2>&1 | point "$name"
	else
		skip "$name" "python3-docutils is not installed"
	fi
}

ALL=(point_spdx point_whitespace point_tabs point_leftovers point_executable
	point_shellcheck point_python point_pyflakes point_flake8 point_mypy point_kernel_doc point_rst
	point_checkpatch)

# run POINT...: these checks of the tree in the working folder.
run() {
	local each

	list_files >"$WORK/all"
	list_text >"$WORK/text"
	for each in "$@"; do "$each"; done
}

# plant PATH TEXT [MODE]: go to a tree without fault but for this file.
plant() {
	rm -rf "$WORK/tree"
	mkdir -p "$WORK/tree"/{drivers,scripts,Documentation}
	cd "$WORK/tree" || exit 1
	printf '%s\n' "// $SPDX" '/**' ' * f() - nothing' ' */' 'void f(void)' '{' '}' \
		>drivers/clean.c
	printf '%s\n' ".. $SPDX" '' 'Text.' >Documentation/index.rst
	printf '%s\n' '#!/bin/sh' "# $SPDX" true >scripts/clean
	printf '%s\n' "# $SPDX" pass >scripts/clean.py
	chmod +x scripts/clean
	printf '%b' "$2" >"$1"
	chmod "${3:-644}" "$1"
}

# expect POINT PATH TEXT [MODE]: this check finds that file.
expect() {
	local check=$1 path=$2 name

	(shift; plant "$@"; run "$check") >"$WORK/out"
	name=$(sed -n 's/^.*ok [0-9]* style: //p' "$WORK/out" | tail -n 1)
	if [ "${name#* # SKIP }" != "$name" ]; then
		skip "self-test: ${name% # SKIP *}: $path" "${name#* # SKIP }"
	elif grep -q "^# .*$path" "$WORK/out" && grep -q '^not ok' "$WORK/out"; then
		point "self-test: $name: $path" </dev/null
	else
		point "self-test: $name: $path" <<<"not found: ${3//$'\n'/ }"
	fi
}

self_test() {
	local c="// $SPDX\n" sh="# $SPDX\n" rst=".. $SPDX\n\n"

	(plant drivers/fine.h "/* $SPDX */\n"; run "${ALL[@]}") |
		grep -B 60 '^not ok' | point "self-test: nothing wrong"

	expect point_spdx drivers/a.c "int x;\n"
	expect point_spdx drivers/a.c "\n$c"
	expect point_spdx drivers/a.h "$c"
	expect point_spdx scripts/a "#!/bin/sh\ntrue\n" 755
	expect point_spdx scripts/a "#!/bin/sh\n\n$sh" 755
	expect point_whitespace scripts/a "${sh}x \n"
	expect point_whitespace scripts/a "${sh}x\t\n"
	expect point_whitespace scripts/a "${sh}x\r\n"
	expect point_whitespace scripts/a "${sh}x"
	expect point_whitespace scripts/a "${sh}x\n\n"
	expect point_tabs drivers/a.c "$c    int x;\n"
	expect point_tabs drivers/a.c "$c\t        int x;\n"
	expect point_tabs drivers/Kbuild "$sh\ta \tb\n"
	expect point_leftovers scripts/a "${sh}x TO""DO: y\n"
	expect point_leftovers scripts/a "${sh}x FIX""ME\n"
	expect point_leftovers scripts/a "${sh}x XX""X\n"
	expect point_executable scripts/a "#!/bin/true\n$sh"
	expect point_executable scripts/a "$sh" 755
	expect point_shellcheck scripts/a "#!/bin/sh\n${sh}echo \$1\n" 755
	expect point_shellcheck scripts/b.sh "$sh# shellcheck shell=sh\necho \$1\n"
	expect point_python scripts/a "#!/usr/bin/python3\n${sh}def\n" 755
	expect point_pyflakes scripts/a.py "${sh}import os\n"
	expect point_flake8 scripts/nvmftcli "#!/usr/bin/python3\n${sh}x=1\n" 755
	expect point_mypy scripts/nvmftcli "#!/usr/bin/python3\n${sh}x: str = 1\n" 755
	expect point_kernel_doc drivers/a.c "$c/**\n * g() - nothing\n */\nvoid g(int a)\n{\n}\n"
	expect point_rst Documentation/index.rst "${rst}Chapters\n====\n\nText.\n"
	expect point_rst Documentation/index.rst "$rst.. toctree::\n\n   none\n"
	expect point_rst Documentation/a.rst "${rst}In no toctree.\n"
	expect point_rst Documentation/index.rst "$rst.. kernel-doc:: drivers/none.h\n"
	expect point_rst Documentation/index.rst \
		"$rst.. kernel-doc:: drivers/clean.c\n   :identifiers: g\n"
	expect point_rst Documentation/index.rst "$rst.. kernel-abi:: none\n"
	expect point_rst Documentation/index.rst "${rst}See \`\`drivers/none.c\`\`.\n"
	expect point_rst Documentation/index.rst "${rst}See \`\`nvmft_none()\`\`.\n"
	expect point_rst README.md "<!-- $SPDX -->\nSee \`drivers/none.c\`.\n"
	expect point_rst MAINTAINERS "${sh}F:\tdrivers/none/\n"
	expect point_checkpatch drivers/a.c "$c\nint f(int a){return a;}\n"
}

case ${1:-} in
'') run "${ALL[@]}" >"$WORK/ktap" ;;
--self-test) self_test >"$WORK/ktap" ;;
*)
	sed -n '3,/^set/{/^set/d;s/^# \{0,1\}//p}' "$SELF" >&2
	exit 2 ;;
esac

echo "KTAP version 1"
echo "1..$POINTS"
cat "$WORK/ktap"
[ "$FAILED" -eq 0 ]
