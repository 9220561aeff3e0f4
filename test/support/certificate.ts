// Certificates of the tests' own: an authority, and a server's certificate for localhost and 127.0.0.1 that it signed. Made anew for each process,
// so that none can run out.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Certificates {
  /** PEM of the authority: what a client must trust. */
  readonly authority: string;
  readonly key: string;
  readonly certificate: string;
}

let made: Certificates | undefined;

/** Why certificates cannot be made here, for `skip`; false if they can. */
export const noCertificates: string | false = hasOpenssl() ? false : "not checked: there is no openssl to make certificates with";

function hasOpenssl(): boolean {
  try {
    execFileSync("openssl", ["version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

export function certificates(): Certificates {
  made ??= make();
  return made;
}

function make(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), "zmtp-tls-"));
  try {
    const file = (name: string): string => join(folder, name);
    const openssl = (...args: string[]): void => void execFileSync("openssl", args, { stdio: "pipe" });
    const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    openssl(
      "req",
      "-x509",
      ...newKey,
      "-keyout",
      file("ca.key"),
      "-out",
      file("ca.pem"),
      "-days",
      "2",
      "-subj",
      "/CN=zmtp tests",
    );
    openssl("req", ...newKey, "-keyout", file("key.pem"), "-out", file("csr.pem"), "-subj", "/CN=localhost");
    writeFileSync(file("ext"), "subjectAltName=DNS:localhost,DNS:example.test,IP:127.0.0.1\n");
    const sign = ["-CA", file("ca.pem"), "-CAkey", file("ca.key"), "-CAcreateserial", "-days", "2", "-extfile", file("ext")];
    openssl("x509", "-req", "-in", file("csr.pem"), "-out", file("cert.pem"), ...sign);
    const read = (name: string): string => readFileSync(file(name), "utf8");
    return { authority: read("ca.pem"), key: read("key.pem"), certificate: read("cert.pem") };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
