# SPDX-License-Identifier: GPL-2.0
"""Documentation/nvmft/commands.rst against what the target reports and answers."""

import csv
import pathlib
import re
import struct

from nvmetcp import nvme
from nvmetcp.conn import Skip, check
from nvmetcp.ktap import case, rows

FOLDER = pathlib.Path(__file__).resolve().parents[2]     # tools/testing/selftests/nvmft
# In the tree, in a kernel's tree, and where a guest is given the file beside the tests
PLACES = [*(top / "Documentation/nvmft/commands.rst" for top in FOLDER.parents),
          FOLDER.parent / "commands.rst"]

IO, DISCOVERY = "I/O controller", "Discovery"
EFFECTS = {"LBCC": 1 << 1, "NCC": 1 << 2, "NIC": 1 << 3, "CCC": 1 << 4}
SCOPE_NS, SCOPE_CTRL = 1 << 20, 1 << 21
INACTIVE = 3
# Where a limit stands: page, offset, size
LIMITS = {"VSL": (0, 1), "WZSL": (1, 1), "DMRL": (3, 1), "DMRSL": (4, 4), "DMSL": (8, 8),
          "MSSRL": (74, 2), "MCL": (76, 4), "MSRC": (80, 1), "OCFS": (534, 2), "FUSES": (522, 2),
          "ACWU": (532, 2)}


def _table(name):
    """The rows of one table, each {header: text}."""
    place = next((p for p in PLACES if p.is_file()), None)
    if not place:
        raise Skip("commands.rst is not here")
    body = re.search(rf"^\.\. csv-table:: {name}\n(.*?)(?=^\S)", place.read_text(encoding="utf-8"),
                     re.M | re.S)
    check(body, f"{place}: no table {name}")
    lines = [line.strip() for line in body[1].splitlines()]
    header = next(line for line in lines if line.startswith(":header:"))
    names = next(csv.reader([header.removeprefix(":header:").strip()], skipinitialspace=True))
    found = list(csv.reader([line for line in lines if line.startswith('"')],
                            skipinitialspace=True))
    check(found and all(len(row) == len(names) for row in found), f"{name}: uneven rows")
    return [dict(zip(names, row)) for row in found]


def _number(text):
    check(re.fullmatch(r"[0-9A-F]{2}h", text), f"{text!r} is not written like 0Ah")
    return int(text[:-1], 16)


def _yes(text):
    check(text in ("yes", "no"), f"{text!r} is neither yes nor no")
    return text == "yes"


def _listed(table, column, key):
    """Numbers of the rows that say yes; no number stands in two rows."""
    numbers = [_number(row[key]) for row in table]
    check(len(set(numbers)) == len(numbers), f"a number twice in {sorted(numbers)}")
    return {_number(row[key]) for row in table if _yes(row[column])}


def _host(env, column):
    """A host of the main subsystem or of the discovery controller."""
    if column == IO:
        return env.up(0)
    host = env.host(subnqn=nvme.DISCOVERY_NQN)
    host.connect_admin(kato=30000)
    host.enable()
    return host


def _effects_word(row, scope):
    word = 1 | scope
    for name in row["Effects"].split():
        word |= EFFECTS[name]
    return word


@case()
def admin_effects(env):
    """Log page 05h has the admin commands of the table, with their effects, and no other."""
    words = struct.unpack("<256I", env.up(0).log(0x05, 1024))
    want = {_number(row["Opcode"]): _effects_word(row, SCOPE_CTRL)
            for row in _table("Admin commands") if _yes(row[IO])}
    for opcode, word in enumerate(words):
        check(word == want.get(opcode, 0),
              f"opcode {opcode:02X}h: {word:#x}, the table says {want.get(opcode, 0):#x}")


@case()
def io_effects(env):
    """Log page 05h has the I/O commands of the table, with their effects, and no other."""
    words = struct.unpack("<256I", env.up(0).log(0x05, 1024, lpo=1024))
    want = {_number(row["Opcode"]): _effects_word(row, SCOPE_NS)
            for row in _table("I/O commands") if _yes(row["Support"])}
    for opcode, word in enumerate(words):
        check(word == want.get(opcode, 0),
              f"opcode {opcode:02X}h: {word:#x}, the table says {want.get(opcode, 0):#x}")


@rows([("admin", IO), ("discovery", DISCOVERY)])
def admin_answers(env, column):
    """A command of the table is not Invalid Opcode, every other is."""
    want = _listed(_table("Admin commands"), column, "Opcode")
    host = _host(env, column)
    for opcode in set(range(256)) - {nvme.FABRICS, nvme.ASYNC_EVENT}:
        dptr = nvme.sgl(nvme.SGL_TRANSPORT, 0) if opcode & 3 else bytes(16)
        status = host.admin.wait(host.admin.submit(nvme.sqe(opcode, dptr=dptr))).status
        check((status != nvme.INVALID_OPCODE) == (opcode in want),
              f"opcode {opcode:02X}h: {nvme.status_name(status)}")
    # A request for events that is known does not end.
    check(nvme.ASYNC_EVENT in want, "Asynchronous Event Request is not in the table")
    host.aer()
    host.admin.expect_silence(0.1)


@rows([("admin", "Admin queue"), ("io", "I/O queue")])
def fabrics_answers(env, column):
    """A Fabrics command of the table is not Invalid Opcode, every other is. Properties are
    known on an I/O queue too, but to be refused (base spec 6)."""
    want = _listed(_table("Fabrics commands"), column, "Type")
    refused = {nvme.PROPERTY_SET, nvme.PROPERTY_GET} - set(want)
    io = env.io()
    queue = io.host.admin if column == "Admin queue" else io
    # Disconnect ends an I/O queue: last
    for fctype in sorted(range(256), key=lambda t: t == nvme.DISCONNECT):
        status = queue.wait(queue.submit(nvme.fabrics(fctype))).status
        if fctype in refused:
            check(status == nvme.INVALID_FIELD, f"type {fctype:02X}h: {nvme.status_name(status)}")
            continue
        check((status != nvme.INVALID_OPCODE) == (fctype in want),
              f"type {fctype:02X}h: {nvme.status_name(status)}")


@rows([("io", IO), ("discovery", DISCOVERY)])
def features(env, column):
    """A feature of the table is answered with its capabilities, every other is Invalid Field."""
    table = {_number(row["FID"]): row for row in _table("Features")}
    want = _listed(table.values(), column, "FID")
    host = _host(env, column)
    for fid in range(256):
        cqe = host.admin.wait(host.admin.submit(nvme.get_features(fid, sel=3, nsid=1)))
        check((cqe.status == nvme.OK) == (fid in want),
              f"FID {fid:02X}h: {nvme.status_name(cqe.status)}")
        if fid not in want:
            continue
        row = table[fid]
        caps = (4 if _yes(row["Changeable"]) else 0) | (2 if row["Scope"] == "namespace" else 0)
        check(cqe.dw0 == caps, f"FID {fid:02X}h: capabilities {cqe.dw0:#x}, the table {caps:#x}")


@case()
def features_page(env):
    """Log page 12h has the features of the table, with their scope, and no other."""
    words = struct.unpack("<256I", env.up(0).log(0x12, 1024))
    table = {_number(row["FID"]): row for row in _table("Features") if _yes(row[IO])}
    for fid, word in enumerate(words):
        row = table.get(fid)
        want = 0
        if row:
            check(row["Scope"] in ("controller", "namespace"), f"scope {row['Scope']!r}")
            of_ns = row["Scope"] == "namespace"
            want = 1 | (SCOPE_NS if of_ns else SCOPE_CTRL)
            want |= EFFECTS["NCC"] if of_ns and _yes(row["Changeable"]) else 0
        check(word == want, f"FID {fid:02X}h: {word:#x}, the table says {want:#x}")


@case()
def features_data(env):
    """Each feature has the data that the table says, and takes no other length."""
    host = env.up(0)
    for row in _table("Features"):
        fid, size = _number(row["FID"]), int(row["Data"])
        check(size == nvme.FEAT_DATA.get(fid, 0), f"FID {fid:02X}h: {size} bytes")
        exhid = 1 if fid == nvme.FEAT_HOST_ID else 0
        host.admin.cmd(nvme.get_features(fid, exhid, length=size, nsid=1), expect=size,
                       what=f"Get Features {fid:02X}h")


@rows([("io", IO), ("discovery", DISCOVERY)])
def log_pages(env, column):
    """The pages of the table are those of page 00h and those that are answered."""
    want = _listed(_table("Log pages"), column, "LID")
    host = _host(env, column)
    words = struct.unpack("<256I", host.log(0x00, 1024))
    check({lid for lid, word in enumerate(words) if word & 1} == want, "page 00h says otherwise")
    for lid in range(256):
        sqe = nvme.get_log(lid, 16, rae=True, nsid=nvme.NSID_ALL)
        status = host.admin.wait(host.admin.submit(sqe, expect=16)).status
        check(status == (nvme.OK if lid in want else nvme.INVALID_LOG_PAGE),
              f"page {lid:02X}h: {nvme.status_name(status)}")


@case()
def log_page_sizes(env):
    """The size that the table gives is where the page ends."""
    host = env.up(0)
    for row in _table("Log pages"):
        lid, size = _number(row["LID"]), int(row["Size"])
        if not _yes(row[IO]) or not size:
            continue
        host.log(lid, 4, lpo=size - 4, rae=True, nsid=nvme.NSID_ALL)
        host.log(lid, 4, lpo=size + 4, rae=True, nsid=nvme.NSID_ALL, status=nvme.INVALID_FIELD)


@rows([("io", IO), ("discovery", DISCOVERY)])
def identify(env, column):
    """The structures of the table are answered, every other CNS is Invalid Field."""
    table = {_number(row["CNS"]): row for row in _table("Identify")}
    want = _listed(table.values(), column, "CNS")
    host = _host(env, column)
    for cns in range(256):
        nsid = 1 if cns in table and table[cns]["NSID"] == "active" else 0
        sqe = nvme.identify(cns, nsid, cntid=0xFFFF)
        status = host.admin.wait(host.admin.submit(sqe, expect=4096)).status
        check(status == (nvme.OK if cns in want else nvme.INVALID_FIELD),
              f"CNS {cns:02X}h: {nvme.status_name(status)}")


@case()
def identify_namespaces(env):
    """What the table says a page wants in NSID is what the page wants."""
    host = env.up(0)
    for row in _table("Identify"):
        cns, wants = _number(row["CNS"]), row["NSID"]
        check(wants in ("active", "start", "none"), f"NSID {wants!r}")
        # FFFFFFFEh is no namespace, and has none behind it.
        host.identify(cns, 0xFFFFFFFE, cntid=0xFFFF,
                      status=nvme.OK if wants == "none" else nvme.INVALID_NS)
        if wants == "active":
            refused = nvme.INVALID_NS if cns == 0x03 else nvme.OK
            check(not any(host.identify(cns, INACTIVE, status=refused)), f"CNS {cns:02X}h")


@case()
def limits(env):
    """The limits of the table are those that Identify reports."""
    host = env.up(0)
    pages = {0x00: host.identify(0, 1), 0x01: host.identify(1), 0x06: host.identify(6)}
    table = _table("Limits")
    check({row["Field"] for row in table} == set(LIMITS), "other fields than the test knows")
    for row in table:
        offset, size = LIMITS[row["Field"]]
        raw = pages[_number(row["Page"])][offset:offset + size]
        check(int.from_bytes(raw, "little") == int(row["Value"]),
              f"{row['Field']} is {int.from_bytes(raw, 'little')}, the table says {row['Value']}")
