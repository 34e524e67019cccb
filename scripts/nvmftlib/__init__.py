# SPDX-License-Identifier: GPL-2.0
"""What nvmftcli is made of: the configfs tree of nvmft, its JSON files, its verbs."""

VERSION = "0.1"
ROOT = "/sys/kernel/config/nvmft"
CONFIG = "/etc/nvmft/config.json"
