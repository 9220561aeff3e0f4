/** `zmtp keygen` and `zmtp cert`: CURVE keys as Z85 text, and certificates in the files that CZMQ and pyzmq read. */
import { access } from "node:fs/promises";
import * as zmtp from "../node.ts";
import { Failure, wrongUse } from "./failure.ts";

export interface KeygenFlags {
  readonly secret?: string;
  readonly json?: boolean;
}

export interface CertFlags {
  readonly meta?: readonly string[];
  readonly show?: boolean;
  readonly force?: boolean;
}

/** Prints a new pair of keys, or the public key of a secret one. */
export function keygen({ secret, json }: KeygenFlags): void {
  const pair = secret === undefined ? zmtp.curveKeyPair() : { publicKey: zmtp.curvePublicKey(secret), secretKey: undefined };
  if (json) process.stdout.write(`${JSON.stringify(pair)}\n`);
  else {
    process.stdout.write(`public key: ${pair.publicKey}\n`);
    if (pair.secretKey !== undefined) process.stdout.write(`secret key: ${pair.secretKey}\n`);
  }
}

/** Makes a certificate, `path` with its public half and `path_secret` with both, or shows one; never its secret key. */
export async function cert(path: string, { meta = [], show, force }: CertFlags): Promise<void> {
  if (!show) {
    const metadata = new Map(meta.map(property));
    for (const each of [path, `${path}_secret`])
      if (!force && (await exists(each))) throw new Failure(`${each} is there already; --force replaces it`);
    await zmtp.saveCertificate(path, { ...zmtp.curveKeyPair(), metadata });
  }
  const { publicKey, secretKey, metadata } = await zmtp.loadCertificate(path);
  const lines = [`public key: ${publicKey}`, `secret key: ${secretKey === null ? "none" : "in the file"}`];
  for (const [name, value] of metadata) lines.push(`${name}: ${value}`);
  process.stdout.write(`${lines.join("\n")}\n`);
}

function property(text: string): [name: string, value: string] {
  const at = text.indexOf("=");
  if (at < 1) throw wrongUse(`--meta takes name=value, got "${text}"`);
  return [text.slice(0, at), text.slice(at + 1)];
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
