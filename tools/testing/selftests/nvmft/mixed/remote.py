#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Runs what the other guest asks for: a line is a command line, the answer its
output and a last line with its status. "end" ends. Says "# ready" first.

  remote.py ADDRESS FOLDER    listen there, run in FOLDER
"""
import socket
import subprocess
import sys

PORT = 999


def main():
    address, folder = sys.argv[1:]
    with socket.create_server((address, PORT)) as server:
        print("# ready", flush=True)
        while True:
            peer = server.accept()[0]
            with peer, peer.makefile("rw", encoding="utf-8", errors="replace") as stream:
                line = stream.readline().strip()
                if line == "end":
                    return 0
                done = subprocess.run(["bash", "-c", line], cwd=folder, text=True, stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                stream.write(f"{done.stdout}{done.returncode}\n")


if __name__ == "__main__":
    sys.exit(main())
