/**
 * The entry for tools: the option table and what is beneath the public API, for programs that explain, record or stand in
 * for ZeroMQ. It may grow with every version; programs that only send and receive use `zmtp`.
 */
import type { OptionName } from "./core/options.ts";
import type { Socket } from "./core/socket.ts";

export { OPTIONS, type OptionSpec } from "./core/option-table.ts";
export { hasOption, type OptionName, type OptionNameOf, type OptionValue, type Settings } from "./core/options.ts";
export { SOCKET_TYPES, type SocketTypeName } from "./zmtp/socket-type.ts";

/** Assigns an option without the warning that it comes too late for what is bound or connected. Throws as the assignment does. */
export function setOption(socket: Socket, name: OptionName, value: unknown): void {
  socket._core.assignOption(name, value);
}

export {
  type Command,
  decodeCommand,
  decodeError,
  decodeMetadata,
  decodePing,
  encodeCommand,
  encodeMetadata,
  encodePing,
  type Metadata,
} from "./zmtp/command.ts";
export { type DecoderLimits, FrameDecoder, type FrameSink } from "./zmtp/frame-decoder.ts";
export { encodeFrame, FLAG_COMMAND, FLAG_LONG, FLAG_MORE } from "./zmtp/frame-encoder.ts";
export { isCompatible } from "./zmtp/socket-type.ts";
