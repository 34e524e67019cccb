# SPDX-License-Identifier: GPL-2.0
"""When two values of an attribute mean the same.

The kernel shows numbers, UUIDs and limits in its own form. A value that is the
same in another form is no reason to take a port or a namespace away from hosts.
"""

import ipaddress
import re

from .model import Attrs

DISCOVERY_NQN = "nqn.2014-08.org.nvmexpress.discovery"
ZERO_UUID = "0" * 32
BOOLS = {"0": "0", "n": "0", "no": "0", "off": "0", "1": "1", "y": "1", "yes": "1", "on": "1"}
BOOLEAN = {"attr_allow_any_host", "attr_pi_enable", "param_pi_enable", "buffered_io", "resv_enable"}
NUMBER = {"attr_ieee_oui", "attr_vendor_id", "attr_subsys_vendor_id", "attr_cntlid_min",
          "attr_cntlid_max", "attr_qid_max", "attr_max_host_ctrls", "ana_grpid", "block_size",
          "device_size", "addr_portid", "qos_iops", "qos_kibps", "qos_burst_ms"}
NOTHING = {"", "0", "-1", "(null)", "none", "null", "not specified"}


def number(value: str) -> int | None:
    """In any base that the kernel takes."""
    text = value.strip().lower()
    try:
        if re.fullmatch(r"0[0-7]+", text):
            return int(text, 8)
        return int(text, 0)
    except ValueError:
        return None


def in_force(name: str, value: str) -> int | None:
    """What a port's limit becomes when the port is enabled, or None."""
    limit = number(value)
    if limit is None:
        return None
    if name == "param_inline_data_size":
        return 16384 if limit < 0 else limit & ~15
    if name == "param_max_queue_size":
        return 1024 if limit < 0 else min(max(limit, 16), 1024)
    if name == "param_mdts":
        return 8 if limit < 0 else 10 if limit == 0 or limit > 10 else limit
    return None


def plain_hex(value: str) -> str:
    """A UUID or NGUID without its separators."""
    return re.sub(r"[-:]", "", value).lower()


def address(value: str) -> str:
    """An IP address in its one form."""
    plain, percent, zone = value.partition("%")
    try:
        return str(ipaddress.ip_address(plain)) + percent + zone
    except ValueError:
        return value


def version(value: str) -> str:
    """2.1.0 is 2.1"""
    return value.removesuffix(".0") if value.count(".") == 2 else value


def same(name: str, want: str, have: str, uuid: str = "") -> bool:
    """@want, of an object that is to have this @uuid, is what the kernel shows as @have."""
    if want == have:
        return True
    if name in BOOLEAN:
        return BOOLS.get(want.lower(), want) == BOOLS.get(have.lower(), have)
    if name in NUMBER:
        return number(want) is not None and number(want) == number(have)
    if name.startswith("param_"):
        return in_force(name, want) is not None and in_force(name, want) == in_force(name, have)
    if name == "device_uuid":
        return plain_hex(want) == plain_hex(have)
    if name == "device_nguid":
        # zero, which nvmet saves, means that it follows the UUID
        return plain_hex(uuid if plain_hex(want) == ZERO_UUID else want) == plain_hex(have)
    if name == "addr_traddr":
        return address(want) == address(have)
    if name == "attr_version":
        return version(want) == version(have)
    return False


def unneeded(name: str, value: str, attrs: Attrs) -> bool:
    """An attribute that this kernel does not have is asked for nothing it would do."""
    if value in NOTHING:
        return True
    if name == "discovery_nqn":
        return value == DISCOVERY_NQN
    if name == "qos_burst_ms":
        return all(attrs.get(limit, "0") in NOTHING for limit in ("qos_iops", "qos_kibps"))
    if name in ("dhchap_hash", "dhchap_dhgroup"):
        return not attrs.get("dhchap_key") and not attrs.get("dhchap_ctrl_key")
    return False
