// The proxy: what passes, what is refused while it runs, how it ends; and the pause, which the original does not have.
import assert from "node:assert/strict";
import { test } from "node:test";
import { both, dropIn, outcome, outcomeOf } from "./both.ts";

both("requests through a proxy, and its end", async (zmq, log) => {
  const front = new zmq.Router({ linger: 0 });
  const back = new zmq.Dealer({ linger: 0 });
  const proxy = new zmq.Proxy(front, back);
  log(
    proxy.frontEnd === front,
    proxy.backEnd === back,
    outcome(() => proxy.run()),
  );
  for (const call of ["pause", "resume", "terminate"] as const)
    log(
      call,
      outcome(() => proxy[call]()),
    );
  await front.bind("tcp://127.0.0.1:*");
  log(outcome(() => proxy.run()));
  await back.bind("tcp://127.0.0.1:*");
  const [frontEndpoint, backEndpoint] = [front.lastEndpoint as string, back.lastEndpoint as string];
  const running = proxy.run();
  log(
    outcome(() => front.send("x")),
    outcome(() => back.connect("inproc://x")),
    front.closed,
  );
  const req = new zmq.Request({ linger: 0 });
  const rep = new zmq.Reply({ linger: 0 });
  req.connect(frontEndpoint);
  rep.connect(backEndpoint);
  for (const word of ["one", "two"]) {
    await req.send([word, "body"]);
    log(await rep.receive());
    await rep.send(`re: ${word}`);
    log(await req.receive());
  }
  proxy.terminate();
  log(await running, front.closed, back.closed);
  log(
    outcome(() => proxy.terminate()),
    outcome(() => front.send("x")),
    outcome(() => proxy.run()),
  );
  req.close();
  rep.close();
});

both("subscriptions through a proxy", async (zmq, log) => {
  const xsub = new zmq.XSubscriber({ linger: 0 });
  const xpub = new zmq.XPublisher({ linger: 0 });
  await xsub.bind("inproc://xsub");
  await xpub.bind("inproc://xpub");
  const proxy = new zmq.Proxy(xsub, xpub);
  const running = proxy.run();
  const pub = new zmq.XPublisher({ linger: 0 });
  const sub = new zmq.Subscriber();
  pub.connect("inproc://xsub");
  sub.connect("inproc://xpub");
  sub.subscribe("a");
  log(await pub.receive());
  await pub.send(["a", "1"]);
  await pub.send(["b", "2"]);
  await pub.send(["a", "3"]);
  log(await sub.receive(), await sub.receive());
  proxy.terminate();
  log(await outcomeOf(() => running));
  pub.close();
  sub.close();
});

test("pause holds messages back, resume lets them go", async () => {
  const pull = new dropIn.Pull({ linger: 0 });
  const push = new dropIn.Push({ linger: 0 });
  await pull.bind("inproc://paused-front");
  await push.bind("inproc://paused-back");
  const source = new dropIn.Push({ linger: 0 });
  const sink = new dropIn.Pull({ receiveTimeout: 40 });
  source.connect("inproc://paused-front");
  sink.connect("inproc://paused-back");
  const proxy = new dropIn.Proxy(pull, push);
  const running = proxy.run();
  await source.send("one");
  assert.equal(String(await sink.receive()), "one");
  proxy.pause();
  await source.send("two");
  await assert.rejects(sink.receive(), { code: "EAGAIN" });
  proxy.resume();
  assert.equal(String(await sink.receive()), "two");
  proxy.terminate();
  await running;
  source.close();
  sink.close();
});
