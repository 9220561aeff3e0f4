// The suite where the runtime cannot read into memory of our choice: chunks come as `data` events, as in Bun.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { test } from "node:test";
import { Reader } from "../../src/transports/reader.ts";
import { transportSuite } from "./suite.ts";

/** Takes the ability from every handle of this process; false where they have not got it. */
async function hideReading(): Promise<boolean> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  let prototype: object | null = (server as unknown as { _handle: object })._handle;
  while (prototype !== null && !Object.hasOwn(prototype, "useUserBuffer")) prototype = Object.getPrototypeOf(prototype);
  if (prototype !== null) Object.defineProperty(prototype, "useUserBuffer", { value: undefined });
  assert.equal(new Reader().adopt(server as unknown as Socket), null);
  server.close();
  return prototype !== null;
}

if (await hideReading()) transportSuite({ scheme: "tcp", reconnects: true });
else test("chunks", { skip: "this runtime's handles read in chunks anyway: the suite of tcp has shown it" });
