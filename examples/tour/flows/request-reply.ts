/**
 * REQ and REP, one request at a time: over inproc within this process, and over tcp with a REP of libzmq in a child
 * process.
 */
import { Reply, Request } from "zmtp";
import { Child } from "../child-process.ts";
import { breathe, type Exchange, type Flow } from "../flow.ts";
import { Ledger, stamp } from "../stamp.ts";

export async function requestReplyInproc(): Promise<Exchange> {
  const server = new Reply();
  await server.bind("inproc://tour-echo");
  const serve = async (): Promise<void> => {
    for await (const frames of server) await server.send(frames);
  };
  const client = new Request();
  client.connect("inproc://tour-echo");
  const served = serve();
  return exchange(client, { transport: "inproc", partner: "a REP beside it" }, served.then(never), () => server.close());
}

export async function requestReplyLibzmq(): Promise<Exchange> {
  const client = new Request();
  await client.bind("tcp://127.0.0.1:*"); // Which side binds does not matter.
  const child = new Child("libzmq-reply", client.lastEndpoint as string);
  await child.ready;
  return exchange(client, { transport: "tcp", partner: "a libzmq REP" }, child.failed, () => child.end());
}

function exchange(
  client: Request,
  { transport, partner }: Pick<Flow, "transport" | "partner">,
  failed: Promise<never>,
  close: () => void,
): Exchange {
  const ledger = new Ledger(true);
  let sent = 0;
  let stopped = false;
  const ask = async (): Promise<void> => {
    while (!stopped) {
      await client.send(stamp(sent++));
      const [answer] = await client.receive();
      ledger.accept(answer);
      await breathe(sent, 100);
    }
  };
  return {
    flows: [{ transport, pattern: "request/reply", partner, counts: () => countsOf(ledger, sent) }],
    run: () => Promise.race([ask(), failed]),
    stop() {
      stopped = true;
    },
    close() {
      client.close();
      close();
    },
  };
}

function countsOf({ received, lost, changed }: Ledger, sent: number) {
  return { sent, received, lost, changed };
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}
