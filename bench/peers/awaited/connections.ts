/**
 * Connections that have nothing to do, and messages that wait: how much memory each takes.
 *
 * hub (PULL) and spokes (PUSH sockets that connect up to 1000 times each, or once each) are a process each: the
 * memory of a connection on either side, and the CPU time of idling. sending: messages that wait for peers who are not
 * there. unread and sender: messages that came and are not read.
 */
import type { Pull, Push } from "zmtp";
import { type Api, bindAndReport, commonSettings, type Roles } from "../api.ts";
import { bodies, delay, report, reportIdle, residentOctets, told, untilQuiet, wallSeconds } from "../harness.ts";

const { endpoint, size, seconds, count, style } = commonSettings();

const MESSAGES = 100_000;
/** So many connections are made at a time, and then waited for: more would overrun the listener's backlog. */
const BATCH = 1000;
const NEVER_MS = 3_600_000;

async function receiveMany(socket: Pull, messages: number): Promise<void> {
  for (let i = 0; i < messages; i++) await socket.receive();
}

async function sendMany(socket: Push, messages: number, bytes: number): Promise<void> {
  const make = bodies(bytes);
  for (let i = 0; i < messages; i++) await socket.send(make());
}

export function connections(zmq: Api): Roles {
  const boundPull = async (): Promise<Pull> => {
    const socket = new zmq.Pull({ receiveHighWaterMark: 0, backlog: 4096 });
    await bindAndReport(socket);
    return socket;
  };

  const connectedPush = (connects: number): Push => {
    const socket = new zmq.Push({ sendHighWaterMark: 0, reconnectInterval: NEVER_MS });
    for (let i = 0; i < connects; i++) socket.connect(endpoint);
    return socket;
  };

  const hub = async (): Promise<void> => {
    const socket = await boundPull();
    const before = await residentOctets();
    for (let left = count; left > 0; left -= BATCH) {
      await receiveMany(socket, Math.min(left, BATCH));
      report({ at: wallSeconds() });
    }
    await reportIdle(before, count, seconds);
  };

  const spokes = async (): Promise<void> => {
    const before = await residentOctets();
    report({ at: wallSeconds() });
    zmq.context.maxSockets = count + 1;
    const each = style === "a socket each" ? 1 : Math.min(count, BATCH);
    for (let made = 0; made < count; ) {
      for (const end = Math.min(count, made + BATCH); made < end; made += each) await sendMany(connectedPush(each), each, 5);
      await told();
    }
    await reportIdle(before, count, seconds);
  };

  const sending = async (): Promise<void> => {
    const socket = connectedPush(count);
    await delay(500);
    const before = await residentOctets();
    await sendMany(socket, MESSAGES, size);
    await delay(300);
    report({ octets: ((await residentOctets()) - before) / MESSAGES });
    process.exit(0);
  };

  const unread = async (): Promise<void> => {
    const socket = await boundPull();
    await receiveMany(socket, count);
    await delay(300);
    const before = await residentOctets();
    const going = told();
    report({ ready: 1 });
    await going; // Now the messages are on their way.
    await untilQuiet();
    const octets = ((await residentOctets()) - before) / MESSAGES;
    await receiveMany(socket, MESSAGES);
    report({ octets });
    process.exit(0);
  };

  const sender = async (): Promise<void> => {
    const socket = connectedPush(count);
    await sendMany(socket, count, 5);
    await told();
    await sendMany(socket, MESSAGES, size);
    report({ sent: 1 });
    await told();
  };

  return { hub, spokes, sending, unread, sender };
}
