// tnetstrings: the grammar both ways, and that no bytes do more than throw.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { TnetOptions, TnetValue } from "../../../src/mongrel2/tnetstring.ts";
import { tnetstring } from "../../../src/mongrel2.ts";
import { ZmqError } from "../../../src/node.ts";
import { printSeed, seed } from "../../support/seed.ts";

printSeed();
const { decode, encode, netstring } = tnetstring;
const latin1 = (text: string): Buffer => Buffer.from(text, "latin1");
const read = (text: string, options?: TnetOptions): TnetValue => decode(latin1(text), options);
const isMalformed = (error: unknown): boolean => error instanceof ZmqError && error.reason === "malformed-tnetstring";

const value = fc.letrec<{ any: TnetValue }>((tie) => ({
  any: fc.oneof(
    { depthSize: "small" },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (Object.is(number, -0) ? 0 : number)),
    fc.string({ unit: "grapheme" }),
    fc.array(tie("any"), { maxLength: 5 }),
    fc.dictionary(fc.string({ unit: "grapheme" }), tie("any"), { maxKeys: 5, noNullPrototype: false }),
  ) as fc.Arbitrary<TnetValue>,
})).any;

describe("tnetstrings", () => {
  for (const [text, expected] of [
    ["0:,", ""],
    ["5:hello,", "hello"],
    ["0:~", null],
    ["4:true!", true],
    ["5:false!", false],
    ["1:0#", 0],
    ["3:-12#", -12],
    ["16:9007199254740992#", 9007199254740992n],
    ["4:1.25^", 1.25],
    ["6:-2e-05^", -2e-5],
    ["0:]", []],
    ["8:1:1#1:2#]", [1, 2]],
    ["23:1:a,1:1#9:__proto__,0:~}", undefined],
  ] as const) {
    it(`${text} is ${typeof expected === "bigint" ? expected : JSON.stringify(expected)}`, () => {
      if (expected === undefined) assert.deepEqual(Object.keys(read(text) as object), ["a", "__proto__"]);
      else assert.deepEqual(read(text), expected);
    });
  }

  it("strings are UTF-8, one character per octet, or bytes, as asked", () => {
    const bytes = latin1("2:\xc3\xa9,");
    assert.equal(decode(bytes), "é");
    assert.equal(decode(bytes, { strings: "latin1" }), "\xc3\xa9");
    assert.deepEqual(decode(bytes, { strings: "bytes" }), latin1("\xc3\xa9"));
  });

  for (const [text, what] of [
    ["", "nothing"],
    [":,", "no size"],
    ["1:,", "a payload that is too short"],
    ["2:a,", "a size that is too large"],
    ["999999999:a,", "a size far beyond what is there"],
    ["1234567890:a,", "a size with too many digits"],
    ["01:a,", "a leading zero"],
    ["-1:a,", "a negative size"],
    ["1;a,", "no colon"],
    ["1:a?", "an unknown tag"],
    ["1:a,x", "something after it"],
    ["1:a#", "an integer with letters"],
    ["0:#", "an empty integer"],
    ["3:0x1#", "a hexadecimal integer"],
    ["3:nan^", "a float that is none"],
    ["5:1e999^", "a float beyond the range"],
    ["4:TRUE!", "a boolean in capitals"],
    ["1:a~", "a null with a payload"],
    ["4:1:a,}", "a key without a value"],
    ["8:1:1#1:a,}", "a key that is a number"],
    ["4:9:a,]", "a list whose item is cut"],
  ] as const) {
    it(`refuses ${what}`, () => assert.throws(() => read(text), isMalformed));
  }

  it("nesting is bounded both ways", () => {
    let text = "0:]";
    for (let i = 0; i < 40; i++) text = `${text.length}:${text}]`;
    assert.throws(() => read(text), isMalformed);
    assert.doesNotThrow(() => read(text, { maxDepth: 41 }));
    const circle: TnetValue[] = [];
    circle.push(circle);
    assert.throws(() => encode(circle), { code: "EINVAL" });
  });

  it("refuses to encode what has no form", () => {
    for (const wrong of [undefined, Number.NaN, Infinity, () => 1, Symbol("s")])
      assert.throws(() => encode(wrong as unknown as TnetValue), { code: "EINVAL" }, String(wrong));
  });

  it("what is encoded is decoded", () => {
    fc.assert(
      fc.property(value, (each) => assert.deepEqual(plain(decode(encode(each))), plain(each))),
      { seed, numRuns: 500 },
    );
  });

  it("any bytes, and any damage to good ones, give a value or malformed-tnetstring", () => {
    const damaged = fc.tuple(value, fc.nat(), fc.nat(255), fc.boolean()).map(([each, at, octet, cut]) => {
      const bytes = encode(each);
      const place = at % bytes.length;
      if (cut) return bytes.subarray(0, place);
      bytes[place] = octet;
      return bytes;
    });
    const digits = fc.string({ unit: fc.constantFrom(..."0123456789:,#^!~]}aet-.") }).map(latin1);
    fc.assert(
      fc.property(fc.oneof(damaged, digits, fc.uint8Array({ maxLength: 200 })), (bytes) => {
        try {
          decode(bytes);
        } catch (error) {
          assert.ok(isMalformed(error), String(error));
        }
      }),
      { seed, numRuns: 5000 },
    );
  });

  it("a netstring is a byte string", () => assert.equal(netstring("héllo").toString(), "6:héllo,"));
});

// Decoded dictionaries have no prototype, and whole floats come back as integers.
function plain(each: TnetValue): unknown {
  return JSON.parse(JSON.stringify(each, (_, inner) => (typeof inner === "bigint" ? Number(inner) : inner)));
}
