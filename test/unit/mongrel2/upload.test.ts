// Which file a request may name: each rule alone, on real files.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { openUpload } from "../../../src/mongrel2/upload.ts";
import { Mongrel2Request, tnetstring } from "../../../src/mongrel2.ts";

const folder = mkdtempSync(join(tmpdir(), "zmtp-upload-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, "upload.abc123");
writeFileSync(file, "12345");
const options = { template: join(folder, "upload.XXXXXX") };

interface Claim {
  readonly start?: string;
  readonly done?: string;
  readonly length?: string | string[];
  readonly body?: string;
}

function request({ start = file, done = file, length = "5", body = "" }: Claim): Mongrel2Request {
  const headers = tnetstring.encode({
    METHOD: "PUT",
    "x-mongrel2-upload-start": start,
    "x-mongrel2-upload-done": done,
    "content-length": length,
  });
  return Mongrel2Request.parse(Buffer.concat([Buffer.from("name 1 / "), headers, tnetstring.netstring(body)]));
}

describe("uploads", () => {
  it("a file that fits all rules is given, read, streamed and removed", async () => {
    const upload = await openUpload(request({}), options);
    assert.deepEqual([upload.path, upload.size], [file, 5]);
    assert.equal(String(await upload.read()), "12345");
    const pieces: Uint8Array[] = [];
    for await (const piece of upload.stream()) pieces.push(piece);
    assert.equal(String(Buffer.concat(pieces)), "12345");
  });

  it("the server's root goes before the path", async () => {
    const inside = { template: "/upload.XXXXXX", root: folder };
    const named = request({ start: "/upload.abc123", done: "/upload.abc123" });
    assert.equal((await openUpload(named, inside)).path, file);
  });

  const other = join(folder, "other.abc123");
  const long = join(folder, "upload.abc1234");
  const dotted = join(folder, "upload.ab/123");
  const link = join(folder, "upload.linked");
  const directory = join(folder, "upload.direct");
  const gone = join(folder, "upload.gone00");
  writeFileSync(other, "12345");
  writeFileSync(long, "12345");
  symlinkSync(other, link);
  mkdirSync(directory);

  const wrong: [string, Claim][] = [
    ["the two headers differ", { start: other }],
    ["there is a body beside the file", { body: "x" }],
    ["the file is not of the template", { start: other, done: other }],
    ["the name is longer than the template", { start: long, done: long }],
    ["the name goes elsewhere", { start: dotted, done: dotted }],
    ["the file is a link", { start: link, done: link }],
    ["the file is a directory", { start: directory, done: directory, length: "4096" }],
    ["there is no such file", { start: gone, done: gone }],
    ["the length is another", { length: "4" }],
    ["the length is no number", { length: "5x" }],
    ["the length comes twice", { length: ["5", "5"] }],
  ];
  for (const [what, claim] of wrong) {
    it(`refused when ${what}`, () => assert.rejects(openUpload(request(claim), options), { reason: "upload-refused" }));
  }

  it("refused without the option", () => assert.rejects(openUpload(request({}), undefined), { reason: "upload-refused" }));
});
