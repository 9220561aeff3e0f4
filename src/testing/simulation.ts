/**
 * A simulation: processes with real sockets, one clock, one network, one seed.
 *
 * Time moves only in `run` and `until`: step by step, and after each step all promises settle, as they do in a runtime
 * between two macrotasks. Nothing depends on the host's clock or on its order of I/O, so a seed gives the same run again.
 * Owns: the loop, the processes, the check that nothing is left. Does not own: faults (network), order of events (clock).
 */
import { realClock } from "../base/clock.ts";
import { type Random, seededRandom } from "../base/random.ts";
import type { Platform } from "../core/platform.ts";
import type { Transport } from "../core/transport.ts";
import { Context, type Socket, ZmqError } from "../node.ts";
import { ProcessClock, SimulatedClock } from "./clock.ts";
import { type NetworkProfile, SimulatedNetwork } from "./network.ts";

/** What a simulation is made with. */
export interface SimulationOptions extends Partial<NetworkProfile> {
  /** Everything random follows from it. */
  readonly seed?: number;
}

const PROFILE: NetworkProfile = { latencyMs: [0.1, 5], bufferBytes: 65536, chunkBytes: 16384, refusePercent: 0 };
/** A step that is not over after so many callbacks without time moving will never be. */
const MAX_STEPS = 1_000_000;
/** So many are ordered from the host at once: it runs them in one turn of its loop, microtasks in between. */
const MACROTASKS = 64;
const host = realClock();

export class Simulation {
  readonly seed: number;
  /** For the test's own decisions. */
  readonly random: Random;
  readonly network: SimulatedNetwork;
  readonly #clock = new SimulatedClock();
  #processes: SimulatedProcess[] = [];
  #running = false;
  #failure: { readonly error: unknown } | null = null;

  constructor({ seed = 0, ...profile }: SimulationOptions = {}) {
    this.seed = seed;
    this.random = seededRandom(seed);
    this.network = new SimulatedNetwork(this.#clock, seededRandom(this.random.next(2 ** 32)), { ...PROFILE, ...profile });
  }

  /** Virtual milliseconds since the beginning. */
  get now(): number {
    return this.#clock.now();
  }

  /** Starts a process: a host of this name in the network, with a context of its own. */
  process(name: string): SimulatedProcess {
    const process = new SimulatedProcess(name, this.#clock, this.network, this.random.next(2 ** 32));
    this.#processes.push(process);
    return process;
  }

  /** Moves time forward; everything that is due meanwhile happens. */
  async run(ms: number): Promise<void> {
    await this.#steps(this.now + ms, () => false);
  }

  /**
   * Moves time forward until a promise settles, and gives its result, or until a condition holds. Throws when that takes
   * more than `withinMs`.
   */
  async until<T>(what: Promise<T> | (() => boolean), withinMs = 60_000): Promise<T> {
    let result: { readonly value: T } | { readonly error: unknown } | undefined;
    if (typeof what !== "function") {
      what.then(
        (value) => {
          result = { value };
        },
        (error: unknown) => {
          result = { error };
        },
      );
    }
    const begun = this.now;
    const done = (): boolean => (typeof what === "function" ? what() : result !== undefined);
    if (!(await this.#steps(begun + withinMs, done))) {
      throw new Error(`waited in vain from ${begun.toFixed(1)} to ${this.now.toFixed(1)} ms`);
    }
    if (result === undefined) return undefined as T;
    if ("error" in result) throw result.error;
    return result.value;
  }

  /** Resolves after virtual time: for programs that run inside. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#clock.after(ms, resolve));
  }

  /** Does something later. */
  after(ms: number, work: () => void): void {
    this.#clock.after(ms, () => this.#guard(work));
  }

  /** Runs a program inside. When it fails, so does the simulation; that its socket was closed is no failure. */
  spawn(program: () => Promise<unknown>): void {
    program().catch((error: unknown) => {
      const closed = error instanceof ZmqError && ["closed-while-waiting", "socket-closed"].includes(error.reason);
      if (!closed) this.#failure ??= { error };
    });
  }

  /** What is left of processes and network: nothing, once all sockets are closed and have lingered. */
  leftovers(): string[] {
    const { network } = this;
    const left = this.#processes.flatMap((each) => each.leftovers());
    if (network.listening.length > 0) left.push(`somebody listens at ${network.listening.join(", ")}`);
    for (const { dialler, listener } of network.connections()) {
      left.push(`${dialler.host} is connected to ${listener.host} at ${dialler.remote}`);
    }
    return left;
  }

  /** Closes all sockets that `SimulatedProcess.socket` made, and throws when something is left after `withinMs`. */
  async close(withinMs = 10_000): Promise<void> {
    for (const process of this.#processes) for (const socket of process.sockets) socket.close();
    await this.#steps(this.now + withinMs, () => this.leftovers().length === 0);
    const left = this.leftovers();
    if (left.length > 0) throw new Error(`all sockets are closed, but ${left.join("; ")}`);
  }

  // One callback per macrotask of the host, whose microtasks run in between: promises settle as they would.
  #steps(end: number, done: () => boolean): Promise<boolean> {
    if (this.#running) throw new Error("the simulation runs already; inside it, wait with sleep()");
    this.#running = true;
    let at = this.now;
    let steps = 0;
    return new Promise((resolve, reject) => {
      let left = 0;
      let over = false;
      const step = (): void => {
        if (over) return;
        left--;
        let result: boolean | undefined;
        try {
          if (this.#failure !== null) throw this.#failure.error;
          if (done()) result = true;
          else if (!this.#clock.step(end)) result = false;
          else if (this.now > at) {
            at = this.now;
            steps = 0;
          } else if (++steps === MAX_STEPS) throw new Error(`${MAX_STEPS} callbacks at ${at} ms, and still time stands`);
        } catch (error) {
          over = true;
          this.#running = false;
          reject(error);
          return;
        }
        if (result !== undefined) {
          over = true;
          this.#running = false;
          resolve(result);
        } else if (left === 0) more();
      };
      const more = (): void => {
        for (left = 0; left < MACROTASKS; left++) host.defer(step);
      };
      more();
    });
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#failure ??= { error };
    }
  }
}

/** One process: a host in the network, a context, and the sockets made through it. */
export class SimulatedProcess {
  readonly name: string;
  readonly context: Context;
  /** Warnings of the library. */
  readonly warnings: string[] = [];
  /** Made by `socket`, open and closed ones. */
  readonly sockets: Socket[] = [];
  readonly #clock: ProcessClock;
  readonly #simulatedClock: SimulatedClock;
  readonly #network: SimulatedNetwork;
  #alive = true;

  /** @internal */
  constructor(name: string, clock: SimulatedClock, network: SimulatedNetwork, seed: number) {
    this.name = name;
    this.#simulatedClock = clock;
    this.#clock = new ProcessClock(clock);
    this.#network = network;
    // inproc needs no network: the one of an ordinary context serves.
    const ordinary = new Context()._inner;
    const { transport: inproc } = ordinary.transportOf("inproc://any");
    const transports: Transport[] = [...network.admit(name, () => this.#alive), inproc];
    const platform: Platform = {
      clock: this.#clock,
      random: seededRandom(seed),
      transports: () => transports,
      ...(ordinary.streams && { streams: ordinary.streams }),
      warn: (text) => void this.warnings.push(text),
      maxFrameBytes: 2 ** 31,
      onIdle: () => () => undefined,
    };
    this.context = new Context({}, platform);
  }

  /** A socket in this process, closed by `Simulation.close`. */
  socket<S extends Socket, O extends object>(
    Type: new (options?: O & { context?: Context }) => S,
    options: Omit<NoInfer<O>, "context"> = {} as O,
  ): S {
    const socket = new Type({ ...(options as O), context: this.context });
    this.sockets.push(socket);
    return socket;
  }

  /**
   * Ends the process on the spot: no callback of its library runs again, promises stay pending. Its connections break,
   * or with `silent` (a lost power supply) stay half-open. Another process may take its name.
   */
  crash({ silent = false }: { readonly silent?: boolean } = {}): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.#clock.kill();
    this.sockets.length = 0;
    this.#network.kill(this.name, silent);
  }

  /** Resolves after virtual time, unless the process dies before: for programs that run in it. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#simulatedClock.after(ms, () => {
        if (this.#alive) resolve();
      });
    });
  }

  /** What keeps it from being finished. */
  leftovers(): string[] {
    const left: string[] = [];
    if (this.#clock.held) left.push(`${this.name} is held`);
    if (this.#clock.armed > 0) left.push(`${this.name} has ${this.#clock.armed} timers`);
    return left;
  }
}
