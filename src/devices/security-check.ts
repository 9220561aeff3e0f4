/** Whether the security options of a socket are enough for a bind or a connect. */
import { ZmqError } from "../base/errors.ts";
import type { Settings } from "../core/options.ts";

/** Throws EINVAL, naming the option that is missing. */
export function checkSecurity(settings: Settings): void {
  const { mechanism, server, secretKey, serverKey } = settings.security;
  const need = (value: unknown, option: string, why: string): void => {
    if (value === null) throw new ZmqError("invalid-option", `CURVE needs \`${option}\`: ${why}`);
  };
  if (mechanism === "CURVE") {
    need(secretKey, "curveSecretKey", "it proves who this side is");
    if (!server) need(serverKey, "curveServerKey", "a client talks to one server; set `curveServer` to be one");
  }
  // libzmq aborts the process with the first peer.
  if (mechanism === "PLAIN" && server && settings.zapEnforceDomain && settings.zapDomain === null)
    throw new ZmqError("invalid-option", "A PLAIN server with `zapEnforceDomain` needs a `zapDomain`");
}
