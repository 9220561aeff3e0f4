/**
 * One REQ socket connected to two servers: requests go to them in turn.
 *
 * A sending socket with several peers balances over those that can take a message. The client knows neither which
 * server answers nor how many there are; a server that goes away is left out, one that is added gets its share.
 */
import assert from "node:assert/strict";
import { Reply, Request } from "zmtp";

const REQUESTS = 6;

async function start(name: string): Promise<Reply> {
  const server = new Reply();
  await server.bind("tcp://127.0.0.1:*");
  void (async () => {
    for await (const [question] of server) await server.send([name, question]);
  })();
  return server;
}

const servers = [await start("red"), await start("blue")];
const client = new Request();
for (const server of servers) client.connect(server.lastEndpoint as string);
await client.connected(servers.length); // Otherwise the first requests would all go to whoever is there first.

const answered = new Map<string, number>();
for (let i = 1; i <= REQUESTS; i++) {
  await client.send(`request ${i}`);
  const [name, question] = await client.receive({ timeout: 5000 });
  console.log(`${question} was answered by ${name}`);
  answered.set(name.toString(), (answered.get(name.toString()) ?? 0) + 1);
}

assert.equal(answered.get("red"), REQUESTS / 2);
assert.equal(answered.get("blue"), REQUESTS / 2);
for (const socket of [client, ...servers]) socket.close();
