/**
 * `Proxy`: npm `zeromq`'s, over ours; its `pause` pauses and its `resume` resumes, which the original's do not.
 *
 * Owns the checks and texts, and that both sockets are blocked while it runs.
 */
import type * as zmtp from "../node.ts";
import { calling, checkCount, errnoError, isObject, nativeClass } from "./errors.ts";
import { ours } from "./ours.ts";
import type { Socket } from "./socket.ts";
import { stateOf } from "./state.ts";

/** Forwards messages between two sockets for as long as `run` is pending. */
class Proxy<F extends Socket = Socket, B extends Socket = Socket> {
  #front: F;
  #back: B;
  #running: zmtp.Proxy | null = null;

  constructor(...args: [frontEnd: F, backEnd: B]) {
    const [front, back] = args;
    if (!isObject(front)) throw new TypeError("Front-end must be a socket object");
    if (!isObject(back)) throw new TypeError("Back-end must be a socket object");
    checkCount(args, 2);
    stateOf(front);
    stateOf(back);
    this.#front = front;
    this.#back = back;
  }

  get frontEnd(): F {
    return this.#front;
  }

  get backEnd(): B {
    return this.#back;
  }

  /**
   * Forwards until `terminate`; then both sockets are closed and the promise resolves. Throws EINVAL when a socket is
   * neither bound nor connected. While it runs, calls on the sockets throw EBUSY.
   */
  run(...args: []): Promise<void> {
    checkCount(args, 0);
    const front = stateOf(this.#front);
    const back = stateOf(this.#back);
    if (front.endpoints === 0) throw errnoError("EINVAL", "Front-end socket must be bound or connected");
    if (back.endpoints === 0) throw errnoError("EINVAL", "Back-end socket must be bound or connected");
    const proxy = new ours.Proxy(front.inner, back.inner);
    const done = calling(() => proxy.run());
    front.phase = "blocked";
    back.phase = "blocked";
    this.#running = proxy;
    return done.finally(() => {
      this.#running = null;
      front.close();
      back.close();
    });
  }

  /** Forwards nothing until `resume`; EBADF when it does not run. */
  pause(...args: []): void {
    this.#control(args).pause();
  }

  /** Ends a pause; EBADF when it does not run. */
  resume(...args: []): void {
    this.#control(args).resume();
  }

  /** Ends the proxy; EBADF when it does not run. */
  terminate(...args: []): void {
    this.#control(args).terminate();
  }

  #control(args: []): zmtp.Proxy {
    checkCount(args, 0);
    if (this.#running === null) throw errnoError("EBADF");
    return this.#running;
  }
}

const Guarded = nativeClass(Proxy);
type Guarded<F extends Socket = Socket, B extends Socket = Socket> = Proxy<F, B>;

export { Guarded as Proxy };
