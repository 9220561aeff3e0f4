// Requests of Mongrel2: both forms of headers, every kind, and that no frame does more than throw.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { Mongrel2Request, tnetstring } from "../../../src/mongrel2.ts";
import { ZmqError } from "../../../src/node.ts";
import { printSeed, seed } from "../../support/seed.ts";

printSeed();
const UUID = "34f9ceee-cd52-4b7f-b197-88bf2f0ec378";

type Fields = Record<string, string | string[]>;

/** A frame as Mongrel2 makes it. */
function frame(fields: Fields, body = "", form: "json" | "tnet" = "json", path = "/a"): Buffer {
  const headers = form === "json" ? tnetstring.netstring(JSON.stringify(fields)) : tnetstring.encode(fields);
  return Buffer.concat([Buffer.from(`${UUID} 17 ${path} `), headers, tnetstring.netstring(body)]);
}

const parse = (fields: Fields, body?: string, form?: "json" | "tnet", path?: string): Mongrel2Request =>
  Mongrel2Request.parse(frame(fields, body, form, path));
const isMalformed = (error: unknown): boolean =>
  error instanceof ZmqError && (error.reason === "malformed-request" || error.reason === "malformed-tnetstring");

describe("requests of Mongrel2", () => {
  for (const form of ["json", "tnet"] as const) {
    it(`${form}: all that a request holds`, () => {
      const fields = { METHOD: "GET", VERSION: "HTTP/1.1", URI: "/a?b=c", QUERY: "b=c", cookie: ["x=1", "y=2"], host: "h" };
      const request = parse(fields, "body", form);
      assert.deepEqual([request.server, request.connection, request.path, request.kind], [UUID, 17, "/a", "http"]);
      assert.deepEqual([request.method, request.version, request.uri, request.query], ["GET", "HTTP/1.1", "/a?b=c", "b=c"]);
      assert.deepEqual([request.header("Cookie"), request.headerValues("cookie")], ["x=1", ["x=1", "y=2"]]);
      assert.deepEqual([request.header("none"), request.headerValues("none")], [undefined, []]);
      assert.equal(request.body.toString(), "body");
    });
  }

  it("a tab in a header, which makes Mongrel2's JSON invalid, is read", () => {
    const headers = tnetstring.netstring('{"METHOD":"GET","x":"a\tb"}');
    const request = Mongrel2Request.parse(Buffer.concat([Buffer.from(`${UUID} 1 / `), headers, Buffer.from("0:,")]));
    assert.equal(request.header("x"), "a\tb");
  });

  it("octets beyond ASCII are one character each", () => {
    const headers = Buffer.concat([Buffer.from('25:{"METHOD":"GET","x":"'), Buffer.from([0xe9, 0xff]), Buffer.from('"},')]);
    const request = Mongrel2Request.parse(Buffer.concat([Buffer.from(`${UUID} 1 / `), headers, Buffer.from("0:,")]));
    assert.equal(request.header("x"), "\xe9\xff");
  });

  it("servers are told apart, also when one's name begins as another's", () => {
    const names = ["abc", "abcd", "abc", "ab", "abd", "abc", "x".repeat(255), "abc"];
    const servers = names.map((name) => Mongrel2Request.parse(Buffer.from(`${name} 1 / 16:{"METHOD":"GET"},0:,`)).server);
    assert.deepEqual(servers, names);
  });

  it("a header may be called __proto__ or constructor", () => {
    const request = parse(JSON.parse('{"METHOD":"GET","__proto__":"p","constructor":"c"}'));
    assert.deepEqual([request.header("__proto__"), request.header("constructor")], ["p", "c"]);
    assert.equal(parse({ METHOD: "GET" }).header("constructor"), undefined);
  });

  it("each kind is told apart", () => {
    const kinds: [Fields, string, string, string][] = [
      [{ METHOD: "POST" }, "x", "/a", "http"],
      [{ METHOD: "JSON" }, "{}", "@chat", "json"],
      [{ METHOD: "XML" }, "", "<root", "xml"],
      [{ METHOD: "JSON" }, '{"type":"disconnect"}', "@*", "disconnect"],
      // The same words from a client, under its own path.
      [{ METHOD: "JSON" }, '{"type":"disconnect"}', "@chat", "json"],
      [{ METHOD: "WEBSOCKET_HANDSHAKE" }, "key", "/a", "websocket-handshake"],
      [{ METHOD: "WEBSOCKET", FLAGS: "0x81" }, "hi", "/a", "websocket"],
      [{ METHOD: "POST", "x-mongrel2-upload-start": "/f" }, "", "/a", "upload-start"],
      [{ METHOD: "POST", "x-mongrel2-upload-start": "/f" }, "forged", "/a", "http"],
      [{ METHOD: "POST", "x-mongrel2-upload-start": "/f", "x-mongrel2-upload-done": "/f" }, "", "/a", "http"],
    ];
    for (const [fields, body, path, kind] of kinds) assert.equal(parse(fields, body, "tnet", path).kind, kind);
    assert.equal(parse({ METHOD: "WEBSOCKET", FLAGS: "0x81" }).opcode, 1);
  });

  it("keep-alive follows version and Connection", () => {
    const cases: [string, string | string[] | undefined, boolean][] = [
      ["HTTP/1.1", undefined, true],
      ["HTTP/1.1", "keep-alive", true],
      ["HTTP/1.1", "Close", false],
      ["HTTP/1.1", "upgrade, close", false],
      ["HTTP/1.1", ["upgrade", "close"], false],
      ["HTTP/1.1", "enclosed", true],
      ["HTTP/1.0", undefined, false],
      ["HTTP/1.0", "Keep-Alive", true],
      ["HTTP/1.0", "keep-alive, close", false],
    ];
    for (const [VERSION, connection, expected] of cases) {
      const request = parse({ METHOD: "GET", VERSION, ...(connection === undefined ? {} : { connection }) });
      assert.equal(request.keepAlive, expected, `${VERSION} ${connection}`);
    }
  });

  for (const [what, text] of [
    ["nothing", ""],
    ["no path", `${UUID} 1`],
    ["no headers", `${UUID} 1 / `],
    ["no body", `${UUID} 1 / 16:{"METHOD":"GET"},`],
    ["something after the body", `${UUID} 1 / 16:{"METHOD":"GET"},0:,x`],
    ["a body that is a number", `${UUID} 1 / 16:{"METHOD":"GET"},1:1#`],
    ["an empty sender", ` 1 / 16:{"METHOD":"GET"},0:,`],
    ["an endless sender", `${"a".repeat(300)} 1 / 16:{"METHOD":"GET"},0:,`],
    ["a connection that is no number", `${UUID} x / 16:{"METHOD":"GET"},0:,`],
    ["a connection that is too large", `${UUID} 4294967296 / 16:{"METHOD":"GET"},0:,`],
    ["an empty connection", `${UUID}  / 16:{"METHOD":"GET"},0:,`],
    ["headers that are no JSON", `${UUID} 1 / 3:{a:,0:,`],
    ["headers that are a list", `${UUID} 1 / 2:[],0:,`],
    ["headers without METHOD", `${UUID} 1 / 2:{},0:,`],
    ["a header that is a number", `${UUID} 1 / 22:{"METHOD":"GET","a":1},0:,`],
    ["a header that is a list of numbers", `${UUID} 1 / 24:{"METHOD":"GET","a":[1]},0:,`],
    ["a dictionary with a number", `${UUID} 1 / 24:6:METHOD,3:GET,1:a,1:1#}0:,`],
    ["a WebSocket's message without FLAGS", `${UUID} 1 / 22:{"METHOD":"WEBSOCKET"},0:,`],
  ] as const) {
    it(`refuses ${what}`, () => assert.throws(() => Mongrel2Request.parse(Buffer.from(text)), isMalformed));
  }

  it("any bytes, and any damage to a good frame, give a request or an error of ours", () => {
    const good = [frame({ METHOD: "GET", a: ["b", "c"] }, "body"), frame({ METHOD: "GET", a: ["b", "c"] }, "body", "tnet")];
    const damaged = fc.tuple(fc.nat(1), fc.nat(), fc.nat(255), fc.boolean()).map(([which, at, octet, cut]) => {
      const bytes = Buffer.from(good[which]);
      const place = at % bytes.length;
      if (cut) return bytes.subarray(0, place);
      bytes[place] = octet;
      return bytes;
    });
    fc.assert(
      fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 200 })), (bytes) => {
        try {
          Mongrel2Request.parse(bytes);
        } catch (error) {
          assert.ok(isMalformed(error), String(error));
        }
      }),
      { seed, numRuns: 5000 },
    );
  });
});
