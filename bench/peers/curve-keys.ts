/** CURVE in the peers of the bench: fixed keys, which are no secret, and a library that can be kept from loading. */
import { register } from "node:module";
import { settings } from "./harness.ts";

const SERVER = { publicKey: "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7", secretKey: "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6" };
const CLIENT = { publicKey: "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID", secretKey: "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs" };

/** Options of the server's and the client's sockets, by the setting `curve`: none when it is absent; `wasm` keeps sodium-native away. */
export function curveOptions(side: "server" | "client"): Record<string, unknown> {
  const { curve = "" } = settings();
  if (curve === "") return {};
  if (curve === "wasm") keepAway("sodium-native");
  if (side === "server") return { curveServer: true, curvePublicKey: SERVER.publicKey, curveSecretKey: SERVER.secretKey };
  return { curveServerKey: SERVER.publicKey, curvePublicKey: CLIENT.publicKey, curveSecretKey: CLIENT.secretKey };
}

// From now on an import of the package fails, as if it were not installed.
function keepAway(name: string): void {
  const hooks = `export function resolve(specifier, context, next) {
    if (specifier === ${JSON.stringify(name)}) throw new Error("kept away");
    return next(specifier, context);
  }`;
  register(`data:text/javascript,${encodeURIComponent(hooks)}`);
}
