# SPDX-License-Identifier: GPL-2.0
"""Values that mean the same, and values that do not."""

import unittest

from nvmftlib import rules
from samples import UUID_A, UUID_B, ZERO

# attribute, wanted, shown by the kernel, the same?
ROWS = (
    ("attr_serial", "a", "a", True), ("attr_serial", "a", "A", False),
    ("attr_allow_any_host", "y", "1", True), ("attr_allow_any_host", "off", "0", True),
    ("attr_allow_any_host", "1", "0", False),
    ("attr_vendor_id", "6987", "0x1b4b", True), ("attr_vendor_id", "0x1B4B", "0x1b4b", True),
    ("attr_vendor_id", "1b4b", "0x1b4b", False), ("attr_ieee_oui", "010", "8", True),
    ("attr_version", "2.1.0", "2.1", True), ("attr_version", "1.2.1", "1.2", False),
    ("device_uuid", UUID_A.upper(), UUID_A, True), ("device_uuid", UUID_A, UUID_B, False),
    ("device_nguid", ZERO, UUID_A, True), ("device_nguid", ZERO, UUID_B, False),
    ("device_nguid", UUID_A.replace("-", ":"), UUID_A, True),
    ("param_inline_data_size", "-1", "16384", True),
    ("param_inline_data_size", "8200", "8192", True),
    ("param_inline_data_size", "8192", "16384", False),
    ("param_max_queue_size", "1", "16", True), ("param_max_queue_size", "4096", "1024", True),
    ("param_max_queue_size", "128", "1024", False),
    ("param_mdts", "0", "10", True), ("param_mdts", "-1", "8", True),
    ("param_mdts", "5", "8", False), ("param_mdts", "x", "8", False),
    ("addr_traddr", "::1", "0:0:0:0:0:0:0:1", True), ("addr_traddr", "::1", "::2", False),
    ("addr_traddr", "fe80::1%eth0", "fe80::1%eth1", False),
    ("device_path", "/dev/a", "/dev/b", False), ("device_path", "(null)", "(null)", True),
)


class Same(unittest.TestCase):
    """rules.same"""

    def test_table(self) -> None:
        for name, want, have, same in ROWS:
            with self.subTest(name=name, want=want, have=have):
                self.assertEqual(rules.same(name, want, have, UUID_A), same)

    def test_unneeded(self) -> None:
        keys = {"dhchap_key": "DHHC-1:00:x:"}
        rows: tuple[tuple[str, str, dict[str, str], bool], ...] = (
                ("dhchap_key", "", {}, True), ("dhchap_key", "DHHC-1:00:x:", keys, False),
                ("dhchap_hash", "hmac(sha256)", {"dhchap_key": ""}, True),
                ("dhchap_hash", "hmac(sha256)", keys, False),
                ("resv_enable", "0", {}, True), ("resv_enable", "1", {}, False),
                ("discovery_nqn", rules.DISCOVERY_NQN, {}, True),
                ("discovery_nqn", "nqn.x", {}, False))
        for name, value, attrs, unneeded in rows:
            with self.subTest(name=name, value=value):
                self.assertEqual(rules.unneeded(name, value, attrs), unneeded)
