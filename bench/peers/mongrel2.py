"""A handler for Mongrel2 over pyzmq: reads all headers and answers with an HTTP response of 12 octets."""

import json
import os
import resource
import sys
import threading
import time

import zmq

BODY = b"Hello World!"


def end_with_parent():
    sys.stdin.read()
    os._exit(0)


def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main():
    settings = dict(argument.split("=", 1) for argument in sys.argv[1:])
    threading.Thread(target=end_with_parent, daemon=True).start()
    context = zmq.Context()
    # XPUB only to see the subscription; it sends as PUB does.
    pub = context.socket(zmq.XPUB)
    pub.setsockopt(zmq.XPUB_NODROP, 1)
    pub.connect(settings["replies"])
    pub.recv()
    pull = context.socket(zmq.PULL)
    pull.connect(settings["requests"])
    seconds = float(settings["seconds"])
    messages, began, used = -1 - int(settings["warmUp"]), 0.0, 0.0
    while True:
        uuid, number, _path, rest = pull.recv().split(b" ", 3)
        size, rest = rest.split(b":", 1)
        headers = json.loads(rest[: int(size)])
        if "host" not in headers:
            raise ValueError("a request without a host")
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(BODY)
        pub.send(b"%s %d:%s, %s%s" % (uuid, len(number), number, head, BODY))
        messages += 1
        if messages == 0:
            began, used = time.monotonic(), cpu()
        elif messages > 0 and messages % 100 == 0 and time.monotonic() - began >= seconds:
            elapsed = time.monotonic() - began
            print(json.dumps({"messages": messages, "seconds": elapsed, "cpu": cpu() - used}), flush=True)
            seconds = float("inf")


main()
