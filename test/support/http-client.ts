// A browser's part in tests of web servers: requests over connections that can be told apart, and raw bytes.

import { type Agent, request as httpRequest, type IncomingMessage } from "node:http";
import { connect } from "node:net";

/** Where a web server is. */
export interface Site {
  readonly url: string;
  readonly port: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  readonly port: number | undefined;
}

/** One request; `port` of the answer tells one connection from another. */
export function ask(
  server: Site,
  path: string,
  options: { method?: string; headers?: Record<string, string>; agent?: Agent; body?: string | Uint8Array } = {},
) {
  return new Promise<Answer>((resolve, reject) => {
    const { body, ...rest } = options;
    const call = httpRequest(`${server.url}${path}`, { ...rest, timeout: 10_000 }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("error", reject);
      answer.on("end", () => {
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: String(Buffer.concat(chunks)), port });
      });
    });
    let port: number | undefined;
    call.on("socket", (socket) => {
      if (socket.connecting) socket.once("connect", () => (port = socket.localPort));
      else port = socket.localPort;
    });
    call.on("timeout", () => call.destroy(new Error(`${path}: no answer`)));
    call.on("error", reject);
    call.end(body);
  });
}

/** Sends bytes, and resolves with all that came until the server closed. */
export function raw(server: Site, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(server.port, "127.0.0.1", () => socket.write(bytes));
    let text = "";
    socket.setEncoding("latin1").on("data", (chunk: string) => {
      text += chunk;
    });
    socket.setTimeout(10_000, () => socket.destroy(new Error(`the server did not close after: ${text}`)));
    socket.on("error", reject).on("close", () => resolve(text));
  });
}
