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


NQN_A = "nqn.2026-01.com.example:disk1"
NQN_B = "nqn.2026-01.com.example:disk2"
HOST_A = "nqn.2014-08.org.nvmexpress:uuid:0dc6b5a5-9e3b-4b3c-8a43-8f2b6b2f1c11"
HOST_B = "nqn.2014-08.org.nvmexpress:uuid:77777777-0000-4000-8000-000000000002"
NO_LAT = ",".join("0" * 24)


def lat(**buckets: int) -> str:
    """A histogram: lat(b7=10) has ten commands of 64 to 128 microseconds."""
    return ",".join(str(buckets.get(f"b{number}", 0)) for number in range(24))


# What /proc/fs/nvmft says of two hosts at two subsystems: Documentation/nvmft/statistics.rst
PROC: dict[str, str] = {
    "sessions": f"""# nvmft sessions 1
subsys={NQN_A} cntlid=1 type=io hostnqn={HOST_A} hostid=0dc6b5a5-9e3b-4b3c-8a43-8f2b6b2f1c11 \
addr=192.0.2.20:41234 port=1 traddr=192.0.2.10 state=ready queues=3 size=128 hdgst=1 ddgst=1 \
kato_ms=5000 kato_left_ms=4210 age_ms=86400123 reads=1000 writes=20 read_bytes=4096000 \
write_bytes=81920 others=37 errors=2 inflight=3
subsys={NQN_B} cntlid=1 type=io hostnqn={HOST_B} hostid=77777777-0000-4000-8000-000000000002 \
addr=[2001:db8::20]:41300 port=1 traddr=2001:db8::10 state=ready queues=2 size=64 hdgst=0 \
ddgst=0 kato_ms=0 kato_left_ms=0 age_ms=1000 reads=0 writes=0 read_bytes=0 write_bytes=0 \
others=5 errors=0 inflight=1
""",
    "queues": f"""# nvmft queues 1
subsys={NQN_A} cntlid=1 qid=0 size=32 cpu=0 reads=0 writes=0 read_bytes=0 write_bytes=0 \
others=37 errors=0 r2ts=0 ddgst_errors=0 inflight=1 read_lat={NO_LAT} write_lat={NO_LAT}
subsys={NQN_A} cntlid=1 qid=1 size=128 cpu=0 reads=1000 writes=0 read_bytes=4096000 \
write_bytes=0 others=0 errors=2 r2ts=0 ddgst_errors=0 inflight=2 \
read_lat={lat(b7=990, b10=10)} write_lat={NO_LAT}
subsys={NQN_A} cntlid=1 qid=2 size=128 cpu=1 reads=0 writes=20 read_bytes=0 \
write_bytes=81920 others=0 errors=0 r2ts=2 ddgst_errors=1 inflight=0 read_lat={NO_LAT} \
write_lat={lat(b9=20)}
""",
    "namespaces": f"""# nvmft namespaces 1
subsys={NQN_A} nsid=1 device=/dev/disk/by-id/a\\040b enabled=1 reads=1000 writes=20 \
read_bytes=4096000 write_bytes=81920 others=0 errors=2 errors_generic=2 errors_specific=0 \
errors_media=0 errors_path=0 errors_vendor=0 read_lat={lat(b7=990, b10=10)} \
write_lat={lat(b9=20)} qos_waits=12 qos_wait_ns=1500000000
subsys={NQN_B} nsid=7 device= enabled=0 reads=0 writes=0 read_bytes=0 write_bytes=0 \
others=0 errors=0 errors_generic=0 errors_specific=0 errors_media=0 errors_path=0 \
errors_vendor=0 read_lat={NO_LAT} write_lat={NO_LAT}
""",
    "hosts": f"""# nvmft hosts 1
hostnqn={HOST_A} sessions=1 connects=3 ended_shutdown=1 ended_closed=0 ended_lost=0 \
ended_kato=1 reads=1000 writes=20 read_bytes=4096000 write_bytes=81920 others=40 errors=2
hostnqn={HOST_B} sessions=1 connects=1 ended_shutdown=0 ended_closed=0 ended_lost=0 \
ended_kato=0 reads=0 writes=0 read_bytes=0 write_bytes=0 others=5 errors=0
""",
    "ports": """# nvmft ports 1
port=1 trtype=tcp traddr=0.0.0.0 trsvcid=4420 enabled=1 connections=5 accepts=12 connects=4 \
refused_half_open=0 refused_max_conns=1 refused_memory=0 refused_connects=2 overruns=0 \
pdu_header=1 pdu_sequence=0 hdgst_errors=0 ddgst_errors=1 ended_shutdown=1 ended_lost=2
""",
    "errors": f"""# nvmft errors 1
object=namespace subsys={NQN_A} nsid=1 sct=0 sc=128 count=2
object=controller subsys={NQN_A} cntlid=1 sct=0 sc=128 count=2
object=host hostnqn={HOST_A} sct=0 sc=128 count=2
""",
}
