/**
 * The threads of a page as a star: the page (or the thread that began) has a port to each of the others, and carries what
 * one tells another.
 *
 *     page 0 ── port ── worker 17        Centre at 0, Spokes at the others; a worker of a worker has its port to 0 too
 *        └───── port ── worker 4711
 *
 * A thread's end is seen at the centre: it holds a Web Lock as long as it lives, which the centre waits for. Where there
 * are no locks (a page that is not served securely, a worker from a `data:` URL), the `close` of its port does, if the
 * browser tells it.
 * Does not own: how a thread gets its port (join-threads.ts), what is told. Invariants: what a thread tells another
 * arrives in order; nothing comes of a thread after it was told that it is over.
 */

/** What is used of a `MessagePort`. */
export interface Port {
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  postMessage(message: unknown, transfer?: object[]): void;
  addEventListener(type: "close", listener: () => void): void;
  close(): void;
}

/** What is used of `navigator.locks`. */
export interface Locks {
  /** Calls back when the lock is ours; it is until the result settles. */
  request(name: string, callback: () => Promise<void> | undefined): Promise<unknown>;
}

export interface Exchange {
  /** Unique among the threads of the page; 0 at the centre. */
  readonly id: number;
  /** Another thread told something; set before anything can come. */
  onTold: (from: number, message: unknown) => void;
  /** Another thread is over. */
  onGone: (id: number) => void;
  /** Tells another thread; nothing happens when it is gone. `port`, which `message` holds, goes along and is no longer ours. */
  tell(to: number, message: unknown, port?: Port): void;
  /** Tells all others. */
  tellAll(message: unknown): void;
  /** A new thread has the other end of `port`, and holds `lock` as soon as it says so. */
  admit(id: number, lock: string, port: Port): void;
}

/** What comes to the centre. */
type Inward =
  // It holds its lock.
  | { readonly kind: "ready" }
  | { readonly kind: "tell"; readonly to: number; readonly message: unknown; readonly port: Port | undefined }
  | { readonly kind: "tell-all"; readonly message: unknown }
  | { readonly kind: "admit"; readonly id: number; readonly lock: string; readonly port: Port };

/** What comes from it. */
type Outward =
  | { readonly kind: "told"; readonly from: number; readonly message: unknown }
  | { readonly kind: "gone"; readonly id: number };

const CENTRE = 0;

export class Centre implements Exchange {
  readonly id = CENTRE;
  onTold: Exchange["onTold"] = () => undefined;
  onGone: Exchange["onGone"] = () => undefined;
  readonly #ports = new Map<number, Port>();
  readonly #locks: Locks | undefined;

  constructor(locks: Locks | undefined) {
    this.#locks = locks;
  }

  tell(to: number, message: unknown, port?: Port): void {
    this.#carry(CENTRE, to, message, port);
  }

  tellAll(message: unknown): void {
    this.#carryToAll(CENTRE, message);
  }

  admit(id: number, lock: string, port: Port): void {
    this.#ports.set(id, port);
    port.onmessage = ({ data }) => this.#onInward(id, lock, data as Inward);
    port.addEventListener("close", () => this.#lose(id));
  }

  #onInward(from: number, lock: string, inward: Inward): void {
    if (inward.kind === "tell") this.#carry(from, inward.to, inward.message, inward.port);
    else if (inward.kind === "tell-all") this.#carryToAll(from, inward.message);
    else if (inward.kind === "admit") this.admit(inward.id, inward.lock, inward.port);
    else
      void this.#locks?.request(lock, () => {
        this.#lose(from);
        return undefined;
      });
  }

  #carry(from: number, to: number, message: unknown, port: Port | undefined): void {
    if (to === CENTRE) this.onTold(from, message);
    else if (this.#ports.has(to)) post(this.#ports.get(to), { kind: "told", from, message }, port);
    else port?.close(); // Whoever holds its other end hears of the thread's end as well.
  }

  #carryToAll(from: number, message: unknown): void {
    if (from !== CENTRE) this.onTold(from, message);
    for (const [id, port] of this.#ports) if (id !== from) post(port, { kind: "told", from, message });
  }

  #lose(id: number): void {
    const lost = this.#ports.get(id);
    if (lost === undefined) return;
    this.#ports.delete(id);
    shut(lost);
    for (const port of this.#ports.values()) post(port, { kind: "gone", id });
    this.onGone(id);
  }
}

export class Spoke implements Exchange {
  readonly id: number;
  onTold: Exchange["onTold"] = () => undefined;
  onGone: Exchange["onGone"] = () => undefined;
  readonly #port: Port;

  constructor(id: number, port: Port) {
    this.id = id;
    this.#port = port;
    port.onmessage = ({ data }) => {
      const outward = data as Outward;
      if (outward.kind === "told") this.onTold(outward.from, outward.message);
      else this.onGone(outward.id);
    };
  }

  /** Takes this thread's lock and says so. It is held until the thread is over. */
  async begin(locks: Locks | undefined, lock: string): Promise<void> {
    if (locks !== undefined && (await holdForever(locks, lock))) this.#say({ kind: "ready" });
  }

  tell(to: number, message: unknown, port?: Port): void {
    this.#say({ kind: "tell", to, message, port }, port);
  }

  tellAll(message: unknown): void {
    this.#say({ kind: "tell-all", message });
  }

  admit(id: number, lock: string, port: Port): void {
    this.#say({ kind: "admit", id, lock, port }, port);
  }

  #say(inward: Inward, port?: Port): void {
    this.#port.postMessage(inward, port === undefined ? [] : [port]);
  }
}

/** Closes a port that is not listened to any more: engines may give what had come to it even after `close`. */
export function shut(port: Port): void {
  port.onmessage = null;
  port.close();
}

// False: this thread may not have locks, though its browser has.
function holdForever(locks: Locks, name: string): Promise<boolean> {
  return new Promise((resolve) => {
    const held = locks.request(name, () => {
      resolve(true);
      return new Promise(() => undefined);
    });
    held.catch(() => resolve(false));
  });
}

function post(to: Port | undefined, outward: Outward, port?: Port): void {
  to?.postMessage(outward, port === undefined ? [] : [port]);
}
