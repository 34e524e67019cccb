# SPDX-License-Identifier: GPL-2.0
"""Sphinx: nvmft's manual, Documentation/nvmft, as scripts/htmldocs builds it.

The directives kernel-doc and kernel-abi are the kernel's own extensions. Their sources are in
the folder that srctree names in the environment, as in a kernel build.
"""
import os
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.environ["srctree"], "Documentation/sphinx"))

import kernel_abi  # noqa: E402  pylint: disable=import-error,wrong-import-position

kernel_abi.path = os.path.join(TOP, "Documentation/ABI")

project = "nvmft"
root_doc = "nvmft/index"
author = "nvmft project"
extensions = ["kerneldoc", "kernel_abi"]
kerneldoc_srctree = TOP
kerneldoc_verbosity = 0
primary_domain = "c"
highlight_language = "none"
nitpicky = True
# What kernel-doc comments speak of without describing it: types of C and of the kernel.
nitpick_ignore_regex = [("c:.*", ".*")]
smartquotes = False
html_theme = "alabaster"
html_theme_options = {"page_width": "72em", "sidebar_width": "15em", "show_powered_by": False,
                      "body_text_align": "left"}
html_copy_source = False
html_show_copyright = False
html_sidebars = {"**": ["about.html", "navigation.html", "searchbox.html"]}
