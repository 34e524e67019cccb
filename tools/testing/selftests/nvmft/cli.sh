#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The unit tests of nvmftcli, against a tree and a machine in memory.
cd "$(dirname "$0")" || exit 1
. ./ktap.sh

if ! [ -d ../../../../scripts/nvmftlib ] && ! [ -d nvmftlib ]; then
	ktap_print_header
	ktap_skip_all "nvmftcli is not beside the tests"
	exit $KSFT_SKIP
fi
export PYTHONDONTWRITEBYTECODE=1
exec /usr/bin/python3 cli/run.py "$@"
