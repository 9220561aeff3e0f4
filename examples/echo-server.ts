/**
 * An echo server and its client: one question, one answer, in strict turns.
 *
 * REP receives a request and must answer it before it gets the next one; REQ sends a request and must take the answer
 * before it asks again. The sockets do not care who was there first: the client here connects, and asks, before the
 * server is bound.
 */
import assert from "node:assert/strict";
import { Reply, Request } from "zmtp";

const WORDS = ["one", "two", "three"];
const ENDPOINT = "inproc://echo";

async function serve(server: Reply): Promise<void> {
  await server.bind(ENDPOINT);
  // The loop ends when the socket is closed.
  for await (const frames of server) await server.send(frames);
}

async function ask(client: Request): Promise<void> {
  client.connect(ENDPOINT);
  for (const word of WORDS) {
    await client.send(word);
    const [echo] = await client.receive();
    console.log(`sent "${word}", the echo is "${echo}"`);
    assert.equal(echo.toString(), word);
  }
}

const server = new Reply();
const client = new Request();

const asked = ask(client);
const served = serve(server);
await asked;
client.close();
server.close();
await served;
