# SPDX-License-Identifier: GPL-2.0
"""The running configuration."""

import errno

from .errors import Refused
from .fs import Tree
from .model import (Attrs, Config, Host, Namespace, Port, Referral, Subsystem, group_path,
                    host_path, ns_path, port_path, referral_path, subsys_path)

ATTEMPTS = 5


def attrs_of(tree: Tree, path: str) -> Attrs:
    """Everything that can be set, but for enable."""
    return {name: tree.read(f"{path}/{name}" if path else name)
            for name in tree.attributes(path) if name != "enable"}


def enabled(tree: Tree, path: str) -> bool:
    """A namespace or a referral is enabled."""
    return tree.exists(f"{path}/enable") and tree.read(f"{path}/enable") == "1"


def linked(tree: Tree, path: str) -> list[str]:
    """What the links of a folder lead to, whatever they are called."""
    return sorted(tree.target(f"{path}/{name}") for name in tree.names(path))


def numbers(tree: Tree, path: str) -> list[int]:
    """Names of folders that are numbers."""
    return sorted(int(name) for name in tree.names(path) if name.isdigit())


def read_namespace(tree: Tree, nqn: str, nsid: int) -> Namespace:
    """One namespace."""
    path = ns_path(nqn, nsid)
    return Namespace(attrs_of(tree, path), enabled(tree, path),
                     linked(tree, f"{path}/allowed_hosts"))


def read_subsystem(tree: Tree, nqn: str) -> Subsystem:
    """One subsystem with its namespaces."""
    path = subsys_path(nqn)
    found = Subsystem(attrs_of(tree, path), {}, linked(tree, f"{path}/allowed_hosts"))
    for nsid in numbers(tree, f"{path}/namespaces"):
        found.namespaces[nsid] = read_namespace(tree, nqn, nsid)
    return found


def read_port(tree: Tree, number: int) -> Port:
    """One port with what it exports."""
    path = port_path(number)
    port = Port(attrs_of(tree, path), {}, {}, linked(tree, f"{path}/subsystems"))
    for group in numbers(tree, f"{path}/ana_groups"):
        port.groups[group] = attrs_of(tree, group_path(number, group))
    for name in tree.names(f"{path}/referrals"):
        where = referral_path(number, name)
        port.referrals[name] = Referral(attrs_of(tree, where), enabled(tree, where))
    return port


def read_once(tree: Tree) -> Config:
    """Everything."""
    config = Config(attrs_of(tree, ""))
    for nqn in tree.names("hosts"):
        config.hosts[nqn] = Host(attrs_of(tree, host_path(nqn)))
    for nqn in tree.names("subsystems"):
        config.subsystems[nqn] = read_subsystem(tree, nqn)
    for number in numbers(tree, "ports"):
        config.ports[number] = read_port(tree, number)
    return config


def read_config(tree: Tree) -> Config:
    """Everything; what someone else removes meanwhile is looked at again."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return read_once(tree)
        except Refused as why:
            if why.errno != errno.ENOENT or attempt == ATTEMPTS:
                raise
    raise AssertionError("not reached")
