/**
 * Explains one direction of a ZMTP connection from its bytes: greeting, mechanism, commands with their properties, messages
 * frame by frame. What CURVE hides is said to be hidden.
 *
 * Owns the texts. Does not own where the bytes come from (a relay, a file).
 *
 *     0            9 10    11    12 ........ 31 32         33 .. 63
 *     FF padding  7F major minor mechanism      as-server  filler      then frames
 */
import { type Command, decodeCommand, decodeError, decodeMetadata, decodePing, FrameDecoder } from "../wire.ts";
import { quoted } from "./formats.ts";

const GREETING_BYTES = 64;
/** Where the version's octet is. */
const VERSION_AT = 10;
/** Frames are shown up to this length. */
const SHOWN_BYTES = 64;
const HIDDEN = "\x07MESSAGE";
const NO_LIMITS = { maxFrameBytes: Number.MAX_SAFE_INTEGER, maxFrames: 1_000_000, maxMetadataBytes: 1 << 20, copyBodies: true };

/** Gets each line of the explanation. */
export type Tell = (line: string) => void;

export class Explainer {
  #tell: Tell;
  #head = Buffer.alloc(0);
  #decoder: FrameDecoder | null = null;
  #lost = false;
  #mechanism = "";

  constructor(tell: Tell) {
    this.#tell = tell;
  }

  /** The next bytes of this direction. */
  receive(bytes: Uint8Array): void {
    if (this.#lost) return;
    if (this.#decoder !== null) {
      this.#decoder.receive(bytes);
      return;
    }
    this.#head = Buffer.concat([this.#head, bytes]);
    this.#greet();
  }

  /** The direction is closed. */
  end(): void {
    if (this.#decoder === null && this.#head.length > 0 && !this.#lost)
      this.#tell(`ended in the greeting, after ${this.#head.length} octets: ${quoted(this.#head)}`);
    this.#tell("closed");
  }

  #greet(): void {
    const head = this.#head;
    if (head[0] !== 0xff || (head.length >= VERSION_AT && (head[VERSION_AT - 1] & 1) === 0)) {
      this.#give(`no ZMTP 2 or 3: begins with ${quoted(head.subarray(0, 32))}`);
      return;
    }
    if (head.length <= VERSION_AT) return;
    const major = head[VERSION_AT];
    if (major < 3) {
      this.#give(`greeting: ZMTP ${major === 0 ? "1.0" : "2.0"}, which is not explained further`);
      return;
    }
    if (head.length < GREETING_BYTES) return;
    const mechanism = head.subarray(12, 32).toString("latin1").replace(/\0+$/, "");
    this.#mechanism = mechanism;
    const server = head[32] === 1 ? ", as server" : "";
    this.#tell(`greeting: ZMTP ${major}.${head[11]}, mechanism ${mechanism}${server}`);
    const decoder = new FrameDecoder(this.#sink(), NO_LIMITS);
    decoder.handshaking = false;
    this.#decoder = decoder;
    decoder.receive(Buffer.from(head.subarray(GREETING_BYTES)));
  }

  #give(line: string): void {
    this.#lost = true;
    this.#tell(line);
  }

  #sink(): ConstructorParameters<typeof FrameDecoder>[0] {
    return {
      onCommand: (body) => {
        const command = decodeCommand(body);
        this.#tell(
          command === undefined ? `malformed command: ${quoted(body.subarray(0, SHOWN_BYTES))}` : this.#command(command),
        );
        return true;
      },
      onMessage: (frames) => {
        this.#tell(this.#message(frames));
        return true;
      },
      onMalformed: (reason, text) => this.#give(`malformed (${reason}): ${text}`),
    };
  }

  #message(frames: readonly Uint8Array[]): string {
    const [first] = frames;
    if (this.#mechanism === "CURVE" && Buffer.from(first.subarray(0, HIDDEN.length)).toString("latin1") === HIDDEN)
      return `MESSAGE: encrypted by CURVE, ${first.length} octets; what it says is hidden`;
    if (frames.length === 1 && first.length > 0 && first[0] <= 1 && this.#mechanism !== "CURVE" && first.length <= SHOWN_BYTES) {
      const what = first[0] === 1 ? "subscribes to" : "ends the subscription to";
      return `message: ${shown(first)} (from a SUB of ZMTP 3.0 it ${what} "${quoted(first.subarray(1))}")`;
    }
    return `message${frames.length > 1 ? ` of ${frames.length} frames` : ""}: ${frames.map(shown).join(", ")}`;
  }

  #command({ name, data }: Command): string {
    switch (name) {
      case "READY":
        return `READY ${this.#mechanism === "CURVE" ? hidden(data) : properties(data)}`;
      case "INITIATE":
        return `INITIATE ${this.#mechanism === "CURVE" ? hidden(data) : properties(data)}`;
      case "HELLO":
        return this.#mechanism === "PLAIN" ? `HELLO ${login(data)}` : `HELLO ${hidden(data)}`;
      case "ERROR":
        return `ERROR "${decodeError(data) ?? quoted(data)}"`;
      case "PING": {
        const ping = decodePing(data);
        if (ping === undefined) return `PING, malformed: ${quoted(data)}`;
        return `PING, time to live ${ping.ttlTenths * 100} ms, context "${quoted(ping.context)}"`;
      }
      case "PONG":
        return `PONG, context "${quoted(data)}"`;
      case "SUBSCRIBE":
      case "CANCEL":
      case "JOIN":
      case "LEAVE":
        return `${name} "${quoted(data)}"`;
      default:
        return `${quoted(Buffer.from(name, "latin1"))} ${data.length === 0 ? "" : hidden(data)}`.trimEnd();
    }
  }
}

function shown(frame: Uint8Array): string {
  const more = frame.length > SHOWN_BYTES ? "…" : "";
  return `"${quoted(frame.subarray(0, SHOWN_BYTES))}"${more} (${frame.length})`;
}

function hidden(data: Uint8Array): string {
  return `with ${data.length} octets of keys and boxes`;
}

// The password is on the wire for everybody to see; here it is not.
function login(data: Uint8Array): string {
  const user = data.subarray(1, 1 + (data[0] ?? 0));
  return `user "${quoted(user)}", with a password`;
}

function properties(data: Uint8Array): string {
  const metadata = decodeMetadata(data);
  if (metadata === undefined) return `with malformed properties: ${quoted(data.subarray(0, SHOWN_BYTES))}`;
  return [...metadata].map(([name, value]) => `${name}="${quoted(value)}"`).join(" ") || "without properties";
}
