// Types whose messages have more than frames in the API: SERVER and PEER a number, RADIO and DISH a group, given beside the frame. In the texts of tests
// and peers it is a frame in front, the number in 4 octets.

const SERVER = 12;
const RADIO = 14;
const DISH = 15;
const PEER = 19;

interface Sends {
  readonly type: number;
  send(message: Buffer | Buffer[], options?: object): Promise<void>;
}

interface Receives {
  readonly type: number;
  receive(): Promise<readonly unknown[]>;
}

/** Sends the frames of a text. */
export function sendFrames(socket: Sends, frames: Buffer[]): Promise<void> {
  switch (socket.type) {
    case SERVER:
    case PEER:
      return socket.send(frames[1], { routingId: frames[0].readUInt32BE() });
    case RADIO:
      return socket.send(frames[1], { group: frames[0] });
    default:
      return socket.send(frames);
  }
}

/** Receives the frames of a text. npm `zeromq` has no PEER: one made with its base class tells no number. */
export async function receiveFrames(socket: Receives): Promise<Buffer[]> {
  const received = await socket.receive();
  const [body, info] = received as [Buffer, { routingId: number; group: Buffer } | undefined];
  if (info === undefined) return [body];
  switch (socket.type) {
    case SERVER:
    case PEER:
      return [numberFrame(info.routingId), body];
    case DISH:
      return [info.group, body];
    default:
      return received as Buffer[];
  }
}

function numberFrame(number: number): Buffer {
  const frame = Buffer.alloc(4);
  frame.writeUInt32BE(number);
  return frame;
}
