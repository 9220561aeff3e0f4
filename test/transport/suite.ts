/**
 * One suite, every transport: what a program may expect of any scheme. A transport's own file is ten lines.
 */
import assert from "node:assert/strict";
import { Dealer, Pair, Publisher, Pull, Push, Reply, Request, Router, Subscriber } from "../../src/node.ts";
import { anyEndpoint, assertNothing, bound, check, freeEndpoint, join2, own, receive, receiveEach } from "../support/harness.ts";

export interface TransportUnderTest {
  readonly scheme: "tcp" | "ipc" | "inproc" | "ws";
  /** Whether a connection that broke is made again. */
  readonly reconnects: boolean;
}

export function transportSuite({ scheme, reconnects }: TransportUnderTest): void {
  const it: typeof check = (title, body, skip) => check(`${scheme}: ${title}`, body, skip);

  it("bind, then connect", async (t) => {
    const pull = own(t, new Pull());
    const push = own(t, new Push());
    push.connect(await bound(pull, scheme));
    await push.send("hello");
    assert.deepEqual(await receive(pull), ["hello"]);
  });

  it("connect before bind: what was sent meanwhile comes in order", async (t) => {
    const endpoint = await freeEndpoint(scheme);
    const push = own(t, new Push({ reconnectInterval: 5 }));
    const pull = own(t, new Pull());
    push.connect(endpoint);
    for (let i = 0; i < 100; i++) await push.send(String(i));
    await pull.bind(endpoint);
    assert.deepEqual(
      await receiveEach(pull, 100),
      Array.from({ length: 100 }, (_, i) => String(i)),
    );
  });

  it("many peers, each in order", async (t) => {
    const pull = own(t, new Pull());
    const endpoint = await bound(pull, scheme);
    const pushes = Array.from({ length: 20 }, () => own(t, new Push()));
    for (const push of pushes) push.connect(endpoint);
    await pull.connected(20);
    await Promise.all(
      pushes.map(async (push, index) => {
        for (let i = 0; i < 50; i++) await push.send([String(index), String(i)]);
      }),
    );
    const next = new Map<string, number>();
    for (let i = 0; i < 1000; i++) {
      const [who, number] = await receive(pull);
      assert.equal(Number(number), next.get(who) ?? 0);
      next.set(who, Number(number) + 1);
    }
    assert.equal(next.size, 20);
  });

  it("multipart messages stay whole", async (t) => {
    const [server, client] = [own(t, new Pair()), own(t, new Pair())];
    await join2(server, client, scheme);
    const parts = Array.from({ length: 200 }, (_, i) => `part ${i}`);
    await client.send(parts);
    await client.send(["a", "b"]);
    assert.deepEqual(await receive(server), parts);
    assert.deepEqual(await receive(server), ["a", "b"]);
  });

  it("empty frames, alone and among others", async (t) => {
    const [server, client] = [own(t, new Pair()), own(t, new Pair())];
    await join2(server, client, scheme);
    await client.send("");
    await client.send([null, "", "x", null]);
    await client.send([null, null]);
    assert.deepEqual(await receive(server), [""]);
    assert.deepEqual(await receive(server), ["", "", "x", ""]);
    assert.deepEqual(await receive(server), ["", ""]);
  });

  it("frames of every size class arrive byte for byte", async (t) => {
    const [server, client] = [own(t, new Pair()), own(t, new Pair())];
    await join2(server, client, scheme);
    for (const size of [1, 64, 65, 128, 255, 256, 768, 769, 8192, 8193, 65535, 65536, 3_000_000]) {
      const body = Buffer.alloc(size);
      for (let i = 0; i < size; i++) body[i] = (i * 31 + size) & 0xff;
      await client.send([body, "end"]);
      const [first, second] = await server.receive({ timeout: 5000 });
      assert.ok(body.equals(first), `${size} bytes differ`);
      assert.equal(String(second), "end");
    }
  });

  it("many large frames with a slow reader", async (t) => {
    const pull = own(t, new Pull({ receiveHighWaterMark: 2 }));
    const push = own(t, new Push({ sendHighWaterMark: 2 }));
    await join2(pull, push, scheme);
    const sending = (async () => {
      for (let i = 0; i < 40; i++) await push.send(Buffer.alloc(500_000, i));
    })();
    for (let i = 0; i < 40; i++) {
      const [body] = await pull.receive({ timeout: 5000 });
      assert.equal(body.length, 500_000);
      assert.ok(body[0] === i && body[499_999] === i);
    }
    await sending;
  });

  it("both directions at once", async (t) => {
    const [server, client] = [own(t, new Pair()), own(t, new Pair())];
    await join2(server, client, scheme);
    const all = Array.from({ length: 500 }, (_, i) => String(i));
    const talk = async (socket: Pair): Promise<void> => {
      for (const text of all) await socket.send(text);
    };
    const listen = async (socket: Pair): Promise<void> => assert.deepEqual(await receiveEach(socket, 500), all);
    await Promise.all([talk(server), talk(client), listen(server), listen(client)]);
  });

  it("request and reply, by two servers and from two clients", async (t) => {
    const [one, two] = [own(t, new Reply()), own(t, new Reply())];
    const endpoints = [await bound(one, scheme), await bound(two, scheme)];
    for (const reply of [one, two])
      void (async () => {
        for await (const message of reply) await reply.send(["echo", ...message]);
      })();
    const clients = [own(t, new Request()), own(t, new Request())];
    for (const client of clients) for (const endpoint of endpoints) client.connect(endpoint);
    await Promise.all(clients.map((client) => client.connected(2)));
    for (let i = 0; i < 20; i++) {
      for (const client of clients) await client.send(["question", String(i)]);
      for (const client of clients) assert.deepEqual(await receive(client), ["echo", "question", String(i)]);
    }
  });

  it("a ROUTER answers each of its DEALERs by id", async (t) => {
    const router = own(t, new Router());
    const endpoint = await bound(router, scheme);
    const dealers = ["a", "b", "c"].map((routingId) => own(t, new Dealer({ routingId })));
    for (const dealer of dealers) dealer.connect(endpoint);
    await router.connected(3);
    for (const name of ["c", "a", "b"]) await router.send([name, `for ${name}`]);
    for (const [index, name] of ["a", "b", "c"].entries()) assert.deepEqual(await receive(dealers[index]), [`for ${name}`]);
  });

  it("publish and subscribe by prefix", async (t) => {
    const pub = own(t, new Publisher());
    const endpoint = await bound(pub, scheme);
    const [foo, all] = [own(t, new Subscriber()), own(t, new Subscriber())];
    foo.subscribe("foo");
    all.subscribe();
    for (const sub of [foo, all]) sub.connect(endpoint);
    await pub.subscribed(undefined, 2);
    for (const text of ["foo", "bar", "foobar", "end of foo", "foo end"]) await pub.send(text);
    assert.deepEqual(await receiveEach(foo, 3), ["foo", "foobar", "foo end"]);
    assert.deepEqual(await receiveEach(all, 5), ["foo", "bar", "foobar", "end of foo", "foo end"]);
  });

  it("a place can be bound again after unbind", async (t) => {
    const first = own(t, new Pull());
    const endpoint = await freeEndpoint(scheme);
    await first.bind(endpoint);
    await first.unbind(endpoint);
    await assert.rejects(async () => first.unbind(endpoint), { code: "ENOENT" });
    const second = own(t, new Pull());
    await second.bind(endpoint);
    const push = own(t, new Push());
    push.connect(endpoint);
    await push.send("to the second");
    assert.deepEqual(await receive(second), ["to the second"]);
    await assertNothing(first);
  });

  it("a place can be bound again after close", async (t) => {
    const first = own(t, new Pull());
    const endpoint = await freeEndpoint(scheme);
    await first.bind(endpoint);
    await first.end(0);
    const second = own(t, new Pull());
    await second.bind(endpoint);
    const push = own(t, new Push());
    push.connect(endpoint);
    await push.send("to the second");
    assert.deepEqual(await receive(second), ["to the second"]);
  });

  it(
    "what is bound cannot be bound again",
    async (t) => {
      const first = own(t, new Pull());
      const second = own(t, new Pull());
      const endpoint = await bound(first, scheme);
      await assert.rejects(
        async () => second.bind(endpoint),
        (error: NodeJS.ErrnoException & { address?: string }) => {
          assert.equal(error.code, "EADDRINUSE");
          assert.equal(error.address, endpoint);
          assert.match(error.message, /in use/);
          return true;
        },
      );
    },
    scheme === "ipc" && "a second bind of an ipc path takes it over, as libzmq has it (rebind-ipc.test.ts)",
  );

  it("disconnect: what was received can still be read, and nothing more goes out", async (t) => {
    const [server, client] = [own(t, new Pair()), own(t, new Pair())];
    const endpoint = await join2(server, client, scheme);
    await server.send("before");
    await server.send("before too");
    while (client.stats().receiving < 2) await new Promise((resolve) => setTimeout(resolve, 1));
    client.disconnect(endpoint);
    assert.equal(client.trySend("after"), false);
    assert.deepEqual(await receiveEach(client, 2), ["before", "before too"]);
    assert.throws(() => client.disconnect(endpoint), { code: "ENOENT" });
    await assertNothing(server);
  });

  it("disconnect delivers what was sent before it", async (t) => {
    const pull = own(t, new Pull());
    const push = own(t, new Push());
    const endpoint = await join2(pull, push, scheme);
    for (let i = 0; i < 500; i++) assert.ok(push.trySend(String(i)));
    push.disconnect(endpoint);
    assert.deepEqual(
      await receiveEach(pull, 500),
      Array.from({ length: 500 }, (_, i) => String(i)),
    );
  });

  it("close lingers: what was sent before it is delivered", async (t) => {
    const pull = own(t, new Pull());
    const push = new Push();
    await join2(pull, push, scheme);
    for (let i = 0; i < 900; i++) assert.ok(push.trySend(String(i)));
    push.close();
    assert.deepEqual(
      await receiveEach(pull, 900),
      Array.from({ length: 900 }, (_, i) => String(i)),
    );
  });

  it("close before the other side is there lingers until it is", async (t) => {
    const endpoint = await freeEndpoint(scheme);
    const push = new Push({ reconnectInterval: 5 });
    push.connect(endpoint);
    for (let i = 0; i < 5; i++) await push.send(String(i));
    push.close();
    const pull = own(t, new Pull());
    await pull.bind(endpoint);
    assert.deepEqual(await receiveEach(pull, 5), ["0", "1", "2", "3", "4"]);
  });

  it(
    "a dialled endpoint keeps its queue while the other side is away",
    async (t) => {
      const push = own(t, new Push({ reconnectInterval: 5 }));
      let pull = own(t, new Pull());
      const endpoint = await freeEndpoint(scheme);
      await pull.bind(endpoint);
      push.connect(endpoint);
      await push.send("first");
      assert.deepEqual(await receive(pull), ["first"]);
      await pull.end(0);
      while (push.peers()[0].state !== "connecting") await new Promise((resolve) => setTimeout(resolve, 1));
      for (let i = 0; i < 50; i++) assert.ok(push.trySend(String(i)));
      pull = own(t, new Pull());
      await pull.bind(endpoint);
      assert.deepEqual(
        await receiveEach(pull, 50),
        Array.from({ length: 50 }, (_, i) => String(i)),
      );
    },
    !reconnects && "there is no connection that could be made again",
  );

  it("one socket binds to two places and connects to two", async (t) => {
    const center = own(t, new Dealer());
    const around = Array.from({ length: 4 }, () => own(t, new Dealer()));
    for (const other of around.slice(0, 2)) other.connect(await bound(center, scheme));
    for (const other of around.slice(2)) center.connect(await bound(other, scheme));
    await center.connected(4);
    for (let i = 0; i < 8; i++) await center.send(String(i));
    const got = await Promise.all(around.map((other) => receiveEach(other, 2)));
    assert.deepEqual(
      got
        .flat()
        .map(Number)
        .sort((a, b) => a - b),
      [0, 1, 2, 3, 4, 5, 6, 7],
    );
    for (const other of around) await other.send("back");
    assert.deepEqual(await receiveEach(center, 4), ["back", "back", "back", "back"]);
  });

  it("wrong endpoints are refused at once, by name", async (t) => {
    const pull = own(t, new Pull());
    for (const wrong of ["", "nothing", "://x", `${scheme}://`, `${scheme}:/x`])
      await assert.rejects(async () => pull.bind(wrong), { code: "EINVAL" }, wrong);
    for (const wrong of [1, null, undefined, {}] as unknown as string[]) {
      await assert.rejects(async () => pull.bind(wrong), { code: "EINVAL", message: /Address must be a string/ });
      assert.throws(() => pull.connect(wrong), { code: "EINVAL", message: /Address must be a string/ });
    }
    assert.throws(() => pull.connect(`${scheme}x://x`), { code: "EPROTONOSUPPORT", message: /offered here: .*inproc:/ });
    assert.throws(() => pull.disconnect(anyEndpoint(scheme)), { code: "ENOENT" });
  });
}
