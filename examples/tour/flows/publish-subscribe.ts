/**
 * One PUB here, over tcp, and a subscriber in each of two child processes: one of ours, one of libzmq.
 *
 * Each has its topic; what is sent to a third topic goes nowhere. Messages are counted from the moment of the
 * subscriptions. The publisher has `noDrop` set: instead of dropping messages for a subscriber that is full, `send`
 * waits.
 */
import { Publisher } from "zmtp";
import { Child } from "../child-process.ts";
import { breathe, type Exchange, type Flow, type Surroundings } from "../flow.ts";
import { stamp } from "../stamp.ts";

const NOBODY = "nobody";

export async function publishSubscribe({ libzmq }: Surroundings): Promise<Exchange> {
  const publisher = new Publisher({ noDrop: true });
  await publisher.bind("tcp://127.0.0.1:*");
  const endpoint = publisher.lastEndpoint as string;
  const subscribers = [
    { topic: "zmtp", role: "subscriber", partner: "a SUB process" },
    { topic: "libzmq", role: "libzmq-subscriber", partner: "a libzmq SUB" },
  ]
    .filter(({ topic }) => libzmq || topic !== "libzmq")
    .map((each) => ({ ...each, child: new Child(each.role, endpoint, each.topic), sent: 0 }));
  for (const { topic, child } of subscribers) {
    await child.ready;
    await Promise.race([publisher.subscribed(topic), child.failed]);
  }

  let stopped = false;
  let rounds = 0;
  const send = async (): Promise<void> => {
    while (!stopped) {
      for (const subscriber of subscribers) await publisher.send([subscriber.topic, stamp(subscriber.sent++)]);
      await publisher.send([NOBODY, "is listening"]);
      await breathe(++rounds, 40);
    }
  };
  return {
    flows: subscribers.map(
      (subscriber): Flow => ({
        transport: "tcp",
        pattern: "publish/subscribe",
        partner: subscriber.partner,
        counts: () => ({ ...subscriber.child.counts, sent: subscriber.sent }),
      }),
    ),
    run: () => Promise.race([send(), ...subscribers.map(({ child }) => child.failed)]),
    stop() {
      stopped = true;
    },
    close() {
      publisher.close();
      for (const { child } of subscribers) child.end();
    },
  };
}
