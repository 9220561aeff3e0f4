// @ts-check
// The floor test: reads every import of every file in src/ and fails on one that the table below does not allow. It
// also fails on files over 400 lines, on top-level await (which `require()` of the library could not load), and on files
// that import each other in a circle, types apart.
//
// The table is the rule, its source is docs/design.md. To allow a new edge, change both and say why in the commit.

import { readFileSync } from "node:fs";
import { join, posix } from "node:path";
import ts from "typescript";
import { circlesOf } from "./circles.mjs";
import { isMain, listFiles, root } from "./common.mjs";

/**
 * @typedef {object} Room one folder of src/; its files may always import each other, unless `siblings` is there
 * @property {number} floor
 * @property {readonly string[]} rooms what it may import: a folder ("core") or one file of it ("core/pipe")
 * @property {readonly string[]} [hosts] modules of the runtime and packages it may import; "node:*" is all of Node's
 * @property {readonly string[]} [lazy] packages it may import only by `import()` or for their types
 * @property {Readonly<Record<string, readonly string[]>>} [only] more rooms, for one file each
 * @property {Readonly<Record<string, readonly string[]>>} [siblings] which files of its own folder a file may import
 */

/** @type {Readonly<Record<string, Room>>} */
export const ROOMS = {
  base: { floor: 0, rooms: [] },
  zmtp: { floor: 1, rooms: ["base"] },
  ring: { floor: 1, rooms: ["base"] },
  pgm: { floor: 2, rooms: ["base", "zmtp/legacy", "zmtp/frame-decoder"] },
  security: { floor: 2, rooms: ["base", "zmtp"], hosts: ["tweetnacl/nacl.js"], lazy: ["libsodium", "sodium-native"] },
  core: { floor: 2, rooms: ["base", "zmtp"] },
  patterns: { floor: 3, rooms: ["base", "core/pipe", "core/message", "core/shared-run"] },
  transports: {
    floor: 3,
    rooms: [
      "base",
      "core/transport",
      "core/endpoint",
      "core/message",
      "core/options",
      "core/peer",
      "core/pipe",
      "core/subprotocol",
    ],
    hosts: ["node:*"],
    lazy: ["ws", "socks"],
    only: {
      epgm: ["pgm"],
      "epgm-sender": ["pgm"],
      "epgm-receiver": ["pgm"],
      threads: ["ring"],
      "ring-link": ["ring"],
      "hand-over": ["ring"],
      "ring-loans": ["ring", "core/loans"],
      "thread-offers": ["ring"],
      membership: ["ring"],
      meeting: ["ring"],
    },
  },
  sockets: {
    floor: 4,
    rooms: ["base", "core", "patterns", "zmtp/socket-type"],
    siblings: {
      sub: ["xsub"],
      pub: ["xpub"],
      req: ["dealer"],
      rep: ["router"],
      scatter: ["push"],
      gather: ["pull"],
      channel: ["pair"],
      client: ["dealer"],
      peer: ["server"],
    },
  },
  devices: {
    floor: 5,
    rooms: ["base", "zmtp/mechanism", "zmtp/command", "sockets", "core", "security"],
    hosts: ["node:fs", "node:fs/promises", "node:crypto"],
  },
  testing: { floor: 6, rooms: ["base", "core", "sockets", "zmtp", "node"] },
  cli: { floor: 7, rooms: ["node", "browser", "wire"], hosts: ["node:*"], lazy: ["commander"] },
  inspector: { floor: 7, rooms: ["node", "browser", "wire"], hosts: ["node:*"] },
  mongrel2: { floor: 7, rooms: ["node", "browser", "wire"], hosts: ["node:*"] },
  compat: { floor: 7, rooms: ["node", "browser", "wire", "core/options"], hosts: ["node:*"] },
};

const BELOW_ENTRIES = Object.keys(ROOMS).filter((name) => ROOMS[name].floor < 6);

/**
 * The public entries, files directly in src/. Each is a room of its own.
 * @type {Readonly<Record<string, Room>>}
 */
export const ENTRIES = {
  api: { floor: 6, rooms: BELOW_ENTRIES },
  node: { floor: 6, rooms: [...BELOW_ENTRIES, "api", "browser", "wire"], hosts: ["node:*"] },
  browser: { floor: 6, rooms: [...BELOW_ENTRIES, "api"] },
  testing: { floor: 6, rooms: ["base", "core", "sockets", "zmtp", "node", "testing"] },
  wire: { floor: 6, rooms: [...BELOW_ENTRIES, "node", "browser"] },
  zeromq: { floor: 8, rooms: ["compat", "node", "wire"] },
  "zeromq-v5-compat": { floor: 8, rooms: ["compat", "node", "wire"] },
  cli: { floor: 8, rooms: ["cli"] },
  draft: { floor: 8, rooms: ["node"] },
  "zeromq-draft": { floor: 8, rooms: ["compat", "node", "wire"] },
  mongrel2: { floor: 7, rooms: ["node", "mongrel2"], hosts: ["node:*"] },
};

export const MAX_LINES = 400;

/**
 * @typedef {object} SourceFile
 * @property {string} path relative to the repository, with "/": "src/core/pipe.ts"
 * @property {string} text
 *
 * @typedef {object} Violation
 * @property {string} path
 * @property {number} line counted from 1
 * @property {"room" | "edge" | "lazy" | "specifier" | "lines" | "await" | "circle"} kind
 * @property {string} message
 *
 * @typedef {"static" | "type" | "dynamic"} ImportKind
 */

/**
 * Judges files of src/ against the table.
 * @param {readonly SourceFile[]} files
 * @returns {Violation[]} in the order of the files and of the lines in them
 */
export function checkFloors(files) {
  /** @type {import("./circles.mjs").Edge[]} */
  const edges = [];
  const violations = files.flatMap((file) => checkFile(file, edges));
  for (const { edge, files: circle } of circlesOf(edges)) {
    const message = `a circle of imports: ${[...circle, edge.to].map(keyOf).join(" → ")}`;
    violations.push({ path: edge.from, line: edge.line, kind: "circle", message });
  }
  return violations;
}

/**
 * @param {SourceFile} file
 * @param {import("./circles.mjs").Edge[]} edges gets those of the file's imports that load another at once
 * @returns {Violation[]}
 */
function checkFile({ path, text }, edges) {
  const key = keyOf(path);
  const room = roomOf(key);
  if (room === undefined) {
    const message = `"${key}" is in no room of the table; rooms: ${Object.keys({ ...ROOMS, ...ENTRIES }).join(", ")}`;
    return [{ path, line: 1, kind: "room", message }];
  }
  /** @type {Violation[]} */
  const violations = [];
  const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
  if (lines > MAX_LINES) {
    const message = `${lines} lines; at most ${MAX_LINES}: what is its second reason to change?`;
    violations.push({ path, line: 1, kind: "lines", message });
  }
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true, ts.ScriptKind.TS);
  /** @param {ts.Node} node */
  const lineOf = (node) => source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
  /** @type {(node: ts.Node, kind: Violation["kind"], message: string) => void} */
  const report = (node, kind, message) => {
    violations.push({ path, line: lineOf(node), kind, message });
  };
  visit(source, {
    import: (node, specifier, importKind) => {
      const fault = judge(path, key, room, specifier, importKind);
      if (fault !== undefined) report(node, fault.kind, fault.message);
      if (importKind === "static" && specifier.startsWith(".")) {
        edges.push({ from: path, to: posix.join(posix.dirname(path), specifier), line: lineOf(node) });
      }
    },
    computedImport: (node) => {
      report(node, "specifier", "an import whose specifier is computed; neither we nor a bundler can follow it");
    },
    topLevelAwait: (node) => {
      report(node, "await", "top-level await; require() of this module would throw ERR_REQUIRE_ASYNC_MODULE");
    },
  });
  return violations;
}

/**
 * Why the file may not have this import, or undefined if it may.
 * @param {string} path
 * @param {string} key
 * @param {Room} room
 * @param {string} specifier
 * @param {ImportKind} kind
 * @returns {Pick<Violation, "kind" | "message"> | undefined}
 */
function judge(path, key, room, specifier, kind) {
  const [folder, name] = split(key);
  const here = `${folder}/ (floor ${room.floor})`;
  if (!specifier.startsWith(".")) {
    const hosts = room.hosts ?? [];
    if (hosts.includes(specifier) || (specifier.startsWith("node:") && hosts.includes("node:*"))) return undefined;
    const lazy = room.lazy ?? [];
    if (lazy.includes(packageOf(specifier))) {
      if (kind !== "static") return undefined;
      return { kind: "lazy", message: `"${specifier}" is loaded on first use: import() it, or import type` };
    }
    const allowed = [...hosts, ...lazy].join(", ") || "none";
    return {
      kind: "edge",
      message: `${here} may not import "${specifier}"; packages it may import: ${allowed}`,
    };
  }
  const target = posix.join(posix.dirname(path), specifier);
  if (!target.startsWith("src/")) {
    return { kind: "edge", message: `"${specifier}" leaves src/` };
  }
  if (!target.endsWith(".ts")) {
    return { kind: "specifier", message: `"${specifier}" does not end in .ts` };
  }
  const targetKey = keyOf(target);
  const [targetFolder, targetName] = split(targetKey);
  if (targetFolder === folder) {
    const siblings = room.siblings;
    if (siblings === undefined || siblings[name]?.includes(targetName)) return undefined;
    return { kind: "edge", message: `${key} may not import its sibling ${targetKey}` };
  }
  const rooms = [...room.rooms, ...(room.only?.[name] ?? [])];
  if (rooms.some((allowed) => targetKey === allowed || targetKey.startsWith(`${allowed}/`))) return undefined;
  const above = roomOf(targetKey);
  const floor = above === undefined ? "in no room of the table" : `floor ${above.floor}`;
  const allowed = rooms.join(", ") || "nothing";
  return {
    kind: "edge",
    message: `${here} may not import ${targetKey} (${floor}); it may import: ${allowed}`,
  };
}

/**
 * Walks a file's syntax tree, in the order of the text.
 * @param {ts.SourceFile} source
 * @param {{
 *   import: (node: ts.Node, specifier: string, kind: ImportKind) => void,
 *   computedImport: (node: ts.Node) => void,
 *   topLevelAwait: (node: ts.Node) => void,
 * }} on
 */
function visit(source, on) {
  /** @type {(node: ts.Node, specifier: ts.Node | undefined, kind: ImportKind) => void} */
  const found = (node, specifier, kind) => {
    if (specifier !== undefined && ts.isStringLiteralLike(specifier)) on.import(node, specifier.text, kind);
    else on.computedImport(node);
  };
  /** @type {(node: ts.Node, inFunction: boolean) => void} */
  const step = (node, inFunction) => {
    if (ts.isImportDeclaration(node)) {
      const typeOnly = node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
      found(node, node.moduleSpecifier, typeOnly ? "type" : "static");
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
      found(node, node.moduleSpecifier, node.isTypeOnly ? "type" : "static");
    } else if (ts.isImportEqualsDeclaration(node) && ts.isExternalModuleReference(node.moduleReference)) {
      found(node, node.moduleReference.expression, "static");
    } else if (ts.isImportTypeNode(node)) {
      found(node, ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, "type");
    } else if (ts.isCallExpression(node)) {
      if (node.expression.kind === ts.SyntaxKind.ImportKeyword || isBuiltin(node)) found(node, node.arguments[0], "dynamic");
      else if (ts.isIdentifier(node.expression) && node.expression.text === "require") {
        found(node, node.arguments[0], "static");
      }
    } else if (!inFunction && isAwait(node)) {
      on.topLevelAwait(node);
    }
    // A field's initialiser and a static block belong to the class, not to a function: await there is refused by
    // the compiler already.
    ts.forEachChild(node, (child) => step(child, inFunction || ts.isFunctionLike(node)));
  };
  step(source, false);
}

/**
 * `process.getBuiltinModule(…)` loads a module of Node.js on first use.
 * @param {ts.CallExpression} node
 */
function isBuiltin({ expression }) {
  return ts.isPropertyAccessExpression(expression) && expression.name.text === "getBuiltinModule";
}

/** @param {ts.Node} node */
function isAwait(node) {
  if (ts.isAwaitExpression(node)) return true;
  if (ts.isForOfStatement(node)) return node.awaitModifier !== undefined;
  return ts.isVariableDeclarationList(node) && (node.flags & ts.NodeFlags.AwaitUsing) === ts.NodeFlags.AwaitUsing;
}

/**
 * "src/core/pipe.ts" is "core/pipe".
 * @param {string} path
 */
function keyOf(path) {
  return path.replace(/^src\//, "").replace(/\.ts$/, "");
}

/**
 * "core/pipe" is in the folder "core" as "pipe"; an entry, "node", is a folder of its own.
 * @param {string} key
 * @returns {[folder: string, name: string]}
 */
function split(key) {
  const slash = key.indexOf("/");
  return slash < 0 ? [key, key] : [key.slice(0, slash), key.slice(slash + 1)];
}

/**
 * @param {string} key
 * @returns {Room | undefined}
 */
function roomOf(key) {
  const table = key.includes("/") ? ROOMS : ENTRIES;
  const [folder] = split(key);
  return Object.hasOwn(table, folder) ? table[folder] : undefined;
}

/**
 * "ws/lib/sender.js" is of the package "ws", "@a/b/c" of "@a/b".
 * @param {string} specifier
 */
function packageOf(specifier) {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

function main() {
  const paths = listFiles("src").filter((path) => path.endsWith(".ts"));
  if (paths.length === 0) {
    console.error("floors: there is no file in src/");
    return 1;
  }
  const violations = checkFloors(paths.map((path) => ({ path, text: readFileSync(join(root, path), "utf8") })));
  for (const { path, line, message } of violations) console.error(`${path}:${line}: ${message}`);
  if (violations.length > 0) {
    console.error(`floors: ${violations.length} violations; the table is in tools/floors.mjs`);
    return 1;
  }
  console.log(`floors: ${paths.length} files keep to the table`);
  return 0;
}

if (isMain(import.meta.url)) process.exitCode = main();
