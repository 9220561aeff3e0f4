// The real Mongrel2 (Debian's mongrel2-core), configured, started and ended by a test.
//
// Owns: its directory, its process, and the ports. Started by `m2sh load` and `m2sh start`, as its manual says. Run by root it
// puts itself into its directory (chroot), else it does not.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./free-port.ts";

/** Why there is no Mongrel2, or false. */
export const mongrel2Missing: string | false = findMongrel2();

export interface Mongrel2Settings {
  /** How it sends headers. */
  readonly form?: "json" | "tnetstring";
  /** More of its settings. */
  readonly settings?: Readonly<Record<string, string | number>>;
}

const NAME = "34f9ceee-cd52-4b7f-b197-88bf2f0ec378";
const PATIENCE_MS = 10_000;

export class Mongrel2 {
  /** The port of its web server. */
  readonly port: number;
  /** Where handlers connect. */
  readonly address: { readonly requests: string; readonly replies: string };
  readonly directory: string = mkdtempSync(join(tmpdir(), "zmtp-mongrel2-"));
  #child: ChildProcess | null = null;

  private constructor(port: number, requests: number, replies: number, given: Mongrel2Settings) {
    this.port = port;
    this.address = { requests: `tcp://127.0.0.1:${requests}`, replies: `tcp://127.0.0.1:${replies}` };
    for (const name of ["run", "logs", "tmp"]) mkdirSync(join(this.directory, name));
    writeFileSync(join(this.directory, "mongrel2.conf"), this.#configuration(given));
    this.#run("m2sh", "load", "-config", "mongrel2.conf", "-db", "config.sqlite");
  }

  /** Configures and starts one; resolves when it accepts connections. */
  static async start(given: Mongrel2Settings = {}): Promise<Mongrel2> {
    const server = new Mongrel2(await freePort(), await freePort(), await freePort(), given);
    await server.restart();
    return server;
  }

  /** What the paths in its configuration begin with, for programs that are not in its directory. */
  get #root(): string | undefined {
    return process.getuid?.() === 0 ? this.directory : undefined;
  }

  get #store(): string {
    return this.#root === undefined ? `${this.directory}/tmp/upload.XXXXXX` : "/tmp/upload.XXXXXX";
  }

  get uploads(): { template: string; root?: string } {
    return { template: this.#store, ...(this.#root === undefined ? {} : { root: this.#root }) };
  }

  get control(): string {
    return `ipc://${this.directory}/run/control`;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The number of its process. */
  get pid(): number {
    return Number(readFileSync(join(this.directory, "run", "mongrel2.pid"), "utf8"));
  }

  /** What it wrote into its log. */
  get log(): string {
    return readFileSync(join(this.directory, "logs", "error.log"), "utf8");
  }

  /** Starts it again after its end. */
  async restart(): Promise<void> {
    this.#child = spawn("m2sh", ["start", "-db", "config.sqlite", "-name", "main"], this.#options());
    const until = performance.now() + PATIENCE_MS;
    while (!(await this.#accepts())) {
      if (performance.now() > until) throw new Error(`Mongrel2 does not accept connections:\n${this.log}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** Ends its process and waits for it. */
  async kill(signal: "SIGTERM" | "SIGKILL" = "SIGKILL"): Promise<void> {
    const child = this.#child;
    if (child === null || child.exitCode !== null) return;
    const gone = this.ended();
    process.kill(this.pid, signal);
    await gone;
  }

  /** Waits for the end of its process. */
  async ended(): Promise<void> {
    const child = this.#child;
    if (child !== null && child.exitCode === null && child.signalCode === null) await once(child, "exit");
    this.#child = null;
  }

  /** Ends it and removes its directory. */
  async end(): Promise<void> {
    await this.kill();
    rmSync(this.directory, { recursive: true, force: true });
  }

  async #accepts(): Promise<boolean> {
    const socket = connect(this.port, "127.0.0.1");
    try {
      await once(socket, "connect");
      return true;
    } catch {
      return false;
    } finally {
      socket.destroy();
    }
  }

  #options(): { cwd: string; env: NodeJS.ProcessEnv; stdio: "ignore" } {
    return { cwd: this.directory, env: { ...process.env, LOGNAME: process.env.LOGNAME ?? "root" }, stdio: "ignore" };
  }

  #run(command: string, ...words: string[]): void {
    execFileSync(command, words, this.#options());
  }

  #configuration({ form = "tnetstring", settings = {} }: Mongrel2Settings): string {
    const all = {
      "zeromq.threads": 1,
      "server.daemonize": 0,
      // Tests keep connections open for longer than these allow.
      "limits.min_ping": 0,
      "limits.min_write_rate": 0,
      "limits.min_read_rate": 0,
      "upload.temp_store": this.#store,
      "upload.temp_store_mode": "0600",
      ...settings,
    };
    const { requests, replies } = this.address;
    return [
      `app = Handler(send_spec='${requests}', send_ident='${NAME}', recv_spec='${replies}', recv_ident='', protocol='${form}')`,
      `host = Host(name="127.0.0.1", routes={ '/': app, '@chat': app })`,
      `main = Server(uuid="2f62bd5-9e59-49cd-993c-3b6013c28f05", name="main", chroot="./", pid_file="/run/mongrel2.pid",`,
      `  access_log="/logs/access.log", error_log="/logs/error.log", default_host="127.0.0.1",`,
      `  bind_addr="127.0.0.1", port=${this.port}, hosts=[host])`,
      `settings = { ${Object.entries(all).map(([name, value]) => `"${name}": ${JSON.stringify(value)}`)} }`,
      "servers = [main]",
      "",
    ].join("\n");
  }
}

function findMongrel2(): string | false {
  try {
    execFileSync("m2sh", ["version"], { stdio: "ignore" });
    execFileSync("sh", ["-c", "command -v mongrel2"], { stdio: "ignore" });
    return false;
  } catch {
    return "mongrel2 and m2sh are missing (Debian's mongrel2-core)";
  }
}
