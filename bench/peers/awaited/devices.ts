/** A ROUTER that sends to many peers in turn, and proxies. */
import { type Api, bindAndReport, commonSettings, type Roles } from "../api.ts";
import { bodies, report, settings } from "../harness.ts";

const { endpoint, size, count } = commonSettings();

export function devices(zmq: Api): Roles {
  /** Learns of the peers by their first message; drops nothing (`mandatory`): waits for who is slow. */
  const route = async (): Promise<void> => {
    const socket = new zmq.Router({ mandatory: true, backlog: 4096 });
    await bindAndReport(socket);
    const ids: Buffer[] = [];
    while (ids.length < count) ids.push((await socket.receive())[0]);
    report({ ready: 1 });
    const make = bodies(size);
    for (let i = 0; ; i = i + 1 === count ? 0 : i + 1) await socket.send([ids[i], make()]);
  };

  const proxy = async (): Promise<void> => {
    const pubsub = settings().kind === "pubsub";
    const front = pubsub ? new zmq.XSubscriber() : new zmq.Router();
    const back = pubsub ? new zmq.XPublisher({ noDrop: true }) : new zmq.Dealer();
    await front.bind(endpoint);
    await back.bind(endpoint);
    report({ front: front.lastEndpoint as string, back: back.lastEndpoint as string });
    await new zmq.Proxy(front, back).run();
  };

  return { route, proxy };
}
