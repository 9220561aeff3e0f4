// The matrix: every pair of socket types that may talk, both sides binding, tcp and ipc, every size and number of frames that the framing treats
// differently, in both directions where the types have two. One file for each peer runs it.

import assert from "node:assert/strict";
import { deadline, echoAll, type OurSocket, receiveAll, sendAll, TRANSPORTS, type Transport } from "../support/ours.ts";
import { frame, reportOf, text } from "../support/pattern.ts";
import type { PeerSocket, TypeName } from "../support/peer.ts";
import type { PeerKind } from "../support/peers.ts";
import { SIDES, withPeer } from "../support/with-peer.ts";

const KIB = 1024;
const LARGE = 8 * KIB * KIB;
/** Empty, one octet, the last short frame, the first long one, more than one read, and many of them. */
const SIZES = [0, 1, 255, 256, 64 * KIB, LARGE];

const MESSAGES: readonly string[] = [
  ...SIZES.map((size) => frame(size)),
  // 2, 3 and 10 frames, empty ones first, in the middle and last.
  [frame(0), frame(1)],
  [frame(255), frame(0), frame(256)],
  [...SIZES.slice(0, 5), 2, 254, 257, 8191].map((size) => frame(size)).concat(frame(0)),
  // 1000 frames: short, long, and large in sum.
  ["p7:1*1000"],
  ["p300:1*999", frame(0)],
  // Large ones within a message, and a small message behind everything.
  [frame(1), frame(LARGE, 5), frame(0), frame(64 * KIB + 1)],
  [text("last")],
].map((parts) => (typeof parts === "string" ? parts : parts.join(",")));

const REPORTS = MESSAGES.map(reportOf);

/** How a pair talks: who sends, and what else is in a message. */
type Talk = (ours: OurSocket, theirs: PeerSocket) => Promise<void>;

const weSend: Talk = async (ours, theirs) => {
  const [got] = await Promise.all([theirs.receive(MESSAGES.length), sendAll(ours, ...MESSAGES)]);
  assert.deepEqual(got, REPORTS);
};

const theySend: Talk = async (ours, theirs) => {
  const [got] = await Promise.all([receiveAll(ours, MESSAGES.length), theirs.send(...MESSAGES)]);
  assert.deepEqual(got, REPORTS);
};

const SUBSCRIPTION = "x01";

const theySubscribe = (theirs: PeerSocket): Promise<unknown> =>
  theirs.type === "SUB" ? theirs.subscribe("x") : theirs.send(SUBSCRIPTION);

/** They subscribe to everything; when we know it we publish. */
const wePublish: Talk = async (ours, theirs) => {
  await theySubscribe(theirs);
  await ours.subscribed("", 1, deadline());
  if (ours.type === XPUB) assert.deepEqual(await receiveAll(ours), [SUBSCRIPTION]);
  await weSend(ours, theirs);
};

/**
 * A pair over ws whose connection lets their messages out. libzmq's listener (4.3.5) sends nothing on a connection for
 * which a message was there before it was through with the handshake, not even to another libzmq: then another pair is taken.
 */
async function speakingPair(pair: () => Promise<[OurSocket, PeerSocket]>): Promise<[OurSocket, PeerSocket]> {
  for (let left = 9; left > 0; left--) {
    const [ours, theirs] = await pair();
    await theySubscribe(theirs); // Once more by the conversation itself, which changes nothing.
    const heard = ours.subscribed("", 1, { signal: AbortSignal.timeout(1500) });
    const dumb = await heard.then(
      () => false,
      () => true,
    );
    if (!dumb) return [ours, theirs];
  }
  throw new Error("of nine connections none let a message of theirs out");
}

const theyPublish: Talk = async (ours, theirs) => {
  if (ours.type === SUB) ours.subscribe();
  else await sendAll(ours, SUBSCRIPTION);
  if (theirs.type === "XPUB") assert.deepEqual(await theirs.receive(), [SUBSCRIPTION]);
  else await heard(ours, theirs);
  await theySend(ours, theirs);
};

/** A PUB does not tell when it knows of a subscription: it sends until something arrives; the rest of it is then taken away. */
async function heard(ours: OurSocket, theirs: PeerSocket): Promise<void> {
  let sent = 0;
  for (const arrived = ours.receive(); ; ) {
    await theirs.send(text(`${++sent}`));
    const first = await Promise.race([arrived, new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), 5))]);
    if (first === undefined) continue;
    for (let last = Number(first[0].toString()); last < sent; last++)
      assert.deepEqual((await ours.receive()).map(String), [`${last + 1}`]);
    return;
  }
}

const XPUB = 9;
const SUB = 2;

/** We ask, they answer with the same. `prefix`: frames that we put before a message and that come back before it. */
const weAsk =
  (prefix = ""): Talk =>
  async (ours, theirs) => {
    const ask = async (): Promise<string[]> => {
      const answers: string[] = [];
      for (const message of MESSAGES) {
        await sendAll(ours, prefix + message);
        answers.push(...(await receiveAll(ours)));
      }
      return answers;
    };
    const [answers] = await Promise.all([ask(), theirs.echo(MESSAGES.length)]);
    assert.deepEqual(
      answers,
      REPORTS.map((report) => prefix + report),
    );
  };

const theyAsk =
  (prefix = ""): Talk =>
  async (ours, theirs) => {
    const [answers] = await Promise.all([theirs.ask(...MESSAGES.map((each) => prefix + each)), echoAll(ours, MESSAGES.length)]);
    assert.deepEqual(
      answers,
      REPORTS.map((report) => prefix + report),
    );
  };

const OUR_ID = text("ours");
const THEIR_ID = text("theirs");

/** Each knows the other by its routing id; theirs knows ours from our first message on. */
const bothRoute: Talk = async (ours, theirs) => {
  await weAsk(`${THEIR_ID},`)(ours, theirs);
  await theyAsk(`${OUR_ID},`)(ours, theirs);
};

const both: Talk = async (ours, theirs) => {
  await weAsk()(ours, theirs);
  await theyAsk()(ours, theirs);
};

const EMPTY = "x,";

const PAIRS: readonly (readonly [ours: TypeName, theirs: TypeName, talk: Talk])[] = [
  ["PUSH", "PULL", weSend],
  ["PULL", "PUSH", theySend],
  ["PUB", "SUB", wePublish],
  ["PUB", "XSUB", wePublish],
  ["XPUB", "SUB", wePublish],
  ["XPUB", "XSUB", wePublish],
  ["SUB", "PUB", theyPublish],
  ["SUB", "XPUB", theyPublish],
  ["XSUB", "PUB", theyPublish],
  ["XSUB", "XPUB", theyPublish],
  ["REQ", "REP", weAsk()],
  ["REQ", "ROUTER", weAsk()],
  ["REP", "REQ", theyAsk()],
  ["REP", "DEALER", theyAsk(EMPTY)],
  ["DEALER", "REP", weAsk(EMPTY)],
  ["DEALER", "ROUTER", weAsk()],
  ["DEALER", "DEALER", both],
  ["ROUTER", "REQ", theyAsk()],
  ["ROUTER", "DEALER", theyAsk()],
  ["ROUTER", "ROUTER", bothRoute],
  ["PAIR", "PAIR", both],
];

/** Runs the matrix with one peer. */
export function matrix(kind: PeerKind, transports: readonly Transport[] = TRANSPORTS): void {
  withPeer(kind, `matrix over ${transports.join(" and ")}`, (test) => {
    for (const transport of transports) {
      for (const [ourType, theirType, talk] of PAIRS) {
        for (const binder of SIDES) {
          test(`our ${ourType} and their ${theirType} over ${transport}, bound by ${binder}`, async (stage) => {
            const pair = async (): Promise<[OurSocket, PeerSocket]> => {
              const ours = stage.ours(ourType, ourType === "ROUTER" ? { routingId: "ours" } : {});
              const theirs = await stage.theirs(theirType, theirType === "ROUTER" ? { routingId: THEIR_ID } : {});
              await stage.join(ours, theirs, binder, transport);
              return [ours, theirs];
            };
            const mayGoDumb = transport === "ws" && binder === "theirs" && talk === wePublish;
            await talk(...(mayGoDumb ? await speakingPair(pair) : await pair()));
          });
        }
      }
    }
  });
}
