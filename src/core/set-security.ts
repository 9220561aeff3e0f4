/** Assignments to the security options of a socket: what they make of its choice, and where they are refused. */
import { ZmqError } from "../base/errors.ts";
import { type CurveOptions, chooseCurve } from "./curve-options.ts";
import { OPTIONS } from "./option-table.ts";
import type { Settings } from "./options.ts";
import { chooseSecurity, type SecurityOption, type SecurityProvider } from "./security.ts";

/** `provider` is null where there are no mechanisms but NULL: ENOTSUP for all but the defaults. */
export function setSecurity(
  settings: Settings,
  provider: SecurityProvider | null,
  name: SecurityOption | "curve",
  value: unknown,
): void {
  if (provider === null) {
    if (value === OPTIONS[name].default) return;
    throw new ZmqError("not-offered", `Option "${name}" is not offered here: this platform has no security mechanisms`);
  }
  if (name === "curve") {
    settings.security = chooseCurve(value as CurveOptions | null, provider);
    settings.curve = value as CurveOptions | null;
  } else settings.security = chooseSecurity(settings.security, name, value);
}
