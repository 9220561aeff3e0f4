/**
 * The endpoints of one socket: what it listens on, what it dials, and the sessions and joined pipes that came of each.
 *
 * Owns bind, unbind, connect and disconnect as users know them. Does not own what a connection does (session) or how a
 * scheme works (transport).
 * Invariant: every session belongs to exactly one entry; an entry that is closed keeps its sessions until they have lingered.
 */
import { ZmqError } from "../base/errors.ts";
import { Attachment } from "./attachment.ts";
import { type Bound, type Dialled, tooMany, type Using } from "./bound.ts";
import type { Event } from "./monitor.ts";
import type { Settings } from "./options.ts";
import { partyOf } from "./party.ts";
import type { Pipe } from "./pipe.ts";
import { type CloseOutcome, Session } from "./session.ts";
import type { SocketCore } from "./socket-core.ts";
import type {
  BindOptions,
  ConnectOptions,
  DatagramTransport,
  Link,
  LinkTransport,
  Listening,
  ListenSink,
  MessageTransport,
  Transport,
} from "./transport.ts";

/** The system has answered a bind. */
type Over = (error?: ZmqError) => void;

export class Endpoints {
  /** The resolved endpoint of the last bind or connect. */
  last: string | null = null;
  /** What the socket was closed with; null before. */
  closingLinger: number | null = null;
  #core: SocketCore;
  #bound = new Set<Bound>();
  #dialled: Dialled[] = [];
  #sessions = new Set<Using>();
  #stopping = 0;
  #flushed = 0;
  #dropped = 0;
  #onQuiet: (() => void) | null = null;

  constructor(core: SocketCore) {
    this.#core = core;
  }

  /** Endpoints bound and connected. */
  get count(): number {
    return this.#bound.size + this.#dialled.length;
  }

  /** All connections, also those being made. */
  get sessions(): Iterable<Using> {
    return this.#sessions;
  }

  /** Resolves when listening. Throws at once for a wrong address, rejects when the system refuses. */
  bind(asked: string, options?: BindOptions): Promise<void> {
    const { transport, address } = this.#transportOf(asked, options);
    const settings = this.#core.snapshot();
    if (transport.shape === "datagrams") return this.#bindNetwork(asked, address, settings, transport);
    transport.check(address, "bind", settings, options);
    this.#core.context.security?.check(settings);
    if (transport.shape === "messages") return this.#bindName(asked, address, settings, transport);
    return this.#listen(asked, address, settings, transport, options);
  }

  #transportOf(endpoint: string, options: object | undefined): { transport: Transport; address: string } {
    const found = this.#core.context.transportOf(endpoint);
    const core = this.#core;
    const { shape } = found.transport;
    if (shape !== "frames" && options !== undefined && Object.keys(options).length > 0) {
      const text = `The options ${Object.keys(options).join(", ")} are for ws:// and wss://, not for ${endpoint}`;
      throw new ZmqError("invalid-argument", text, { address: endpoint });
    }
    const needed = core.speaksRaw(core.settings) ? "bytes" : core.type === "DGRAM" ? "datagrams" : shape;
    if (shape !== needed) {
      const how = needed === "bytes" ? "without ZMTP needs a stream of bytes" : "needs a transport of datagrams";
      const text = `Protocol not compatible with the socket type: ${core.name} ${how}, not ${endpoint}`;
      throw new ZmqError("incompatible-transport", text, { address: endpoint });
    }
    return found;
  }

  #bindName(asked: string, address: string, settings: Settings, transport: MessageTransport): Promise<void> {
    const binding = transport.bind(address, partyOf(this.#core, settings, asked));
    const stop = (done: () => void): void => {
      binding.close();
      done();
    };
    const bound: Bound = { asked, endpoint: asked, stop, connections: 0, pending: new Set() };
    this.#bound.add(bound);
    this.last = asked;
    if (binding.ready === undefined) return Promise.resolve();
    const { hold } = this.#core.context;
    hold.take();
    return binding.ready.finally(() => hold.release());
  }

  /** A bound name turned out to be another's. */
  forgetBound(endpoint: string): void {
    for (const bound of this.#bound) if (bound.endpoint === endpoint) this.#bound.delete(bound);
  }

  /** Messages wait for another thread: holds the process and the socket's end for up to `lingerMs` (-1: no limit). */
  linger(lingerMs: number, giveUp: () => void): (flushed: number, dropped: number) => void {
    const { clock, hold } = this.#core.context;
    const limit = this.closingLinger ?? lingerMs;
    hold.take();
    this.#stopping++;
    const timer = limit < 0 ? null : clock.after(limit, giveUp);
    return (flushed, dropped) => {
      timer?.cancel();
      hold.release();
      this.#stopping--;
      this.#flushed += flushed;
      this.#dropped += dropped;
      this.#checkQuiet();
    };
  }

  // A bind that the system has to answer: holds the process until then. Only the first answer counts.
  #answer(ask: (over: Over) => void): Promise<void> {
    const { hold } = this.#core.context;
    hold.take();
    return new Promise((resolve, reject) => {
      let pending = true;
      ask((error) => {
        if (!pending) return;
        pending = false;
        hold.release();
        if (error === undefined) resolve();
        else reject(error);
      });
    });
  }

  #listen(
    asked: string,
    address: string,
    settings: Settings,
    transport: LinkTransport,
    options: BindOptions | undefined,
  ): Promise<void> {
    return this.#answer((over) => {
      let listening: Listening | null = null;
      const stop = (done: () => void): void => {
        over(this.#core.closedError("bind"));
        listening?.close(done);
      };
      const bound: Bound = { asked, endpoint: asked, stop, connections: 0, pending: new Set() };
      this.#bound.add(bound);
      const sink: ListenSink = {
        onListening: (endpoint) => this.#onBound(bound, endpoint, over),
        onError: (error) => this.#onNotBound(bound, error, over),
        onAcceptError: (error) => {
          this.#tell({ type: "accept:error", address: bound.endpoint, error });
        },
        onLink: (link) => this.#accept(bound, settings, link),
      };
      try {
        listening = transport.listen(address, settings, sink, options);
      } catch (cause) {
        sink.onError(
          new ZmqError("bind-failed", `The system refused: cannot bind ${asked} (${String(cause)})`, { address: asked, cause }),
        );
      }
    });
  }

  #bindNetwork(asked: string, address: string, settings: Settings, transport: DatagramTransport): Promise<void> {
    transport.check(address, "bind", settings, this.#core.type);
    return this.#answer((over) => {
      let free: (() => void) | null = null;
      let ended = false;
      const attachment = new Attachment(this.#core, asked, settings, {
        onOpen: (endpoint) => this.#onBound(bound, endpoint, over),
        onError: (error) => this.#onNotBound(bound, error, over),
        onEnded: (outcome) => {
          ended = true;
          this.onSessionClosed(attachment, outcome);
          free?.();
        },
      });
      const stop = (done: () => void): void => {
        over(this.#core.closedError("bind"));
        if (ended) done();
        else free = done;
      };
      const bound: Bound = { asked, endpoint: asked, stop, connections: 1, pending: new Set() };
      attachment.bound = bound;
      this.#bound.add(bound);
      this.#sessions.add(attachment);
      attachment.open(transport, address, "bind");
    });
  }

  #onBound(bound: Bound, endpoint: string, over: Over): void {
    bound.endpoint = endpoint;
    this.last = endpoint;
    this.#tell({ type: "bind", address: endpoint });
    over();
  }

  #onNotBound(bound: Bound, error: ZmqError, over: Over): void {
    this.#bound.delete(bound);
    this.#tell({ type: "bind:error", address: bound.endpoint, error });
    over(error);
  }

  #connectNetwork(endpoint: string, address: string, settings: Settings, transport: DatagramTransport): void {
    transport.check(address, "connect", settings, this.#core.type);
    this.last = endpoint;
    if (this.#core.connectsOnce && this.#dialled.some((each) => each.endpoint === endpoint)) return;
    const attachment = new Attachment(this.#core, endpoint, settings, {
      onOpen: () => undefined,
      onError: (error) => {
        this.#dialled = this.#dialled.filter((each) => each.session !== attachment);
        this.#tell({ type: "close", address: endpoint, error });
      },
      onEnded: (outcome) => this.onSessionClosed(attachment, outcome),
    });
    this.#sessions.add(attachment);
    this.#dialled.push({ endpoint, session: attachment, pipe: null });
    attachment.open(transport, address, "connect");
  }

  #accept(bound: Bound, settings: Settings, link: Link): void {
    // A listener may have one under way when it is told to stop.
    if (!this.#bound.has(bound)) return link.destroy();
    const error = tooMany(bound, settings, link.remote);
    if (error !== undefined) {
      link.destroy();
      return this.#tell({ type: "accept:error", address: bound.endpoint, error });
    }
    const session = new Session(this.#core, bound.endpoint, settings, null);
    session.bound = bound;
    bound.connections++;
    bound.pending.add(session);
    this.#sessions.add(session);
    session.accept(link);
  }

  /** Begins to connect. Throws at once for a wrong address; everything later is an event. */
  connect(endpoint: string, options?: ConnectOptions): void {
    const { transport, address } = this.#transportOf(endpoint, options);
    const settings = this.#core.snapshot();
    if (transport.shape === "datagrams") return this.#connectNetwork(endpoint, address, settings, transport);
    transport.check(address, "connect", settings, options);
    this.#core.context.security?.check(settings);
    this.last = endpoint;
    if (transport.shape === "messages") {
      this.#dialled.push({
        endpoint,
        session: null,
        pipe: transport.connect(address, partyOf(this.#core, settings, endpoint)),
      });
      return;
    }
    if (this.#core.connectsOnce && this.#dialled.some((each) => each.endpoint === endpoint)) return;
    const session = new Session(this.#core, endpoint, settings, { transport, address, options });
    this.#sessions.add(session);
    this.#dialled.push({ endpoint, session, pipe: null });
    session.dial();
  }

  /**
   * Stops listening and ends the connections that came by this endpoint; resolves when the address is free. EINVAL and
   * EPROTONOSUPPORT for what is no endpoint, ENOENT if it is not bound.
   */
  unbind(endpoint: string): Promise<void> {
    this.#core.context.transportOf(endpoint);
    const bound = [...this.#bound].find(
      (each) => each.endpoint === endpoint || (each.asked === endpoint && !/[*]|:0$/.test(endpoint)),
    );
    if (bound === undefined)
      throw this.#unknown(
        "unbind",
        endpoint,
        [...this.#bound].map((each) => each.endpoint),
      );
    return this.#stop(bound, this.#core.settings.linger);
  }

  #stop(bound: Bound, linger: number): Promise<void> {
    const { hold } = this.#core.context;
    this.#bound.delete(bound);
    this.#stopping++;
    hold.take();
    const free = new Promise<void>((resolve) => {
      bound.stop(() => {
        hold.release();
        this.#stopping--;
        if (!bound.endpoint.startsWith("inproc:")) this.#tell({ type: "close", address: bound.endpoint });
        resolve();
        this.#checkQuiet();
      });
    });
    for (const session of [...this.#sessions]) if (session.bound === bound) this.#shutDown(session, linger);
    return free;
  }

  /** Ends the connection to an endpoint when what waits for it is sent. ENOENT if it was not connected. */
  disconnect(endpoint: string): void {
    this.#core.context.transportOf(endpoint);
    const found = this.#dialled.filter((each) => each.endpoint === endpoint);
    if (found.length === 0)
      throw this.#unknown(
        "disconnect",
        endpoint,
        this.#dialled.map((each) => each.endpoint),
      );
    this.#dialled = this.#dialled.filter((each) => each.endpoint !== endpoint);
    for (const { session, pipe } of found) {
      if (session !== null) this.#shutDown(session, this.#core.settings.linger);
      if (pipe !== null) this.#core.retire(pipe);
    }
  }

  /** Ends one connection when what waits for it is sent, however long it takes; a dialled endpoint is not tried again. */
  release(session: Session): void {
    this.#dialled = this.#dialled.filter((each) => each.session !== session);
    this.#shutDown(session, -1);
  }

  /** Ends one connection at once; a dialled endpoint is not tried again. */
  abort(session: Session, error: ZmqError): void {
    this.#dialled = this.#dialled.filter((each) => each.session !== session);
    session.abort(error);
  }

  /** A pipe over inproc is over. */
  forget(pipe: Pipe): void {
    this.#dialled = this.#dialled.filter((each) => each.pipe !== pipe);
  }

  /** A session's handshake is complete. */
  onSessionReady(session: Session): void {
    session.bound?.pending.delete(session);
  }

  /** A session has ended, by itself or after lingering. */
  onSessionClosed(session: Using, outcome: CloseOutcome): void {
    this.#sessions.delete(session);
    this.#dialled = this.#dialled.filter((each) => each.session !== session);
    if (session.bound !== null) {
      session.bound.connections--;
      session.bound.pending.delete(session);
    }
    this.#flushed += outcome.flushed;
    this.#dropped += outcome.dropped;
    this.#checkQuiet();
  }

  /**
   * Ends everything; calls back when nothing is left, with what came of the messages that waited. Pipes were closed by
   * the socket.
   */
  close(linger: number, quiet: (outcome: CloseOutcome) => void): void {
    this.#flushed = 0;
    this.#dropped = 0;
    this.#onQuiet = () => quiet({ flushed: this.#flushed, dropped: this.#dropped });
    this.#dialled = [];
    for (const bound of [...this.#bound]) void this.#stop(bound, linger);
    for (const session of [...this.#sessions]) this.#shutDown(session, linger);
    this.#checkQuiet();
  }

  // The socket's end of the pipe closes first: it writes no more, and what it has not read it may still read after a disconnect.
  #shutDown(session: Using, linger: number): void {
    for (const end of session.ends) this.#core.retire(end);
    session.shutDown(linger);
  }

  #checkQuiet(): void {
    if (this.#sessions.size > 0 || this.#stopping > 0) return;
    const quiet = this.#onQuiet;
    this.#onQuiet = null;
    quiet?.();
  }

  #tell(event: Event): void {
    const { monitor } = this.#core;
    if (monitor.active) monitor.emit(event);
  }

  #unknown(what: string, endpoint: string, known: string[]): ZmqError {
    const list = known.length === 0 ? "none" : known.join(", ");
    return new ZmqError(
      "unknown-endpoint",
      `No such endpoint: cannot ${what} ${JSON.stringify(endpoint)}; this ${this.#core.name} has: ${list}`,
      { address: endpoint },
    );
  }
}
