# SPDX-License-Identifier: GPL-2.0
"""The JSON form of a configuration, which is nvmetcli's.

An attribute "group_name" of an object stands as {"group": {"name": value}}, its
value a string. enable, nsid, portid, grpid and ana_grpid are numbers. Groups that
the reader's kernel does not know, and those that are not there, do no harm.
"""

import json
from typing import Any, Callable, TypeVar

from .errors import BadConfig
from .model import (GROUP_MAX, NSID_MAX, PORT_MAX, Attrs, Config, Host, Namespace, Port, Referral,
                    Subsystem, bad_name)

T = TypeVar("T")
# Groups that nvmetcli always writes, also where they are empty.
ALWAYS = {"host": ("dhchap",), "namespace": ("device", "ana", "resv"), "root": ("discovery",)}
OFF = ("", "0", "(null)", "none")


class Reader:
    """Takes a JSON document apart; errors name the place in it."""

    def __init__(self, where: str, data: Any) -> None:
        self.where = where
        if not isinstance(data, dict):
            raise BadConfig(f"{where or 'the file'}: not an object")
        self.data: dict[str, Any] = data

    def bad(self, key: str, why: str) -> BadConfig:
        """The error about one key."""
        return BadConfig(f"{self.where}{'.' if self.where else ''}{key}: {why}")

    def items(self, key: str) -> list["Reader"]:
        """The objects of a list; none if it is not there."""
        found = [] if self.data.get(key) is None else self.data[key]
        if not isinstance(found, list):
            raise self.bad(key, "not a list")
        prefix = f"{self.where}.{key}" if self.where else key
        return [Reader(f"{prefix}[{number}]", item) for number, item in enumerate(found)]

    def number(self, key: str, low: int, high: int, default: int | None = None) -> int:
        """A number in a range."""
        value = self.data.get(key, default)
        try:
            number = int(value if value is not None else "")
        except (TypeError, ValueError):
            why = "missing" if value is None else f"not a number: {value!r}"
            raise self.bad(key, why) from None
        if not low <= number <= high:
            raise self.bad(key, f"{number} is not in {low}..{high}")
        return number

    def name(self, key: str) -> str:
        """A folder's name."""
        return self.check_name(key, self.data.get(key))

    def check_name(self, key: str, value: Any) -> str:
        """Nothing that would lead out of the folder it names."""
        if not isinstance(value, str):
            raise self.bad(key, "missing" if value is None else f"not a name: {value!r}")
        if bad_name(value):
            raise self.bad(key, bad_name(value))
        return value

    def names(self, key: str) -> list[str]:
        """A list of folder names without repetitions."""
        found = [] if self.data.get(key) is None else self.data[key]
        if not isinstance(found, list):
            raise self.bad(key, "not a list")
        return list(dict.fromkeys(self.check_name(key, value) for value in found))

    def attrs(self) -> Attrs:
        """All groups, flat."""
        found: Attrs = {}
        for group, values in sorted(self.data.items()):
            if isinstance(values, dict):
                for name, value in values.items():
                    found[f"{group}_{name}"] = self.value(f"{group}.{name}", name, value)
        return found

    def value(self, key: str, name: str, value: Any) -> str:
        """An attribute's value as it is written to the kernel."""
        if "/" in name or not name.isprintable():
            raise self.bad(key, "not an attribute's name")
        if isinstance(value, bool):
            return str(int(value))
        if isinstance(value, (int, str)):
            text = str(value)
            if "\n" in text or "\0" in text:
                raise self.bad(key, "more than one line")
            return text
        raise self.bad(key, f"not a string: {value!r}")

    def unique(self, into: dict[T, Any], key: str, name: T, item: Any) -> None:
        """Two of one name would overwrite each other."""
        if name in into:
            raise self.bad(key, f"twice: {name}")
        into[name] = item


def parse_host(item: Reader) -> Host:
    """hosts[]"""
    return Host(item.attrs())


def parse_namespace(item: Reader) -> Namespace:
    """subsystems[].namespaces[]"""
    attrs = item.attrs()
    if "ana_grpid" in item.data:
        attrs["ana_grpid"] = str(item.number("ana_grpid", 0, 2**32 - 1))
    return Namespace(attrs, bool(item.number("enable", 0, 1, 0)), item.names("allowed_hosts"))


def parse_subsystem(item: Reader) -> Subsystem:
    """subsystems[]"""
    attrs = item.attrs()
    # nvmet's passthrough of a whole controller, in the file also when unused
    if attrs.get("passthru_enable", "0") in OFF:
        attrs = {name: value for name, value in attrs.items() if not name.startswith("passthru_")}
    subsys = Subsystem(attrs, {}, item.names("allowed_hosts"))
    for each in item.items("namespaces"):
        each.unique(subsys.namespaces, "nsid", each.number("nsid", 1, NSID_MAX),
                    parse_namespace(each))
    return subsys


def parse_port(item: Reader) -> Port:
    """ports[]"""
    port = Port(item.attrs(), {}, {}, item.names("subsystems"))
    for each in item.items("ana_groups"):
        each.unique(port.groups, "grpid", each.number("grpid", 1, GROUP_MAX), each.attrs())
    for each in item.items("referrals"):
        referral = Referral(each.attrs(), bool(each.number("enable", 0, 1, 0)))
        each.unique(port.referrals, "name", each.name("name"), referral)
    return port


def check_hosts(where: str, item: Subsystem | Namespace, config: Config) -> None:
    """Those that it lets in are there."""
    for host in item.allowed_hosts:
        if host not in config.hosts:
            raise BadConfig(f"{where}: allowed_hosts names {host}, which is not among the hosts")


def parse(data: Any) -> Config:
    """A Config from what json.load returned; raises BadConfig."""
    top = Reader("", data)
    config = Config(top.attrs())
    for each in top.items("hosts"):
        each.unique(config.hosts, "nqn", each.name("nqn"), parse_host(each))
    for each in top.items("subsystems"):
        each.unique(config.subsystems, "nqn", each.name("nqn"), parse_subsystem(each))
    for each in top.items("ports"):
        each.unique(config.ports, "portid", each.number("portid", 0, PORT_MAX), parse_port(each))
    for nqn, subsys in config.subsystems.items():
        check_hosts(f"subsystem {nqn}", subsys, config)
        for nsid, ns in subsys.namespaces.items():
            check_hosts(f"namespace {nsid} of {nqn}", ns, config)
    for number, port in config.ports.items():
        for nqn in port.subsystems:
            if nqn not in config.subsystems:
                raise BadConfig(f"port {number}: exports {nqn}, which is not among the subsystems")
    return config


def groups(attrs: Attrs, kind: str = "") -> dict[str, Any]:
    """{"group": {"name": value}}"""
    found: dict[str, Any] = {group: {} for group in ALWAYS.get(kind, ())}
    for name, value in attrs.items():
        group, _, rest = name.partition("_")
        found.setdefault(group, {})[rest] = value
    return found


def dump_namespace(nsid: int, ns: Namespace) -> dict[str, Any]:
    """subsystems[].namespaces[]"""
    found = groups(ns.attrs, "namespace") | {"nsid": nsid, "enable": int(ns.enable)}
    if ns.attrs.get("ana_grpid", "").isdigit():
        found["ana_grpid"] = int(ns.attrs["ana_grpid"])
    if ns.allowed_hosts:
        found["allowed_hosts"] = sorted(ns.allowed_hosts)
    return found


def dump_port(number: int, port: Port) -> dict[str, Any]:
    """ports[]"""
    return groups(port.attrs) | {
        "portid": number,
        "subsystems": sorted(port.subsystems),
        "referrals": [groups(referral.attrs) | {"name": name, "enable": int(referral.enable)}
                      for name, referral in sorted(port.referrals.items())],
        "ana_groups": [groups(attrs) | {"grpid": group}
                       for group, attrs in sorted(port.groups.items())],
    }


def dump(config: Config) -> dict[str, Any]:
    """What json.dump takes."""
    return groups(config.attrs, "root") | {
        "hosts": [groups(host.attrs, "host") | {"nqn": nqn}
                  for nqn, host in sorted(config.hosts.items())],
        "subsystems": [groups(subsys.attrs) | {
            "nqn": nqn,
            "allowed_hosts": sorted(subsys.allowed_hosts),
            "namespaces": [dump_namespace(nsid, ns)
                           for nsid, ns in sorted(subsys.namespaces.items())],
        } for nqn, subsys in sorted(config.subsystems.items())],
        "ports": [dump_port(number, port) for number, port in sorted(config.ports.items())],
    }


def to_text(config: Config) -> str:
    """As a file has it."""
    return json.dumps(dump(config), indent=2, sort_keys=True) + "\n"


def from_text(text: str, where: Callable[[str], str] = str) -> Config:
    """Of a file's text; @where puts the file's name before what is wrong with it."""
    try:
        return parse(json.loads(text))
    except json.JSONDecodeError as why:
        raise BadConfig(where(f"line {why.lineno}: not JSON: {why.msg}")) from None
    except RecursionError:
        raise BadConfig(where("nested too deeply")) from None
    except BadConfig as why:
        raise BadConfig(where(str(why))) from None
