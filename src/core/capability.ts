/** What an entry offers, by the names of npm `zeromq` and of libzmq's zmq_has. */

/** Which features there are; a name that is missing is not offered. */
export type Capability = Readonly<Record<"ipc" | "pgm" | "tipc" | "norm" | "curve" | "gssapi" | "draft" | "ws" | "wss", boolean>>;

/** Whether a feature is offered. libzmq writes `WS` and `WSS` in capitals; here case does not matter. */
export function offers(capability: Capability, name: string): boolean {
  const known = name.toLowerCase();
  return Object.hasOwn(capability, known) && capability[known as keyof Capability];
}
