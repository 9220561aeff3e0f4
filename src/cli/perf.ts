/**
 * `zmtp perf`: the programs of libzmq's `perf/` folder, with their arguments and their lines of output, so that figures
 * compare and each can face its original: our `remote_thr` sends to libzmq's `local_thr`.
 *
 * The clock of a throughput begins after the first message, as there; a latency is half a round trip.
 */
import * as zmtp from "../node.ts";
import { Failure, wholeNumber } from "./failure.ts";

interface PerfProgram {
  readonly usage: string;
  readonly about: string;
  run(args: readonly string[]): Promise<readonly string[]>;
}

/** Messages sent before the event loop gets its turn. */
const BATCH = 1000;

const NOTHING: readonly string[] = [];

export const PROGRAMS: Readonly<Record<string, PerfProgram>> = {
  local_thr: {
    usage: "<bind-to> <message-size> <message-count>",
    about: "receives, and tells how fast",
    async run([endpoint, sizeText, countText]) {
      const { size, count } = numbers(sizeText, countText);
      const pull = new zmtp.Pull();
      await pull.bind(endpoint);
      return throughput(size, count, await received(pull, size, count));
    },
  },
  remote_thr: {
    usage: "<connect-to> <message-size> <message-count>",
    about: "sends to local_thr",
    async run([endpoint, sizeText, countText]) {
      const { size, count } = numbers(sizeText, countText);
      const push = new zmtp.Push();
      push.connect(endpoint);
      await sendMany(push, size, count);
      await push.end();
      return NOTHING;
    },
  },
  local_lat: {
    usage: "<bind-to> <message-size> <roundtrip-count>",
    about: "answers remote_lat",
    async run([endpoint, sizeText, countText]) {
      const { size, count } = numbers(sizeText, countText);
      const rep = new zmtp.Reply();
      await rep.bind(endpoint);
      await echo(rep, size, count);
      await rep.end(1000);
      return NOTHING;
    },
  },
  remote_lat: {
    usage: "<connect-to> <message-size> <roundtrip-count>",
    about: "asks local_lat, and tells how long an answer takes",
    async run([endpoint, sizeText, countText]) {
      const { size, count } = numbers(sizeText, countText);
      const req = new zmtp.Request();
      req.connect(endpoint);
      const lines = latency(size, count, await roundTrips(req, size, count));
      await req.end(0);
      return lines;
    },
  },
  inproc_thr: {
    usage: "<message-size> <message-count>",
    about: "throughput between two sockets of this process",
    async run([sizeText, countText]) {
      const { size, count } = numbers(sizeText, countText);
      const pull = new zmtp.Pull();
      const push = new zmtp.Push();
      await pull.bind("inproc://thr_test");
      push.connect("inproc://thr_test");
      const [ms] = await Promise.all([received(pull, size, count), sendMany(push, size, count)]);
      await push.end();
      return throughput(size, count, ms);
    },
  },
  inproc_lat: {
    usage: "<message-size> <roundtrip-count>",
    about: "latency between two sockets of this process",
    async run([sizeText, countText]) {
      const { size, count } = numbers(sizeText, countText);
      const rep = new zmtp.Reply();
      const req = new zmtp.Request();
      await rep.bind("inproc://lat_test");
      req.connect("inproc://lat_test");
      const [ms] = await Promise.all([roundTrips(req, size, count), echo(rep, size, count)]);
      await Promise.all([req.end(0), rep.end(0)]);
      return latency(size, count, ms);
    },
  },
  proxy_thr: {
    usage: "<message-size> <message-count>",
    about: "throughput of two publishers through a proxy",
    async run([sizeText, countText]) {
      const { size, count } = numbers(sizeText, countText);
      return throughput(size, count, await throughProxy(size, count));
    },
  },
};

function numbers(sizeText: string, countText: string): { size: number; count: number } {
  return { size: wholeNumber(sizeText, "message-size", 0), count: wholeNumber(countText, "the count", 1) };
}

async function sendMany(socket: zmtp.Push | zmtp.XPublisher, size: number, count: number): Promise<void> {
  const message = Buffer.alloc(size);
  for (let sent = 0; sent < count; sent++) {
    if (!socket.trySend(message)) await socket.send(message);
    if (sent % BATCH === BATCH - 1) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Milliseconds from the first message to the last. */
function received(socket: zmtp.Pull | zmtp.Subscriber, size: number, count: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let left = count;
    let begin = 0;
    const drained = socket.drain((frames) => {
      if (frames[0].length !== size) throw new Failure("message of incorrect size received");
      if (left === count) begin = performance.now();
      if (--left > 0) return;
      resolve(performance.now() - begin);
      socket.close();
    });
    drained.catch(reject);
  });
}

async function echo(rep: zmtp.Reply, size: number, count: number): Promise<void> {
  for (let answered = 0; answered < count; answered++) {
    const [frame] = await rep.receive();
    if (frame.length !== size) throw new Failure("message of incorrect size received");
    await rep.send(frame);
  }
}

/** Milliseconds of so many questions and answers. */
async function roundTrips(req: zmtp.Request, size: number, count: number): Promise<number> {
  let message: Uint8Array = Buffer.alloc(size);
  const begin = performance.now();
  for (let asked = 0; asked < count; asked++) {
    await req.send(message as Buffer);
    [message] = await req.receive();
    if (message.length !== size) throw new Failure("message of incorrect size received");
  }
  return performance.now() - begin;
}

// As libzmq's: two XPUBs connect to the front, whose XSUB the SUB behind the proxy subscribes to everything.
async function throughProxy(size: number, count: number): Promise<number> {
  const xsub = new zmtp.XSubscriber();
  const xpub = new zmtp.XPublisher({ noDrop: true });
  await xsub.bind("inproc://perf_frontend");
  await xpub.bind("inproc://perf_backend");
  const proxy = new zmtp.Proxy(xsub, xpub);
  const running = proxy.run();
  const publishers = [1, 2].map(() => new zmtp.XPublisher({ noDrop: true }));
  for (const each of publishers) each.connect("inproc://perf_frontend");
  const sub = new zmtp.Subscriber();
  sub.connect("inproc://perf_backend");
  sub.subscribe();
  await Promise.all(publishers.map((each) => each.subscribed()));
  const half = Math.floor(count / 2);
  const parts = [count - half, half];
  const [ms] = await Promise.all([received(sub, size, count), ...publishers.map((each, i) => sendMany(each, size, parts[i]))]);
  for (const each of publishers) each.close();
  proxy.terminate();
  await running;
  return ms;
}

function throughput(size: number, count: number, ms: number): string[] {
  const perSecond = count / (Math.max(ms, 0.001) / 1000);
  return [
    `message size: ${size} [B]`,
    `message count: ${count}`,
    `mean throughput: ${Math.trunc(perSecond)} [msg/s]`,
    `mean throughput: ${((perSecond * size * 8) / 1e6).toFixed(3)} [Mb/s]`,
  ];
}

function latency(size: number, count: number, ms: number): string[] {
  return [
    `message size: ${size} [B]`,
    `roundtrip count: ${count}`,
    `average latency: ${((ms * 1000) / (count * 2)).toFixed(3)} [us]`,
  ];
}
