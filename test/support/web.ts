// A WebSocket peer by hand, over TCP: writes the request and the frames octet by octet, reads exactly what came (RFC 6455).

import { connect, type Socket } from "node:net";
import type { TestContext } from "./raw-peer.ts";
import { RawPeer } from "./raw-peer.ts";

export const BINARY = 2;
export const TEXT = 1;
export const CONTINUATION = 0;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

/** A frame of WebSocket; masked with 01020304, as a client must, unless told otherwise. */
export function frame(opcode: number, payload: Uint8Array, { fin = true, masked = true, rsv = 0 } = {}): Buffer {
  const first = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  const bit = masked ? 0x80 : 0;
  const size =
    payload.length < 126
      ? [bit | payload.length]
      : payload.length < 65536
        ? [bit | 126, payload.length >> 8, payload.length & 255]
        : [bit | 127, 0, 0, 0, 0, ...[24, 16, 8, 0].map((shift) => (payload.length >>> shift) & 255)];
  const key = [1, 2, 3, 4];
  const body = masked ? payload.map((octet, i) => octet ^ key[i % 4]) : payload;
  return Buffer.concat([Buffer.from([first, ...size, ...(masked ? key : [])]), body]);
}

export interface WebFrame {
  readonly opcode: number;
  readonly payload: Buffer;
}

export class WebPeer {
  readonly raw: RawPeer;

  private constructor(raw: RawPeer) {
    this.raw = raw;
  }

  static async connect(t: TestContext, endpoint: string): Promise<WebPeer> {
    const { hostname, port } = new URL(endpoint);
    const socket: Socket = connect(Number(port), hostname);
    await new Promise((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    return new WebPeer(new RawPeer(t, socket));
  }

  /** Sends a request; each header once, undefined leaves one out. Resolves with the answer's head. */
  async ask(path: string, headers: Readonly<Record<string, string | undefined>> = {}): Promise<string> {
    const all: Record<string, string | undefined> = {
      Host: "127.0.0.1",
      Upgrade: "websocket",
      Connection: "Upgrade",
      "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
      "Sec-WebSocket-Protocol": "ZWS2.0/NULL,ZWS2.0",
      "Sec-WebSocket-Version": "13",
      ...headers,
    };
    const lines = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]));
    this.raw.send(Buffer.from(`GET ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`));
    return this.readHead();
  }

  async readHead(): Promise<string> {
    let head = "";
    while (!head.endsWith("\r\n\r\n")) head += (await this.raw.read(1)).toString("latin1");
    return head;
  }

  send(...frames: readonly Buffer[]): void {
    this.raw.send(...frames);
  }

  async read(): Promise<WebFrame> {
    const [first, second] = await this.raw.read(2);
    let size = second & 127;
    if (size === 126) size = (await this.raw.read(2)).readUInt16BE();
    else if (size === 127) size = Number((await this.raw.read(8)).readBigUInt64BE());
    return { opcode: first & 15, payload: await this.raw.read(size) };
  }
}
