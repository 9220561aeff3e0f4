/**
 * The reference of multicast: bare `node:dgram` sockets that move as many full datagrams as our packets would be, without
 * a protocol. One system call for each, on either side, is what the runtime has: what is slower than this costs us.
 *
 * Roles: pub (as fast as it goes, 256 datagrams a turn), sub (counts the messages that would be in them).
 */
import { createSocket, type Socket } from "node:dgram";
import { Meter, obeyParent, report, settings } from "./harness.ts";

const { role, endpoint = "", size: sizeText = "100", seconds = "1" } = settings();
const size = Number(sizeText);
const [, address, group, port] = /^epgm:\/\/([\d.]+);([\d.]+):(\d+)$/.exec(endpoint) ?? [];

const BUFFER_BYTES = 4 << 20;
const PER_TURN = 256;
/** What of 1500 octets IP, UDP and the room for options leave; and of that what PGM's header and the offset leave. */
const DATAGRAM_BYTES = 1500 - 28 - 20;
const DATA_BYTES = DATAGRAM_BYTES - 24 - 2;
/** Frames of ZMTP 1.0. */
const FRAME_BYTES = size + (size + 1 < 255 ? 2 : 10);

function bound(socket: Socket, at: { readonly address?: string; readonly port: number }): Promise<void> {
  return new Promise((resolve) => socket.bind(at, resolve));
}

async function pub(): Promise<void> {
  const socket = createSocket({ type: "udp4", sendBufferSize: BUFFER_BYTES });
  await bound(socket, { address, port: 0 });
  socket.setMulticastInterface(address);
  await new Promise<void>((resolve) => socket.connect(Number(port), group, resolve));
  report({ ready: 1 });
  const datagram = Buffer.alloc(DATAGRAM_BYTES, "x");
  const failed = (error: Error | null): void => {
    if (error !== null) throw error;
  };
  const turn = (): void => {
    if (socket.getSendQueueCount() === 0) for (let i = 0; i < PER_TURN; i++) socket.send(datagram, failed);
    setImmediate(turn);
  };
  turn();
}

async function sub(): Promise<void> {
  const socket = createSocket({ type: "udp4", reuseAddr: true, recvBufferSize: BUFFER_BYTES });
  const meter = new Meter(Number(seconds), size);
  const body = Buffer.alloc(size);
  let owed = 0;
  let over = false;
  socket.on("message", ({ length }) => {
    if (length !== DATAGRAM_BYTES) throw new Error(`a datagram of ${length} bytes came instead of ${DATAGRAM_BYTES}`);
    for (owed += DATA_BYTES / FRAME_BYTES; owed >= 1 && !over; owed--) over = meter.count(body);
    if (!over) return;
    socket.close();
    report(meter.result);
  });
  await bound(socket, { port: Number(port) });
  socket.addMembership(group, address);
  report({ ready: 1 });
}

obeyParent();
void (role === "pub" ? pub() : sub());
