// X25519 of pages: what node:crypto and libzmq's own tests say.

import assert from "node:assert/strict";
import { test } from "node:test";
import { decode, encode } from "../../../src/base/z85.ts";
import { x25519PublicKey } from "../../../src/devices/x25519.ts";
import { portablePublicKey } from "../../../src/security/portable-x25519.ts";
import { newSecretKey } from "../../../src/security/random.ts";

test("test_sodium: the pair of libzmq's tests", () => {
  const publicKey = portablePublicKey(decode("JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6"));
  assert.equal(encode(publicKey), "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7");
});

test("keys are derived as node:crypto derives them", () => {
  for (let i = 0; i < 10; i++) {
    const secretKey = newSecretKey();
    assert.deepEqual(portablePublicKey(secretKey), x25519PublicKey(secretKey));
  }
});
