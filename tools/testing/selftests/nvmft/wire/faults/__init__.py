# SPDX-License-Identifier: GPL-2.0
"""Cases for a kernel with fault injection; wire/run.py --faults runs them."""
