// A TCP relay between two peers: sees their heartbeats, and can keep silent as a network that lost the way.

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { freePort } from "./free-port.ts";
import { DEADLINE_MS } from "./ours.ts";

export type HeartbeatName = "PING" | "PONG";
/** Who sent it: the side that connected to the tap, or the one the tap connects to. */
export type TapSide = "dialler" | "listener";

interface Watch {
  readonly met: () => boolean;
  readonly resolve: () => void;
}

export class Tap {
  /** Connections that came so far: more than one means that somebody reconnected. */
  connections = 0;
  readonly #target: number;
  #server: Server;
  #sockets = new Set<Socket>();
  #seen = new Map<string, number>();
  #watches = new Set<Watch>();

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer({ noDelay: true }, (socket) => this.#accepted(socket));
  }

  /** A relay to a `tcp://127.0.0.1:port` endpoint. */
  static async to(endpoint: string): Promise<Tap> {
    const tap = new Tap(Number(endpoint.split(":").at(-1)));
    tap.#server.listen(await freePort(), "127.0.0.1");
    await once(tap.#server, "listening");
    return tap;
  }

  get endpoint(): string {
    return `tcp://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Resolves when `count` more of these have come from a side. */
  seen(side: TapSide, name: HeartbeatName, count: number): Promise<void> {
    const wanted = this.count(side, name) + count;
    const met = (): boolean => this.count(side, name) >= wanted;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#watches.delete(watch);
        reject(new Error(`${this.count(side, name)} ${name} came from the ${side} in ${DEADLINE_MS} ms, expected ${wanted}`));
      }, DEADLINE_MS);
      const watch: Watch = {
        met,
        resolve: () => {
          clearTimeout(timer);
          resolve();
        },
      };
      this.#watches.add(watch);
    });
  }

  /** From now on nothing passes on the connections of now, though they stay open. New ones work. */
  silence(): void {
    for (const socket of this.#sockets) {
      socket.removeAllListeners("data");
      socket.pause();
    }
  }

  /** Ends the connections of now. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, "close");
  }

  /** How many of these came from a side so far. */
  count(side: TapSide, name: HeartbeatName): number {
    return this.#seen.get(`${side} ${name}`) ?? 0;
  }

  #accepted(dialler: Socket): void {
    this.connections++;
    const listener = connect({ port: this.#target, host: "127.0.0.1", noDelay: true });
    this.#relay(dialler, listener, "dialler");
    this.#relay(listener, dialler, "listener");
  }

  #relay(from: Socket, to: Socket, side: TapSide): void {
    this.#sockets.add(from);
    from.on("error", () => undefined); // "close" follows.
    from.on("close", () => {
      this.#sockets.delete(from);
      to.destroy();
    });
    let rest = "";
    from.on("data", (chunk) => {
      to.write(chunk);
      const text = rest + chunk.toString("latin1");
      for (const name of ["PING", "PONG"] as const) {
        // The command's name is preceded by its length.
        const count = text.split(`\x04${name}`).length - 1;
        if (count > 0) this.#seen.set(`${side} ${name}`, this.count(side, name) + count);
      }
      rest = text.slice(-4);
      for (const watch of this.#watches) {
        if (!watch.met()) continue;
        this.#watches.delete(watch);
        watch.resolve();
      }
    });
  }
}
