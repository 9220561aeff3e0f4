/** Memory stays bounded over 10^5 messages, 10^3 reconnects and 10^4 sockets: what grows for ever is found here. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  Channel,
  Client,
  Context,
  Dealer,
  Dish,
  Gather,
  Pair,
  PeerSocket,
  Publisher,
  Pull,
  Push,
  Radio,
  Reply,
  Request,
  Router,
  Scatter,
  Server,
  Stream,
  Subscriber,
  XPublisher,
  XSubscriber,
} from "../../src/node.ts";
import { heldBytes } from "../support/garbage.ts";
import { bound, check, each, eventually, join2, own, SCHEMES } from "../support/harness.ts";
import { RawPeer } from "../support/raw-peer.ts";

/** Runs a load twice to warm up, then measures what more of it leaves behind. */
async function assertBounded(load: () => Promise<void>, limit = 2_000_000): Promise<void> {
  await load();
  const before = await heldBytes();
  await load();
  await load();
  const grown = (await heldBytes()) - before;
  assert.ok(grown < limit, `${grown} bytes are left behind`);
}

each(SCHEMES, "10^5 messages leave nothing behind", async (t, scheme) => {
  const [push, pull] = [own(t, new Push()), own(t, new Pull())];
  await join2(pull, push, scheme);
  const body = Buffer.alloc(200);
  await assertBounded(async () => {
    const sending = (async () => {
      for (let i = 0; i < 33_000; i++) await push.send(body);
    })();
    for (let left = 33_000; left > 0; ) left -= (await pull.receiveMany()).length;
    await sending;
  });
});

check("messages that are dropped leave nothing behind", async (t) => {
  const [pub, sub] = [own(t, new Publisher({ sendHighWaterMark: 10 })), own(t, new Subscriber({ receiveHighWaterMark: 10 }))];
  sub.subscribe();
  await join2(pub, sub, "inproc");
  await assertBounded(async () => {
    for (let i = 0; i < 30_000; i++) pub.trySend(Buffer.alloc(100));
  });
});

/** Calls that are given up by timeout and by abort. */
async function giveUp(pull: Pull): Promise<void> {
  for (let round = 0; round < 10; round++) {
    const controller = new AbortController();
    const calls = Array.from({ length: 500 }, () => pull.receive({ timeout: 1 }));
    const aborted = pull.receive({ signal: controller.signal });
    controller.abort();
    await Promise.allSettled([...calls, aborted]);
  }
}

check("calls that timed out or were aborted leave nothing behind", async (t) => {
  const pull = own(t, new Pull());
  await assertBounded(() => giveUp(pull), 1_000_000);
});

check("calls given up behind one that waits leave nothing behind", async (t) => {
  const pull = own(t, new Pull());
  pull.receive().catch(() => undefined);
  await assertBounded(() => giveUp(pull), 1_000_000);
});

check("calls with one signal that outlives them leave nothing behind", async (t) => {
  const [push, pull] = [own(t, new Push()), own(t, new Pull())];
  await join2(pull, push, "inproc");
  const { signal } = new AbortController();
  await assertBounded(async () => {
    for (let i = 0; i < 5000; i++) {
      const call = pull.receive({ signal });
      await push.send("x", { signal });
      await call;
    }
  }, 1_000_000);
});

check("10^3 connections that come and go leave nothing behind", async (t) => {
  const router = own(t, new Router());
  const endpoint = await bound(router);
  await assertBounded(async () => {
    for (let i = 0; i < 330; i++) {
      const dealer = new Dealer({ linger: 0 });
      dealer.connect(endpoint);
      await dealer.send("x");
      await router.receive();
      await dealer.end();
    }
    await eventually(() => router.peers().length === 0);
  });
});

check("10^3 reconnections of one endpoint leave nothing behind", async (t) => {
  const router = own(t, new Router());
  const endpoint = await bound(router);
  const dealer = own(t, new Dealer({ reconnectInterval: 1, reconnectMaxInterval: 1 }));
  dealer.connect(endpoint);
  await assertBounded(async () => {
    for (let i = 0; i < 330; i++) {
      await router.connected();
      router.disconnectPeer(router.peers()[0].id);
      await eventually(() => dealer.peers()[0].state !== "ready");
    }
  });
});

check("10^3 peers that break off in the middle leave nothing behind", async (t) => {
  const pull = own(t, new Pull());
  const endpoint = await bound(pull);
  await assertBounded(async () => {
    for (let i = 0; i < 330; i++) {
      const raw = await RawPeer.connect(t, endpoint);
      raw.send(Buffer.from([0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f]));
      raw.socket.resetAndDestroy();
      await raw.closed();
    }
    await eventually(() => pull.peers().length === 0);
  }, 4_000_000);
});

check("sockets that were closed leave nothing behind, bound, connected, subscribed or waiting", async () => {
  await assertBounded(async () => {
    for (let i = 0; i < 300; i++) {
      const [pub, sub] = [new Publisher(), new Subscriber()];
      const name = `inproc://memory-${i}`;
      sub.connect(name);
      sub.subscribe("a", "b");
      await pub.bind(name);
      void sub.receive().catch(() => undefined);
      await Promise.all([pub.end(0), sub.end(0)]);
    }
  });
});

const TYPES = [Pair, Publisher, Subscriber, XPublisher, XSubscriber, Request, Reply, Dealer, Router, Push, Pull, Stream].concat([
  Client,
  Server,
  Radio,
  Dish,
  Scatter,
  Gather,
  PeerSocket,
  Channel,
] as never);

check("10^4 sockets of all types, opened and closed, leave nothing behind", async () => {
  const context = new Context({ maxSockets: 1 });
  await assertBounded(async () => {
    for (let i = 0; i < 5_000; i++) await new TYPES[i % TYPES.length]({ context }).end();
  }, 500_000);
});

/** Pairs of sockets in one load, and the bytes that the measured loads may leave: real connections take their time. */
const PAIRS = { inproc: [2_500, 500_000], tcp: [500, 1_000_000], ipc: [500, 1_000_000], ws: [300, 1_500_000] } as const;

for (const scheme of [...SCHEMES, "ws"] as const) {
  const title = `${scheme}: thousands of sockets, bound or connected, that carried a message leave nothing behind`;
  // Thousands of connections take long where other processes want the processor too.
  void test(title, { timeout: 60_000 }, async () => {
    const context = new Context();
    const [pairs, limit] = PAIRS[scheme];
    await assertBounded(async () => {
      for (let i = 0; i < pairs; i++) {
        const [pull, push] = [new Pull({ context }), new Push({ context })];
        push.connect(await bound(pull, scheme));
        await push.send("x");
        await pull.receive();
        await Promise.all([push.end(), pull.end()]);
      }
    }, limit);
  });
}

check("10^4 sockets that connected to one that stays leave nothing behind", async (t) => {
  const router = own(t, new Router());
  const endpoint = await bound(router, "inproc");
  await assertBounded(async () => {
    for (let i = 0; i < 5_000; i++) {
      const dealer = new Dealer();
      dealer.connect(endpoint);
      await dealer.send("x");
      await router.receive();
      await dealer.end();
    }
  }, 500_000);
});

check("subscriptions that come and go leave nothing behind", async (t) => {
  const [pub, sub] = [own(t, new Publisher()), own(t, new Subscriber())];
  await join2(pub, sub);
  await assertBounded(async () => {
    for (let i = 0; i < 10_000; i++) {
      sub.subscribe(`topic ${i}`);
      sub.unsubscribe(`topic ${i}`);
    }
    sub.subscribe("end");
    await pub.subscribed("end");
    sub.unsubscribe("end");
  });
});

check("10^4 requests and replies leave nothing behind", async (t) => {
  const [request, reply] = [own(t, new Request()), own(t, new Reply())];
  await join2(reply, request, "inproc");
  await assertBounded(async () => {
    for (let i = 0; i < 5_000; i++) {
      await request.send("x");
      await reply.send(await reply.receive());
      await request.receive();
    }
  });
});
