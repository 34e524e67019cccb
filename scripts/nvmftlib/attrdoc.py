# SPDX-License-Identifier: GPL-2.0
"""One line about each attribute, for the shell's help."""

TEXTS = {
    "discovery_nqn": "NQN of the discovery service",
    "attr_allow_any_host": "1: every host may connect; 0: those in allowed_hosts",
    "attr_serial": "serial number, 1 to 20 characters",
    "attr_model": "model, 1 to 40 characters",
    "attr_firmware": "firmware revision, 1 to 8 characters",
    "attr_ieee_oui": "IEEE OUI, 24 bits",
    "attr_vendor_id": "PCI vendor id, 16 bits",
    "attr_subsys_vendor_id": "PCI subsystem vendor id, 16 bits",
    "attr_version": "NVMe version that hosts are told, 1.2.1 to 2.1",
    "attr_cntlid_min": "lowest controller id, from 1",
    "attr_cntlid_max": "highest controller id, up to 65519",
    "attr_qid_max": "I/O queues of a controller, 1 to 128; a new value ends all sessions",
    "attr_max_host_ctrls": "controllers of one host, 1 to 65519",
    "attr_pi_enable": "protection information: 0",
    "device_path": "block device or file; only while the namespace is disabled",
    "device_size": "promised size in bytes of a device that is only open while hosts have access",
    "device_uuid": "UUID that hosts know the disk by; only while disabled",
    "device_nguid": "NGUID that hosts know the disk by, zero: as the UUID; only while disabled",
    "ana_grpid": "ANA group, 1 to 128",
    "buffered_io": "1: through the page cache; only while disabled",
    "block_size": "block size to offer, 0: the device's; only while disabled",
    "resv_enable": "1: reservations",
    "addr_trtype": "transport: tcp",
    "addr_adrfam": "address family: ipv4 or ipv6",
    "addr_traddr": "address to listen on; 0.0.0.0 and :: are every address",
    "addr_trsvcid": "TCP port, usually 4420",
    "addr_treq": "secure channel: not specified, required, not required",
    "addr_tsas": "security of the transport",
    "addr_portid": "port id of the other discovery service",
    "param_inline_data_size": "bytes that a write may bring in its capsule, -1: 16384",
    "param_max_queue_size": "entries of the largest I/O queue, -1: 1024",
    "param_mdts": "largest transfer: 2^n times 4 KiB, -1: 8 (1 MiB)",
    "param_pi_enable": "protection information: 0",
    "ana_state": "optimized, non-optimized, inaccessible, persistent-loss or change",
    "qos_iops": "commands per second, 0: no limit",
    "qos_kibps": "KiB per second, 0: no limit",
    "qos_burst_ms": "how much may be saved up for a burst, ms",
}


def text(name: str) -> str:
    """What it is; a kernel may have more than this knows."""
    return TEXTS.get(name, "see the kernel's documentation")
