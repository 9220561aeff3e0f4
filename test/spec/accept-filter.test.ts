/** libzmq's test_tcp_accept_filter: who may connect, as addresses or CIDR. */
import assert from "node:assert/strict";
import { Pull, Push } from "../../src/node.ts";
import { bound, check, Events, own, receive } from "../support/harness.ts";

check("test_tcp_accept_filter: malformed filters are EINVAL at assignment", (t) => {
  const pull = own(t, new Pull());
  for (const wrong of [
    "x",
    "127.0.0.1/33",
    "127.0.0.1/-1",
    "127.0.0.1/x",
    "127.0.0.1/",
    "/8",
    "127.0.0",
    "::1/129",
    "127.0.0.1/8/8",
    "127.0.0.1,x",
    "a".repeat(256),
  ])
    assert.throws(() => (pull.tcpAcceptFilter = wrong), { code: "EINVAL" }, wrong);
  assert.equal(pull.tcpAcceptFilter, null);
});

check("test_tcp_accept_filter: each one set is added, and null clears them all", (t) => {
  const pull = own(t, new Pull());
  pull.tcpAcceptFilter = "127.0.0.1";
  assert.equal(String(pull.tcpAcceptFilter), "127.0.0.1");
  pull.tcpAcceptFilter = "10.0.0.0/8";
  assert.equal(String(pull.tcpAcceptFilter), "127.0.0.1\n10.0.0.0/8");
  pull.tcpAcceptFilter = null;
  assert.equal(pull.tcpAcceptFilter as unknown, null);
  pull.tcpAcceptFilter = "fe80::/10";
  assert.equal(String(pull.tcpAcceptFilter), "fe80::/10");
});

for (const filter of ["127.0.0.1", "127.0.0.0/8", "0.0.0.0/0", null]) {
  check(`test_tcp_accept_filter: ${filter} lets a local peer in`, async (t) => {
    const pull = own(t, new Pull({ tcpAcceptFilter: filter }));
    const push = own(t, new Push());
    push.connect(await bound(pull));
    await push.send("in");
    assert.deepEqual(await receive(pull), ["in"]);
  });
}

for (const filter of ["10.0.0.1", "10.0.0.0/8", "127.0.0.2", "::1"]) {
  check(`test_tcp_accept_filter: ${filter} keeps a local peer out, with an event`, async (t) => {
    const pull = own(t, new Pull({ tcpAcceptFilter: filter }));
    const events = new Events(pull);
    const push = own(t, new Push({ reconnectInterval: 5 }));
    push.connect(await bound(pull));
    const event = await events.next("accept:error");
    assert.match(event.error.message, /tcp:\/\/127\.0\.0\.1:\d+ is not allowed by tcpAcceptFilter/);
    assert.equal(pull.peers().length, 0);
    assert.deepEqual(events.of("handshake"), []);
  });
}
