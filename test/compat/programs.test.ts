// Small programs of every pattern, and the unusual: busy sockets, timeouts, closing, blocking, what can be sent.
import { both, outcome, outcomeOf, type Zeromq } from "./both.ts";

type AnySocket = Pick<InstanceType<Zeromq["Dealer"]>, "bind" | "connect" | "lastEndpoint">;

const SCHEMES = ["tcp", "inproc"] as const;
let serial = 0;
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 30));

async function pair<A extends AnySocket, B extends AnySocket>(
  server: A,
  client: B,
  endpoint = "tcp://127.0.0.1:*",
): Promise<void> {
  await server.bind(endpoint);
  client.connect(server.lastEndpoint as string);
}

for (const scheme of SCHEMES) {
  // A name of its own for each program: libzmq frees one some time after its socket was closed.
  const place = (): string => (scheme === "tcp" ? "tcp://127.0.0.1:*" : `inproc://both-${serial++}`);

  both(`${scheme}: push to pull, what can be sent`, async (zmq, log) => {
    const push = new zmq.Push({ linger: 0 });
    const pull = new zmq.Pull();
    await pair(pull, push, place());
    const bytes = new Uint8Array([1, 2, 3, 4]);
    const messages: unknown[] = [
      ...["text", "", "ünï ✓ \u{1f600}", "\ud800 alone", 42, -0.5, Number.NaN, null, true, false, 7n],
      ...[
        Buffer.from("buffer"),
        bytes,
        bytes.subarray(1, 3),
        bytes.buffer,
        new Uint16Array([1, 2]),
        {},
        new Date(0),
        [[1, 2], "x"],
      ],
      ...[["a", "b"], ["a", null, undefined, 3], [Buffer.alloc(0)], Buffer.alloc(300, "x"), ["x".repeat(300), ""], () => 1],
    ];
    for (const message of messages) {
      await push.send(message as never);
      log(await pull.receive());
    }
    log(await outcomeOf(() => push.send([] as never)));
    await push.send("after nothing");
    log(await pull.receive());
    push.close();
    pull.close();
  });

  both(`${scheme}: a small buffer may be used again at once`, async (zmq, log) => {
    const push = new zmq.Push({ linger: 0 });
    const pull = new zmq.Pull();
    await pair(pull, push, place());
    await push.send("begin");
    log(await pull.receive());
    const buffer = Buffer.alloc(100);
    for (let i = 0; i < 10; i++) {
      buffer.fill(65 + i);
      await push.send(i % 2 === 0 ? buffer : [buffer, buffer.subarray(0, 3)]);
    }
    for (let i = 0; i < 10; i++) log(await pull.receive());
    push.close();
    pull.close();
  });

  both(`${scheme}: request and reply in the wrong order`, async (zmq, log) => {
    const req = new zmq.Request({ linger: 0, sendTimeout: 20, receiveTimeout: 20 });
    const rep = new zmq.Reply({ sendTimeout: 20, receiveTimeout: 500, linger: 0 });
    await pair(rep, req, place());
    log(await outcomeOf(() => req.receive()), await outcomeOf(() => rep.send("early")));
    req.sendTimeout = 500;
    await req.send("one");
    req.sendTimeout = 20;
    log(await outcomeOf(() => req.send("two")));
    req.sendTimeout = 0;
    log(await outcomeOf(() => req.send("three")));
    log(await rep.receive(), await outcomeOf(() => rep.receive()));
    await rep.send(["a", "reply"]);
    req.receiveTimeout = 500;
    log(await req.receive());
    req.receiveTimeout = 0;
    log(await outcomeOf(() => req.receive()));
    req.close();
    rep.close();
  });

  both(`${scheme}: router and dealer`, async (zmq, log) => {
    const router = new zmq.Router({ linger: 0, receiveTimeout: 1000 });
    const dealer = new zmq.Dealer({ routingId: "me", linger: 0, receiveTimeout: 1000 });
    await pair(router, dealer, place());
    await dealer.send(["", "question"]);
    log(await router.receive());
    await router.send(["me", "", "answer"]);
    log(await dealer.receive());
    await router.send(["nobody", "x"]);
    router.mandatory = true;
    log(await outcomeOf(() => router.send(["nobody", "x"])));
    router.sendTimeout = 0;
    log(await outcomeOf(() => router.send(["nobody", "x"])), await outcomeOf(() => router.send("me")));
    router.close();
    dealer.close();
  });

  both(`${scheme}: publish and subscribe`, async (zmq, log) => {
    const xpub = new zmq.XPublisher({ linger: 0, receiveTimeout: 1000 });
    const sub = new zmq.Subscriber({ receiveTimeout: 1000 });
    await pair(xpub, sub, place());
    sub.subscribe("a", Buffer.from("bc"));
    sub.subscribe("a");
    log(await xpub.receive(), await xpub.receive());
    for (const topic of ["a1", "b", "bcd", "c", "ab"]) await xpub.send([topic, "body"]);
    for (let i = 0; i < 3; i++) log(await sub.receive());
    sub.unsubscribe("a");
    sub.unsubscribe("bc");
    log(await xpub.receive());
    sub.unsubscribe("a");
    log(await xpub.receive());
    sub.subscribe();
    log(await xpub.receive());
    sub.close();
    xpub.close();
  });
}

both("one send and one receive at a time", async (zmq, log) => {
  const pull = new zmq.Pull({ linger: 0 });
  const first = pull.receive();
  log(outcome(() => pull.receive()));
  const push = new zmq.Push({ linger: 0 });
  const waiting = push.send("one");
  log(
    outcome(() => push.send("two")),
    push.writable,
    pull.readable,
  );
  await pair(pull, push);
  await waiting;
  log(await first);
  push.close();
  const pending = pull.receive();
  pull.close();
  log(
    await outcomeOf(() => pending),
    outcome(() => pull.receive()),
    outcome(() => push.send("x")),
  );
});

both("timeouts", async (zmq, log) => {
  const dealer = new zmq.Dealer({ linger: 0, sendTimeout: 10, receiveTimeout: 10 });
  log(await outcomeOf(() => dealer.send("x")), await outcomeOf(() => dealer.receive()));
  dealer.sendTimeout = 0;
  dealer.receiveTimeout = 0;
  const [send, receive] = [dealer.send("x"), dealer.receive()];
  const [again, more] = [dealer.send("x"), dealer.receive()];
  for (const each of [send, receive, again, more]) log(await outcomeOf(() => each));
  dealer.close();
});

both("a socket is blocked while it binds", async (zmq, log) => {
  const dealer = new zmq.Dealer({ linger: 0 });
  const binding = dealer.bind("tcp://127.0.0.1:*");
  for (const call of ["send", "receive", "connect", "bind", "disconnect", "bindSync", "unbind"] as const)
    log(
      call,
      outcome(() => (dealer[call] as (...args: unknown[]) => unknown)(...(call === "receive" ? [] : ["inproc://x"]))),
    );
  log(dealer.closed, dealer.linger, dealer.writable);
  await binding;
  log(dealer.lastEndpoint);
  const unbinding = dealer.unbind(dealer.lastEndpoint as string);
  log(outcome(() => dealer.send("x")));
  dealer.close();
  log(dealer.closed);
  await unbinding;
  log(
    dealer.closed,
    outcome(() => dealer.send("x")),
  );
});

both("wrong and unknown endpoints", async (zmq, log) => {
  const dealer = new zmq.Dealer({ linger: 0 });
  const endpoints = [
    ...["", "x", "tcp", "tcp://", "tcp://x", "tcp://127.0.0.1", "tcp://127.0.0.1:", "tcp://127.0.0.1:x"],
    ...["foo://bar", "inproc://", "tcp://nosuchdevice0:5555", "tcp://*", "inproc://nobody"],
    ...["ipc:///no/such/folder/at/all", `ipc:///tmp/${"x".repeat(200)}`],
  ];
  for (const endpoint of endpoints) log("bind", endpoint, await outcomeOf(() => dealer.bind(endpoint)));
  for (const endpoint of endpoints.filter((each) => !each.startsWith("ipc:///no") && !each.includes("device")))
    log(
      "connect",
      endpoint,
      outcome(() => dealer.connect(endpoint)),
    );
  for (const endpoint of endpoints) log("unbind", endpoint, await outcomeOf(() => dealer.unbind(endpoint)));
  dealer.close();
});

both("an address in use, an endpoint unknown", async (zmq, log) => {
  const one = new zmq.Reply();
  const two = new zmq.Reply();
  await one.bind("tcp://127.0.0.1:*");
  const endpoint = one.lastEndpoint as string;
  log(await outcomeOf(() => two.bind(endpoint)), two.lastEndpoint);
  await one.bind("inproc://taken");
  log(await outcomeOf(() => two.bind("inproc://taken")));
  log(
    await outcomeOf(() => one.unbind("tcp://127.0.0.1:1")),
    outcome(() => one.disconnect("tcp://127.0.0.1:1")),
  );
  await one.unbind(endpoint);
  log(await outcomeOf(() => one.unbind(endpoint)));
  one.close();
  two.close();
});

both("iteration", async (zmq, log) => {
  const push = new zmq.Push({ linger: 0 });
  const pull = new zmq.Pull();
  await pair(pull, push);
  for (let i = 0; i < 5; i++) await push.send(String(i));
  for await (const [message] of pull) {
    log(message);
    if (String(message) === "2") break;
  }
  log(pull.closed);
  const iterator = pull[Symbol.asyncIterator]();
  log(Object.keys(iterator), (await iterator.next()).done);
  setTimeout(() => pull.close(), 50);
  for await (const [message] of pull) log(message);
  log(pull.closed, (await iterator.next()).done, (await pull[Symbol.asyncIterator]().next()).done);
  push.close();
});

both("more sends than are done at once", async (zmq, log) => {
  const push = new zmq.Push({ linger: 0 });
  const pull = new zmq.Pull();
  await pair(pull, push);
  await push.send("first");
  await pull.receive();
  let sent = 0;
  const sending: Promise<void>[] = [];
  for (; sent < 2000; sent++) {
    try {
      sending.push(push.send("x"));
    } catch (error) {
      log(error);
      break;
    }
  }
  log(sent > 500 && sent < 520);
  await Promise.all(sending);
  for (let i = 0; i < sent; i++) await pull.receive();
  // Timers run though every call is done at once.
  let timer = false;
  setTimeout(() => {
    timer = true;
  }, 0);
  const publisher = new zmq.Publisher();
  for (let i = 0; i < 1_000_000 && !timer; i++) await publisher.send("x");
  log(timer);
  for (const socket of [push, pull, publisher]) socket.close();
});

both("late options warn", async (zmq, log) => {
  const warnings: string[] = [];
  const note = (warning: Error): void => void warnings.push(warning.message);
  process.on("warning", note);
  const router = new zmq.Router({ linger: 0 });
  const immediate = ["linger", "sendTimeout", "receiveTimeout", "sendHighWaterMark", "receiveHighWaterMark"] as const;
  router.immediate = true;
  router.affinity = 2 ** 60;
  await turn();
  log(warnings.splice(0));
  await router.bind("inproc://late");
  for (const name of immediate) router[name] = 5;
  router.mandatory = true;
  router.handover = true;
  router.probeRouter = false;
  await turn();
  log(warnings.splice(0));
  router.immediate = false;
  router.routingId = "x";
  router.backlog = 5;
  await turn();
  log(warnings.splice(0));
  await router.unbind("inproc://late");
  router.backlog = 6;
  await turn();
  log(warnings.splice(0));
  process.off("warning", note);
  router.close();
});

both("stream and plain tcp", async (zmq, log) => {
  const server = new zmq.Stream({ linger: 0 });
  const client = new zmq.Stream({ linger: 0 });
  await server.bind("tcp://127.0.0.1:*");
  client.connect(server.lastEndpoint as string, { routingId: "server" });
  const [id, greeting] = await server.receive();
  log(id.length, greeting);
  log(await client.receive());
  await client.send(["server", "hello"]);
  log((await server.receive())[1]);
  await server.send([id, "bye"]);
  log(await client.receive());
  server.close();
  client.close();
});

both("router connects by name", async (zmq, log) => {
  const dealer = new zmq.Dealer({ linger: 0 });
  const router = new zmq.Router({ linger: 0, mandatory: true });
  await dealer.bind("tcp://127.0.0.1:*");
  router.connect(dealer.lastEndpoint as string, { routingId: "named" });
  await router.send(["named", "hello"]);
  log(await dealer.receive());
  await dealer.send("back");
  log(await router.receive());
  router.close();
  dealer.close();
});
