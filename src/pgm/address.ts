/**
 * Network addresses in PGM packets (RFC 3208 section 8, «NLA»): `family(2) 0(2) address(4 | 16)`, family 1 IPv4, 2 IPv6.
 *
 * As text inside the program. IPv6 texts are compared by `sameAddress`, for one address has many texts.
 */

const IPV4 = 1;
const IPV6 = 2;

/** An address and where it ends; null when there is none. */
export function readAddress(bytes: Uint8Array, at: number): { readonly text: string; readonly end: number } | null {
  if (at + 8 > bytes.length) return null;
  const family = (bytes[at] << 8) | bytes[at + 1];
  const from = at + 4;
  if (family === IPV4) return { text: `${bytes[from]}.${bytes[from + 1]}.${bytes[from + 2]}.${bytes[from + 3]}`, end: from + 4 };
  if (family !== IPV6 || from + 16 > bytes.length) return null;
  const groups: string[] = [];
  for (let i = from; i < from + 16; i += 2) groups.push(((bytes[i] << 8) | bytes[i + 1]).toString(16));
  return { text: groups.join(":"), end: from + 16 };
}

/** Writes an address and returns where it ends. */
export function writeAddress(bytes: Uint8Array, at: number, text: string): number {
  const octets = octetsOf(text);
  bytes[at] = 0;
  bytes[at + 1] = octets.length === 4 ? IPV4 : IPV6;
  bytes[at + 2] = bytes[at + 3] = 0;
  bytes.set(octets, at + 4);
  return at + 4 + octets.length;
}

/** Whether two texts are the same address; a scope (`%eth0`) does not count. */
export function sameAddress(a: string, b: string): boolean {
  if (a === b) return true;
  const [left, right] = [octetsOf(a), octetsOf(b)];
  return left.length === right.length && left.every((octet, i) => octet === right[i]);
}

function octetsOf(text: string): number[] {
  if (!text.includes(":")) return text.split(".").map(Number);
  const [address] = text.split("%");
  const [head, tail] = address.split("::") as [string, string | undefined];
  const before = wordsOf(head);
  const after = tail === undefined ? [] : wordsOf(tail);
  const zeros = new Array<number>(tail === undefined ? 0 : 8 - before.length - after.length).fill(0);
  return [...before, ...zeros, ...after].flatMap((word) => [word >>> 8, word & 0xff]);
}

function wordsOf(text: string): number[] {
  if (text === "") return [];
  return text.split(":").flatMap((word) => {
    if (!word.includes(".")) return [Number.parseInt(word, 16)];
    const [a, b, c, d] = word.split(".").map(Number);
    return [(a << 8) | b, (c << 8) | d];
  });
}
