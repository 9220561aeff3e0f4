// The floor test itself: each rule with an edge that is allowed and one that is not.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkFloors, MAX_LINES } from "../../../tools/floors.mjs";

/** The violations of one file with this text, as "line kind". */
function judge(path: string, text: string): string[] {
  return checkFloors([{ path, text }]).map(({ line, kind }) => `${line} ${kind}`);
}

function assertAllowed(path: string, specifier: string): void {
  for (const text of [
    `import { a } from "${specifier}";`,
    `import type { A } from "${specifier}";`,
    `import "${specifier}";`,
    `export * from "${specifier}";`,
    `const a = () => import("${specifier}");`,
    `const a = () => process.getBuiltinModule("${specifier}");`,
  ]) {
    assert.deepEqual(judge(path, text), [], `${path}: ${text}`);
  }
}

function assertRefused(path: string, specifier: string): void {
  for (const text of [
    `import { a } from "${specifier}";`,
    `import type { A } from "${specifier}";`,
    `import "${specifier}";`,
    `export * from "${specifier}";`,
    `export type { A } from "${specifier}";`,
    `import a = require("${specifier}");`,
    `const a = () => import("${specifier}");`,
    `let a: import("${specifier}").A;`,
    `const a = require("${specifier}");`,
    `const a = () => process.getBuiltinModule("${specifier}");`,
  ]) {
    assert.deepEqual(judge(path, `// 1\n${text}\n`), ["2 edge"], `${path}: ${text}`);
  }
}

describe("floors", () => {
  it("lets files of one folder import each other", () => {
    assertAllowed("src/base/fifo.ts", "./errors.ts");
    assertAllowed("src/core/session.ts", "../core/pipe.ts");
  });

  it("lets a floor import what the table lists", () => {
    assertAllowed("src/zmtp/engine.ts", "../base/errors.ts");
    assertAllowed("src/core/session.ts", "../zmtp/engine.ts");
    assertAllowed("src/security/plain.ts", "../zmtp/mechanism.ts");
    assertAllowed("src/sockets/push.ts", "../patterns/load-balancer.ts");
    assertAllowed("src/devices/proxy.ts", "../sockets/xpub.ts");
    assertAllowed("src/cli/main.ts", "../node.ts");
  });

  it("refuses what the table does not list", () => {
    assertRefused("src/base/fifo.ts", "../zmtp/greeting.ts");
    assertRefused("src/zmtp/engine.ts", "../core/session.ts");
    assertRefused("src/ring/spsc-ring.ts", "../zmtp/greeting.ts");
    assertRefused("src/core/session.ts", "../sockets/push.ts");
    assertRefused("src/core/session.ts", "../security/plain.ts");
    assertRefused("src/patterns/distributor.ts", "../zmtp/greeting.ts");
    assertRefused("src/transports/tcp.ts", "../zmtp/engine.ts");
    assertRefused("src/devices/proxy.ts", "../transports/tcp.ts");
    assertRefused("src/cli/main.ts", "../core/socket.ts");
    assertRefused("src/core/session.ts", "../nowhere/a.ts");
  });

  it("knows single files of a folder", () => {
    assertAllowed("src/patterns/fair-queue.ts", "../core/pipe.ts");
    assertRefused("src/patterns/fair-queue.ts", "../core/session.ts");
    assertRefused("src/patterns/fair-queue.ts", "../core/pipe-pair.ts");
    assertAllowed("src/transports/tcp.ts", "../core/endpoint.ts");
    assertRefused("src/transports/tcp.ts", "../core/socket.ts");
    assertAllowed("src/sockets/sub.ts", "../zmtp/socket-type.ts");
    assertRefused("src/sockets/sub.ts", "../zmtp/engine.ts");
    assertAllowed("src/pgm/packet.ts", "../zmtp/legacy.ts");
    assertRefused("src/pgm/packet.ts", "../zmtp/engine.ts");
    assertAllowed("src/compat/zeromq.ts", "../core/options.ts");
    assertRefused("src/cli/main.ts", "../core/options.ts");
  });

  it("gives pgm and ring to one transport each", () => {
    assertAllowed("src/transports/epgm.ts", "../pgm/packet.ts");
    assertRefused("src/transports/udp.ts", "../pgm/packet.ts");
    assertAllowed("src/transports/threads.ts", "../ring/spsc-ring.ts");
    assertRefused("src/transports/inproc.ts", "../ring/spsc-ring.ts");
  });

  it("keeps the socket types apart, except the four that build on another", () => {
    assertAllowed("src/sockets/sub.ts", "./xsub.ts");
    assertAllowed("src/sockets/rep.ts", "./router.ts");
    assertRefused("src/sockets/xsub.ts", "./sub.ts");
    assertRefused("src/sockets/push.ts", "./pull.ts");
    assertRefused("src/sockets/req.ts", "./router.ts");
  });

  it("lets an entry import all floors below it and nothing above", () => {
    for (const room of ["base/errors", "zmtp/engine", "core/socket", "transports/tcp", "devices/proxy"]) {
      assertAllowed("src/node.ts", `./${room}.ts`);
      assertAllowed("src/wire.ts", `./${room}.ts`);
    }
    assertRefused("src/node.ts", "./cli/main.ts");
    assertRefused("src/browser.ts", "./inspector/decode.ts");
    assertRefused("src/core/socket.ts", "../node.ts");
  });

  it("keeps the host out of the protocol", () => {
    assertAllowed("src/transports/tcp.ts", "node:net");
    assertAllowed("src/devices/certificate-files.ts", "node:fs");
    assertAllowed("src/node.ts", "node:timers");
    assertRefused("src/devices/certificate-files.ts", "node:net");
    for (const folder of ["base", "zmtp", "ring", "pgm", "security", "core", "patterns", "sockets"]) {
      assertRefused(`src/${folder}/a.ts`, "node:timers");
    }
    assertRefused("src/browser.ts", "node:net");
    assertRefused("src/transports/tcp.ts", "net");
  });

  it("lets packages in only on first use, each where it belongs", () => {
    const path = "src/transports/websocket-listener.ts";
    assert.deepEqual(judge(path, 'const ws = () => import("ws");'), []);
    assert.deepEqual(judge(path, 'import type { WebSocketServer } from "ws";'), []);
    assert.deepEqual(judge(path, 'import { WebSocketServer } from "ws";'), ["1 lazy"]);
    assert.deepEqual(judge(path, 'import { type WebSocketServer } from "ws";'), ["1 lazy"]);
    assertRefused("src/core/session.ts", "ws");
    assertRefused("src/sockets/push.ts", "zmtp");
  });

  it("refuses specifiers that nobody can follow", () => {
    assert.deepEqual(judge("src/core/a.ts", 'import { b } from "./b.js";'), ["1 specifier"]);
    assert.deepEqual(judge("src/core/a.ts", 'import { b } from "./b";'), ["1 specifier"]);
    assert.deepEqual(judge("src/core/a.ts", "const a = (name: string) => import(name);"), ["1 specifier"]);
    assert.deepEqual(judge("src/core/a.ts", "const a = (name: string) => process.getBuiltinModule(name);"), ["1 specifier"]);
    assertRefused("src/core/a.ts", "../../test/a.ts");
    assertRefused("src/node.ts", "../package.json");
  });

  it("sees no import in comments and strings", () => {
    const text = ['// import "../sockets/push.ts";', "const a = 'import \"node:net\"';", "/** import('ws') */"];
    assert.deepEqual(judge("src/core/a.ts", text.join("\n")), []);
  });

  it("refuses top-level await, and only that", () => {
    assert.deepEqual(judge("src/core/a.ts", "await a;"), ["1 await"]);
    assert.deepEqual(judge("src/core/a.ts", "{\n  for await (const b of a) b();\n}"), ["2 await"]);
    assert.deepEqual(judge("src/core/a.ts", "await using b = a;"), ["1 await"]);
    assert.deepEqual(judge("src/core/a.ts", "using b = a;\nfor (const c of a) c();"), []);
    const inside = "class A { async b() { await a; for await (const c of a) c(); } }\nconst d = async () => await a;";
    assert.deepEqual(judge("src/core/a.ts", inside), []);
  });

  it("refuses files that grew too long, and folders that are not in the table", () => {
    assert.deepEqual(judge("src/core/a.ts", "a;\n".repeat(MAX_LINES)), []);
    assert.deepEqual(judge("src/core/a.ts", "a;\n".repeat(MAX_LINES + 1)), ["1 lines"]);
    assert.deepEqual(judge("src/utils/a.ts", ""), ["1 room"]);
    assert.deepEqual(judge("src/helpers.ts", ""), ["1 room"]);
    assert.deepEqual(judge("src/toString/a.ts", ""), ["1 room"]);
  });

  it("refuses circles of imports, but not of types or of what is loaded later", () => {
    const files = (last: string) => [
      { path: "src/core/a.ts", text: 'import { b } from "./b.ts";\nimport { c } from "./c.ts";\n' },
      { path: "src/core/b.ts", text: 'export { c } from "./c.ts";\n' },
      { path: "src/core/c.ts", text: `\n${last}\n` },
    ];
    for (const allowed of ['import type { a } from "./a.ts";', 'const a = () => import("./a.ts");', 'import "./d.ts";']) {
      assert.deepEqual(checkFloors(files(allowed)), [], allowed);
    }
    assert.deepEqual(checkFloors(files('import "./b.ts";')), [
      { path: "src/core/c.ts", line: 2, kind: "circle", message: "a circle of imports: core/b → core/c → core/b" },
    ]);
    const [whole, ...others] = checkFloors(files('import { a } from "./a.ts";'));
    assert.equal(whole.message, "a circle of imports: core/a → core/b → core/c → core/a");
    assert.deepEqual(others, []);
  });

  it("says what was found, where, and what is allowed", () => {
    const [violation] = checkFloors([
      { path: "src/base/a.ts", text: "" },
      { path: "src/patterns/b.ts", text: '\nimport { c } from "../sockets/c.ts";\n' },
    ]);
    assert.deepEqual(violation, {
      path: "src/patterns/b.ts",
      line: 2,
      kind: "edge",
      message:
        "patterns/ (floor 3) may not import sockets/c (floor 4); it may import: base, core/pipe, core/message, core/shared-run",
    });
  });
});
