// zmtp proxy, monitor, sniff and ping as black boxes.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { Dealer, Reply, Request, Router } from "../../src/node.ts";
import { bound, freePort, own } from "../support/harness.ts";
import { libzmqPython } from "../support/peers.ts";
import { start, startOther, zmtp } from "./command.ts";

const options = { timeout: 25_000 };
const folder = mkdtempSync(join(tmpdir(), "zmtp-cli-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("proxy: a queue between tcp and ipc, with a capture, statistics and a clean stop", options, async (t) => {
  const config = join(folder, "proxy.json");
  writeFileSync(config, JSON.stringify({ frontend: "tcp://127.0.0.1:*", backend: [`ipc://${folder}/back`], statistics: 60 }));
  const proxy = start(t, "proxy", "--config", config, "--capture", "tcp://127.0.0.1:*");
  const [, front] = await proxy.says(/front-end: bound to (\S+)/);
  const [, capture] = await proxy.says(/capture: bound to (\S+)/);
  const copies = start(t, "cat", "sub", "-c", capture, "-f", "quoted", "-n", "1");
  const rep = own(t, new Reply());
  const req = own(t, new Request());
  rep.connect(`ipc://${folder}/back`);
  req.connect(front);
  await req.send("question");
  assert.equal(String(await rep.receive()), "question");
  await rep.send("answer");
  assert.equal(String(await req.receive()), "answer");
  copies.child.kill();
  proxy.child.kill("SIGTERM");
  const { code, stderr } = await proxy.done;
  assert.equal(code, 0);
  assert.match(stderr, /front-end in 1 \(\d+ B\) out 1 \(\d+ B\), back-end in 1/);
});

test("proxy: refusals", options, async (t) => {
  assert.match((await zmtp(t, ["proxy"])).stderr, /A proxy needs --frontend ENDPOINT and --backend ENDPOINT/);
  assert.match((await zmtp(t, ["proxy", "--type", "x"])).stderr, /--type must be one of queue, forwarder, streamer/);
  const config = join(folder, "wrong.json");
  writeFileSync(config, '{"front": 1}');
  const { code, stderr } = await zmtp(t, ["proxy", "--config", config]);
  assert.equal(code, 2);
  assert.match(stderr, /has "front"; it can have: type, frontend/);
});

test("monitor: events as lines, and as JSON", options, async (t) => {
  const router = own(t, new Router());
  const endpoint = await bound(router);
  const { code, stdout } = await zmtp(t, ["monitor", "dealer", "-c", endpoint, "-n", "3"]);
  assert.equal(code, 0);
  const [delay, connect, handshake] = stdout.trim().split("\n");
  assert.match(delay, /^[\d:.]+ connect:delay tcp:/);
  assert.match(connect, /^[\d:.]+ connect tcp:/);
  assert.match(handshake, /^[\d:.]+ handshake tcp:\/\/[\d.:]+ peer tcp:\/\/[\d.:]+ \(ROUTER\)$/);
  const json = await zmtp(t, ["monitor", "dealer", "-c", endpoint, "-n", "3", "--json"]);
  const last = JSON.parse(json.stdout.trim().split("\n")[2]);
  assert.equal(last.type, "handshake");
  assert.equal(last.peer.socketType, "ROUTER");
});

test("sniff: a relay explains greeting, handshake and messages, and changes nothing", options, async (t) => {
  const rep = own(t, new Reply());
  const endpoint = await bound(rep);
  const sniff = start(t, "sniff", "tcp://127.0.0.1:*", endpoint);
  const [, relay] = await sniff.says(/listening at (\S+),/);
  const req = own(t, new Request({ routingId: "asker" }));
  req.connect(relay);
  await req.send(["two", Buffer.from([0, 255])]);
  assert.deepEqual(await rep.receive(), [Buffer.from("two"), Buffer.from([0, 255])]);
  await rep.send("answer");
  assert.equal(String(await req.receive()), "answer");
  await req.end(0);
  await sniff.says(/1 > closed/);
  sniff.child.kill("SIGINT");
  const { code, stdout } = await sniff.done;
  assert.equal(code, 0);
  for (const line of [
    "1 > greeting: ZMTP 3.1, mechanism NULL",
    "1 < greeting: ZMTP 3.1, mechanism NULL",
    '1 > READY Socket-Type="REQ" Identity="asker"',
    '1 < READY Socket-Type="REP"',
    '1 > message of 3 frames: "" (0), "two" (3), "\\x00\\xff" (2)',
    '1 < message of 2 frames: "" (0), "answer" (6)',
  ])
    assert.ok(stdout.split("\n").includes(line), `${line} in\n${stdout}`);
});

/** A pcap file of one packet per piece: raw IPv4, a client at port 1000 and a server at port 2000. */
function pcapOf(pieces: readonly (readonly [fromClient: boolean, sequence: number, bytes: Buffer])[]): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt32LE(101, 20);
  const packets = pieces.map(([fromClient, sequence, bytes]) => {
    const packet = Buffer.alloc(16 + 40 + bytes.length);
    packet.writeUInt32LE(40 + bytes.length, 8);
    packet.writeUInt32LE(40 + bytes.length, 12);
    packet[16] = 0x45;
    packet.writeUInt16BE(40 + bytes.length, 18);
    packet[25] = 6;
    packet.set([10, 0, 0, fromClient ? 1 : 2, 10, 0, 0, fromClient ? 2 : 1], 28);
    packet.writeUInt16BE(fromClient ? 1000 : 2000, 36);
    packet.writeUInt16BE(fromClient ? 2000 : 1000, 38);
    packet.writeUInt32BE(sequence, 40);
    packet[48] = 0x50;
    bytes.copy(packet, 56);
    return packet;
  });
  return Buffer.concat([header, ...packets]);
}

test("sniff: a pcap file, its segments out of order and twice", options, async (t) => {
  const greeting = Buffer.alloc(64);
  greeting.set([0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0]);
  greeting.write("CURVE", 12);
  const hidden = Buffer.concat([Buffer.from([0, 40, 7]), Buffer.from("MESSAGE"), Buffer.alloc(32)]);
  const file = join(folder, "capture.pcap");
  const first = greeting.subarray(0, 30);
  const rest = Buffer.concat([greeting.subarray(30), hidden]);
  writeFileSync(
    file,
    pcapOf([
      [true, 100, first],
      [true, 140, rest.subarray(10)],
      [true, 130, rest.subarray(0, 10)],
      [true, 100, first],
    ]),
  );
  const { code, stdout, stderr } = await zmtp(t, ["sniff", "--pcap", file]);
  assert.equal(code, 0, stderr);
  assert.deepEqual(stdout.trim().split("\n"), [
    "1 - 10.0.0.1:1000 and 10.0.0.2:2000",
    "1 > greeting: ZMTP 3.0, mechanism CURVE",
    "1 > MESSAGE: encrypted by CURVE, 40 octets; what it says is hidden",
  ]);
  writeFileSync(file, "no pcap");
  const wrong = await zmtp(t, ["sniff", "--pcap", file]);
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /This is no pcap file/);
});

test("ping: who answers, whatever its type, and why nobody does", options, async (t) => {
  for (const socket of [new Router({ routingId: "me" }), new Dealer()]) {
    const endpoint = await bound(own(t, socket));
    const { code, stdout, stderr } = await zmtp(t, ["ping", endpoint, "-n", "2"]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /connected in [\d.]+ ms, ZMTP 3\.1, mechanism NULL\n/);
    assert.match(stdout, socket instanceof Router ? /socket type ROUTER, routing id "me"\n/ : /socket type DEALER\n/);
    assert.equal(stdout.match(/round trip/g)?.length, 2);
  }
  const nobody = await zmtp(t, ["ping", `tcp://127.0.0.1:${await freePort()}`]);
  assert.equal(nobody.code, 1);
  assert.match(nobody.stderr, /cannot be reached: connect ECONNREFUSED/);
  const server = createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const { port } = server.address() as { port: number };
  assert.match((await zmtp(t, ["ping", `tcp://127.0.0.1:${port}`])).stderr, /does not speak ZMTP; it sent "HTTP/);
});

test("ping: libzmq's types", { ...options, skip: libzmqPython.missing }, async (t) => {
  const program = [
    "import zmq, sys",
    "c = zmq.Context()",
    "ss = [c.socket(k) for k in (zmq.PUB, zmq.PULL, zmq.REP)]",
    "print(*[s.bind_to_random_port('tcp://127.0.0.1') for s in ss], flush=True)",
    "sys.stdin.read()",
  ];
  const peer = startOther(t, "/usr/bin/python3", "-c", program.join("\n"));
  const [, ...ports] = await peer.says(/(\d+) (\d+) (\d+)/);
  for (const [index, type] of ["PUB", "PULL", "REP"].entries()) {
    const { stdout, stderr } = await zmtp(t, ["ping", `tcp://127.0.0.1:${ports[index]}`, "-n", "1"]);
    assert.match(stdout, new RegExp(`socket type ${type}\n`), stderr);
    assert.match(stdout, /round trip/);
  }
});
