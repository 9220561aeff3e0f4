// Events: which come, in which order for each side, with which fields; reading and listening; the end.
import assert from "node:assert/strict";
import { test } from "node:test";
import { both, dropIn, type Log, outcome, outcomeOf, type Zeromq } from "./both.ts";

type AnySocket = InstanceType<Zeromq["Dealer"]>;

/** Logs events of a socket in the order they come; which of two sockets is first is left to chance. */
function record(socket: Pick<AnySocket, "events">): unknown[] {
  const events: unknown[] = [];
  const types = [
    ...(["accept", "accept:error", "bind", "bind:error", "connect", "connect:delay", "connect:retry", "close"] as const),
    ...(["close:error", "disconnect", "end", "handshake", "handshake:error:protocol", "handshake:error:auth"] as const),
    ...(["handshake:error:other", "unknown"] as const),
  ];
  for (const type of types) socket.events.on(type, (event) => events.push(event));
  return events;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
const has = (events: readonly unknown[], type: string): boolean =>
  events.some((each) => (each as { type: string }).type === type);
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 50));

function show(log: Log, title: string, events: readonly unknown[]): void {
  for (const event of events) log(title, event);
}

for (const [scheme, endpoint] of [
  ["tcp", "tcp://127.0.0.1:*"],
  ["ipc", `ipc:///tmp/zmtp-events-${process.pid}`],
  ["inproc", "inproc://events"],
] as const) {
  both(`${scheme}: a connection's life`, async (zmq, log) => {
    const server = new zmq.Reply({ linger: 0 });
    const client = new zmq.Request({ linger: 0 });
    const [serverEvents, clientEvents] = [record(server), record(client)];
    await server.bind(endpoint);
    client.connect(server.lastEndpoint as string);
    await client.send("x");
    await server.receive();
    if (scheme !== "inproc") await until(() => has(serverEvents, "handshake") && has(clientEvents, "handshake"));
    client.close();
    // Over inproc libzmq ends a socket only when its peer has looked.
    if (scheme !== "inproc") await until(() => has(clientEvents, "end") && has(serverEvents, "disconnect"));
    await pause();
    server.close();
    await until(() => has(clientEvents, "end"));
    await until(() => has(serverEvents, "end"));
    show(log, "server", serverEvents);
    // The system connects ipc at once: libzmq has no delay to tell of.
    const delay = (event: unknown): boolean => scheme === "ipc" && (event as { type: string }).type === "connect:delay";
    show(
      log,
      "client",
      clientEvents.filter((event) => !delay(event)),
    );
  });
}

both("tcp: a server that goes", async (zmq, log) => {
  const server = new zmq.Reply({ linger: 0 });
  const client = new zmq.Request({ linger: 0, reconnectInterval: 100_000 });
  await server.bind("tcp://127.0.0.1:*");
  const events = record(client);
  client.connect(server.lastEndpoint as string);
  await until(() => has(events, "handshake"));
  server.close();
  await until(() => has(events, "disconnect"));
  await pause();
  client.close();
  await until(() => has(events, "end"));
  show(
    log,
    "client",
    events.filter((each) => (each as { type: string }).type !== "connect:retry"),
  );
});

both("tcp: nobody is there", async (zmq, log) => {
  const server = new zmq.Reply({ linger: 0 });
  await server.bind("tcp://127.0.0.1:*");
  const endpoint = server.lastEndpoint as string;
  await server.unbind(endpoint);
  await pause();
  const client = new zmq.Request({ linger: 0, reconnectInterval: 100_000 });
  const events = record(client);
  client.connect(endpoint);
  await until(() => has(events, "connect:retry"));
  client.close();
  await until(() => has(events, "end"));
  show(
    log,
    "client",
    events.map((each) => ({ ...(each as object), interval: "interval" in (each as object) })),
  );
});

both("tcp: an address in use", async (zmq, log) => {
  const one = new zmq.Reply({ linger: 0 });
  const two = new zmq.Reply({ linger: 0 });
  await one.bind("tcp://127.0.0.1:*");
  const events = record(two);
  log(await outcomeOf(() => two.bind(one.lastEndpoint as string)));
  await until(() => has(events, "bind:error"));
  one.close();
  two.close();
  await until(() => has(events, "end"));
  // The original tells beforehand of the close of a socket that never was.
  for (const event of events as { type: string; address: string; error: Error }[])
    if (event.type !== "close") log(event.type, event.address?.replace("tcp://", ""), event.error);
});

both("reading events, one at a time", async (zmq, log) => {
  const dealer = new zmq.Dealer({ linger: 0 });
  const { events } = dealer;
  log(
    events.closed,
    outcome(() => (events.receive as (...args: unknown[]) => unknown)(1)),
  );
  const first = events.receive();
  log(outcome(() => events.receive()));
  await dealer.bind("tcp://127.0.0.1:*");
  log(await first);
  dealer.close();
  for await (const event of events) log(event);
  log(
    events.closed,
    outcome(() => events.receive()),
    outcome(() => events.close()),
  );
});

test("an event that is waited for when the observer is closed is undefined; in the original it is an error", async () => {
  const dealer = new dropIn.Dealer({ linger: 0 });
  const pending = dealer.events.receive();
  dealer.events.close();
  assert.equal(await pending, undefined);
  dealer.close();
});

test("a peer of another type is an event; in the original nobody tells", async () => {
  const rep = new dropIn.Reply({ linger: 0 });
  const push = new dropIn.Push({ linger: 0, reconnectInterval: 100_000 });
  const events = record(rep);
  await rep.bind("tcp://127.0.0.1:*");
  push.connect(rep.lastEndpoint as string);
  await until(() => has(events, "handshake:error:protocol"));
  const { error } = events.find((each) => (each as { type: string }).type === "handshake:error:protocol") as { error: Error };
  assert.equal(error.message, "ZMTP protocol error");
  assert.equal((error as { code?: string }).code, "ERR_ZMTP_INVALID_METADATA");
  push.close();
  rep.close();
});

both("an observer that listens", async (zmq, log) => {
  const dealer = new zmq.Dealer({ linger: 0 });
  const { events } = dealer;
  const seen: unknown[] = [];
  const listener = (event: unknown): void => void seen.push(event);
  events.on("bind", listener).on("end", listener);
  log(outcome(() => events.receive()));
  await dealer.bind("tcp://127.0.0.1:*");
  await until(() => seen.length === 1);
  events.off("bind", listener);
  await dealer.bind("tcp://127.0.0.1:*");
  dealer.close();
  await until(() => seen.length === 2);
  log(...seen, events.closed);
});

// The last one: the original is not well afterwards.
both("an observer that is closed", (zmq, log) => {
  const dealer = new zmq.Dealer({ linger: 0 });
  const observer = new zmq.Observer(dealer);
  observer.close();
  log(
    observer.closed,
    outcome(() => observer.receive()),
  );
  dealer.close();
  log(outcome(() => new zmq.Observer(dealer)));
});
