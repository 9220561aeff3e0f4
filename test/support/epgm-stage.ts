// A program for a host of its own: one SUB on epgm, and packets of sources that are made up here, sent to its group. Prints what the SUB tells of
// them as one JSON object.

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type Event, Subscriber } from "../../src/node.ts";
import { encodeSpm, ODATA, sealData } from "../../src/pgm/packet.ts";

const GROUP = "239.192.9.1";
const PORT = 5561;
const ID = { high: 0x01020304, low: 0x05061e61 };

function data(sqn: number, trail: number, text: string): Uint8Array {
  const frame = Buffer.from(`\0\0${String.fromCharCode(text.length + 1)}\0${text}`, "latin1");
  const bytes = Buffer.concat([Buffer.alloc(24), frame]);
  sealData(bytes, ODATA, ID, PORT, sqn, trail);
  return bytes;
}

const spm = (sqn: number, trail: number, lead: number, fin: boolean): Uint8Array =>
  encodeSpm(ID, PORT, { sqn, trail, lead, address: "10.9.9.1", fin });

async function main(): Promise<void> {
  const sub = new Subscriber({ receiveTimeout: 5000, receiveHighWaterMark: 2 });
  sub.subscribe("");
  const events: unknown[] = [];
  const told = ({ type, ...rest }: Event): void => {
    const { first, last, count, reason } = rest as Partial<Record<string, unknown>>;
    events.push({ type, first, last, count, reason });
  };
  for (const type of ["accept", "gap", "disconnect"] as const) sub.events.on(type, told);
  await sub.bind(`epgm://eth0;${GROUP}:${PORT}`);

  const out = createSocket("udp4");
  out.bind(0, "10.9.9.1");
  await once(out, "listening");
  out.setMulticastInterface("10.9.9.1");
  const send = (bytes: Uint8Array): Promise<void> =>
    new Promise((resolve, reject) => out.send(bytes, PORT, GROUP, (error) => (error ? reject(error) : resolve())));

  const got: string[] = [];
  const receive = async (): Promise<void> => void got.push(String((await sub.receive())[0]));
  await send(spm(0, 0, 0xffffffff, false));
  await send(data(0, 0, "first"));
  await receive();
  const broken = data(1, 0, "broken");
  broken[30] ^= 1;
  await send(broken);
  await send(Buffer.from("nonsense"));
  await send(data(10, 10, "after the gap"));
  await receive();
  // More than the mark: the rest waits in the window and loses nothing.
  for (let i = 11; i < 31; i++) await send(data(i, 10, `${i}`));
  for (let i = 11; i < 31; i++) await receive();
  const [peer] = sub.peers();
  const { packets, lost } = peer.peer.network ?? {};
  await send(spm(1, 10, 30, true));
  while (!events.some((each) => (each as { type: string }).type === "disconnect"))
    await new Promise((resolve) => setTimeout(resolve, 1));
  const { dropped } = sub.stats();
  console.log(JSON.stringify({ got, events, dropped, address: peer.address, packets, lost, left: sub.peers().length }));
  out.close();
  await sub.end();
}

void main();
