// udp for RADIO, DISH and DGRAM (libzmq test_radio_dish, test_dgram): what a datagram holds, who may bind and connect, and that nothing is lost in silence.

import assert from "node:assert/strict";
import { Context, Datagram, Dish, Publisher, Radio, Subscriber } from "../../src/node.ts";
import { freePort } from "../support/free-port.ts";
import { check, codeOf, Events, eventually, own } from "../support/harness.ts";
import { rawUdp } from "../support/udp.ts";

const portOf = (endpoint: string | null): number => Number(endpoint?.split(":").at(-1));

async function dishWith(t: Parameters<typeof own>[0], ...groups: string[]): Promise<{ dish: Dish; port: number }> {
  const dish = own(t, new Dish({ receiveTimeout: 5000 }));
  dish.join(...groups);
  await dish.bind("udp://127.0.0.1:*");
  return { dish, port: portOf(dish.lastEndpoint) };
}

check("a RADIO's datagram is the group's length, the group and the body", async (t) => {
  const raw = await rawUdp(t);
  const radio = own(t, new Radio());
  radio.connect(`udp://127.0.0.1:${raw.port}`);
  await radio.send("payload", { group: "grp" });
  await radio.send("", { group: "" });
  assert.equal((await raw.next()).toString("latin1"), "\x03grppayload");
  assert.equal((await raw.next()).toString("hex"), "00");
});

check("a DISH takes the messages of its groups; others are counted, malformed ones too", async (t) => {
  const { dish, port } = await dishWith(t, "TV");
  const events = new Events(dish);
  const raw = await rawUdp(t);
  for (const datagram of ["\x02tvwrong case", "\x03TV", "", "\xffTV", "\x02TVgood"])
    await raw.send(port, Buffer.from(datagram, "latin1"));
  const [body, { group }] = await dish.receive();
  assert.deepEqual([String(body), String(group)], ["good", "TV"]);
  assert.deepEqual(dish.stats().dropped, { "malformed-packet": 3, "not-subscribed": 1 });
  await events.next("drop", 4);
  assert.deepEqual(new Set(events.of("drop").map(({ reason }) => reason)), new Set(["malformed-packet", "not-subscribed"]));
});

check("a group of 128 octets to 255 is read, though libzmq would not", async (t) => {
  const long = "g".repeat(255);
  const { dish, port } = await dishWith(t, long);
  const raw = await rawUdp(t);
  await raw.send(port, Buffer.concat([Buffer.from([255]), Buffer.from(`${long}body`)]));
  assert.equal(String((await dish.receive())[0]), "body");
});

check(
  "RADIO to DISH: messages up to 8192 octets with head; larger ones and groups above 127 are dropped with an event (test_radio_dish)",
  async (t) => {
    const { dish, port } = await dishWith(t, "g", "h".repeat(127));
    const radio = own(t, new Radio());
    const events = new Events(radio);
    radio.connect(`udp://127.0.0.1:${port}`);
    await radio.connected();
    await radio.send(Buffer.alloc(8191), { group: "g" });
    await radio.send("x", { group: "h".repeat(128) });
    await radio.send(Buffer.alloc(8190, 7), { group: "g" });
    await radio.send("last", { group: "h".repeat(127) });
    assert.deepEqual((await dish.receive())[0], Buffer.alloc(8190, 7));
    assert.equal(String((await dish.receive())[0]), "last");
    assert.deepEqual(radio.stats().dropped, { "datagram-too-large": 2 });
    assert.equal((await events.next("drop", 2)).reason, "datagram-too-large");
    assert.equal(radio.stats().sent, 4);
  },
);

check("what is sent before the address is looked up waits for it", async (t) => {
  const { dish, port } = await dishWith(t, "g");
  const radio = own(t, new Radio());
  radio.connect(`udp://localhost:${port}`);
  for (let i = 0; i < 20; i++) radio.trySend(String(i), { group: "g" });
  for (let i = 0; i < 20; i++) assert.equal(String((await dish.receive())[0]), String(i));
});

check("end() sends what waits before it closes", async (t) => {
  const { dish, port } = await dishWith(t, "g");
  const radio = new Radio();
  radio.connect(`udp://127.0.0.1:${port}`);
  for (let i = 0; i < 50; i++) radio.trySend(String(i), { group: "g" });
  assert.deepEqual(await radio.end(), { flushed: 50, dropped: 0 });
  for (let i = 0; i < 50; i++) assert.equal(String((await dish.receive())[0]), String(i));
});

check("a name that does not exist is an event, and what waits for it is dropped with its reason", async (t) => {
  const radio = own(t, new Radio());
  const events = new Events(radio);
  radio.connect("udp://no-such-host.invalid:5555");
  radio.trySend("x", { group: "g" });
  assert.equal((await events.next("close")).error?.reason, "name-not-found");
  await eventually(() => radio.stats().dropped["name-not-found"] === 1);
});

check("libzmq's #2862: a RADIO whose host answers that nobody listens goes on, and is heard when somebody does", async (t) => {
  const radio = own(t, new Radio());
  const port = await freePort();
  radio.connect(`udp://127.0.0.1:${port}`);
  // Each of these is answered with "port unreachable", which the system reports at a later call.
  for (let i = 0; i < 20; i++) {
    await radio.send("unheard", { group: "g" });
    await new Promise((resolve) => setImmediate(resolve));
  }
  const dish = own(t, new Dish({ receiveTimeout: 5000 }));
  dish.join("g");
  await dish.bind(`udp://127.0.0.1:${port}`);
  await radio.send("heard", { group: "g" });
  // A runtime that sends late may have some of the others heard too.
  for (let text = ""; text !== "heard"; ) {
    text = String((await dish.receive())[0]);
    assert.match(text, /^(un)?heard$/);
  }
});

check("a DISH that is full loses messages with an event, and goes on", async (t) => {
  const dish = own(t, new Dish({ receiveHighWaterMark: 2, receiveTimeout: 5000 }));
  dish.join("g");
  await dish.bind("udp://127.0.0.1:*");
  const raw = await rawUdp(t);
  for (let i = 0; i < 5; i++) await raw.send(portOf(dish.lastEndpoint), Buffer.from(`\x01g${i}`));
  await eventually(() => dish.stats().dropped["high-water-mark"] === 3);
  assert.deepEqual([String((await dish.receive())[0]), String((await dish.receive())[0])], ["0", "1"]);
  await raw.send(portOf(dish.lastEndpoint), Buffer.from("\x01gnext"));
  assert.equal(String((await dish.receive())[0]), "next");
});

check("DGRAM: an address comes with each datagram and can be answered, with or without libzmq's NUL (test_dgram)", async (t) => {
  const datagram = own(t, new Datagram({ receiveTimeout: 5000 }));
  await datagram.bind("udp://127.0.0.1:*");
  const raw = await rawUdp(t);
  await raw.send(portOf(datagram.lastEndpoint), Buffer.from("hello"));
  await raw.send(portOf(datagram.lastEndpoint), Buffer.alloc(0));
  const [address, body] = await datagram.receive();
  assert.deepEqual([String(address), String(body)], [`127.0.0.1:${raw.port}`, "hello"]);
  assert.equal((await datagram.receive())[1].length, 0);
  await datagram.send([address, "first"]);
  await datagram.send([`127.0.0.1:${raw.port}\0`, "second"]);
  await datagram.send([address, ""]);
  assert.deepEqual([String(await raw.next()), String(await raw.next()), String(await raw.next())], ["first", "second", ""]);
});

check("DGRAM: what has no address or is too large is dropped with an event; other than two frames are EINVAL", async (t) => {
  const datagram = own(t, new Datagram());
  const events = new Events(datagram);
  await datagram.bind("udp://127.0.0.1:*");
  const raw = await rawUdp(t);
  const there = `127.0.0.1:${raw.port}`;
  for (const address of ["", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:70000", "localhost:5", "[::1]:5555"])
    await datagram.send([address, "x"]);
  await datagram.send([there, Buffer.alloc(8193)]);
  await datagram.send([there, Buffer.alloc(8192)]);
  assert.equal((await raw.next()).length, 8192);
  assert.deepEqual(datagram.stats().dropped, { unroutable: 6, "datagram-too-large": 1 });
  await events.next("drop", 7);
  for (const frames of [["x"], [there, "x", "y"]]) assert.equal(await codeOf(() => datagram.send(frames)), "EINVAL");
});

check("two DGRAMs talk to each other, and a close frees the address", async (t) => {
  const a = own(t, new Datagram({ receiveTimeout: 5000 }));
  const b = new Datagram({ receiveTimeout: 5000 });
  await a.bind("udp://127.0.0.1:*");
  await b.bind("udp://127.0.0.1:*");
  const here = b.lastEndpoint as string;
  await a.send([here.slice("udp://".length), "ping"]);
  const [address, body] = await b.receive();
  assert.equal(String(body), "ping");
  await b.send([address, "pong"]);
  assert.equal(String((await a.receive())[1]), "pong");
  await b.unbind(here);
  await b.bind(here);
  await b.end();
});

check("udp is for RADIO that connects and for DISH and DGRAM that bind", async (t) => {
  const port = await freePort();
  const endpoint = `udp://127.0.0.1:${port}`;
  const [radio, dish, datagram] = [own(t, new Radio()), own(t, new Dish()), own(t, new Datagram())];
  assert.equal(await codeOf(() => radio.bind(endpoint)), "ENOCOMPATPROTO");
  assert.equal(await codeOf(() => dish.connect(endpoint)), "ENOCOMPATPROTO");
  assert.equal(await codeOf(() => datagram.connect(endpoint)), "ENOCOMPATPROTO");
  assert.equal(await codeOf(() => own(t, new Publisher()).bind(endpoint)), "ENOCOMPATPROTO");
  assert.equal(await codeOf(() => own(t, new Subscriber()).connect(endpoint)), "ENOCOMPATPROTO");
  for (const other of ["tcp://127.0.0.1:*", "inproc://x", "ipc://*"]) {
    assert.equal(await codeOf(() => datagram.bind(other)), "ENOCOMPATPROTO");
    assert.equal(await codeOf(() => datagram.connect(other.replace("*", "1"))), "ENOCOMPATPROTO");
  }
});

check("endpoints that cannot be are refused at the call (libzmq unittest_udp_address)", async (t) => {
  const [dish, radio] = [own(t, new Dish()), own(t, new Radio())];
  for (const address of [
    "127.0.0.1",
    "127.0.0.1:",
    "127.0.0.1:x",
    "127.0.0.1:65536",
    "127.0.0.1;127.0.0.1:1",
    "239.0.0.1;239.0.0.2:1",
  ])
    assert.equal(await codeOf(() => dish.bind(`udp://${address}`)), "EINVAL", address);
  for (const address of ["*:5555", "127.0.0.1:*", "127.0.0.1:0", "a b:1", ":1", "127.0.0.1;10.0.0.1:1"])
    assert.equal(await codeOf(() => radio.connect(`udp://${address}`)), "EINVAL", address);
  for (const address of ["nosuch0:5555", "localhost:5555", "nosuch0;239.0.0.1:5555", "[::1]:5555"])
    assert.equal(await codeOf(() => dish.bind(`udp://${address}`)), "ENODEV", address);
});

check("an interface's name binds its address, and IPv6 works when it is allowed", async (t) => {
  const context = new Context({ ipv6: true });
  const dish = own(t, new Dish({ context, receiveTimeout: 5000 }));
  dish.join("g");
  await dish.bind("udp://[::1]:*");
  const endpoint = dish.lastEndpoint as string;
  assert.match(endpoint, /^udp:\/\/\[::1\]:\d+$/);
  const radio = own(t, new Radio({ context }));
  radio.connect(endpoint);
  await radio.send("six", { group: "g" });
  assert.equal(String((await dish.receive())[0]), "six");
  const local = own(t, new Dish());
  if (process.platform === "linux") {
    await local.bind("udp://lo:*");
    assert.match(local.lastEndpoint as string, /^udp:\/\/127\.0\.0\.1:\d+$/);
  }
});

check("an address that this machine does not have rejects the bind", async (t) => {
  const dish = own(t, new Dish());
  const events = new Events(dish);
  assert.equal(await codeOf(() => dish.bind("udp://198.51.100.1:5555")), "EADDRNOTAVAIL");
  await events.next("bind:error");
  assert.equal(dish.peers().length, 0);
  await dish.bind("udp://127.0.0.1:*");
});
