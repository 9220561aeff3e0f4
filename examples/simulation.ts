/**
 * A program is tested on a simulated network: a client that asks a server again until it is answered, while connections
 * break and the server crashes and comes back. A hundred seeds, each minutes of virtual time, in a second or two.
 *
 *     client REQ ──▶ REP server          tcp://server:5555, both real sockets; clock and network are not
 *
 * When a seed fails, its number is printed; ZMTP_SEED=<number> runs that one again, exactly as it was.
 */
import assert from "node:assert/strict";
import { Reply, Request } from "zmtp";
import { type SimulatedProcess, type Simulation, simulate } from "zmtp/testing";

const ORDERS = 20;

/** The program under test: each order is booked once, however often it has to be sent. */
function startServer(simulation: Simulation, book: Set<string>): SimulatedProcess {
  const process = simulation.process("server");
  const socket = process.socket(Reply);
  socket.bindSync("tcp://*:5555");
  simulation.spawn(async () => {
    for await (const [order] of socket) {
      book.add(String(order));
      await process.sleep(20);
      await socket.send(`booked ${order}`);
    }
  });
  return process;
}

async function shop(simulation: Simulation): Promise<void> {
  const { network, random } = simulation;
  const book = new Set<string>();
  let server = startServer(simulation, book);

  const client = simulation.process("client").socket(Request, { heartbeatInterval: 500 });
  client.connect("tcp://server:5555");

  // Faults at random moments of the first ten seconds.
  for (let i = 0; i < 5; i++) simulation.after(random.next(10_000), () => network.reset());
  simulation.after(random.next(10_000), () => network.silence());
  simulation.after(random.next(10_000), () => {
    server.crash();
    simulation.after(1000, () => {
      server = startServer(simulation, book);
    });
  });

  for (let i = 1; i <= ORDERS; i++) {
    const [answer] = await simulation.until(client.request(`order ${i}`, { timeout: 1000, retries: 30 }));
    assert.equal(String(answer), `booked order ${i}`);
    await simulation.run(random.next(1000));
  }
  await simulation.run(12_000); // All faults are over.
  assert.equal(book.size, ORDERS);
}

let runs = 0;
await simulate({ seeds: 100, latencyMs: [1, 30] }, async (simulation) => {
  await shop(simulation);
  runs++;
});
console.log(`${runs === 100 || process.env.ZMTP_SEED ? "every" : "not every"} run ended with ${ORDERS} orders booked`);
