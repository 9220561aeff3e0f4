/** Which addresses are not of this machine, and that an attempt to listen at one is called so whatever the runtime calls it. */
import assert from "node:assert/strict";
import { networkInterfaces } from "node:os";
import { describe, it } from "node:test";
import { isForeign } from "../../../src/transports/local-address.ts";
import { listenError } from "../../../src/transports/node-stream.ts";

/** As node:net makes one. */
function systemError(code: string, address: string): Error {
  return Object.assign(new Error(`listen ${code} ${address}`), { code, address, syscall: "listen" });
}

describe("addresses of this machine", () => {
  it("loopback, wildcards and all that its interfaces have", () => {
    const own = Object.values(networkInterfaces()).flatMap((found) => (found ?? []).map(({ address }) => address));
    for (const address of ["127.0.0.1", "127.9.9.9", "0.0.0.0", "::", "0:0:0:0:0:0:0:0", ...own]) {
      assert.equal(isForeign(address), false, address);
    }
  });

  it("documentation's are nobody's; what is no address is not judged", () => {
    for (const address of ["192.0.2.1", "2001:db8::1"]) assert.equal(isForeign(address), true, address);
    for (const text of ["", "eth0", "/tmp/socket", "192.0.2"]) assert.equal(isForeign(text), false, text);
  });

  it("EINVAL at a foreign address is EADDRNOTAVAIL; elsewhere it stays", () => {
    const codes = (["192.0.2.1", "127.0.0.1", "/tmp/socket"] as const).map((address) => {
      const { code, reason } = listenError(systemError("EINVAL", address), `tcp://${address}:1`);
      return [code, reason];
    });
    assert.deepEqual(codes, [
      ["EADDRNOTAVAIL", "address-not-available"],
      ["EINVAL", "bind-failed"],
      ["EINVAL", "bind-failed"],
    ]);
    assert.equal(listenError(systemError("EADDRNOTAVAIL", "192.0.2.1"), "tcp://192.0.2.1:1").code, "EADDRNOTAVAIL");
  });
});
