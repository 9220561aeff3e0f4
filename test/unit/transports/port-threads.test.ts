/**
 * inproc between the threads of a page that share no memory, all in this one: who gets a name, and what becomes of a connection,
 * when what one thread tells crosses with what another tells, comes late, or never comes.
 */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { ZmqError } from "../../../src/base/errors.ts";
import { defaultSettings } from "../../../src/core/options.ts";
import type { Pipe } from "../../../src/core/pipe.ts";
import type { Binding, Party } from "../../../src/core/transport.ts";
import { Centre, type Exchange, Spoke } from "../../../src/transports/exchange.ts";
import { InprocNames, inprocTransport } from "../../../src/transports/inproc.ts";
import { PortThreads } from "../../../src/transports/port-threads.ts";
import { FakeChannel, type FakePort } from "../../support/fake-port.ts";

const NAME = "name";
/** Longer than an ended thread's posts may be under way. */
const GRACE_MS = 100;

// Channels of connections, which threads make by themselves; the first end is the connector's.
const channels: FakeChannel[] = [];
globalThis.MessageChannel = class extends FakeChannel {
  constructor() {
    super();
    channels.push(this);
  }
} as unknown as typeof MessageChannel;

/** A use of a name by a socket: what the transport told it, and its ends of pipes. */
class Use {
  readonly told: string[] = [];
  readonly ends: Pipe[] = [];
  readonly party: Party;

  constructor() {
    const tell = (what: string) => (): void => void this.told.push(what);
    const owner = {
      onReadable: () => undefined,
      onWritable: () => undefined,
      onClosed: tell("closed"),
      onDrained: () => undefined,
    };
    this.party = {
      type: "PAIR",
      settings: defaultSettings(),
      conflates: { sending: false, receiving: false },
      endpoint: `inproc://${NAME}`,
      owner,
      onPipe: (end) => void this.ends.push(end),
      onJoined: tell("joined"),
      introduce: () => undefined,
      onLost: (_, error) => void this.told.push(error.reason),
      onUnsent: (_, messages, reason) => void this.told.push(`${messages.length} unsent: ${reason}`),
      hold: () => () => undefined,
      onBindError: (error) => void this.told.push(error.reason),
      linger: () => tell("lingered"),
    };
  }

  send(text: string): void {
    assert.ok(this.ends[0].write([Buffer.from(text)]));
  }

  /** What came of one connection. */
  received(index = 0): string[] {
    const all: string[] = [];
    for (let frames = this.ends[index].read(); frames !== undefined; frames = this.ends[index].read()) all.push(String(frames));
    return all;
  }
}

class Thread {
  readonly names = new InprocNames();
  readonly threads: PortThreads;
  /** To the centre, and from it; undefined at the centre itself. */
  readonly up: FakePort;
  readonly down: FakePort;
  readonly #turn: (() => void)[] = [];

  constructor(exchange: Exchange, { port1, port2 }: FakeChannel) {
    this.threads = new PortThreads(exchange, this.names, (callback) => this.#turn.push(callback));
    this.down = port1;
    this.up = port2;
  }

  bind(): { readonly use: Use; readonly binding: Binding } {
    const use = new Use();
    return { use, binding: inprocTransport(this.names, this.threads).bind(NAME, use.party) };
  }

  connect(): Use {
    const use = new Use();
    inprocTransport(this.names, this.threads).connect(NAME, use.party);
    return use;
  }

  /** The end of a turn of the event loop. */
  turn(): void {
    for (const callback of this.#turn.splice(0)) callback();
  }
}

/** A page with two workers, who have joined. */
class Page {
  readonly centre: Thread;
  readonly one: Thread;
  readonly two: Thread;
  readonly #centre = new Centre(undefined);

  constructor(t: TestContext) {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    channels.length = 0;
    this.centre = new Thread(this.#centre, new FakeChannel());
    this.one = this.join(1);
    this.two = this.join(2);
    this.settle();
  }

  join(id: number): Thread {
    const channel = new FakeChannel();
    this.#centre.admit(id, "", channel.port1);
    return new Thread(new Spoke(id, channel.port2), channel);
  }

  /** Until nobody has anything to say; a thread that is over says nothing. */
  readonly settle = (): void => {
    const threads = [this.centre, this.one, this.two];
    let count: number;
    do {
      for (const thread of threads) thread.turn();
      const ports = threads.flatMap(({ up, down }) => [up, down]).concat(channels.flatMap(({ port1, port2 }) => [port1, port2]));
      count = ports.reduce((sum, port) => sum + port.carry(), 0);
    } while (count > 0);
  };
}

const offers = (port: FakePort): number =>
  port.posted.filter((posted) => (posted as { message?: { kind?: string } }).message?.kind === "offer").length;
const outcome = (binding: Binding): Promise<unknown> =>
  (binding.ready as Promise<void>).then(
    () => "bound",
    (error: ZmqError) => error.reason,
  );

// Names ---------------------------------------------------------------------------------------------------------------

test("two ask for a name at a time: the page decides, the other is told and has it no more", async (t) => {
  const { one, two, settle } = new Page(t);
  const [first, second] = [one.bind(), two.bind()];
  settle();
  assert.deepEqual([await outcome(first.binding), await outcome(second.binding)], ["bound", "address-in-use"]);
  assert.deepEqual([first.use.told, second.use.told], [[], ["address-in-use"]]);
  assert.deepEqual([one.names.bound.has(NAME), two.names.bound.has(NAME)], [true, false]);
});

test("a name that is the page's own, or known to be another's, is not had twice", async (t) => {
  const { centre, one, settle } = new Page(t);
  one.bind();
  settle();
  assert.throws(() => centre.bind(), { code: "EADDRINUSE" });
});

test("a bind that is given up before its answer is no error, and does not free the name for others", async (t) => {
  const { centre, one, two, settle } = new Page(t);
  one.bind();
  settle();
  const given = two.bind();
  given.binding.close();
  settle();
  assert.equal(await outcome(given.binding), "bound");
  assert.deepEqual(given.use.told, []);
  assert.ok(centre.threads.has(NAME), "it is the first one's");
});

test("a bind that is given up before it is granted leaves the name free", async (t) => {
  const { centre, one, two, settle } = new Page(t);
  const given = one.bind();
  given.binding.close();
  settle();
  assert.ok(!centre.threads.has(NAME));
  const next = two.bind();
  settle();
  assert.equal(await outcome(next.binding), "bound");
});

test("a name that is bound, given free and bound again in one breath: each bind has its own answer", async (t) => {
  const { one, two, settle } = new Page(t);
  const first = one.bind();
  first.binding.close();
  one.up.carry(); // The page has heard of both; its answers are under way.
  const other = two.bind();
  two.up.carry();
  const second = one.bind();
  settle();
  assert.deepEqual(await Promise.all([first, other, second].map(({ binding }) => outcome(binding))), [
    "bound",
    "bound",
    "address-in-use",
  ]);
  assert.deepEqual([first.use.told, second.use.told], [[], ["address-in-use"]]);
  assert.ok(one.threads.has(NAME), "it is known whose it is");
});

test("a thread that joins late is told all names", (t) => {
  const page = new Page(t);
  const { one, settle } = page;
  one.bind();
  settle();
  const late = page.join(3);
  const connector = late.connect();
  late.up.carry();
  late.down.carry();
  assert.ok(late.threads.has(NAME));
  assert.equal(offers(late.up), 1);
  assert.deepEqual(connector.told, []);
});

test("a name that was given free, of which the page has not told yet, is nobody's: no thread offers a connection to itself", (t) => {
  const { one, two, settle } = new Page(t);
  const { binding } = one.bind();
  settle();
  binding.close();
  assert.ok(!one.threads.has(NAME));
  const connector = one.connect();
  assert.equal(offers(one.up), 0);
  const { use } = two.bind();
  settle();
  assert.deepEqual([connector.told, use.told], [["joined"], ["joined"]]);
});

// Connections ---------------------------------------------------------------------------------------------------------

for (const early of [true, false])
  test(`a connection ${early ? "before" : "after"} the bind is joined, and what was sent meanwhile comes`, (t) => {
    const { one, two, settle } = new Page(t);
    const connectors: Use[] = [];
    if (early) connectors.push(two.connect());
    const { use } = one.bind();
    settle();
    if (!early) connectors.push(two.connect());
    connectors[0].send("1");
    settle();
    assert.deepEqual([connectors[0].told, use.told], [["joined"], ["joined"]]);
    use.send("2");
    settle();
    assert.deepEqual([use.received(), connectors[0].received()], [["1"], ["2"]]);
  });

test("a name that is given free while an offer is under way: the connection waits for the next, with what it has to say", (t) => {
  const { one, two, settle } = new Page(t);
  const first = one.bind();
  settle();
  const [connector, silent, closed] = [two.connect(), two.connect(), two.connect()];
  connector.send("kept");
  closed.send("last words");
  closed.ends[0].close(true);
  two.up.carry();
  first.binding.close();
  one.down.carry(); // The offers come, and are refused.
  settle();
  assert.deepEqual([connector.told, silent.told, closed.told, first.use.ends], [[], [], [], []]);
  const next = one.bind();
  settle();
  assert.deepEqual([connector.told, silent.told, closed.told], [["joined"], ["joined"], ["lingered"]]);
  assert.deepEqual(
    next.use.ends.map((_, index) => next.use.received(index)),
    [["kept"], [], ["last words"]],
  );
});

test("a refusal that comes after the news who has the name now: the connection is offered to that one", (t) => {
  const { centre, one, two, settle } = new Page(t);
  const first = one.bind();
  settle();
  const connector = two.connect();
  connector.send("kept");
  two.up.carry();
  first.binding.close();
  one.up.carry();
  const next = centre.bind();
  two.down.carry();
  assert.ok(two.threads.has(NAME));
  settle();
  assert.deepEqual([connector.told, next.use.received()], [["joined"], ["kept"]]);
});

test("a name that came to the connector's own thread meanwhile: the two are joined there", (t) => {
  const { one, two, settle } = new Page(t);
  const first = one.bind();
  settle();
  const connector = two.connect();
  connector.send("kept");
  first.binding.close();
  one.up.carry();
  two.down.carry();
  const next = two.bind();
  settle();
  assert.deepEqual([connector.told, next.use.told, next.use.received()], [["joined"], ["joined"], ["kept"]]);
});

test("a socket that closes before its offer is answered: what it had said comes, then its end", (t) => {
  const { one, two, settle } = new Page(t);
  const { use } = one.bind();
  settle();
  const connector = two.connect();
  connector.send("last words");
  connector.ends[0].close(true);
  settle();
  assert.deepEqual([connector.told, use.told, use.received()], [["lingered"], ["joined", "closed"], ["last words"]]);
});

test("a socket that closes, with nothing to say, before its offer is refused is not waited for any more", (t) => {
  const { one, two, settle } = new Page(t);
  const first = one.bind();
  settle();
  const connector = two.connect();
  first.binding.close();
  connector.ends[0].close(true);
  settle();
  assert.equal(two.names.waiting.size, 0);
  const next = two.bind();
  assert.deepEqual(next.use.ends, []);
});

test("nothing is kept of a connection that is over", async (t) => {
  const { one, two, settle } = new Page(t);
  const { use } = one.bind();
  settle();
  const once = (): WeakRef<Pipe>[] => {
    const connector = two.connect();
    settle();
    connector.ends[0].close(true);
    settle();
    channels.length = 0;
    return [connector, use].map(({ ends }) => new WeakRef(ends.splice(0)[0]));
  };
  const ends = once();
  await new Promise((resolve) => setImmediate(resolve));
  globalThis.gc?.();
  assert.deepEqual(
    ends.map((end) => end.deref()),
    [undefined, undefined],
  );
});

// The end of a thread -------------------------------------------------------------------------------------------------

test("a thread that is ended before it answers: the connection waits for the next, and a late answer is not heard", (t) => {
  const { one, two, settle } = new Page(t);
  const first = one.bind();
  settle();
  const connector = two.connect();
  connector.send("kept");
  two.up.carry();
  one.down.carry(); // It answers: the answer is under way very long.
  assert.deepEqual(first.use.told, ["joined"]);
  one.down.vanish();
  two.down.carry();
  assert.ok(!two.threads.has(NAME));
  t.mock.timers.tick(GRACE_MS);
  channels[0].port2.carry();
  assert.deepEqual([connector.told, two.names.waiting.size], [[], 1]);
  const next = two.bind();
  assert.deepEqual([connector.told, next.use.received()], [["joined"], ["kept"]]);
});

test("a thread that is ended just after it answered: the connection is made, brings what it sent, and is lost", (t) => {
  const { one, two, settle } = new Page(t);
  const { use } = one.bind();
  settle();
  const connector = two.connect();
  two.up.carry();
  one.down.carry();
  use.send("last words");
  one.down.vanish();
  two.down.carry();
  channels[0].port2.carry();
  assert.deepEqual([connector.told, connector.received()], [["joined"], ["last words"]]);
  t.mock.timers.tick(GRACE_MS);
  assert.deepEqual([connector.told, two.names.waiting.size], [["joined", "thread-ended", "closed"], 0]);
});

test("a connector's thread that is ended: what it had posted comes, then its peer is told, once", (t) => {
  const { one, two, settle } = new Page(t);
  const { use } = one.bind();
  settle();
  const connector = two.connect();
  settle();
  connector.send("last words");
  two.down.vanish();
  one.down.carry();
  t.mock.timers.tick(GRACE_MS - 1);
  assert.deepEqual(use.told, ["joined"]);
  channels[0].port1.carry();
  t.mock.timers.tick(GRACE_MS);
  assert.deepEqual([use.told, use.received()], [["joined", "thread-ended", "closed"], ["last words"]]);
});

test("only the connections of the thread that is ended are lost", (t) => {
  const { centre, one, two, settle } = new Page(t);
  const { use } = centre.bind();
  const connectors = [one.connect(), two.connect()];
  settle();
  two.down.vanish();
  settle();
  t.mock.timers.tick(GRACE_MS);
  assert.deepEqual(use.told, ["joined", "joined", "thread-ended", "closed"]);
  connectors[0].send("still here");
  settle();
  assert.deepEqual(use.received(0), ["still here"]);
});

test("the names of a thread that is ended are free as soon as its end is told: nothing is offered to it", (t) => {
  const { centre, one, two, settle } = new Page(t);
  one.bind();
  settle();
  one.down.vanish();
  assert.ok(!centre.threads.has(NAME));
  const [gone] = two.down.posted.splice(0);
  two.up.onmessage?.({ data: gone });
  const connector = two.connect();
  assert.deepEqual(two.up.posted, []);
  connector.send("kept");
  const { use } = centre.bind();
  settle();
  assert.deepEqual(use.received(), ["kept"]);
});
