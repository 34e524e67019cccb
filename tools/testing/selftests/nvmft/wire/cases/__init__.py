# SPDX-License-Identifier: GPL-2.0
"""The cases, a topic per file."""
