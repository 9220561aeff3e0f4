// The run-time surface of the drop-in: its exports, classes, members, and the texts of misuse.
import assert from "node:assert/strict";
import { test } from "node:test";
import api, * as module from "../../src/zeromq.ts";
import { both, dropIn, original, outcome, type Zeromq } from "./both.ts";

/** The original has these on every socket, where they do nothing; here they are where they work. */
const ONLY_WHERE_THEY_WORK = ["join", "leave"];
const CLASSES = Object.keys(original).filter((name) => /^[A-Z]/.test(name)) as (keyof Zeromq)[];
const SOCKETS = CLASSES.filter((name) => original[name] === original.Socket || isSocket(original, name));

function isSocket(zmq: Zeromq, name: keyof Zeromq): boolean {
  return (zmq[name] as { prototype: object }).prototype instanceof zmq.Socket;
}

function construct(zmq: Zeromq, name: keyof Zeromq, ...args: unknown[]): unknown {
  return Reflect.construct(zmq[name] as new () => unknown, args);
}

test("exactly the original's exports, and a default for ES modules", () => {
  assert.deepEqual(Object.keys(dropIn).sort(), Object.keys(original).sort());
  const names = Object.keys(module).filter((name) => name !== "default" && name !== "module.exports");
  assert.deepEqual(names.sort(), Object.keys(original).sort());
  assert.deepEqual({ ...api }, Object.fromEntries(Object.entries(module).filter(([name]) => name in original)));
});

for (const name of CLASSES) {
  test(`${name} has the original's members`, () => {
    const members = (zmq: Zeromq): string[] => {
      const { prototype } = zmq[name] as { prototype: object };
      return Object.getOwnPropertyNames(prototype).filter((each) => !ONLY_WHERE_THEY_WORK.includes(each));
    };
    const missing = members(original).filter((each) => !(each in (dropIn[name] as { prototype: object }).prototype));
    assert.deepEqual(missing, []);
    const more = members(dropIn).filter((each) => !members(original).includes(each));
    // A type that cannot send or receive has undefined in the place of the method.
    const { prototype } = dropIn[name] as { prototype: Record<string, unknown> };
    assert.deepEqual(
      more.filter((each) => !["send", "receive"].includes(each) || prototype[each] !== undefined),
      [],
    );
  });
}

both("what instances look like", (zmq, log) => {
  for (const name of SOCKETS) {
    if (name === "Socket") continue;
    const socket = construct(zmq, name) as InstanceType<Zeromq["Dealer"]>;
    log(name, socket.constructor.name, Object.getOwnPropertyNames(socket), Object.isSealed(socket), String(socket));
    log(socket.type, socket.lastEndpoint, socket.securityMechanism, socket.threadSafe, socket.closed, socket.readable);
    log(socket.context === zmq.context, Object.isExtensible(socket.events), Object.is(socket.events, socket.events));
    log(outcome(() => Object.assign(socket, { unknown: 1 })));
    socket.close();
    log(
      socket.closed,
      socket.readable,
      socket.writable,
      outcome(() => socket.context),
      outcome(() => socket.events),
    );
    for (const option of ["linger", "type", "affinity", "zapDomain"] as const)
      log(
        option,
        outcome(() => socket[option]),
      );
    log(outcome(() => Object.assign(socket, { linger: 1 })));
    socket.close();
  }
});

both("how classes are called wrongly", (zmq, log) => {
  const call = (name: keyof Zeromq, ...args: unknown[]): void =>
    log(
      name,
      args.length,
      outcome(() => (zmq[name] as (...args: unknown[]) => unknown)(...args)),
    );
  for (const name of CLASSES) call(name);
  for (const args of [[], ["x"], [99], [5, {}, 3], [5, 3], [5, null]])
    log(
      "Socket",
      outcome(() => construct(zmq, "Socket", ...args)),
    );
  for (const args of [[3], [null], [{ x: 1 }], [{ maxSocketsLimit: 3 }], [{}, 1], [{ ioThreads: "x" }], [{ ipv6: 1 }]])
    log(
      "Context",
      outcome(() => construct(zmq, "Context", ...args)),
    );
  for (const args of [[], [{}], [3], [null]])
    log(
      "Observer",
      outcome(() => construct(zmq, "Observer", ...args)),
    );
  const dealer = new zmq.Dealer();
  for (const args of [[], [dealer], [dealer, {}], [{}, dealer], [dealer, 3], [dealer, dealer, dealer]])
    log(
      "Proxy",
      outcome(() => construct(zmq, "Proxy", ...args)),
    );
  for (const options of [3, null, "x", { x: 1 }, { type: 1 }, { closed: true }, { linger: "x" }, { context: {} }, { context: 3 }])
    log(
      "Dealer",
      outcome(() => construct(zmq, "Dealer", options)),
    );
  dealer.close();
});

both("what methods say to wrong arguments", async (zmq, log) => {
  const dealer = new zmq.Dealer({ linger: 0 });
  const calls = ["bind", "unbind", "bindSync", "connect", "disconnect", "send", "receive", "close"] as const;
  const arguments_: Record<(typeof calls)[number], unknown[][]> = {
    bind: [[], [3], ["tcp://127.0.0.1:*", 1]],
    unbind: [[], [null], ["x", 1]],
    bindSync: [[], [3], ["x", 1]],
    connect: [[], [3], ["x", 1]],
    disconnect: [[], [3], ["x", 1]],
    send: [[], [undefined], ["a", "b"]],
    receive: [[1]],
    close: [[1]],
  };
  for (const name of calls) {
    for (const args of arguments_[name])
      log(
        name,
        outcome(() => (dealer[name] as (...args: unknown[]) => unknown)(...args)),
      );
  }
  log(
    "Symbol",
    outcome(() => dealer.send(Symbol("x") as never)),
  );
  dealer.close();
  for (const name of calls) {
    const args = arguments_[name].length === 1 ? [] : ["inproc://x"];
    log(
      "closed",
      name,
      outcome(() => (dealer[name] as (...args: unknown[]) => unknown)(...args)),
    );
  }
  const sub = new zmq.Subscriber();
  log(
    outcome(() => sub.subscribe(3 as never)),
    outcome(() => sub.subscribe("a", Buffer.from("b"))),
    outcome(() => sub.unsubscribe()),
  );
  sub.close();
  log(outcome(() => sub.subscribe("a")));
  const context = new zmq.Context({ maxSockets: 1 });
  const one = new zmq.Pair({ context });
  log(
    outcome(() => new zmq.Pair({ context })),
    one.context === context,
  );
  one.close();
});
