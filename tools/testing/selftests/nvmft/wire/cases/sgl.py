# SPDX-License-Identifier: GPL-2.0
"""SGL descriptors and capsule data: types, lengths, offsets, limits (transport spec 3.3.2)."""

from nvmetcp import nvme, pdu
from nvmetcp.conn import Quiet, check, check_status
from nvmetcp.ktap import KEEP, case, rows
from nvmetcp.steps import alive, pattern

LENGTH, TYPE, OFFSET, FIELD = nvme.SGL_LENGTH, nvme.SGL_TYPE, nvme.SGL_OFFSET, nvme.INVALID_FIELD


@rows([("prp", 0x00), ("reserved", 0xC0)])
def psdt(env, flags):
    """PRPs, which fabrics do not have, and the reserved PSDT: Invalid Field."""
    queue = env.io()
    queue.read(1, 0, 1, flags=flags, status=FIELD)
    queue.write(1, 1024, pattern(512), icd=True, flags=flags, status=FIELD)
    queue.host.admin.cmd(nvme.sqe(nvme.IDENTIFY, flags=flags, dptr=nvme.sgl(0x5A, 4096),
                                  cdw10=1), expect=4096, status=FIELD, what="Identify")
    alive(queue)


@rows([("address", 0x00), ("bit_bucket", 0x10), ("segment", 0x20), ("last_segment", 0x30),
       ("keyed", 0x40), ("keyed_invalidate", 0x4F), ("transport_sub_0", 0x50),
       ("transport_sub_1", 0x51), ("icd_sub_2", 0x02), ("icd_sub_a", 0x0A), ("reserved", 0x6A),
       ("vendor", 0xF1)])
def descriptor_type(env, kind):
    """A descriptor that NVMe/TCP does not have: SGL Descriptor Type Invalid, on read and write;
    the data of the write is drained."""
    queue = env.io()
    queue.read(1, 0, 1, kind=kind, status=TYPE)
    cid = queue.submit(nvme.rw(nvme.WRITE, 1, 1024, 1, 512, kind=kind), pattern(512))
    check_status(queue.wait(cid), TYPE, "write with data in the capsule")
    cid = queue.submit(nvme.rw(nvme.WRITE, 1, 1024, 1, 512, kind=kind))
    check_status(queue.wait(cid), TYPE, "write without data in the capsule")
    alive(queue)


@case()
def read_into_capsule(env):
    """A read that says its data is in its capsule: refused."""
    queue = env.io()
    queue.read(1, 0, 1, icd=True, status=(FIELD, TYPE, LENGTH))
    alive(queue)


@rows([("shorter", 2, 512), ("one_dword_less", 1, 508), ("none", 1, 0), ("one", 8, 1)])
def read_sgl_shorter(env, blocks, nbytes):
    """A read into an SGL shorter than its blocks: Data SGL Length Invalid."""
    queue = env.io()
    queue.cmd(nvme.rw(nvme.READ, 1, 0, blocks, nbytes), expect=nbytes, status=LENGTH, what="read")
    alive(queue)


@rows([("one_block", 1, 1024), ("one_dword", 1, 516), ("4g", 1, 0xFFFFFFFF)])
def read_sgl_longer(env, blocks, nbytes):
    """A read into an SGL longer than its blocks: refused, unless SGLS says that is supported;
    nothing is allocated for what is not read (W10)."""
    queue = env.io()
    cid = queue.submit(nvme.rw(nvme.READ, 1, 0, blocks, nbytes), expect=512 * blocks)
    long_ok = queue.host.ctrl.sgls >> 18 & 1
    want = (nvme.OK, FIELD) if long_ok else (LENGTH, FIELD) if nbytes == 0xFFFFFFFF else LENGTH
    check_status(queue.wait(cid), want, "read")
    alive(queue)


@rows([("shorter", 8, 512), ("longer", 1, 4096), ("none", 1, 0), ("4g", 1, 0xFFFFFFFF),
       ("odd", 1, 511)])
def write_sgl_length_by_r2t(env, blocks, nbytes):
    """A write whose transport SGL is not as long as its blocks: refused without an R2T (W6, W10);
    a length of 4 GiB may be called larger than MDTS."""
    queue = env.io()
    cid = queue.submit(nvme.rw(nvme.WRITE, 1, 1024, blocks, nbytes))
    want = (LENGTH, FIELD) if nbytes == 0xFFFFFFFF else LENGTH
    check_status(queue.wait(cid), want, "write")
    check(not queue.r2ts, "an R2T for a refused write")
    alive(queue)


@rows([("shorter", 2, 512), ("longer", 1, 1024), ("odd", 1, 516)])
def write_sgl_length_in_capsule(env, blocks, nbytes):
    """A write whose capsule data is not as long as its blocks: refused, drained."""
    queue = env.io()
    before = queue.read(1, 1024, 2)
    cid = queue.submit(nvme.rw(nvme.WRITE, 1, 1024, blocks, nbytes, icd=True), pattern(nbytes, 3))
    check_status(queue.wait(cid), LENGTH, "write")
    check(queue.read(1, 1024, 2) == before, "the medium was written")
    alive(queue)


@rows([("less", 508), ("more", 516), ("none", 0), ("twice", 1024)])
def capsule_data_is_not_what_sgl_says(env, size):
    """SGL and blocks agree on 512 bytes, the capsule carries another number: Data SGL Length
    Invalid, and the stream stays in step."""
    queue = env.io()
    cid = queue.submit(nvme.rw(nvme.WRITE, 1, 1024, 1, 512, icd=True), pattern(size, 4))
    check_status(queue.wait(cid), LENGTH, f"write with {size} bytes in its capsule")
    alive(queue)


@case()
def capsule_data_beside_transport_sgl(env):
    """Data in the capsule of a write whose SGL is for an R2T: refused as a command or as a PDU
    ("undefined data", transport spec 3.3.1); never taken as the next PDU, never written."""
    queue = env.io()
    fake = queue.build(nvme.flush(1))[1]
    raw = queue.build(nvme.rw(nvme.WRITE, 1, 1024, 1, 512), (fake * 8)[:512])[1]
    queue.send(raw)
    got = queue.recv()
    if got.ptype == pdu.C2H_TERM:
        check((got.fes, got.fei) in ((1, pdu.OFF_PDO), (1, pdu.OFF_PLEN)), f"{got}")
        return
    check(got.ptype == pdu.RSP, f"{got}, expected a refusal")
    check_status(nvme.Cqe(got.cqe), (FIELD, TYPE, LENGTH), "write")
    queue.expect_silence(0.05)
    alive(queue)


@case()
def capsule_data_of_a_read(env):
    """Data in the capsule of a read: the same."""
    queue = env.io()
    raw = queue.build(nvme.rw(nvme.READ, 1, 0, 1, 512), pattern(512), expect=512)[1]
    queue.send(raw)
    got = queue.recv()
    if got.ptype == pdu.C2H_TERM:
        check((got.fes, got.fei) in ((1, pdu.OFF_PDO), (1, pdu.OFF_PLEN)), f"{got}")
        return
    check(got.ptype == pdu.RSP, f"{got}, expected a refusal")
    check_status(nvme.Cqe(got.cqe), (FIELD, TYPE, LENGTH), "read")
    alive(queue)


@rows([("behind_data", 512), ("4096", 4096), ("u32", 1 << 32), ("2_63", 1 << 63),
       ("wraps_to_0", (1 << 64) - 512), ("max", (1 << 64) - 1)])
def capsule_offset(env, address):
    """An in-capsule offset with no data behind it: SGL Offset Invalid, drained. A sum that wraps
    64 bits is no way in."""
    queue = env.io()
    before = queue.read(1, 1024, 1)
    queue.write(1, 1024, pattern(512, 5), icd=True, address=address, status=OFFSET)
    check(queue.read(1, 1024, 1) == before, "the medium was written")
    alive(queue)


@case()
def largest_capsule(env):
    """As much data as IOCCSZ allows, to the byte."""
    queue = env.io()
    size = queue.icd_limit // 512 * 512
    check(size >= 512, f"IOCCSZ leaves {queue.icd_limit} bytes for data")
    data = pattern(size, 6)
    queue.write(1, 1024, data, icd=True)
    check(queue.read(1, 1024, size // 512) == data, "not what was written")


@rows([("one_block", 512), ("twice", None)])
def capsule_too_large(env, more):
    """More data in an I/O capsule than IOCCSZ allows: refused as a PDU (PLEN, or the transfer
    limit) or as a command; then the data is drained."""
    queue = env.io()
    limit = queue.icd_limit // 512 * 512
    size = limit + (more or limit)
    raw = queue.build(nvme.rw(nvme.WRITE, 1, 1024, size // 512, size, icd=True),
                      pattern(size, 7))[1]
    queue.send_quietly(raw)
    got = queue.recv()
    if got.ptype == pdu.C2H_TERM:
        check((got.fes, got.fei) in ((1, pdu.OFF_PLEN), (pdu.FES_LIMIT, 0)), f"{got}")
        return
    check(got.ptype == pdu.RSP, f"{got}, expected a refusal")
    check_status(nvme.Cqe(got.cqe), (LENGTH, FIELD, OFFSET), "write")
    alive(queue)


@rows([("8192", 8192, True), ("8196", 8196, False), ("16384", 16384, False)])
def admin_capsule(env, size, legal):
    """Admin capsules carry up to 8,192 bytes whatever IOCCSZ says, and no more."""
    host = env.up(0)
    sqe = nvme.sqe(0xC1, dptr=nvme.sgl(nvme.SGL_ICD, size))
    host.admin.send_quietly(host.admin.build(sqe, pattern(size, 8))[1])
    got = host.admin.recv()
    if got.ptype == pdu.C2H_TERM and not legal:
        check((got.fes, got.fei) in ((1, pdu.OFF_PLEN), (pdu.FES_LIMIT, 0)), f"{got}")
        return
    check(got.ptype == pdu.RSP, f"{got}, expected a completion")
    want = (nvme.INVALID_OPCODE,) if legal else (nvme.INVALID_OPCODE, LENGTH, FIELD, OFFSET)
    check_status(nvme.Cqe(got.cqe), want, "vendor command")
    host.identify(1)


@case()
def port_with_small_capsules(env):
    """A port whose in-capsule size is set to 4,096: IOCCSZ says so, and it holds."""
    host = env.host(addr=env.target.addr2).up(1)
    queue = host.io[1]
    check(host.ctrl.ioccsz == (64 + 4096) // 16, f"IOCCSZ {host.ctrl.ioccsz}")
    queue.write(1, 1024, KEEP, icd=True)
    check(queue.read(1, 1024, 8) == KEEP, "4096 bytes in the capsule")
    data = pattern(8192, 9)
    queue.write(1, 1024, data)
    check(queue.read(1, 1024, 16) == data, "8192 bytes by R2T")
    # What the admin queue may carry does not follow the port.
    sqe = nvme.sqe(0xC1, dptr=nvme.sgl(nvme.SGL_ICD, 8192))
    host.admin.cmd(sqe, pattern(8192), status=nvme.INVALID_OPCODE, what="vendor command")


@case()
def write_without_its_capsule_data(env):
    """A write whose SGL says the data is in the capsule, and a capsule without data. The target
    must not wait for data that will not come."""
    queue = env.io()
    cid = queue.submit(nvme.rw(nvme.WRITE, 1, 1024, 8, 4096, icd=True))
    try:
        check_status(queue.wait(cid, 2), LENGTH, "write")
    except Quiet as err:
        raise Quiet(f"the target waits for capsule data that is not there: {err}") from err
    alive(queue)
