// PLAIN's and ZAP's guards one by one: commands and replies that are right but for one thing, compared secrets, and the password in memory.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { equalSecrets } from "../../../src/base/bytes.ts";
import { PlainClient, PlainServer } from "../../../src/security/plain.ts";
import { decodeReply, decodeRequest } from "../../../src/security/zap.ts";
import { encodeCommand, encodeMetadata } from "../../../src/zmtp/command.ts";
import type { Authority } from "../../../src/zmtp/mechanism.ts";
import { text } from "../../support/bytes.ts";
import { failureOf, metadataOf, never, readyOf, sent } from "../../support/curve.ts";

const NOBODY: Authority = { ask: () => assert.fail("asked about a peer that said nothing"), cancel: () => undefined };
const EVERYBODY: Authority = {
  ask: (_mechanism, _credentials, answer) => answer({ kind: "accept", userId: "u", metadata: new Map() }),
  cancel: () => undefined,
};
const server = (authority: Authority): PlainServer => {
  const made = new PlainServer(metadataOf("ROUTER"), authority);
  made.start(never);
  return made;
};
const client = (): PlainClient => {
  const made = new PlainClient("name", "word", metadataOf("DEALER"));
  sent(made.start());
  return made;
};
const METADATA = encodeMetadata(metadataOf("DEALER"));

describe("PLAIN: commands that are right but for one thing", () => {
  for (const [what, data] of [
    ["nothing", ""],
    ["one octet", "\x00"],
    ["a name that is cut", "\x05name"],
    ["no password", "\x04name"],
    ["a password that is cut", "\x04name\x05word"],
    ["something behind the password", "\x04name\x04word!"],
  ] as const)
    it(`HELLO with ${what} is malformed, and nobody is asked`, () => {
      const failure = failureOf(server(NOBODY).onCommand(encodeCommand("HELLO", text(data))));
      assert.deepEqual([failure.reason, failure.text], ["malformed-hello", "HELLO is not a user name and a password"]);
    });

  it("HELLO may have an empty name and an empty password", () => {
    const asked: string[][] = [];
    const authority: Authority = { ...EVERYBODY, ask: (_, credentials) => asked.push(credentials.map(String)) };
    server(authority).onCommand(encodeCommand("HELLO", text("\0\0")));
    assert.deepEqual(asked, [["", ""]]);
  });

  it("commands in the wrong order are unexpected, on both sides, and metadata that are none are refused", () => {
    assert.equal(failureOf(server(NOBODY).onCommand(encodeCommand("INITIATE", METADATA))).reason, "unexpected-command");
    const greeted = server(EVERYBODY);
    const hello = encodeCommand("HELLO", text("\x04name\x04word"));
    sent(greeted.onCommand(hello));
    assert.equal(failureOf(greeted.onCommand(hello)).reason, "unexpected-command");
    assert.equal(failureOf(greeted.onCommand(encodeCommand("INITIATE", text("\x09x")))).reason, "invalid-metadata");
    readyOf(greeted.onCommand(encodeCommand("INITIATE", METADATA)));
    assert.equal(failureOf(client().onCommand(encodeCommand("READY", METADATA))).reason, "unexpected-command");
    assert.equal(failureOf(client().onCommand(encodeCommand("WELCOME", text("x")))).reason, "malformed-welcome");
    const welcomed = client();
    sent(welcomed.onCommand(encodeCommand("WELCOME")));
    for (const [name, data] of [
      ["WELCOME", text("")],
      ["INITIATE", METADATA],
      ["REAPY", METADATA],
    ] as const)
      assert.equal(failureOf(welcomed.onCommand(encodeCommand(name, data))).reason, "unexpected-command", name);
    readyOf(welcomed.onCommand(encodeCommand("READY", METADATA)));
  });

  it("the password's octets are zero after the end", () => {
    // Short texts lie in memory that they share with their neighbours: there it can be seen.
    const password = "a password of some length";
    const before = Buffer.from("before");
    const made = new PlainClient("name", password, metadataOf("DEALER"));
    const after = Buffer.from("after");
    const pools = [Buffer.from(before.buffer), Buffer.from(after.buffer)];
    const found = (): boolean => pools.some((pool) => pool.includes(password));
    assert.equal(found(), true);
    made.close();
    assert.equal(found(), false);
  });
});

describe("ZAP: messages that are right but for one thing", () => {
  const reply = ["", "1.0", "1", "200", "OK", "joe", ""];
  const changed = (frames: readonly string[], at: number, to: string): Uint8Array[] =>
    frames.map((each, i) => text(i === at ? to : each));
  const kindOf = (frames: readonly Uint8Array[]): unknown => {
    const verdict = decodeReply(frames);
    return verdict.kind === "fail" ? verdict.code : verdict.kind;
  };

  it("a reply", () => {
    assert.equal(kindOf(reply.map(text)), "accept");
    for (const [at, to, expected] of [
      [0, "x", "ERR_ZAP_UNSPECIFIED"],
      [1, "1.1", "ERR_ZAP_BAD_VERSION"],
      [2, "2", "ERR_ZAP_BAD_REQUEST_ID"],
      [2, "", "ERR_ZAP_BAD_REQUEST_ID"],
      [2, "1 ", "ERR_ZAP_BAD_REQUEST_ID"],
      [3, "201", "ERR_ZAP_INVALID_STATUS_CODE"],
      [3, "", "ERR_ZAP_INVALID_STATUS_CODE"],
      [3, "2000", "ERR_ZAP_INVALID_STATUS_CODE"],
      [3, "300", "refuse"],
      [3, "400", "refuse"],
      [3, "500", "refuse"],
      [6, "\x01", "ERR_ZAP_INVALID_METADATA"],
    ] as const)
      assert.equal(kindOf(changed(reply, at, to)), expected, `frame ${at}: ${to}`);
    assert.equal(kindOf(reply.slice(0, 6).map(text)), "ERR_ZAP_MALFORMED_REPLY");
    assert.equal(kindOf([...reply, ""].map(text)), "ERR_ZAP_MALFORMED_REPLY");
  });

  it("a request", () => {
    const request = ["1.0", "7", "global", "10.0.0.7", "id", "NULL"];
    assert.equal(decodeRequest(request.map(text))?.mechanism, "NULL");
    assert.equal(decodeRequest(changed(request, 0, "2.0")), undefined);
    assert.equal(decodeRequest(request.slice(0, 5).map(text)), undefined);
  });
});

describe("secrets are compared", () => {
  it("by all of their octets, and only equal ones are equal", () => {
    for (const [a, b, equal] of [
      ["", "", true],
      ["secret", "secret", true],
      ["secret", "secreT", false],
      ["Secret", "secret", false],
      ["secret", "secre", false],
      ["secre", "secret", false],
      ["", "x", false],
      ["x", "", false],
      ["secret\0", "secret", false],
    ] as const)
      assert.equal(equalSecrets(text(a), text(b)), equal, `${JSON.stringify(a)} and ${JSON.stringify(b)}`);
  });

  it("in a time that tells nothing of the first difference: every octet of what was given is read, whatever came before", () => {
    const given = text("0123456789");
    for (const known of ["0123456789", "x123456789", "", "0", "01234567890123"]) {
      const read = new Set<string>();
      const watched = new Proxy(given, {
        get: (target, key) => {
          if (typeof key === "string" && /^\d+$/.test(key)) read.add(key);
          return Reflect.get(target, key, target);
        },
      });
      equalSecrets(text(known), watched);
      assert.equal(read.size, given.length, known);
    }
  });
});
