/** Subscribers that change their minds: what each wants now, and whether a message is one of those. */
import type { Subscriber } from "../../src/node.ts";
import type { Simulation } from "../../src/testing.ts";
import { pick } from "./weather.ts";

export const TOPICS = ["", "a", "ab", "abc", "b", "ba", "c"];

export interface Reader {
  readonly name: string;
  readonly socket: Subscriber;
  /** How often each topic is subscribed to now. */
  readonly wanted: Map<string, number>;
  /** Topics that it ever wanted. */
  readonly ever: Set<string>;
  readonly got: string[];
}

export function matches(topics: Iterable<string>, message: string): boolean {
  for (const topic of topics) if (message.startsWith(topic)) return true;
  return false;
}

export function changeSubscription(simulation: Simulation, { socket, wanted, ever }: Reader): void {
  const topic = pick(simulation.random, TOPICS);
  const count = wanted.get(topic) ?? 0;
  if (count > 0 && simulation.random.next(2) === 0) {
    socket.unsubscribe(topic);
    if (count === 1) wanted.delete(topic);
    else wanted.set(topic, count - 1);
  } else {
    socket.subscribe(topic);
    wanted.set(topic, count + 1);
    ever.add(topic);
  }
}
