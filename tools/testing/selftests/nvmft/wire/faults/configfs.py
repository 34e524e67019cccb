# SPDX-License-Identifier: GPL-2.0
"""Every allocation of every step of configuring a target fails in turn: the step then fails with
ENOMEM and has changed nothing, or does without; and the next attempt succeeds."""

import os

from nvmetcp import inject
from nvmetcp.conn import Skip, check, during
from nvmetcp.ktap import case, rows
from nvmetcp.target import ROOT, Disk, get, put

NQN = "nqn.2014-08.org.nvmexpress:wire:faults"
HOST = f"{ROOT}/hosts/{NQN}:host"
SUBSYS = f"{ROOT}/subsystems/{NQN}"
PORT = f"{ROOT}/ports/77"
NS = f"{SUBSYS}/namespaces/1"
SVC = 4477


def write(path, value):
    """One write(2), whose OSError is the caller's."""
    with open(path, "wb", buffering=0) as attr:
        attr.write(f"{value}\n".encode())


def there_and_back(what, forth, back, there):
    """Both ways with each allocation failing in turn. In the end it is as at the beginning."""
    inject.need()

    def look(error, wanted, undo):
        check(there() == (wanted == (error is None)),
              f"{what}: {error or 'success'}, and it is {'' if there() else 'not '}there")
        if there() == wanted:
            undo()

    with during(what):
        count = inject.each(forth, lambda error: look(error, True, back))
        check(count, "not one allocation was seen to fail")
    forth()
    with during(f"{what}, undone"):
        inject.each(back, lambda error: look(error, False, forth))
    back()


def there_and_back_folder(path):
    """A folder is made and removed."""
    there_and_back(path, lambda: os.mkdir(path), lambda: os.rmdir(path),
                   lambda: os.path.isdir(path))


def make(env, path):
    """A folder for the rest of the case."""
    os.mkdir(path)
    env.defer(lambda: os.rmdir(path))


def make_port(env):
    """A port that could be enabled."""
    make(env, PORT)
    for attr, value in (("trtype", "tcp"), ("adrfam", "ipv4"), ("traddr", "127.0.0.1"),
                        ("trsvcid", SVC)):
        put(f"{PORT}/addr_{attr}", value)


def write_all(folder):
    """Write to each attribute what it has, each allocation failing in turn."""
    count = 0
    for name in sorted(os.listdir(folder)):
        path = f"{folder}/{name}"
        if os.path.isdir(path) or not os.access(path, os.R_OK | os.W_OK):
            continue
        try:
            value = get(path)
            write(path, value)
        except OSError:
            continue            # read only, or it refuses its own default
        with during(name):
            inject.each(lambda path=path, value=value: write(path, value))
            inject.each(lambda path=path: get(path))
            check(get(path) == value, f"reads {get(path)}, {value} was written")
        count += 1
    return count


@case(timeout=300)
def host_folder(_env):
    """hosts/NQN."""
    there_and_back_folder(HOST)


@case(timeout=600)
def subsystem_folder(_env):
    """subsystems/NQN, with the folders below it."""
    there_and_back_folder(SUBSYS)


@case(timeout=600)
def port_folder(_env):
    """ports/N, with the folders below it."""
    there_and_back_folder(PORT)


@case(timeout=300)
def namespace_folder(env):
    """namespaces/N."""
    inject.need()
    make(env, SUBSYS)
    there_and_back_folder(NS)


@rows([("referral", "referrals/other"), ("ana_group", "ana_groups/2")], timeout=300)
def folder_of_port(env, name):
    """A folder below a port."""
    inject.need()
    make(env, PORT)
    there_and_back_folder(f"{PORT}/{name}")


@case(timeout=600)
def attributes(env):
    """Writing and reading what an attribute has."""
    inject.need()
    make(env, SUBSYS)
    make(env, NS)
    make_port(env)
    make(env, f"{PORT}/referrals/other")
    for folder, least in ((SUBSYS, 5), (NS, 4), (PORT, 6), (f"{PORT}/referrals/other", 2),
                          (f"{PORT}/ana_groups/1", 1)):
        count = write_all(folder)
        check(count >= least, f"{folder}: only {count} attributes can be written")


@case(timeout=300)
def allowed_host(env):
    """The link that lets a host in."""
    inject.need()
    make(env, SUBSYS)
    make(env, HOST)
    link = f"{SUBSYS}/allowed_hosts/{os.path.basename(HOST)}"
    there_and_back("link", lambda: os.symlink(HOST, link), lambda: os.unlink(link),
                   lambda: os.path.islink(link))


@case(timeout=300)
def export(env):
    """The link that exports a subsystem, with which the port begins to listen."""
    inject.need()
    make(env, SUBSYS)
    make_port(env)
    link = f"{PORT}/subsystems/{NQN}"
    there_and_back("link", lambda: os.symlink(SUBSYS, link), lambda: os.unlink(link),
                   lambda: os.path.islink(link))


@case(timeout=300)
def referral(env):
    """Switching a referral on and off."""
    inject.need()
    make_port(env)
    path = f"{PORT}/referrals/other"
    make(env, path)
    for attr, value in (("trtype", "tcp"), ("adrfam", "ipv4"), ("traddr", "127.0.0.2"),
                        ("trsvcid", SVC)):
        put(f"{path}/addr_{attr}", value)
    there_and_back("enable", lambda: write(f"{path}/enable", 1),
                   lambda: write(f"{path}/enable", 0), lambda: get(f"{path}/enable") == "1")


def backing_file(env):
    """A file that can be exported."""
    path = "/tmp/nvmft-faults.img"
    with open(path, "wb") as file:
        file.truncate(16 << 20)
    env.defer(lambda: os.unlink(path))
    return path


@rows([("block_device", 512, {}), ("smaller_blocks", 4096, {"block_size": 512}),
       ("buffered_device", 512, {"buffered_io": 1}), ("file", None, {"buffered_io": 1})],
      timeout=300)
def namespace(env, block, settings):
    """Enabling and disabling a namespace on each kind of backing."""
    inject.need()
    if block:
        disk = Disk("faults0", 16, block)
        env.defer(disk.remove)
        path = disk.path
    else:
        path = backing_file(env)
    make(env, SUBSYS)
    make(env, NS)
    put(f"{NS}/device_path", path)
    for attr, value in settings.items():
        put(f"{NS}/{attr}", value)
    there_and_back("enable", lambda: write(f"{NS}/enable", 1), lambda: write(f"{NS}/enable", 0),
                   lambda: get(f"{NS}/enable") == "1")


@case(timeout=300)
def revalidate(env):
    """Asking for the size again."""
    inject.need()
    path = env.target.ns(1, "revalidate_size")
    if not os.path.exists(path):
        raise Skip(f"no {path}")
    inject.each(lambda: write(path, 1))
