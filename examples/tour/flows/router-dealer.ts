/**
 * A ROUTER here, over tcp, and a DEALER in each of two child processes with many requests under way; they check what
 * comes back.
 */
import { Router } from "zmtp";
import { Child } from "../child-process.ts";
import { type Exchange, type Flow, sumOf } from "../flow.ts";

const DEALERS = 2;

export async function routerDealer(): Promise<Exchange> {
  const router = new Router();
  await router.bind("tcp://127.0.0.1:*");
  const serve = async (): Promise<void> => {
    for await (const batch of router.batches()) {
      for (const [id, body] of batch) await router.send([id, body]);
    }
  };
  const served = serve();
  const dealers = Array.from({ length: DEALERS }, () => new Child("dealer", router.lastEndpoint as string));
  await Promise.all(dealers.map((dealer) => dealer.ready));

  const pattern = "router/dealer";
  const each = dealers.map((dealer): Flow => ({ transport: "tcp", pattern, partner: "", counts: () => dealer.counts }));
  let stop: () => void = () => undefined;
  const stopped = new Promise<void>((resolve) => {
    stop = resolve;
  });
  return {
    flows: [{ transport: "tcp", pattern, partner: `${DEALERS} DEALER processes`, counts: () => sumOf(each) }],
    run: () => Promise.race([stopped, served.then(() => stopped), ...dealers.map((dealer) => dealer.failed)]),
    stop() {
      for (const dealer of dealers) dealer.stop();
      stop();
    },
    close() {
      router.close();
      for (const dealer of dealers) dealer.end();
    },
  };
}
