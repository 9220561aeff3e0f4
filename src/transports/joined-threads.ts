/**
 * What a thread of a page loads when it joins others: its place in the star, and inproc over it, through shared memory or
 * through ports. In the build it is a file of its own, so that a page without threads does not carry it.
 *
 * Does not own: how threads find each other before that (join-threads.ts).
 */
import { ZmqError } from "../base/errors.ts";
import type { Party } from "../core/transport.ts";
import { Centre, type Exchange, type Port, Spoke } from "./exchange.ts";
import { ExchangeHost } from "./exchange-host.ts";
import type { JoinEnvironment, Joined, Welcome } from "./join-threads.ts";
import type { JoinedThreads, LateThreads } from "./late-threads.ts";
import { PortThreads } from "./port-threads.ts";
import { Threads } from "./threads.ts";

/** This thread is the centre: the first that joins others. */
export function joinAsCentre(environment: JoinEnvironment, late: LateThreads): Joined {
  return join(new Centre(environment.locks), environment, late, environment.rings, undefined);
}

/** This thread was welcomed. Resolves when the others can know whether it lives. */
export async function joinAsSpoke(
  environment: JoinEnvironment,
  late: LateThreads,
  { id, lock, port, inherited }: Welcome,
): Promise<Joined> {
  const spoke = new Spoke(id, port);
  await spoke.begin(environment.locks, lock);
  return join(spoke, environment, late, inherited !== undefined, inherited);
}

function join(exchange: Exchange, { defer }: JoinEnvironment, late: LateThreads, rings: boolean, inherited: unknown): Joined {
  const host = rings ? new ExchangeHost(exchange, inherited, defer) : null;
  adopt(late, host === null ? new PortThreads(exchange, late.names, defer) : new Threads(host, late.names));
  return {
    admit: (id: number, lock: string, port: Port) => exchange.admit(id, lock, port),
    get inheritance() {
      return host?.inheritance;
    },
  };
}

/** These are the others. Names that were bound here and are another's are bound no more. */
function adopt(late: LateThreads, others: JoinedThreads): void {
  late.others = others;
  others.watch(late.held);
  for (const [name, party] of [...late.names.bound]) claimLate(late, others, name, party);
  for (const name of [...late.names.waiting.keys()]) others.seek(name);
}

function claimLate(late: LateThreads, others: JoinedThreads, name: string, party: Party): void {
  try {
    const binding = others.claim(name, party);
    late.early.set(party, binding);
    // Whoever is refused later is told by `onBindError`; the call that bound the name may have returned long ago.
    binding.ready?.catch(() => late.early.delete(party));
  } catch (error) {
    if (!(error instanceof ZmqError)) throw error;
    late.names.bound.delete(name);
    party.onBindError(error);
  }
}
