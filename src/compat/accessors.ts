/**
 * Puts the option properties of the original on its classes: each reads and writes by libzmq's number through the socket's
 * protected accessors.
 *
 * Owns which of them a property uses. The numbers and kinds are those of our option table. Options that the original can
 * only write can be read here as well.
 */
import type { OptionName } from "../core/options.ts";
import { OPTIONS } from "../wire.ts";

type Kind = "Bool" | "Int32" | "Uint32" | "Int64" | "Uint64" | "String";
type Accessors = { [K in Kind as `get${K}Option`]: (id: number) => unknown } & {
  [K in Kind as `set${K}Option`]: (id: number, value: unknown) => void;
};

const KINDS: Partial<Record<OptionName, Kind>> = {
  affinity: "Uint64",
  maxMessageSize: "Int64",
  typeOfService: "Uint32",
  vmciBufferSize: "Uint64",
  vmciBufferMinSize: "Uint64",
  vmciBufferMaxSize: "Uint64",
};

function kindOf(name: OptionName): Kind {
  const { kind } = OPTIONS[name];
  return KINDS[name] ?? (kind === "boolean" ? "Bool" : kind === "int" ? "Int32" : "String");
}

/** Defines properties for options of our table on classes. */
export function defineOptions(classes: readonly { readonly prototype: object }[], names: readonly OptionName[]): void {
  for (const name of names) {
    const { id } = OPTIONS[name];
    const kind = kindOf(name);
    for (const { prototype } of classes) {
      Object.defineProperty(prototype, name, {
        get(this: Accessors) {
          return this[`get${kind}Option`](id);
        },
        set(this: Accessors, value: unknown) {
          this[`set${kind}Option`](id, value);
        },
      });
    }
  }
}

/** Defines a property that can only be read. `values` are what the numbers mean. */
export function defineFact(
  { prototype }: { readonly prototype: object },
  name: string,
  id: number,
  kind: Kind,
  values?: readonly unknown[],
): void {
  Object.defineProperty(prototype, name, {
    get(this: Accessors) {
      const value = this[`get${kind}Option`](id);
      return values === undefined ? value : values[value as number];
    },
  });
}
