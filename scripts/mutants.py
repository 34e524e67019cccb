# SPDX-License-Identifier: GPL-2.0
"""Faults to plant in the source, each with the test that has to find it (scripts/check-mutants).

A fault is a place in a file of drivers/nvmft that is there exactly once, and what to put in its
stead. The test is a suite and what to run of it: a pattern of wire cases, a word in the name of
functional tests, or a part of the names of unit tests.
"""
import collections

Mutant = collections.namedtuple("Mutant", "name file old new suite test")

MUTANTS = (
    # The proof that the storm of compare-and-writes tests the range lock
    Mutant("compare-and-writes-take-no-lock", "core/gate.c",
           "nvmft_range_set(m->range, slba, slba + nlb - 1, true);",
           "nvmft_range_set(m->range, slba, slba + nlb - 1, false);",
           "wire", "esxi.storm"),
    Mutant("commands-pass-compare-and-writes", "core/gate.c",
           "\tm->nr_ranges = 1;\n\tnvmft_range_set(m->range, slba, slba + nlb - 1, false);\n"
           "\treturn gate_lock(req, step);",
           "\treturn true;",
           "wire", "mix.integrity.blocks_of_512"),
    Mutant("first-compare-and-write-does-not-wait", "core/gate.c",
           "\t\tnvmft_range_lock(&ns->ranges, &ns->drain, 1);\n\t\tns->draining = true;\n",
           "",
           "wire", "fused_atomic.is_excluded.write_first"),
    Mutant("waiters-are-overtaken", "core/range.c",
           "n += to_range(it)->group != r->group;",
           "n += to_range(it)->group != r->group && !to_range(it)->group->blockers;",
           "unit", "range"),
    Mutant("compare-and-write-does-not-compare", "core/fused.c",
           "if (!status && !nvmft_buf_equal(&first->buf, &m->aux))",
           "if (!status && !first)",
           "wire", "mix.integrity.blocks_of_4096"),
    Mutant("missing-half-is-not-missed", "proto/fuse.c",
           "{ FAIL(NVME_SC_FUSED_MISSING) },",
           "{ .self = NVMFT_FUSE_RUN },",
           "wire", "fused.sequence.2n"),
    Mutant("compare-skips-the-last-block-of-a-page", "core/buf.c",
           "page_address(vb->bv_page) + ob, n))",
           "page_address(vb->bv_page) + ob, n > 512 ? n - 512 : n))",
           "wire", "mix.integrity.blocks_of_512"),
    Mutant("deallocate-one-block-too-many", "core/media.c",
           ".len = (u64)span->nlb << shift,",
           ".len = (u64)(span->nlb + 1) << shift,",
           "wire", "mix.integrity.blocks_of_512"),
    Mutant("copy-repeats-its-first-piece", "core/media.c",
           "nvmft_multi_rw(req, &m->aux, span->slba + m->done - n, n << shift, NVMFT_IO_READ, false,",
           "nvmft_multi_rw(req, &m->aux, span->slba, n << shift, NVMFT_IO_READ, false,",
           "wire", "mix.integrity.blocks_of_4096"),
    Mutant("reset-does-not-wait-for-commands", "core/ctrl.c",
           "\tif (!bitmap_empty(ctrl->qids, NVMFT_QID_MAX + 1))\n\t\treturn csts;\n",
           "",
           "wire", "lifecycle.waits_for_commands.reset"),
    Mutant("parts-of-blocks-are-not-locked", "core/be_rmw.c",
           "nvmft_range_set(&r->range, first, end - 1, part);",
           "nvmft_range_set(&r->range, first, end - 1, false);",
           "wire", "mix.integrity.blocks_of_512_on_4096"),
    Mutant("flush-of-a-file-does-nothing", "core/be_file.c",
           "io_end(io, vfs_fsync(b->file, 1));",
           "io_end(io, 0);",
           "func", "180-files"),
    Mutant("table-of-ranges-has-to-be-full", "proto/sqe.c",
           "return sgl_len >= len && sgl_len <= DSM_TABLE_MAX &&",
           "return sgl_len == len && sgl_len <= DSM_TABLE_MAX &&",
           "unit", "sqe"),
    Mutant("end-of-blocks-wraps", "proto/sqe.h",
           "if (slba >= nsze || nlb > nsze - slba)",
           "if (slba + nlb > nsze)",
           "unit", "sqe"),
)
