/**
 * Mongrel2's control port: its state, and orders to it, over REQ and tnetstrings.
 *
 * Owns: the questions and the form of the answers. Does not own: the right to ask: whoever reaches the socket may (it is an
 * ipc path in the server's directory, `run/control` unless its setting `control_port` says otherwise).
 *
 *     question  [name, {argument: value, …}]
 *     answer    {headers: [column, …], rows: [[value, …], …]}   or   {code: …, error: text}
 */
import { type Context, Request, ZmqError } from "../node.ts";
import { decode, encode, type TnetDictionary, type TnetValue } from "./tnetstring.ts";

export interface ControlOptions {
  /** How long an answer may take, in ms; -1: for ever. Default 5000. */
  readonly timeout?: number;
  /** The context of the socket; default: the process's. */
  readonly context?: Context;
}

/** One row of an answer, by the names of its columns. */
export interface ControlRow {
  readonly [column: string]: TnetValue;
}

const TIMEOUT_MS = 5000;

export class ControlPort {
  readonly #socket: Request;
  readonly #timeout: number;

  /** Connects; `endpoint` is for example `ipc:///srv/site/run/control`. Throws EINVAL for an endpoint that is none. */
  constructor(endpoint: string, options: ControlOptions = {}) {
    const { timeout = TIMEOUT_MS, context } = options;
    this.#timeout = timeout;
    this.#socket = new Request({ linger: 0, ...(context === undefined ? {} : { context }) });
    try {
      this.#socket.connect(endpoint);
    } catch (error) {
      this.#socket.close();
      throw error;
    }
  }

  /**
   * Asks anything. Resolves with the answer's rows. Rejects with EAGAIN after `timeout`, `control-refused` (EPROTO) for an
   * answer that is an error, `malformed-tnetstring` for one that is none.
   */
  async request(name: string, args: TnetDictionary = {}): Promise<ControlRow[]> {
    const [reply] = await this.#socket.request(encode([name, args]), { timeout: this.#timeout });
    return rowsOf(name, decode(reply, { strings: "latin1" }));
  }

  /** The connections of clients: id, fd, type, last_ping, last_read, last_write (seconds ago), bytes_read, bytes_written. */
  connections(): Promise<ControlRow[]> {
    return this.request("status", { what: "net" });
  }

  /** The server's tasks: id, system, name, state, status. */
  tasks(): Promise<ControlRow[]> {
    return this.request("status", { what: "tasks" });
  }

  /** The server: port, bind_addr, uuid, chroot, access_log, error_log, pid_file, default_hostname. */
  async info(): Promise<ControlRow> {
    return first("info", await this.request("info"));
  }

  /** The orders it knows: name and help. */
  help(): Promise<ControlRow[]> {
    return this.request("help");
  }

  /** The server's clock. */
  async time(): Promise<Date> {
    return new Date(Number(first("time", await this.request("time")).time) * 1000);
  }

  /** The server's uuid. */
  async uuid(): Promise<string> {
    return String(first("uuid", await this.request("uuid")).uuid);
  }

  /** Closes the connection of a client, by the number that its requests have. */
  async kill(connection: number): Promise<void> {
    await this.request("kill", { id: connection });
  }

  /** Loads the configuration anew; connections stay. */
  async reload(): Promise<void> {
    await this.request("reload");
  }

  /** Ends the server when its clients are done. */
  async stop(): Promise<void> {
    await this.#end("stop");
  }

  /** Ends the server at once. */
  async terminate(): Promise<void> {
    await this.#end("terminate");
  }

  /** Ends the control port; the server goes on. */
  async stopControl(): Promise<void> {
    await this.request("control_stop");
  }

  // The server may be gone before its answer: then the order was obeyed.
  async #end(order: string): Promise<void> {
    try {
      await this.request(order);
    } catch (error) {
      if (!(error instanceof ZmqError) || error.reason !== "connection-lost") throw error;
    }
  }

  /** Closes the socket; questions that wait are rejected. */
  close(): void {
    this.#socket.close();
  }
}

function rowsOf(name: string, answer: TnetValue): ControlRow[] {
  if (!isDictionary(answer)) throw refused(name, "an answer that is no dictionary");
  if ("error" in answer) throw refused(name, `${String(answer.code ?? "error")}: ${String(answer.error)}`);
  const { headers, rows } = answer;
  if (!Array.isArray(headers) || !Array.isArray(rows)) throw refused(name, "an answer without headers and rows");
  return rows.map((row: TnetValue) => {
    if (!Array.isArray(row)) throw refused(name, "a row that is no list");
    const named: Record<string, TnetValue> = Object.create(null);
    headers.forEach((column: TnetValue, at) => {
      named[String(column)] = row[at] ?? null;
    });
    return named;
  });
}

function first(name: string, rows: readonly ControlRow[]): ControlRow {
  if (rows.length === 0) throw refused(name, "an answer without a row");
  return rows[0];
}

function isDictionary(value: TnetValue): value is TnetDictionary {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

function refused(name: string, what: string): ZmqError {
  return new ZmqError("control-refused", `Mongrel2's control port answered ${JSON.stringify(name)} with ${what}`);
}
