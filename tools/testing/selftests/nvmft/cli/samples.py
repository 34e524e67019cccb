# SPDX-License-Identifier: GPL-2.0
"""Configurations as nvmetcli of several ages writes them, and our own."""

import copy
from typing import Any

ZERO = "00000000-0000-0000-0000-000000000000"
UUID_A = "d592cdf3-5d1c-44e0-8412-3fcf7d99df27"
UUID_B = "5e1b2c3d-0000-4000-8000-00000000000b"

# A current nvmetcli on a 6.1 kernel.
NVMETCLI: dict[str, Any] = {
    "discovery": {},
    "hosts": [{"dhchap": {}, "nqn": "hostnqn"}],
    "ports": [{
        "addr": {"adrfam": "ipv4", "traddr": "127.0.0.1", "treq": "not specified",
                 "trsvcid": "4420", "trtype": "tcp"},
        "ana_groups": [{"ana": {"state": "optimized"}, "grpid": 1}],
        "param": {"inline_data_size": "16384", "pi_enable": "0"},
        "portid": 1, "referrals": [], "subsystems": ["testnqn"]}],
    "subsystems": [{
        "allowed_hosts": ["hostnqn"],
        "attr": {"allow_any_host": "0", "cntlid_max": "65519", "cntlid_min": "1",
                 "model": "Linux", "pi_enable": "0", "qid_max": "128", "serial": "123456",
                 "version": "1.3"},
        "namespaces": [{
            "ana": {"grpid": "1"}, "ana_grpid": 1,
            "device": {"nguid": ZERO, "path": "/dev/a", "uuid": UUID_A},
            "enable": 1, "nsid": 1, "resv": {}}],
        "nqn": "testnqn"}],
}

# Version 0.7 and before: no discovery, no dhchap, no ana, numbers as numbers.
NVMETCLI_OLD: dict[str, Any] = {
    "hosts": [{"nqn": "hostnqn"}],
    "ports": [{
        "addr": {"adrfam": "ipv4", "traddr": "192.0.2.1", "treq": "not specified",
                 "trsvcid": "4420", "trtype": "tcp"},
        "portid": 2, "referrals": [], "subsystems": ["testnqn"]}],
    "subsystems": [{
        "allowed_hosts": [], "attr": {"allow_any_host": "1"},
        "namespaces": [{"device": {"nguid": ZERO, "path": "/dev/a"}, "enable": 1, "nsid": 1}],
        "nqn": "testnqn"}],
}

# A kernel with authentication, passthrough and newer attributes; a referral, two
# groups, two ports.
NVMETCLI_NEW: dict[str, Any] = {
    "discovery": {"nqn": "nqn.2014-08.org.nvmexpress.discovery"},
    "hosts": [{"dhchap": {"ctrl_key": "", "dhgroup": "null", "hash": "hmac(sha256)", "key": ""},
               "nqn": "hostnqn"}],
    "ports": [{
        "addr": {"adrfam": "ipv4", "traddr": "127.0.0.1", "treq": "not specified",
                 "trsvcid": "4420", "trtype": "tcp", "tsas": "none"},
        "ana_groups": [{"ana": {"state": "optimized"}, "grpid": 1},
                       {"ana": {"state": "inaccessible"}, "grpid": 2}],
        "param": {"inline_data_size": "16384", "max_queue_size": "1024", "mdts": "8",
                  "pi_enable": "0"},
        "portid": 1,
        "referrals": [{"addr": {"adrfam": "ipv4", "portid": "2", "traddr": "192.0.2.9",
                                "treq": "not specified", "trsvcid": "8009", "trtype": "tcp"},
                       "enable": 1, "name": "other"}],
        "subsystems": ["testnqn"]}, {
        "addr": {"adrfam": "ipv6", "traddr": "::", "treq": "not specified",
                 "trsvcid": "4421", "trtype": "tcp", "tsas": "none"},
        "ana_groups": [{"ana": {"state": "optimized"}, "grpid": 1}],
        "param": {"inline_data_size": "-1", "max_queue_size": "-1", "mdts": "-1",
                  "pi_enable": "0"},
        "portid": 2, "referrals": [], "subsystems": ["testnqn"]}],
    "subsystems": [{
        "allowed_hosts": ["hostnqn"],
        "attr": {"allow_any_host": "0", "cntlid_max": "31999", "cntlid_min": "1",
                 "firmware": "6.12.0", "ieee_oui": "0x000000", "model": "Linux",
                 "pi_enable": "0", "qid_max": "64", "serial": "123456", "version": "2.1"},
        "passthru": {"admin_timeout": "0", "clear_ids": "0", "device_path": "(null)",
                     "enable": "0", "io_timeout": "0"},
        "namespaces": [{
            "ana": {"grpid": "1"}, "ana_grpid": 1,
            "device": {"nguid": UUID_A, "path": "/dev/a", "uuid": UUID_A},
            "enable": 1, "nsid": 1, "resv": {"enable": "0"}}, {
            "ana": {"grpid": "2"}, "ana_grpid": 2,
            "device": {"nguid": UUID_B, "path": "/dev/b", "uuid": UUID_B},
            "enable": 0, "nsid": 7, "resv": {"enable": "0"}}],
        "nqn": "testnqn"}],
}


def sample(which: dict[str, Any] | None = None) -> Any:
    """A copy to be changed."""
    return copy.deepcopy(which or NVMETCLI)
