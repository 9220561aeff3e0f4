/**
 * The simulated network: who listens where, who may reach whom, and all connections of now.
 *
 * Each process gets transports of its own (`tcp` and `sim`), so that the network knows who calls. With tcp a process is
 * a host of its own name: `tcp://*:5555` bound by "server" is `tcp://server:5555` for the others, 127.0.0.1 and
 * localhost are the process itself. Addresses of `sim` are names and mean the same everywhere.
 * Owns: addresses, dialling, partitions. Does not own: how bytes flow (link).
 */
import type { Random } from "../base/random.ts";
import type { DialSink, ListenSink, StreamTransport } from "../core/transport.ts";
import { type ErrorReason, ZmqError } from "../node.ts";
import type { SimulatedClock } from "./clock.ts";
import { type LinkOwner, SimulatedConnection } from "./connection.ts";
import { delay, type LinkProfile } from "./link-profile.ts";

/** What the network is like; each of these may be changed while it runs. */
export interface NetworkProfile extends LinkProfile {
  /** Of a hundred attempts to connect, how many are refused for no reason. */
  readonly refusePercent: number;
}

interface Listener {
  readonly host: string;
  readonly sink: ListenSink;
}

/** How long an unanswered attempt waits before it is repeated, and how often: about what kernels do. */
const RETRY_MS = 1000;
const RETRIES = 60;
const FIRST_FREE_PORT = 49152;

export class SimulatedNetwork implements LinkOwner {
  readonly clock: SimulatedClock;
  readonly random: Random;
  /** For connections made from now on. */
  profile: NetworkProfile;
  /** Bytes that programs handed to links, and that links handed to programs. The difference was lost or is under way. */
  written = 0;
  delivered = 0;
  /** Connections made, and connections that a fault broke. */
  made = 0;
  broken = 0;
  /** What happened, one line each. */
  readonly history: string[] = [];

  #listeners = new Map<string, Listener>();
  #connections = new Set<SimulatedConnection>();
  #parted = new Set<string>();
  #nextPort = FIRST_FREE_PORT;

  constructor(clock: SimulatedClock, random: Random, profile: NetworkProfile) {
    this.clock = clock;
    this.random = random;
    this.profile = profile;
  }

  /** The connections of now, oldest first; with a name, only those of this process. */
  connections(host?: string): SimulatedConnection[] {
    return [...this.#connections].filter(
      ({ dialler, listener }) => host === undefined || dialler.host === host || listener.host === host,
    );
  }

  /** Addresses that somebody listens at. */
  get listening(): string[] {
    return [...this.#listeners.keys()];
  }

  // Faults ------------------------------------------------------------------------------------------------------------

  /** Breaks connections: what is under way is lost, both ends hear of it. All of them, or those of one process. */
  reset(connections: readonly SimulatedConnection[] = this.connections()): void {
    this.#fault("reset", connections);
    for (const each of connections) each.reset();
  }

  /** Leaves connections half-open: nothing arrives any more, and nobody is told. Only heartbeats notice. */
  silence(connections: readonly SimulatedConnection[] = this.connections()): void {
    this.#fault("silence", connections);
    for (const each of connections) each.silence();
  }

  /** Holds back everything for a while. */
  stall(ms: number, connections: readonly SimulatedConnection[] = this.connections()): void {
    this.note(`stall ${connections.length} connections for ${ms} ms`);
    for (const each of connections) each.stall(ms);
  }

  /** Nothing passes between two processes, and they cannot connect, until `heal`. */
  part(a: string, b: string): void {
    this.note(`part ${a} and ${b}`);
    this.#parted.add(pair(a, b));
    for (const each of this.#between(a, b)) each.stalled = true;
  }

  /** Ends a partition: what was held back arrives. */
  heal(a: string, b: string): void {
    this.note(`heal ${a} and ${b}`);
    this.#parted.delete(pair(a, b));
    for (const each of this.#between(a, b)) each.thaw();
  }

  /** @internal A process is no more. With `silent`, as if it had lost its power: nobody is told. */
  kill(host: string, silent: boolean): void {
    this.note(`${host} dies${silent ? " silently" : ""}`);
    for (const [address, listener] of this.#listeners) if (listener.host === host) this.#listeners.delete(address);
    for (const { dialler, listener } of this.connections(host)) {
      this.broken++;
      for (const end of [dialler, listener]) if (end.host === host) end.vanish(silent);
    }
  }

  // For the processes -------------------------------------------------------------------------------------------------

  /** @internal The transports of a new process; they do nothing once it is dead. */
  admit(host: string, alive: () => boolean): StreamTransport[] {
    return (["tcp", "sim"] as const).map((scheme) => this.#transport(scheme, host, alive));
  }

  onOver(connection: SimulatedConnection): void {
    this.#connections.delete(connection);
  }

  note(what: string): void {
    this.history.push(`${this.clock.now().toFixed(1)} ms: ${what}`);
  }

  #transport(scheme: "tcp" | "sim", host: string, alive: () => boolean): StreamTransport {
    return {
      scheme,
      shape: "bytes",
      check: (address, use) => {
        if (scheme === "sim" || /^[^:;]+:(\d{1,5}|\*)$/.test(address)) {
          if (use === "bind" || !/^\*|[*]$|:0$/.test(address)) return;
        }
        throw failure("invalid-endpoint", "Invalid argument: not an endpoint of the simulated network", `${scheme}://${address}`);
      },
      listen: (address, _settings, sink) => this.#listen(host, alive, this.#resolve(scheme, address, host), sink),
      dial: (address, _settings, sink) => this.#dial(host, alive, this.#resolve(scheme, address, host), sink),
    };
  }

  #resolve(scheme: string, address: string, host: string): string {
    if (scheme === "sim") return `sim://${address}`;
    const [name, port] = address.split(":");
    const own = ["*", "0.0.0.0", "127.0.0.1", "localhost"].includes(name);
    return `tcp://${own ? host : name}:${port === "*" || port === "0" ? this.#nextPort++ : port}`;
  }

  #listen(host: string, alive: () => boolean, address: string, sink: ListenSink): { close(done: () => void): void } {
    let open = true;
    const listener: Listener = { host, sink };
    this.clock.defer(() => {
      if (!open || !alive()) return;
      if (this.#listeners.has(address)) {
        open = false;
        sink.onError(failure("address-in-use", "Address already in use: somebody else is bound to", address));
        return;
      }
      this.#listeners.set(address, listener);
      this.note(`${host} listens at ${address}`);
      sink.onListening(address);
    });
    return {
      close: (done) => {
        open = false;
        if (this.#listeners.get(address) === listener) this.#listeners.delete(address);
        this.clock.defer(done);
      },
    };
  }

  #dial(host: string, alive: () => boolean, address: string, sink: DialSink): { cancel(): void } {
    const { clock, random } = this;
    let given: DialSink | null = sink;
    const later = (work: () => void): void => {
      clock.after(delay(random, this.profile.latencyMs), () => {
        if (given !== null && alive()) work();
      });
    };
    const fail = (reason: ErrorReason, text: string): void => {
      const taker = given;
      given = null;
      taker?.onError(failure(reason, text, address));
    };
    const attempt = (left: number): void => {
      const listener = this.#listeners.get(address);
      if (this.#isParted(host, listener?.host ?? hostOf(address))) {
        if (left === 0) fail("connect-timeout", "No answer from");
        else {
          clock.after(RETRY_MS, () => {
            if (given !== null && alive()) attempt(left - 1);
          });
        }
      } else if (listener === undefined || random.next(100) < this.profile.refusePercent) {
        later(() => fail("connection-refused", "Connection refused by"));
      } else {
        const connection = this.#connect(host, address, listener);
        later(() => {
          const taker = given;
          given = null;
          taker?.onLink(connection.dialler);
        });
        cancelled = () => connection.dialler.destroy();
      }
    };
    let cancelled = (): void => undefined;
    later(() => attempt(RETRIES));
    return {
      cancel() {
        if (given === null) return;
        given = null;
        cancelled();
      },
    };
  }

  // The listener hears of a connection a while after the dialler may have begun to use it.
  #connect(host: string, address: string, listener: Listener): SimulatedConnection {
    const remote = `${address.split(":")[0]}://${host}:${this.#nextPort++}`;
    const connection = new SimulatedConnection(this, this.profile, { host, remote: address }, { host: listener.host, remote });
    this.made++;
    this.#connections.add(connection);
    this.note(`${host} connects to ${address}`);
    this.clock.after(delay(this.random, this.profile.latencyMs), () => {
      if (connection.listener.gone) return;
      if (this.#listeners.get(address) === listener) listener.sink.onLink(connection.listener);
      else connection.listener.destroy();
    });
    return connection;
  }

  #isParted(a: string, b: string): boolean {
    return this.#parted.has(pair(a, b));
  }

  #between(a: string, b: string): SimulatedConnection[] {
    return this.connections(a).filter(({ dialler, listener }) => dialler.host === b || listener.host === b);
  }

  #fault(what: string, connections: readonly SimulatedConnection[]): void {
    this.note(`${what} ${connections.map((each) => `${each.dialler.host}-${each.listener.host}`).join(" ")}`);
    this.broken += connections.filter((each) => !each.cut).length;
  }
}

function pair(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}

function hostOf(address: string): string {
  return address.split("//")[1].split(":")[0];
}

function failure(reason: ErrorReason, text: string, address: string): ZmqError {
  return new ZmqError(reason, `${text} ${address}`, { address });
}
