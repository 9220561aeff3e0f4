/**
 * What is fuzzed: every decoder that sees a peer's octets or a user's text. A target eats any octets, keeps its promises or throws an assertion, and
 * says which reasons it gave, so that a test can see that its seeds reach the inside.
 *
 * Promises: nothing is thrown but a ZmqError where a text is the user's; a refusal has a known reason and printable text; what was decoded can be
 * encoded again.
 */
import assert from "node:assert/strict";
import { concat } from "../../src/base/bytes.ts";
import { REASONS, ZmqError } from "../../src/base/errors.ts";
import { decode as decodeZ85, encode as encodeZ85 } from "../../src/base/z85.ts";
import { parseEndpoint, parseTcpBind, parseTcpConnect } from "../../src/core/endpoint.ts";
import { toKey } from "../../src/core/security.ts";
import { parsePasswords } from "../../src/devices/passwords.ts";
import { formatCertificate, parseCertificate, parseZpl } from "../../src/security/certificate.ts";
import { decodeHello, PlainClient, PlainServer } from "../../src/security/plain.ts";
import { decodeReply, decodeRequest, encodeReply, encodeRequest } from "../../src/security/zap.ts";
import { decodeCommand, decodeMetadata, decodePing, encodeCommand, encodeError, encodeMetadata } from "../../src/zmtp/command.ts";
import type { FrameTransform, MechanismStep } from "../../src/zmtp/mechanism.ts";
import { NO_AUTHORITY, NullMechanism } from "../../src/zmtp/mechanism.ts";
import type { SocketTypeName } from "../../src/zmtp/socket-type.ts";
import { ZwsDecoder } from "../../src/zmtp/zws.ts";
import { hex, join, own, text } from "../support/bytes.ts";
import { fill, listed, makeClient, makeServer, metadataOf, never, sealAll, sent, shakeHands } from "../support/curve.ts";
import { command, EngineProbe, greeting, limits, message, ready } from "../support/engine-probe.ts";

export interface FuzzTarget {
  readonly name: string;
  /** Inputs that reach far inside. libsodium must be loaded before they are asked for. */
  seeds(): Uint8Array[];
  /** What came of the input, in a word. */
  run(bytes: Uint8Array): string;
}

function engine(name: string, socketType: SocketTypeName, prefix: () => Uint8Array, seeds: () => Uint8Array[]): FuzzTarget {
  return {
    name,
    seeds,
    run(bytes) {
      const probe = new EngineProbe({ socketType, limits: limits({ maxFrameBytes: 1_000_000, maxFrames: 50 }) });
      probe.feed(own(prefix()), 0);
      probe.feed(own(bytes), 1);
      assert.ok(probe.failures.length <= 1);
      const [failure] = probe.failures;
      if (failure !== undefined) said(failure.reason, failure.text);
      return failure?.reason ?? probe.engine.state;
    },
  };
}

function said(reason: string, sentence: string): string {
  assert.ok(Object.hasOwn(REASONS, reason), reason);
  assert.match(sentence, /^[\x20-\x7e]*$/);
  return reason;
}

function stepOf(step: MechanismStep): string {
  return step.kind === "fail" ? said(step.reason, step.text) : step.kind;
}

/** A mechanism in some state eats one command. */
function mechanism(
  name: string,
  make: () => { onCommand(body: Uint8Array): MechanismStep },
  seeds: () => Uint8Array[],
): FuzzTarget {
  return { name, seeds, run: (bytes) => stepOf(make().onCommand(own(bytes))) };
}

/** A text that is the user's may be refused, by a ZmqError. */
function parser(name: string, parse: (value: string) => void, seeds: readonly string[]): FuzzTarget {
  return {
    name,
    seeds: () => seeds.map(text),
    run(bytes) {
      try {
        parse(Buffer.from(bytes).toString("latin1"));
        return "parsed";
      } catch (error) {
        assert.ok(error instanceof ZmqError, String(error));
        return error.reason;
      }
    },
  };
}

/** Octets as frames: each is as long as the octet before it says. */
function split(bytes: Uint8Array): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + 1 + bytes[at]);
    frames.push(bytes.subarray(at + 1, end));
    at = end;
  }
  return frames;
}

const unsplit = (frames: readonly Uint8Array[]): Uint8Array =>
  join(...frames.flatMap((each) => [Uint8Array.of(each.length), each]));

const metadata = (): Uint8Array => encodeMetadata([...metadataOf("DEALER"), ["X-name", text("value")]]);
const KEY = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";

let sealed: { readonly bytes: Uint8Array; open(): FrameTransform } | undefined;

/** A sealed message, and a link that has not got it yet: the counters allow it once. */
function sealedMessage(): NonNullable<typeof sealed> {
  sealed ??= (() => {
    const hands = (): ReturnType<typeof shakeHands> =>
      shakeHands(
        makeClient(listed(fill(0x33), fill(0xc0, 16))),
        makeServer(listed(fill(0x44), fill(0xb0, 16), fill(0xa0, 16), fill(0x55))),
      );
    const plain = join(hex("00 05"), text("hello"));
    const wire = concatAll(sealAll(hands().fromClient, [plain]));
    return { bytes: wire.subarray(2), open: () => hands().fromServer };
  })();
  return sealed;
}

const concatAll = (parts: readonly Uint8Array[]): Uint8Array =>
  concat(
    parts,
    parts.reduce((sum, each) => sum + each.length, 0),
  );

export const TARGETS: readonly FuzzTarget[] = [
  engine(
    "greeting",
    "DEALER",
    () => new Uint8Array(0),
    () => [greeting(), greeting({ minor: 0 }), hex("ff 0000000000000001 7f 01 05 0000"), hex("01 00 05 00 61 62 63 64")],
  ),
  engine("handshake", "ROUTER", greeting, () => [ready("DEALER", "id"), command("ERROR", hex("03 343030")), command("READY")]),
  engine(
    "traffic",
    "XPUB",
    () => join(greeting(), ready("SUB")),
    () => [
      message("a", "b"),
      message(Buffer.alloc(300)),
      join(command("SUBSCRIBE", text("a")), command("CANCEL", text("a")), command("PING", hex("000a 0102")), command("PONG")),
      hex("01 01 61 04 07 04 50494e47 0000 00 01 62"),
    ],
  ),
  {
    name: "zws",
    seeds: () => [hex("00 616263"), hex("02 04 50494e47 0000"), hex("01 61")],
    run(bytes) {
      let reason = "decoded";
      const sink = {
        onMessage: () => true,
        onCommand: () => true,
        onMalformed: (why: string, sentence: string) => {
          reason = said(why, sentence);
        },
      };
      const decoder = new ZwsDecoder(sink, limits({ maxFrameBytes: 1000, maxFrames: 5 }));
      decoder.startTraffic(null);
      for (const each of split(bytes)) decoder.receive(own(each));
      return reason;
    },
  },
  {
    name: "command",
    seeds: () => [encodeCommand("PING", hex("0000")), encodeCommand("READY", metadata()), encodeError("400")],
    run(bytes) {
      const decoded = decodeCommand(bytes);
      if (decoded === undefined) return "none";
      assert.deepEqual([...encodeCommand(decoded.name, decoded.data)], [...bytes]);
      decodePing(decoded.data);
      return "command";
    },
  },
  {
    name: "metadata",
    seeds: () => [metadata(), new Uint8Array(0)],
    run(bytes) {
      const decoded = decodeMetadata(bytes);
      if (decoded === undefined) return "none";
      const again = encodeMetadata(decoded);
      assert.deepEqual([...encodeMetadata(decodeMetadata(again) ?? [])], [...again]);
      return "metadata";
    },
  },
  mechanism(
    "null",
    () => new NullMechanism(metadataOf("DEALER")),
    () => [encodeCommand("READY", metadata()), encodeError("400"), encodeError("")],
  ),
  mechanism(
    "plain-client",
    () => {
      const made = new PlainClient("user", "password", metadataOf("DEALER"));
      made.start();
      return made;
    },
    () => [encodeCommand("WELCOME"), encodeError("400"), hex("5e52524f52 03 343030"), encodeCommand("READY", metadata())],
  ),
  mechanism(
    "plain-server",
    () => {
      const made = new PlainServer(metadataOf("ROUTER"), NO_AUTHORITY);
      made.start(never);
      return made;
    },
    () => [
      encodeCommand("HELLO", hex("01 61 01 62")),
      encodeCommand("HELLO", hex("00 00")),
      encodeCommand("INITIATE", metadata()),
    ],
  ),
  mechanism(
    "plain-server-initiate",
    () => {
      const made = new PlainServer(metadataOf("ROUTER"), NO_AUTHORITY);
      made.start(never);
      made.onCommand(encodeCommand("HELLO", hex("01 61 01 62")));
      return made;
    },
    () => [encodeCommand("INITIATE", metadata()), encodeCommand("INITIATE")],
  ),
  {
    name: "plain-hello",
    seeds: () => [hex("01 61 01 62"), hex("00 00")],
    run(bytes) {
      const decoded = decodeHello(bytes);
      if (decoded === undefined) return "none";
      const [name, password] = decoded;
      assert.equal(name.length + password.length + 2, bytes.length);
      return "credentials";
    },
  },
  mechanism(
    "curve-server",
    () => {
      const made = makeServer();
      made.start(never);
      return made;
    },
    () => [sent(makeClient().start(never))],
  ),
  mechanism(
    "curve-server-initiate",
    () => {
      const made = makeServer(listed(fill(0x44), fill(0xb0, 16), fill(0xa0, 16), fill(0x55)));
      made.start(never);
      made.onCommand(sent(makeClient(listed(fill(0x33), fill(0xc0, 16))).start(never)));
      return made;
    },
    () => [curveHands().initiate],
  ),
  mechanism(
    "curve-client",
    () => {
      const made = makeClient(listed(fill(0x33), fill(0xc0, 16)));
      made.start(never);
      return made;
    },
    () => [curveHands().welcome, encodeError("400")],
  ),
  mechanism(
    "curve-client-ready",
    () => {
      const made = makeClient(listed(fill(0x33), fill(0xc0, 16)));
      made.start(never);
      made.onCommand(curveHands().welcome);
      return made;
    },
    () => [curveHands().ready, encodeError("500")],
  ),
  {
    name: "curve-message",
    seeds: () => [sealedMessage().bytes],
    run(bytes) {
      const transform = sealedMessage().open();
      const opened = transform.open(own(bytes));
      if (opened === null) return said(transform.failure.reason, transform.failure.text);
      assert.deepEqual([...bytes], [...sealedMessage().bytes], "only what was sealed opens");
      return "opened";
    },
  },
  {
    name: "zap-reply",
    seeds: () =>
      [200, 300, 400, 500].map((status) =>
        unsplit([new Uint8Array(0), ...encodeReply(text("1"), status as 200, "OK", "user", [["a", text("b")]])]),
      ),
    run(bytes) {
      const verdict = decodeReply(split(bytes));
      if (verdict.kind === "fail") return said(verdict.reason, verdict.text);
      return verdict.kind;
    },
  },
  {
    name: "zap-request",
    seeds: () => [
      unsplit(
        encodeRequest({
          domain: "d",
          address: "1.2.3.4",
          identity: text("id"),
          mechanism: "PLAIN",
          credentials: [text("a"), text("b")],
        }).slice(1),
      ),
    ],
    run: (bytes) => (decodeRequest(split(bytes)) === undefined ? "none" : "request"),
  },
  parser(
    "endpoint",
    (value) => {
      const { scheme, address } = parseEndpoint(value);
      assert.equal(`${scheme}://${address}`, value);
      if (scheme === "tcp") parseTcpConnect(address);
      if (scheme === "bind") parseTcpBind(address);
    },
    ["tcp://127.0.0.1:5555", "tcp://[::1]:80", "tcp://a:1;b:2", "bind://*:*", "bind://eth0:!", "ipc:///tmp/x", "inproc://a"],
  ),
  parser("zpl", (value) => void parseZpl(value), [
    'a\n    b = "c"\n',
    "# comment\nmetadata\ncurve\n    x = 'y' # z\n",
    "a = 1\n",
  ]),
  parser(
    "certificate",
    (value) => {
      const certificate = parseCertificate(value);
      const again = [...certificate.metadata.values()].some((each) => each.includes('"') && each.includes("'"));
      if (!again) assert.equal(parseCertificate(formatCertificate(certificate, "secret")).publicKey, certificate.publicKey);
    },
    [`metadata\n    name = "x"\ncurve\n    public-key = "${KEY}"\n    secret-key = "${KEY}"\n`],
  ),
  parser("passwords", (value) => void parsePasswords(value), ["a=b\n# c\nd=e=f\n", ""]),
  parser(
    "z85",
    (value) => {
      const decoded = decodeZ85(value);
      assert.equal(encodeZ85(decoded), value);
    },
    ["HelloWorld", KEY, "%nSc0"],
  ),
  parser("key", (value) => void toKey("key", value), [KEY, `${KEY}\0`, "0".repeat(40)]),
];

let hands: ReturnType<typeof shakeHands> | undefined;

function curveHands(): ReturnType<typeof shakeHands> {
  hands ??= shakeHands(
    makeClient(listed(fill(0x33), fill(0xc0, 16))),
    makeServer(listed(fill(0x44), fill(0xb0, 16), fill(0xa0, 16), fill(0x55))),
  );
  return hands;
}
