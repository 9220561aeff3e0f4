// A listener that brings a connection after it was told to stop.
import assert from "node:assert/strict";
import { Socket as TcpSocket } from "node:net";
import { installedPlatform, type Platform } from "../../../src/core/platform.ts";
import type { ListenSink } from "../../../src/core/transport.ts";
import { Context, Pull } from "../../../src/node.ts";
import { StreamLink } from "../../../src/transports/node-stream.ts";
import { tcpTransport } from "../../../src/transports/tcp.ts";
import { check, Events, freeEndpoint, own } from "../../support/harness.ts";

check("a connection that a listener brings after its end is ended, and is no peer", async (t) => {
  const sinks: ListenSink[] = [];
  const transport: typeof tcpTransport = {
    ...tcpTransport,
    listen(address, settings, sink) {
      sinks.push(sink);
      return tcpTransport.listen(address, settings, sink);
    },
  };
  const platform: Platform = { ...installedPlatform(), transports: () => [transport] };
  const pull = own(t, new Pull({ context: new Context({}, platform) }));
  const events = new Events(pull);
  await pull.bind(await freeEndpoint("tcp"));
  await pull.unbind(pull.lastEndpoint as string);
  const socket = new TcpSocket();
  sinks[0].onLink(new StreamLink(socket, "tcp://127.0.0.1:1"));
  assert.ok(socket.destroyed);
  await pull.end(0);
  assert.deepEqual(
    events.all.filter(({ type }) => type === "accept"),
    [],
  );
});
