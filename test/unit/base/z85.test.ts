// Z85 (RFC 32; libzmq test_base85 and test_z85_decode_fuzzer): the known vectors, the length rules, characters and groups that are none.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decode, encode } from "../../../src/base/z85.ts";

const VECTORS = [
  ["864fd26fb559f75b", "HelloWorld"],
  ["00000000", "00000"],
  ["ffffffff", "%nSc0"],
  ["11".repeat(32), "5FkP!".repeat(8)],
  ["7b4e909bbe7ffe44c465a220037d608ee35897d31ef972f07f74892cb0f73f13", "DRPV(ZjlbI-atU=1asNq<5?U%9@f<CE@{I#U>Hu}"],
  ["", ""],
];

for (const [hex, text] of VECTORS) {
  test(`test_base85: ${hex || "nothing"} is ${JSON.stringify(text)}, both ways`, () => {
    assert.equal(encode(Buffer.from(hex, "hex")), text);
    assert.equal(Buffer.from(decode(text)).toString("hex"), hex);
  });
}

test("test_base85: wrong lengths, characters, groups above 2^32-1 and types are EINVAL", () => {
  for (const length of [1, 2, 3, 5])
    assert.throws(() => encode(Buffer.alloc(length)), { code: "EINVAL", message: /multiple of 4/ });
  for (const text of ["0", "0000", "000000"]) assert.throws(() => decode(text), { code: "EINVAL", message: /multiple of 5/ });
  for (const text of ["0000\\", "0000\u{e9}", "0000 ", '0000"'])
    assert.throws(() => decode(text), { code: "EINVAL", message: /no character/ });
  for (const text of ["%nSc1", "%nSd0", "#####"]) assert.throws(() => decode(text), { code: "EINVAL", message: /above/ });
  assert.throws(() => encode("text" as unknown as Uint8Array), { code: "EINVAL" });
  assert.throws(() => decode(5 as unknown as string), { code: "EINVAL" });
});

test("test_base85, test_z85_decode_fuzzer: any octets come back; any text decodes or is refused with EINVAL", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      const whole = bytes.subarray(0, bytes.length - (bytes.length % 4));
      assert.deepEqual([...decode(encode(whole))], [...whole]);
    }),
    { seed: 85 },
  );
  fc.assert(
    fc.property(fc.string({ maxLength: 40 }), (text) => {
      try {
        assert.equal(encode(decode(text)), text);
      } catch (error) {
        assert.equal((error as { code: string }).code, "EINVAL");
      }
    }),
    { seed: 58 },
  );
});
