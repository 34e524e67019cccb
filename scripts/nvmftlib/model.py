# SPDX-License-Identifier: GPL-2.0
"""A configuration: what there is and which values it has, running or in a file.

Attributes are kept by the name of their file ("attr_serial"), as strings. One
that is not in the dictionary is not spoken of: it has the kernel's default in a
new object, and keeps its value in one that is there.
"""

from dataclasses import dataclass, field

Attrs = dict[str, str]

NSID_MAX = 1024
PORT_MAX = 65535
GROUP_MAX = 128
NQN_MAX = 223


@dataclass
class Host:
    """hosts/<nqn>"""

    attrs: Attrs = field(default_factory=dict)


@dataclass
class Namespace:
    """subsystems/<nqn>/namespaces/<nsid>; with allowed_hosts no other host sees it."""

    attrs: Attrs = field(default_factory=dict)
    enable: bool = False
    allowed_hosts: list[str] = field(default_factory=list)

    def may_stand_by(self) -> bool:
        """It is shown without its device while no port gives access to its ANA group."""
        return self.attrs.get("device_size", "0") not in ("", "0")


@dataclass
class Subsystem:
    """subsystems/<nqn>"""

    attrs: Attrs = field(default_factory=dict)
    namespaces: dict[int, Namespace] = field(default_factory=dict)
    allowed_hosts: list[str] = field(default_factory=list)


@dataclass
class Referral:
    """ports/<id>/referrals/<name>"""

    attrs: Attrs = field(default_factory=dict)
    enable: bool = False


@dataclass
class Port:
    """ports/<id>"""

    attrs: Attrs = field(default_factory=dict)
    groups: dict[int, Attrs] = field(default_factory=dict)
    referrals: dict[str, Referral] = field(default_factory=dict)
    subsystems: list[str] = field(default_factory=list)


@dataclass
class Config:
    """The whole of it; @attrs are those of the root."""

    attrs: Attrs = field(default_factory=dict)
    hosts: dict[str, Host] = field(default_factory=dict)
    subsystems: dict[str, Subsystem] = field(default_factory=dict)
    ports: dict[int, Port] = field(default_factory=dict)

    def ports_of(self, nqn: str) -> list[int]:
        """Where a subsystem is exported."""
        return sorted(number for number, port in self.ports.items() if nqn in port.subsystems)

    def hosts_let_in(self) -> set[str]:
        """Those that a subsystem or a namespace names."""
        found: set[str] = set()
        for subsys in self.subsystems.values():
            found.update(subsys.allowed_hosts)
            for ns in subsys.namespaces.values():
                found.update(ns.allowed_hosts)
        return found

    def empty(self) -> bool:
        """There is nothing that anyone has made."""
        return not (self.hosts or self.subsystems or self.ports)


def bad_name(name: str) -> str:
    """Why a folder of the tree cannot be called that: it would lead elsewhere; or nothing."""
    if name in ("", ".", "..") or "/" in name or any(ord(c) < 32 or ord(c) == 127 for c in name):
        return f"not a name: {name!r}"
    if len(name.encode("utf-8", "surrogateescape")) > NQN_MAX:
        return f"longer than {NQN_MAX} bytes"
    return ""


def host_path(nqn: str) -> str:
    """Where the tree has a host."""
    return f"hosts/{nqn}"


def subsys_path(nqn: str) -> str:
    """Where the tree has a subsystem."""
    return f"subsystems/{nqn}"


def ns_path(nqn: str, nsid: int) -> str:
    """Where the tree has a namespace."""
    return f"subsystems/{nqn}/namespaces/{nsid}"


def allowed_path(path: str, host: str) -> str:
    """The link that lets a host into the subsystem, or shows it the namespace, at @path."""
    return f"{path}/allowed_hosts/{host}"


def port_path(port: int) -> str:
    """Where the tree has a port."""
    return f"ports/{port}"


def export_path(port: int, nqn: str) -> str:
    """The link that exports a subsystem by a port."""
    return f"ports/{port}/subsystems/{nqn}"


def referral_path(port: int, name: str) -> str:
    """Where the tree has a referral."""
    return f"ports/{port}/referrals/{name}"


def group_path(port: int, group: int) -> str:
    """Where the tree has a port's ANA group."""
    return f"ports/{port}/ana_groups/{group}"
