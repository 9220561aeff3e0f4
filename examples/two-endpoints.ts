/**
 * One REP socket bound to two endpoints: a server that is reached over tcp and over ipc at once.
 *
 * There is one receive loop, for there is one queue per socket and not one per connection. Each answer finds its way
 * back to whoever asked.
 */
import assert from "node:assert/strict";
import { Reply, Request } from "zmtp";

const server = new Reply();
const endpoints: string[] = [];
for (const endpoint of ["tcp://127.0.0.1:*", "ipc://*"]) {
  await server.bind(endpoint); // "*": a free port, a fresh path
  endpoints.push(server.lastEndpoint as string);
}

async function serve(): Promise<void> {
  for await (const [question] of server) await server.send(`you asked: ${question}`);
}

async function ask(endpoint: string): Promise<void> {
  const client = new Request();
  client.connect(endpoint);
  const transport = endpoint.split(":", 1)[0];
  await client.send(`does ${transport} work?`);
  const [answer] = await client.receive({ timeout: 5000 });
  console.log(`over ${transport}: ${answer}`);
  assert.equal(answer.toString(), `you asked: does ${transport} work?`);
  client.close();
}

const served = serve();
for (const endpoint of endpoints) await ask(endpoint);
server.close();
await served;
