/**
 * The frame of a reply: which server and clients it is for, and how many clients one frame may name.
 *
 * Owns: the grammar of replies. Does not own: what the body means (http.ts, websocket.ts).
 *
 *     UUID SP netstring(IDs) SP body             IDs: decimal numbers with a space between; an empty body closes
 *     UUID SP netstring("X" SP IDs) SP body      an extended reply: body is a tnetstring list of a name and its argument
 *
 * Invariant: at most MAX_TARGETS ids per frame, Mongrel2's `limits.handler_targets`: it would refuse more, and pause.
 */
import { ZmqError } from "../node.ts";
import { asBuffer, encode, type TnetValue } from "./tnetstring.ts";

/** Clients that one frame may name. */
export const MAX_TARGETS = 128;

const UUID = /^[A-Za-z0-9-]{1,255}$/;

/** Throws EINVAL unless the name is one that Mongrel2's grammar for replies allows. */
export function checkServerName(server: string): void {
  if (!UUID.test(server))
    throw new ZmqError("invalid-argument", `A server's name is letters, digits and "-", got ${JSON.stringify(server)}`);
}

/** The frame of one reply to one client. `parts` follow each other in the body. */
export function replyFrame(server: string, connection: number, parts: readonly (Uint8Array | string)[]): Buffer {
  return assemble(headFor(server, connection), parts);
}

/** The frame of a reply of `head`, one octet for each character, and `text`, which has `size` octets in UTF-8: what most are. */
export function textReplyFrame(server: string, connection: number, head: string, text: string, size: number): Buffer {
  const start = headFor(server, connection) + head;
  if (size === text.length) return Buffer.from(start + text, "latin1"); // All ASCII: one write.
  const frame = Buffer.allocUnsafe(start.length + size);
  frame.write(start, 0, "latin1");
  frame.write(text, start.length, "utf8");
  return frame;
}

function headFor(server: string, connection: number): string {
  const id = String(connection);
  return `${server} ${id.length}:${id}, `;
}

/** The frames that give many clients the same body. */
export function replyFrames(server: string, connections: Iterable<number>, parts: readonly (Uint8Array | string)[]): Buffer[] {
  return inGroups(connections, MAX_TARGETS).map((ids) => assemble(`${server} ${ids.length}:${ids}, `, parts));
}

/** The frames of an extended reply, for example `("ctl", { "keep-alive": true })`. */
export function extendedFrames(server: string, connections: Iterable<number>, name: string, value: TnetValue): Buffer[] {
  const body = encode([name, value]);
  return inGroups(connections, MAX_TARGETS).map((ids) => assemble(`${server} ${ids.length + 2}:X ${ids}, `, [body]));
}

function inGroups(connections: Iterable<number>, size: number): string[] {
  const all = [...connections];
  for (const id of all) {
    if (!Number.isInteger(id) || id < 0 || id > 0xffffffff)
      throw new ZmqError("invalid-argument", `A connection is a whole number of 32 bits, got ${id}`);
  }
  const groups: string[] = [];
  for (let at = 0; at < all.length; at += size) groups.push(all.slice(at, at + size).join(" "));
  return groups;
}

function assemble(head: string, parts: readonly (Uint8Array | string)[]): Buffer {
  let size = head.length;
  for (const part of parts) size += part.length;
  const frame = Buffer.allocUnsafe(size);
  let at = frame.write(head, 0, "latin1");
  for (const part of parts) {
    if (typeof part === "string") {
      at += frame.write(part, at, "latin1");
    } else {
      asBuffer(part).copy(frame, at);
      at += part.length;
    }
  }
  return frame;
}
