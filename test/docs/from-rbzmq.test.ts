// docs/from-rbzmq.md has a row for everything that the old Ruby binding offered, and names nothing of ours that is not there.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import * as zmtp from "../../src/node.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const page = readFileSync(join(root, "docs/from-rbzmq.md"), "utf8");
const rows = [...page.matchAll(/^\| (.*?) \| (.*?) \| .*\|$/gm)].map(([, theirs, ours]) => ({ theirs, ours }));

/** What rbzmq 2.1.4 defines (its Init_zmq): methods of each class, then constants. */
const METHODS = [
  "ZMQ.version",
  "ZMQ.select",
  "ZMQ::Error",
  "ZMQ::Context.new",
  "context.socket",
  "context.close",
  ...["getsockopt", "setsockopt", "bind", "connect", "send", "recv", "close"].map((name) => `socket.${name}`),
];
const CONSTANTS = [
  ...[
    "HWM",
    "SWAP",
    "AFFINITY",
    "IDENTITY",
    "SUBSCRIBE",
    "UNSUBSCRIBE",
    "RATE",
    "RECOVERY_IVL",
    "MCAST_LOOP",
    "SNDBUF",
    "RCVBUF",
  ],
  ...[
    "SNDMORE",
    "RCVMORE",
    "FD",
    "EVENTS",
    "TYPE",
    "LINGER",
    "RECONNECT_IVL",
    "BACKLOG",
    "RECONNECT_IVL_MAX",
    "RECOVERY_IVL_MSEC",
  ],
  ...["NOBLOCK", "POLLIN", "POLLOUT", "POLLERR"],
  ...["PAIR", "SUB", "PUB", "REQ", "REP", "XREQ", "XREP", "DEALER", "ROUTER", "PUSH", "PULL", "UPSTREAM", "DOWNSTREAM"],
].map((name) => `ZMQ::${name}`);

for (const name of [...METHODS, ...CONSTANTS]) {
  test(`${name} has a row`, () => {
    const exact = new RegExp(`\`${name.replaceAll(/[.]/g, "\\.")}(\`|\\()`);
    const row = rows.find(({ theirs }) => exact.test(theirs));
    assert.ok(row, `${name} is in no first column`);
    assert.notEqual(row.ours.trim(), "");
  });
}

test("each property it names is there", () => {
  const sockets = [new zmtp.Dealer(), new zmtp.Publisher(), new zmtp.Subscriber()];
  const known = (name: string): boolean =>
    name in zmtp || sockets.some((socket) => name in socket) || name in zmtp.Context.prototype;
  const named = rows
    .flatMap(({ ours }) => [...ours.matchAll(/`(?:socket\.|context\.|subscriber\.|await |new )*(\w+)/g)])
    .map(([, name]) => name);
  assert.ok(named.length > 30, `${named.length} names`);
  for (const name of named) assert.ok(known(name), `${name} is neither an export nor a property`);
  for (const socket of sockets) socket.close();
});
