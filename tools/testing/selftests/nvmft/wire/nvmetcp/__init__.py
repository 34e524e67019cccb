# SPDX-License-Identifier: GPL-2.0
"""A raw NVMe/TCP host for tests: it can be well behaved, and it can be anything else."""
