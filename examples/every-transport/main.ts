/**
 * One checked stream of messages, many-to-many through devices, over every transport: `npm start every-transport/main`.
 *
 *     3 senders ── front end: a transport ──▶ streamer, forwarder or queue ── back end: a transport ──▶ 3 receivers
 *
 * It prints what was lost and changed, and fails when something was. Ends by itself in some seconds, or by Ctrl-C.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { XPublisher } from "zmtp";
import { DEVICES, type Lane, multicast, noMulticast, start, type Transport, transports, type Where } from "./lanes.ts";
import { type Desk, MEMBERS, Parties, type Sabotage, type Tally } from "./party.ts";
import { Place } from "./place.ts";

const MESSAGES = 1000;
const WIDTHS = [38, 10, 10, 6, 8, 12];

function print(...cells: (string | number)[]): void {
  console.log(cells.map((cell, i) => (i < 2 ? `${cell}`.padEnd(WIDTHS[i]) : `${cell}`.padStart(WIDTHS[i]))).join(" "));
}

/** Every device over every transport, then devices between two of them. */
async function lanes(folder: string): Promise<Lane[]> {
  const all = transports(folder);
  const [, threads, ipc, tcp, curve, ws] = all;
  const pure = all.flatMap((transport) => DEVICES.map((device): Lane => ({ device, front: transport, back: transport })));
  const mixed: Lane[] = [
    { device: "streamer", front: threads, back: tcp },
    { device: "queue", front: ws, back: ipc },
    { device: "forwarder", front: tcp, back: ws },
    { device: "streamer", front: ipc, back: curve },
  ];
  const reason = await noMulticast();
  if (reason !== null) {
    console.log(`epgm is left out: ${reason}`);
    return [...pure, ...mixed];
  }
  const groups: [Transport, Transport][] = [
    [multicast, ipc],
    [tcp, multicast],
    [multicast, multicast],
  ];
  return [...pure, ...mixed, ...groups.map(([front, back]): Lane => ({ device: "forwarder", front, back }))];
}

async function travel(lane: Lane, id: number, senders: Desk, receivers: Desk, sabotage: Sabotage): Promise<Tally> {
  const { device, front, back } = lane;
  const pipe = await start(lane);
  try {
    const job = { id, device, sabotage, messages: MESSAGES };
    const [frontEnd, backEnd] = [pipe.frontEnd.lastEndpoint as string, pipe.backEnd.lastEndpoint as string];
    await receivers.open({ ...job, side: "back", endpoint: backEnd, options: back.member ?? {} });
    // A group counts as one, whoever hears it.
    if (pipe.backEnd instanceof XPublisher) await pipe.backEnd.subscribed("", back === multicast ? 1 : MEMBERS);
    else await pipe.backEnd.connected(MEMBERS);
    await senders.open({ ...job, id: -id, side: "front", endpoint: frontEnd, options: front.member ?? {} });
    const begin = performance.now();
    const [asked, received] = await Promise.all([senders.run(-id), receivers.run(id)]);
    const tally = device === "queue" ? asked : received;
    const rate = Math.round(tally.received / ((performance.now() - begin) / 1000));
    const name = front === back ? front.name : `${front.name} → ${back.name}`;
    print(name, device, tally.received, tally.lost, tally.changed, rate);
    return tally;
  } finally {
    await Promise.all([senders.close(-id), receivers.close(id)]);
    pipe.terminate();
  }
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { sabotage: { type: "string", default: "none" } } });
  const folder = mkdtempSync(join(tmpdir(), "zmtp-every-transport-"));
  const places: Place[] = [];
  const place = (kind: "thread" | "process"): Place => {
    const made = new Place(kind);
    places.push(made);
    return made;
  };
  const cleanUp = (): void => {
    for (const { end } of places) end();
    rmSync(folder, { recursive: true, force: true });
  };
  process.on("exit", cleanUp);
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(130));

  const senders: Record<Where, Desk> = { here: new Parties(), thread: place("thread"), process: place("process") };
  const receivers: Record<Where, Desk> = { here: new Parties(), thread: place("thread"), process: place("process") };
  const tallies: Tally[] = [];
  try {
    const all = await lanes(folder);
    // What sabotage does shows in the first lane.
    const list = values.sabotage === "none" ? all : all.slice(0, DEVICES.length);
    console.log("udp is left out: nobody repairs what it loses.");
    print("transport", "device", "messages", "lost", "changed", "per second");
    for (const [i, lane] of list.entries()) {
      const sabotage = i === 0 ? (values.sabotage as Sabotage) : "none";
      tallies.push(await travel(lane, i + 1, senders[lane.front.where], receivers[lane.back.where], sabotage));
    }
  } finally {
    cleanUp();
  }
  const sum = (of: (tally: Tally) => number): number => tallies.reduce((total, tally) => total + of(tally), 0);
  const [lost, changed] = [sum((tally) => tally.lost), sum((tally) => tally.changed)];
  const failed = lost > 0 || changed > 0;
  console.log(
    `${failed ? "FAILED" : "All is well"}: ${sum((tally) => tally.received)} messages, ${lost} lost, ${changed} changed.`,
  );
  return failed ? 1 : 0;
}

main().then(
  (code) => process.exit(code), // What the proxies and parties still hold has no one left to go to.
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
