# SPDX-License-Identifier: GPL-2.0
"""A configfs tree and a machine in memory, which refuse what the kernel refuses."""

import errno
import itertools
import re
import uuid

from nvmftlib.errors import Refused
from nvmftlib.probe import Probe
from nvmftlib.procfs import Row, parse

QOS = {"qos_iops": "0", "qos_kibps": "0", "qos_burst_ms": "100"}
HOST = dict(QOS)
SUBSYSTEM = {"attr_allow_any_host": "0", "attr_cntlid_max": "65519", "attr_cntlid_min": "1",
             "attr_firmware": "6.1.0-56", "attr_ieee_oui": "0x000000",
             "attr_max_host_ctrls": "512", "attr_model": "Linux",
             "attr_pi_enable": "0", "attr_qid_max": "128", "attr_serial": "", "attr_version": "2.1"}
NAMESPACE = {"ana_grpid": "1", "block_size": "0", "buffered_io": "0", "device_nguid": "",
             "device_size": "0",
             "device_path": "(null)", "device_uuid": "", "resv_enable": "0", "enable": "0"} | QOS
ADDRESS = {"addr_trtype": "", "addr_adrfam": "", "addr_traddr": "", "addr_trsvcid": "",
           "addr_treq": "not specified"}
PORT = ADDRESS | {"addr_tsas": "none", "param_inline_data_size": "-1",
                  "param_max_queue_size": "-1", "param_mdts": "-1", "param_pi_enable": "0"}
REFERRAL = ADDRESS | {"addr_portid": "0", "enable": "0"}

# A folder's path, its attributes and the folders that come with it.
KINDS = (
    (re.compile(r"hosts/[^/]+"), HOST, ()),
    (re.compile(r"subsystems/[^/]+"), SUBSYSTEM, ("namespaces", "allowed_hosts")),
    (re.compile(r"subsystems/[^/]+/namespaces/([1-9]\d*)"), NAMESPACE, ("allowed_hosts",)),
    (re.compile(r"ports/\d+"), PORT, ("subsystems", "referrals", "ana_groups")),
    (re.compile(r"ports/\d+/referrals/[^/]+"), REFERRAL, ()),
    (re.compile(r"ports/\d+/ana_groups/[1-9]\d*"), {"ana_state": "inaccessible"}, ()),
)
LINKS = (re.compile(r"(ports/\d+/subsystems)/[^/]+"),
         re.compile(r"(subsystems/[^/]+/allowed_hosts)/[^/]+"),
         re.compile(r"(subsystems/[^/]+/namespaces/\d+/allowed_hosts)/[^/]+"))
OWNED = ("device_path", "device_uuid", "device_nguid", "buffered_io", "block_size")


class FakeProbe(Probe):
    """A machine with these devices and addresses."""

    def __init__(self, devices: tuple[str, ...] = ("/dev/a", "/dev/b"),
                 addresses: tuple[str, ...] = ("0.0.0.0", "::", "127.0.0.1", "192.0.2.1")) -> None:
        self.devices = set(devices)
        self.addresses = set(addresses)
        self.tree: "FakeTree | None" = None
        self.broken: set[str] = set()   # there, but the kernel cannot open them
        self.deaf = False       # nobody listens, whatever the tree says
        self.service = True
        self.used: dict[str, str] = {}
        self.stable: dict[str, str] = {}
        self.asked: list[str] = []

    def device_ready(self, path: str) -> bool:
        self.asked.append(path)
        return path in self.devices

    def address_ready(self, family: str, address: str) -> bool:
        return address in self.addresses

    def listening(self, family: str, address: str, service: str) -> bool:
        assert self.tree
        return not self.deaf and any(
            self.tree.names(f"ports/{port}/subsystems")
            and self.tree.files[f"ports/{port}/addr_traddr"] == address
            and self.tree.files[f"ports/{port}/addr_trsvcid"] == service
            for port in self.tree.names("ports"))

    def same_device(self, one: str, other: str) -> bool:
        return self.stable.get(one, one) == self.stable.get(other, other)

    def used_by(self, path: str) -> str:
        return self.used.get(path, "")

    def stable_name(self, path: str) -> str:
        return self.stable.get(path, path)

    def own_address(self, family: str) -> str:
        return "192.0.2.1" if family == "ipv4" else "2001:db8::7"

    def restores_at_boot(self) -> bool:
        return self.service

    def machine_id(self) -> str:
        return "1" * 32


class FakeTree:
    """What nvmftlib.fs.Tree asks for. @log has every change."""

    def __init__(self, probe: FakeProbe | None = None) -> None:
        self.probe = probe or FakeProbe()
        self.probe.tree = self
        self.folders = {"", "hosts", "subsystems", "ports"}
        self.files = {"discovery_nqn": "nqn.2014-08.org.nvmexpress.discovery"}
        self.links: dict[str, str] = {}
        self.log: list[str] = []
        self.lacks: set[str] = set()        # attributes that this kernel has not
        self.fixed: set[str] = set()        # paths that cannot be written any more
        self.refused: set[str] = set()      # paths that cannot be made
        self.serials = itertools.count(1)
        self.root = "/fake"

    def require(self) -> None:
        """It is there."""

    def loaded(self) -> bool:
        """It is."""
        return True

    def refuse(self, path: str, code: int, value: str = "", why: str = "") -> None:
        """As the kernel does."""
        raise Refused(path, value, code, why)

    def names(self, path: str) -> list[str]:
        start = f"{path}/" if path else ""
        return sorted({name[len(start):] for name in {*self.folders, *self.files, *self.links}
                       if name.startswith(start) and name != "" and "/" not in name[len(start):]})

    def exists(self, path: str) -> bool:
        return path in self.folders or path in self.files or path in self.links

    def attributes(self, path: str) -> list[str]:
        start = f"{path}/" if path else ""
        return [name for name in self.names(path) if f"{start}{name}" in self.files]

    def read(self, path: str) -> str:
        if path not in self.files:
            self.refuse(path, errno.ENOENT)
        return self.shown(path)

    def shown(self, path: str) -> str:
        """Limits of a port in use read as what is in force."""
        value, limits = self.files[path], {"param_inline_data_size": "16384",
                                           "param_max_queue_size": "1024", "param_mdts": "8"}
        folder, _, name = path.rpartition("/")
        if name in limits and value == "-1" and self.names(f"{folder}/subsystems"):
            return limits[name]
        return value

    def write(self, path: str, value: str) -> None:
        if path not in self.files:
            self.refuse(path, errno.ENOENT, value)
        folder, _, name = path.rpartition("/")
        if path in self.fixed:
            self.refuse(path, errno.EINVAL, value, "fixed since a host has identified it")
        if name in OWNED and self.files[f"{folder}/enable"] == "1":
            self.refuse(path, errno.EBUSY, value, "the namespace is enabled")
        if folder.startswith("ports/") and name.startswith(("addr_", "param_")) and (
                self.names(f"{folder}/subsystems") or self.files.get(f"{folder}/enable") == "1"):
            self.refuse(path, errno.EACCES, value, "in use")
        check = getattr(self, "check_" + name, None)
        if check:
            check(path, folder, value)
        if name == "addr_tsas" and value != "none" or name == "resv_enable" and value != "0":
            self.refuse(path, errno.EOPNOTSUPP, value, "not supported")
        self.files[path] = value
        if name == "device_uuid" and folder not in self.fixed:
            self.files[f"{folder}/device_nguid"] = value
        if name == "device_nguid" and not value.strip("0-:"):
            self.files[path] = self.files[f"{folder}/device_uuid"]
        self.log.append(f"write {path} {value}")

    def check_attr_allow_any_host(self, path: str, folder: str, value: str) -> None:
        """Either a list or any."""
        if value == "1" and self.names(f"{folder}/allowed_hosts"):
            self.refuse(path, errno.EINVAL, value, "allowed_hosts has links")

    def check_attr_cntlid_min(self, path: str, folder: str, value: str) -> None:
        """Not above the maximum."""
        if int(value) > int(self.files[f"{folder}/attr_cntlid_max"]):
            self.refuse(path, errno.EINVAL, value, "above attr_cntlid_max")

    def check_attr_cntlid_max(self, path: str, folder: str, value: str) -> None:
        """Not below the minimum."""
        if int(value) < int(self.files[f"{folder}/attr_cntlid_min"]):
            self.refuse(path, errno.EINVAL, value, "below attr_cntlid_min")

    def check_enable(self, path: str, folder: str, value: str) -> None:
        """The device has to be there."""
        if value == "1" and "/namespaces/" in folder:
            device = self.files[f"{folder}/device_path"]
            if device == "(null)":
                self.refuse(path, errno.EINVAL, value, "device_path is not set")
            if self.files[f"{folder}/device_size"] == "0" and (
                    device not in self.probe.devices or device in self.probe.broken):
                self.refuse(path, errno.ENXIO, value, "cannot open the device")

    def mkdir(self, path: str) -> None:
        if path in self.refused:
            self.refuse(path, errno.ENOMEM)
        if self.exists(path):
            self.refuse(path, errno.EEXIST)
        if path.rpartition("/")[0] not in self.folders:
            self.refuse(path, errno.ENOENT)
        for pattern, attrs, below in KINDS:
            if pattern.fullmatch(path):
                break
        else:
            self.refuse(path, errno.EPERM)
        self.log.append(f"mkdir {path}")
        self.folders |= {path, *(f"{path}/{name}" for name in below)}
        for name, value in attrs.items():
            if name not in self.lacks:
                self.files[f"{path}/{name}"] = value
        if attrs is SUBSYSTEM:
            self.files[f"{path}/attr_serial"] = f"{next(self.serials):020x}"
        if attrs is NAMESPACE:
            unique = str(uuid.UUID(int=next(self.serials)))
            self.files[f"{path}/device_uuid"] = self.files[f"{path}/device_nguid"] = unique
        if attrs is PORT:
            self.folders.add(f"{path}/ana_groups/1")
            self.files[f"{path}/ana_groups/1/ana_state"] = "optimized"

    def rmdir(self, path: str) -> None:
        if path not in self.folders:
            self.refuse(path, errno.ENOENT)
        if path.endswith("/ana_groups/1"):
            self.refuse(path, errno.EPERM)
        inside = [name for name in {*self.folders, *self.links}
                  if name.startswith(path + "/") and name.count("/") > path.count("/") + 1
                  and not name.endswith("/ana_groups/1")]
        if inside:
            self.refuse(path, errno.ENOTEMPTY)
        if path in self.links.values():
            self.refuse(path, errno.EBUSY)
        self.log.append(f"rmdir {path}")
        self.folders = {name for name in self.folders if not (name + "/").startswith(path + "/")}
        self.files = {name: value for name, value in self.files.items()
                      if not name.startswith(path + "/")}

    def link(self, target: str, path: str) -> None:
        folder = next((match[1] for match in (pattern.fullmatch(path) for pattern in LINKS)
                       if match), None)
        if not folder or target not in self.folders:
            self.refuse(path, errno.ENOENT)
        assert folder
        if target in (self.links[f"{folder}/{name}"] for name in self.names(folder)):
            self.refuse(path, errno.EEXIST)
        if folder.startswith("ports/"):
            port = folder.rpartition("/")[0]
            if not all(self.files[f"{port}/addr_{name}"]
                       for name in ("trtype", "adrfam", "traddr", "trsvcid")):
                self.refuse(path, errno.EINVAL, "", "addr_* is not set")
            if self.files[f"{port}/addr_traddr"] not in self.probe.addresses:
                self.refuse(path, errno.EADDRNOTAVAIL)
        elif self.files.get(folder.rpartition("/")[0] + "/attr_allow_any_host") == "1":
            self.refuse(path, errno.EINVAL, "", "attr_allow_any_host is 1")
        self.links[path] = target
        self.log.append(f"link {path}")

    def unlink(self, path: str) -> None:
        if path not in self.links:
            self.refuse(path, errno.ENOENT)
        del self.links[path]
        self.log.append(f"unlink {path}")

    def target(self, path: str) -> str:
        return self.links[path].rpartition("/")[2]


class FakeReports:
    """What nvmftlib.procfs.Reports asks for, from texts that a test can change."""

    def __init__(self, texts: dict[str, str]) -> None:
        self.texts = dict(texts)
        self.ended: list[tuple[str, int]] = []
        self.gone: set[tuple[str, int]] = set()     # before they could be ended

    def rows(self, name: str) -> list[Row]:
        return parse(name, self.texts[name])

    def terminate(self, subsys: str, cntlid: int) -> bool:
        if (subsys, cntlid) in self.gone:
            return False
        self.ended.append((subsys, cntlid))
        return True

    def change(self, name: str, line: str, **values: object) -> None:
        """The line that has @line in it says something else from now on."""
        lines = self.texts[name].splitlines(keepends=True)
        number = next(n for n, each in enumerate(lines) if line in each)
        for key, value in values.items():
            lines[number] = re.sub(rf"(?<![^ ]){key}=\S*", f"{key}={value}", lines[number])
        self.texts[name] = "".join(lines)
