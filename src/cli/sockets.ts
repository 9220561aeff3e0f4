/**
 * Sockets from the command line: a type by its name, endpoints to bind and connect, and a flag for every option.
 *
 * The flags come from the option table, so a new option is a new flag: `sendHighWaterMark` is `--send-high-water-mark`.
 */
import type { Command, Option } from "commander";
import * as zmtp from "../node.ts";
import { hasOption, OPTIONS, type OptionName, type OptionSpec, type SocketTypeName } from "../wire.ts";
import { wrongUse } from "./failure.ts";

/** What the command calls on a socket of a type that it knows by name only. */
export type AnySocket = zmtp.Socket & Partial<Pick<zmtp.Dealer, "send" | "trySend" | "receive" | "drain">>;

export const SOCKETS: Readonly<Record<SocketTypeName, new (options: object) => zmtp.Socket>> = {
  PAIR: zmtp.Pair,
  PUB: zmtp.Publisher,
  SUB: zmtp.Subscriber,
  REQ: zmtp.Request,
  REP: zmtp.Reply,
  DEALER: zmtp.Dealer,
  ROUTER: zmtp.Router,
  PULL: zmtp.Pull,
  PUSH: zmtp.Push,
  XPUB: zmtp.XPublisher,
  XSUB: zmtp.XSubscriber,
  STREAM: zmtp.Stream,
  SERVER: zmtp.Server,
  CLIENT: zmtp.Client,
  RADIO: zmtp.Radio,
  DISH: zmtp.Dish,
  GATHER: zmtp.Gather,
  SCATTER: zmtp.Scatter,
  DGRAM: zmtp.Datagram,
  PEER: zmtp.PeerSocket,
  CHANNEL: zmtp.Channel,
};

/** The name of a socket type, however it was written. */
export function socketType(text: string): SocketTypeName {
  const name = text.toUpperCase();
  if (Object.hasOwn(SOCKETS, name)) return name as SocketTypeName;
  throw wrongUse(`There is no socket type "${text}"; there are: ${Object.keys(SOCKETS).join(", ").toLowerCase()}`);
}

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** Each option of sockets and its flag. */
export function optionFlags(): { readonly name: OptionName; readonly flag: string; readonly spec: OptionSpec<unknown> }[] {
  return (Object.keys(OPTIONS) as OptionName[]).map((name) => {
    const spec = OPTIONS[name] as OptionSpec<unknown>;
    const value = spec.kind === "int" ? ` <${spec.unit || "number"}>` : ` <${spec.kind === "boolean" ? "true|false" : "text"}>`;
    return { name, flag: `--${kebab(name)}${value}`, spec };
  });
}

/** Adds the flags of all options to a command; the help names where they are listed. */
export function addOptionFlags(command: Command, OptionClass: typeof Option): void {
  for (const { flag } of optionFlags()) command.addOption(new OptionClass(flag).hideHelp());
  command.addHelpText(
    "after",
    "\nEvery socket option is a flag too, such as --send-high-water-mark 10; `zmtp options` lists them.",
  );
}

/** The socket options among the flags that were given. Refuses those that the type does not have. */
export function optionsOf(type: SocketTypeName, flags: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const options: Record<string, unknown> = {};
  for (const { name, spec } of optionFlags()) {
    const text = flags[name];
    if (typeof text !== "string") continue;
    if (!hasOption(type, name)) throw wrongUse(`A ${type} socket has no option --${kebab(name)}`);
    options[name] = valueOf(spec, text, kebab(name));
  }
  return options;
}

/** The flags among these that each of some sockets has. Refuses an option that none of them has. */
export function shareFlags(
  types: readonly SocketTypeName[],
  flags: Readonly<Record<string, unknown>>,
): Record<string, unknown>[] {
  const given = optionFlags().filter(({ name }) => typeof flags[name] === "string");
  for (const { name } of given)
    if (!types.some((type) => hasOption(type, name)))
      throw wrongUse(`Neither a ${types.join(" nor a ")} socket has an option --${kebab(name)}`);
  return types.map((type) =>
    Object.fromEntries(given.filter(({ name }) => hasOption(type, name)).map(({ name }) => [name, flags[name]])),
  );
}

function valueOf(spec: OptionSpec<unknown>, text: string, flag: string): unknown {
  switch (spec.kind) {
    case "int":
      if (/^-?\d+$/.test(text)) return Number(text);
      throw wrongUse(`--${flag} must be a whole number, got "${text}"`);
    case "boolean":
      if (text === "true" || text === "false") return text === "true";
      throw wrongUse(`--${flag} must be true or false, got "${text}"`);
    default:
      return text;
  }
}

/** A new socket. Without flags it does not wait for ever for what it has sent. */
export function makeSocket(type: SocketTypeName, flags: Readonly<Record<string, unknown>>): AnySocket {
  return new SOCKETS[type](optionsOf(type, flags));
}

/** Binds and connects; at least one endpoint must be there. Tells of what was bound. */
export async function attach(
  socket: zmtp.Socket,
  { bind = [], connect = [] }: { readonly bind?: readonly string[]; readonly connect?: readonly string[] },
  onBound: (endpoint: string) => void,
): Promise<void> {
  if (bind.length + connect.length === 0)
    throw wrongUse("Where to? Give at least one --bind ENDPOINT or --connect ENDPOINT, such as --connect tcp://127.0.0.1:5555");
  for (const endpoint of bind) {
    await socket.bind(endpoint);
    onBound(socket.lastEndpoint ?? endpoint);
  }
  for (const endpoint of connect) socket.connect(endpoint);
}

/** For flags that can be given more than once. */
export function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}
