# SPDX-License-Identifier: GPL-2.0
"""CRC32C (Castagnoli), the digest of NVMe/TCP headers and data, by tables, four bytes a step."""

from struct import Struct

_WORD = Struct("<I")

def _tables():
    first = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
        first.append(crc)
    tables = [first]
    for _ in range(3):
        prev = tables[-1]
        tables.append([first[v & 0xFF] ^ (v >> 8) for v in prev])
    return tables


_T0, _T1, _T2, _T3 = _tables()


def crc32c(data, crc=0):
    """The digest of data as the number that goes on the wire little-endian."""
    crc ^= 0xFFFFFFFF
    words = len(data) & ~3
    t0, t1, t2, t3 = _T0, _T1, _T2, _T3
    for (word,) in _WORD.iter_unpack(memoryview(data)[:words]):
        crc ^= word
        crc = (t3[crc & 0xFF] ^ t2[(crc >> 8) & 0xFF] ^
               t1[(crc >> 16) & 0xFF] ^ t0[crc >> 24])
    for byte in data[words:]:
        crc = t0[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


# RFC 3720 B.4 and the usual check value: a wrong table must not make every digest test pass.
assert crc32c(b"123456789") == 0xE3069283
assert crc32c(bytes(32)) == 0x8A9136AA
assert crc32c(b"\xff" * 32) == 0x62A8AB43
