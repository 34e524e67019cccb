#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Passes TCP connections from one port of this machine to another, and now and then flips a bit.

Not in the first bytes, which are those that no digest covers (ICReq, ICResp). Prints a line for
each flip. flip-proxy.py FROM TO
"""

import random
import socket
import sys
import threading

SPARED = 256
# A flip after so many bytes, on average
EVERY = 300000


def pump(source, sink, direction, seed):
    """One direction of a connection, until it ends."""
    rng = random.Random(seed)
    seen = 0
    due = SPARED + rng.randrange(2 * EVERY)
    try:
        while piece := bytearray(source.recv(65536)):
            if seen <= due < seen + len(piece):
                piece[due - seen] ^= 1 << rng.randrange(8)
                print(f"{direction} byte {due}", flush=True)
                due += 1 + rng.randrange(2 * EVERY)
            seen += len(piece)
            sink.sendall(piece)
    except OSError:
        pass
    for sock in (source, sink):
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def main(port, to):
    """Listen until killed."""
    listener = socket.create_server(("127.0.0.1", port), backlog=32)
    seed = 0
    while True:
        host, _ = listener.accept()
        try:
            target = socket.create_connection(("127.0.0.1", to))
        except OSError:
            host.close()
            continue
        for way in ((host, target, "to the target"), (target, host, "to the host")):
            seed += 1
            threading.Thread(target=pump, args=(*way, seed), daemon=True).start()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
