// Endpoint texts: what libzmq's resolver accepts and refuses (the cases of unittest_ip_resolver that are about text), and the words of a refusal.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ZmqError } from "../../../src/base/errors.ts";
import { formatTcp, isCidr, parseEndpoint, parseTcpBind, parseTcpConnect } from "../../../src/core/endpoint.ts";

function assertInvalid(act: () => unknown, ...said: RegExp[]): void {
  assert.throws(act, (error: unknown) => {
    assert.ok(error instanceof ZmqError, String(error));
    assert.equal(error.code, "EINVAL", error.message);
    for (const each of said) assert.match(error.message, each);
    return true;
  });
}

describe("unittest_ip_resolver: parseEndpoint", () => {
  it("splits at the first ://", () => {
    assert.deepEqual(parseEndpoint("tcp://127.0.0.1:5555"), { scheme: "tcp", address: "127.0.0.1:5555" });
    assert.deepEqual(parseEndpoint("inproc://a://b"), { scheme: "inproc", address: "a://b" });
    assert.deepEqual(parseEndpoint("ipc:///tmp/x y"), { scheme: "ipc", address: "/tmp/x y" });
  });

  it("refuses what has not the form scheme://address", () => {
    for (const text of ["", "tcp", "tcp:", "tcp:/", "tcp://", "://a", "tcp:127.0.0.1:5555", "127.0.0.1:5555", " "]) {
      assertInvalid(() => parseEndpoint(text), /scheme:\/\/address/);
    }
  });

  it("refuses what is no string, and shows an example", () => {
    for (const value of [undefined, null, 5, {}, ["tcp://a:1"], Buffer.from("tcp://a:1")]) {
      assertInvalid(() => parseEndpoint(value), /must be a string such as "tcp:/);
    }
  });
});

describe("unittest_ip_resolver: tcp addresses for bind", () => {
  const good: readonly [string, string, number, boolean][] = [
    ["*:5555", "*", 5555, false],
    ["*:*", "*", 0, false],
    ["*:0", "*", 0, false],
    ["0.0.0.0:1", "0.0.0.0", 1, false],
    ["127.0.0.1:65535", "127.0.0.1", 65_535, false],
    ["127.0.0.1:*", "127.0.0.1", 0, false],
    ["eth0:5555", "eth0", 5555, false],
    ["eth0.100:5555", "eth0.100", 5555, false],
    ["wlan-0:5555", "wlan-0", 5555, false],
    ["my_host.example.com:80", "my_host.example.com", 80, false],
    ["[::]:5555", "::", 5555, true],
    ["[::1]:*", "::1", 0, true],
    ["[::ffff:1.2.3.4]:1", "::ffff:1.2.3.4", 1, true],
    ["[fe80::1%eth0]:1", "fe80::1%eth0", 1, true],
    ["[fe80::1%2]:1", "fe80::1%2", 1, true],
    ["::1:5555", "::1", 5555, true],
    ["fe80::1%eth0:7", "fe80::1%eth0", 7, true],
    ["localhost:00080", "localhost", 80, false],
  ];
  for (const [address, host, port, ipv6] of good) {
    it(`${address} is host ${host}, port ${port}`, () => {
      assert.deepEqual(parseTcpBind(address), { host, port, ipv6 });
    });
  }

  const bad: readonly [string, RegExp][] = [
    ["", /port is missing/],
    ["127.0.0.1", /port is missing/],
    ["127.0.0.1:", /port must be 0 to 65535 or \*/],
    ["127.0.0.1:65536", /65536/],
    ["127.0.0.1:-1", /-1/],
    ["127.0.0.1:+1", /port/],
    ["127.0.0.1:80 ", /port/],
    ["127.0.0.1: 80", /port/],
    ["127.0.0.1:0x50", /0x50/],
    ["127.0.0.1:8e1", /8e1/],
    ["127.0.0.1:1.5", /1\.5/],
    ["127.0.0.1:123456", /123456/],
    ["127.0.0.1:http", /http/],
    [":5555", /not a host name/],
    ["a b:1", /not a host name/],
    ["a/b:1", /not a host name/],
    ["**:1", /\* stands alone/],
    ["*.example.com:1", /\* stands alone/],
    ["[]:1", /IPv6/],
    ["[1.2.3.4]:1", /IPv6/],
    ["[::1:1", /not a host/],
    ["::1]:1", /not a host/],
    ["[host]:1", /IPv6/],
    ["[::1]1", /./],
    ["[::1]", /./],
    ["[::g]:1", /IPv6/],
  ];
  for (const [address, said] of bad) {
    it(`${JSON.stringify(address)} is refused`, () => {
      assertInvalid(() => parseTcpBind(address), said, /tcp address/);
    });
  }
});

describe("unittest_ip_resolver: tcp addresses for connect", () => {
  it("are a host and a port", () => {
    assert.deepEqual(parseTcpConnect("localhost:5555"), { host: "localhost", port: 5555, ipv6: false });
    assert.deepEqual(parseTcpConnect("[::1]:5555"), { host: "::1", port: 5555, ipv6: true });
  });

  it("may have a source in front, which may be a wildcard", () => {
    assert.deepEqual(parseTcpConnect("192.168.0.1:1000;10.0.0.1:2000"), {
      host: "10.0.0.1",
      port: 2000,
      ipv6: false,
      source: { host: "192.168.0.1", port: 1000, ipv6: false },
    });
    assert.deepEqual(parseTcpConnect("*:*;a:1").source, { host: "*", port: 0, ipv6: false });
    assert.deepEqual(parseTcpConnect("[::1]:0;[::1]:1").source, { host: "::1", port: 0, ipv6: true });
  });

  it("need a real host and a real port", () => {
    assertInvalid(() => parseTcpConnect("*:5555"), /needs a host, not \*/);
    assertInvalid(() => parseTcpConnect("localhost:*"), /port must be 0 to 65535, got/);
    assertInvalid(() => parseTcpConnect("localhost"), /port is missing/);
    assertInvalid(() => parseTcpConnect("a:1;"));
    assertInvalid(() => parseTcpConnect(";a:1"));
    assertInvalid(() => parseTcpConnect("a:1;b:2;c:3"));
  });
});

describe("other texts", () => {
  it("formatTcp puts IPv6 into brackets", () => {
    assert.equal(formatTcp("127.0.0.1", 1), "tcp://127.0.0.1:1");
    assert.equal(formatTcp("::1", 1), "tcp://[::1]:1");
    assert.deepEqual(parseTcpBind(formatTcp("fe80::1%eth0", 5).slice(6)), { host: "fe80::1%eth0", port: 5, ipv6: true });
  });

  it("isCidr tells addresses with and without a prefix length", () => {
    for (const text of ["1.2.3.4", "1.2.3.4/0", "1.2.3.4/32", "::", "::1/0", "2001:db8::/128"])
      assert.equal(isCidr(text), true, text);
    for (const text of [
      "",
      "1.2.3",
      "1.2.3.4/",
      "1.2.3.4/33",
      "1.2.3.4/-1",
      "1.2.3.4/1/1",
      "::/129",
      "host",
      "1.2.3.999",
      ":::::",
    ]) {
      assert.equal(isCidr(text), false, text);
    }
  });
});
