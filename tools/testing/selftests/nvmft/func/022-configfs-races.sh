#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Folders and links that are made and removed by several processes at once: what
# configfs allows at any moment must be safe, whatever it returns. In a loop of
# rmdir and ln on the same folder configfs itself takes a reference on what has
# been freed, unless the target keeps it.
. "$(dirname "$0")/../lib.sh"

# loops SECONDS COMMAND...: each COMMAND again and again in a process of its own,
# in which mk, rd, lk, un and wr are mkdir, rmdir, symlink, unlink and a write
# below the root that may fail.
loops() {
	NVMFT_ROOT=$NVMFT_ROOT SECONDS_EACH=$1 expect_ok "loops" \
		python3 -c '
import os, sys, time
os.chdir(os.environ["NVMFT_ROOT"])
end = time.monotonic() + int(os.environ["SECONDS_EACH"])

def may_fail(call):
    def wrapped(*args):
        try:
            call(*args)
        except OSError:
            pass
    return wrapped

@may_fail
def wr(path, value):
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, value.encode())
    finally:
        os.close(fd)

names = dict(mk=may_fail(os.mkdir), rd=may_fail(os.rmdir), un=may_fail(os.unlink),
             lk=may_fail(os.symlink), wr=wr)
pids = []
for source in sys.argv[1:]:
    pid = os.fork()
    if not pid:
        code = compile(source, "loop", "exec")
        while time.monotonic() < end:
            exec(code, names)
        os._exit(0)
    pids.append(pid)
sys.exit(any(os.waitpid(pid, 0)[1] for pid in pids))
' "${@:2}"
	target_clear
	expect_ok "nothing left" target_is_empty
}

host_removed_while_it_is_linked() {
	mkdir "$NVMFT_ROOT/subsystems/s"
	loops 5 'mk("hosts/h"); rd("hosts/h")' \
		'lk("hosts/h", "subsystems/s/allowed_hosts/a"); un("subsystems/s/allowed_hosts/a")' \
		'lk("hosts/h", "subsystems/s/allowed_hosts/b"); un("subsystems/s/allowed_hosts/b")'
}

subsystem_removed_while_it_is_linked() {
	port_add 1
	port_add 2 127.0.0.1 ipv4 4421
	loops 5 'mk("subsystems/s"); rd("subsystems/s")' \
		'lk("subsystems/s", "ports/1/subsystems/s"); un("ports/1/subsystems/s")' \
		'lk("subsystems/s", "ports/2/subsystems/s"); un("ports/2/subsystems/s")'
}

folder_of_links_removed() {
	mkdir "$NVMFT_ROOT/hosts/h" "$NVMFT_ROOT/subsystems/stays"
	loops 5 'mk("subsystems/s"); rd("subsystems/s")' \
		'lk("hosts/h", "subsystems/s/allowed_hosts/h"); un("subsystems/s/allowed_hosts/h")' \
		'mk("ports/1"); wr("ports/1/addr_trtype", "tcp"); rd("ports/1")' \
		'lk("subsystems/stays", "ports/1/subsystems/s"); un("ports/1/subsystems/s")'
}

attributes_of_what_is_being_removed() {
	nullb_add nulla 64
	loops 5 'mk("subsystems/s"); mk("subsystems/s/namespaces/1"); rd("subsystems/s/namespaces/1"); rd("subsystems/s")' \
		'wr("subsystems/s/namespaces/1/device_path", "/dev/nulla"); wr("subsystems/s/namespaces/1/enable", "1")' \
		'wr("subsystems/s/namespaces/1/enable", "0"); wr("subsystems/s/namespaces/1/revalidate_size", "1")' \
		'wr("subsystems/s/attr_serial", "x"); wr("subsystems/s/attr_qid_max", "3"); wr("discovery_nqn", "s"); wr("discovery_nqn", "d")' \
		'mk("ports/1"); mk("ports/1/ana_groups/2"); rd("ports/1/ana_groups/2"); rd("ports/1")' \
		'wr("ports/1/ana_groups/1/ana_state", "change"); wr("ports/1/ana_groups/2/ana_state", "optimized")'
	put "$NVMFT_ROOT/discovery_nqn" "$DISCOVERY_NQN" 2>/dev/null || is_nvmet
}

run_cases host_removed_while_it_is_linked subsystem_removed_while_it_is_linked \
	folder_of_links_removed attributes_of_what_is_being_removed
