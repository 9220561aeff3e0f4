"""A peer over pyzmq; README.md beside this file says what it understands."""

import os
import sys
import time
import zlib

import zmq
from zmq.utils.monitor import parse_monitor_message

PERIOD = 65521
SHOWN = 32
BURST = 1000

OPTIONS = {
    "linger": zmq.LINGER,
    "sendHighWaterMark": zmq.SNDHWM,
    "receiveHighWaterMark": zmq.RCVHWM,
    "reconnectInterval": zmq.RECONNECT_IVL,
    "immediate": zmq.IMMEDIATE,
    "mandatory": zmq.ROUTER_MANDATORY,
    "handover": zmq.ROUTER_HANDOVER,
    "probeRouter": zmq.PROBE_ROUTER,
    "correlate": zmq.REQ_CORRELATE,
    "relaxed": zmq.REQ_RELAXED,
    "heartbeatInterval": zmq.HEARTBEAT_IVL,
    "heartbeatTimeout": zmq.HEARTBEAT_TIMEOUT,
    "heartbeatTimeToLive": zmq.HEARTBEAT_TTL,
    "conflate": zmq.CONFLATE,
    "verbose": zmq.XPUB_VERBOSE,
    "verboser": zmq.XPUB_VERBOSER,
    "manual": zmq.XPUB_MANUAL,
    "invertMatching": zmq.INVERT_MATCHING,
    "plainServer": zmq.PLAIN_SERVER,
    "curveServer": zmq.CURVE_SERVER,
}

# Given in hexadecimal. METADATA has a name in drafts only, but its number works.
BYTES = {
    "routingId": zmq.ROUTING_ID,
    "connectRoutingId": zmq.CONNECT_ROUTING_ID,
    "welcomeMessage": zmq.XPUB_WELCOME_MSG,
    "metadata": 95,
    "plainUsername": zmq.PLAIN_USERNAME,
    "plainPassword": zmq.PLAIN_PASSWORD,
    "curvePublicKey": zmq.CURVE_PUBLICKEY,
    "curveSecretKey": zmq.CURVE_SECRETKEY,
    "curveServerKey": zmq.CURVE_SERVERKEY,
}

EVENTS = {
    "accept": zmq.EVENT_ACCEPTED,
    "bind": zmq.EVENT_LISTENING,
    "connect": zmq.EVENT_CONNECTED,
    "connect:delay": zmq.EVENT_CONNECT_DELAYED,
    "connect:retry": zmq.EVENT_CONNECT_RETRIED,
    "disconnect": zmq.EVENT_DISCONNECTED,
    "handshake": zmq.EVENT_HANDSHAKE_SUCCEEDED,
    "handshake:error:protocol": zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL,
    "handshake:error:other": zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL,
}


def make_pattern():
    block = bytearray(PERIOD)
    x = 1
    for i in range(PERIOD):
        x = (x * 1664525 + 1013904223) & 0xFFFFFFFF
        block[i] = x >> 24
    return bytes(block)


PATTERN = make_pattern()


def pattern(size, seed):
    at = seed % PERIOD
    return (PATTERN * ((at + size) // PERIOD + 1))[at : at + size]


def frames_of(text):
    frames = []
    for frame in text.split(","):
        if frame[0] == "x":
            frames.append(bytes.fromhex(frame[1:]))
            continue
        shape, _, count = frame[1:].partition("*")
        size, seed = shape.split(":")
        frames += [pattern(int(size), int(seed) + i) for i in range(int(count or 1))]
    return frames


def describe(frames):
    return ",".join(
        f"x{frame.hex()}" if len(frame) <= SHOWN else f"c{len(frame)}:{zlib.crc32(frame):08x}" for frame in frames
    )


class Peer:
    def __init__(self):
        self.context = zmq.Context()
        self.sockets = {}
        self.monitors = {}

    def run(self, command, number, *arguments):
        if command == "socket":
            return self.make(number, *arguments)
        return getattr(self, "do_" + command)(number, self.sockets[number], *arguments)

    def make(self, number, kind, *options):
        socket = self.context.socket(getattr(zmq, kind))
        self.sockets[number] = socket
        socket.rcvtimeo = socket.sndtimeo = 20000
        for option in options:
            name, _, value = option.partition("=")
            if name in BYTES:
                socket.setsockopt(BYTES[name], bytes.fromhex(value[1:]))
            elif name == "timeout":
                socket.rcvtimeo = socket.sndtimeo = int(value)
            elif name == "events":
                self.monitors[number] = socket.get_monitor_socket()
            else:
                socket.setsockopt(OPTIONS[name], int(value))
        return []

    def do_bind(self, _number, socket, endpoint):
        socket.bind(endpoint)
        return [socket.getsockopt(zmq.LAST_ENDPOINT).rstrip(b"\0").decode()]

    def do_connect(self, _number, socket, endpoint):
        socket.connect(endpoint)
        return []

    def do_subscribe(self, _number, socket, topic, option=zmq.SUBSCRIBE):
        socket.setsockopt(option, bytes.fromhex(topic[1:]))
        # Setting does not make libzmq look at peers that have come since; this does, and then they get the subscription.
        socket.getsockopt(zmq.EVENTS)
        return []

    def do_unsubscribe(self, number, socket, topic):
        return self.do_subscribe(number, socket, topic, zmq.UNSUBSCRIBE)

    def do_send(self, _number, socket, *messages):
        for message in messages:
            socket.send_multipart(frames_of(message))
        return []

    def do_receive(self, _number, socket, count):
        return [describe(socket.recv_multipart()) for _ in range(int(count))]

    def do_property(self, _number, socket, name):
        return ["x" + socket.recv(copy=False).get(name).encode().hex()]

    def do_none(self, _number, socket, ms):
        if socket.poll(int(ms)):
            raise AssertionError("a message came where none should")
        return []

    def do_ask(self, _number, socket, *messages):
        answers = []
        for message in messages:
            socket.send_multipart(frames_of(message))
            answers.append(describe(socket.recv_multipart()))
        return answers

    def do_echo(self, _number, socket, count):
        for _ in range(int(count)):
            socket.send_multipart(socket.recv_multipart())
        return []

    def do_flow(self, _number, socket, out, into, size):
        out, into, size = int(out), int(into), int(size)
        filler = pattern(size, 0)[4:]
        sent = received = 0
        while sent < out or received < into:
            moved = False
            try:
                for _ in range(min(BURST, out - sent)):
                    socket.send(sent.to_bytes(4, "big") + filler, zmq.DONTWAIT)
                    sent += 1
                    moved = True
            except zmq.Again:
                pass
            try:
                for _ in range(min(BURST, into - received)):
                    body = socket.recv(zmq.DONTWAIT)
                    number = int.from_bytes(body[:4], "big")
                    if number != received or len(body) != size:
                        raise AssertionError(f"flow: got number {number} in {len(body)} octets, expected {received} in {size}")
                    received += 1
                    moved = True
            except zmq.Again:
                pass
            wanted = (zmq.POLLOUT if sent < out else 0) | (zmq.POLLIN if received < into else 0)
            if not moved and not socket.poll(socket.rcvtimeo, wanted):
                raise AssertionError(f"flow: stuck at {sent} sent, {received} received")
        return []

    def do_event(self, number, socket, name):
        monitor = self.monitors[number]
        end = time.monotonic() + socket.rcvtimeo / 1000
        while monitor.poll(max(0, int((end - time.monotonic()) * 1000))):
            event = parse_monitor_message(monitor.recv_multipart())
            if event["event"] == EVENTS[name]:
                return [event["endpoint"].decode()]
        raise AssertionError(f"event: no {name} came")

    def do_close(self, number, socket):
        if number in self.monitors:
            socket.disable_monitor()
            del self.monitors[number]
        socket.close()
        del self.sockets[number]
        return []


def main():
    print(f"ready {zmq.zmq_version()}", flush=True)
    peer = Peer()
    for line in sys.stdin:
        try:
            print(" ".join(["ok", *peer.run(*line.split())]), flush=True)
        except Exception as error:  # Whatever it is, the suite is to see it.
            print(f"error {type(error).__name__}: {error}".replace("\n", " "), flush=True)
    os._exit(0)


main()
