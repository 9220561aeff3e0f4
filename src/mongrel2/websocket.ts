/**
 * WebSocket frames to a browser (RFC 6455), and the answer to its handshake.
 *
 * Owns: the form of frames from a server: final, not masked. Mongrel2 unmasks what comes from the browser, puts fragments
 * together, and computes the key of the answer. Does not own: sessions (socket-sessions.ts).
 *
 *     FIN|opcode  length (7 bits, or 126 and 16 bits, or 127 and 64 bits)  payload
 */
import { ZmqError } from "../node.ts";
import { describeValue } from "./describe.ts";
import { OPCODES } from "./request.ts";

/** What a close frame holds. */
export interface WebSocketClose {
  /** 1000 normal, 1001 going away, 1002 protocol error, 1007 no UTF-8, … ; 1005 where the peer gave none. */
  readonly code: number;
  readonly reason: string;
}

const FIN = 0x80;
const RESERVED = 0x70;
const MAX_CONTROL = 125;
const SHORT = 126;
const LONG = 127;
const NO_STATUS = 1005;

/** The bytes before a frame's payload. Throws EINVAL for a control frame with more than 125 octets. */
export function frameHead(opcode: number, size: number): Buffer {
  if (opcode >= OPCODES.close && size > MAX_CONTROL)
    throw new ZmqError("invalid-argument", `A control frame holds at most ${MAX_CONTROL} octets, got ${size}`);
  if (size < SHORT) return Buffer.from([FIN | opcode, size]);
  if (size < 0x10000) {
    const head = Buffer.from([FIN | opcode, SHORT, 0, 0]);
    head.writeUInt16BE(size, 2);
    return head;
  }
  const head = Buffer.alloc(10);
  head[0] = FIN | opcode;
  head[1] = LONG;
  head.writeBigUInt64BE(BigInt(size), 2);
  return head;
}

/** The payload of a close frame. Throws EINVAL for a code that may not be sent. */
export function closePayload(code: number, reason: string): Buffer {
  if (!mayBeSent(code))
    throw new ZmqError(
      "invalid-argument",
      `A WebSocket closes with 1000 to 1003, 1007 to 1014 or 3000 to 4999, got ${describeValue(code)}`,
    );
  const text = Buffer.from(reason);
  const payload = Buffer.alloc(2 + text.length);
  payload.writeUInt16BE(code);
  text.copy(payload, 2);
  return payload;
}

/** Reads a close frame's payload; undefined if it breaks the rules. */
export function readClose(payload: Buffer): WebSocketClose | undefined {
  if (payload.length === 0) return { code: NO_STATUS, reason: "" };
  if (payload.length === 1) return undefined;
  const code = payload.readUInt16BE();
  const reason = readText(payload.subarray(2));
  return reason === undefined || !mayBeSent(code) ? undefined : { code, reason };
}

/** The text of a message, or undefined if it is no UTF-8. */
export function readText(payload: Uint8Array): string | undefined {
  try {
    return UTF8.decode(payload);
  } catch {
    return undefined;
  }
}

/** Whether a message's flags may come from a browser: known opcode, no reserved bit. */
export function areValidFlags(flags: number): boolean {
  return (flags & RESERVED) === 0 && KNOWN.has(flags & 0x0f);
}

/** The answer to a handshake; `accept` is the body of the request, which Mongrel2 computed. */
export function handshakeHead(accept: string, protocol?: string): string {
  const chosen = protocol === undefined ? "" : `Sec-WebSocket-Protocol: ${protocol}\r\n`;
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n${chosen}\r\n`;
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const KNOWN = new Set<number>(Object.values(OPCODES));

function mayBeSent(code: number): boolean {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}
