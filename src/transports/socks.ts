/**
 * SOCKS5 (RFC 1928, login RFC 1929) for connections that are dialled over tcp, with the package `socks`, which is loaded
 * when the first one is made.
 *
 * Owns the text of the option `socksProxy`, and the conversation with the proxy on a connection that tcp has made to it.
 * A host name goes to the proxy as it is: the proxy looks it up, as libzmq has it.
 */
import type { Socket } from "node:net";
import { ZmqError } from "../base/errors.ts";
import { formatTcp, type HostPort, parseTcpConnect } from "../core/endpoint.ts";
import type { Settings } from "../core/options.ts";

/** The proxy that the settings ask for, null for none. Throws EINVAL for what is not `host:port`. */
export function proxyOf({ socksProxy }: Settings): HostPort | null {
  if (socksProxy === null) return null;
  try {
    return parseTcpConnect(socksProxy);
  } catch (cause) {
    throw new ZmqError("invalid-option", `Option "socksProxy" must be host:port, got ${JSON.stringify(socksProxy)}`, { cause });
  }
}

/**
 * Asks the proxy behind `socket` to connect to `target`; resolves when it has, and the bytes are the target's. Rejects with
 * ECONNREFUSED when it would not; the socket is then destroyed. What the target sends at once is kept until somebody
 * listens in the same turn.
 */
export async function connectThrough(socket: Socket, target: HostPort, settings: Settings): Promise<void> {
  const { SocksClient } = await import("socks");
  const { socksUsername, socksPassword } = settings;
  try {
    await SocksClient.createConnection({
      command: "connect",
      existing_socket: socket,
      destination: target,
      proxy: {
        host: socket.remoteAddress ?? "unknown",
        port: socket.remotePort ?? 0,
        type: 5,
        ...(socksUsername === null ? {} : { userId: socksUsername, password: socksPassword ?? "" }),
      },
    });
  } catch (error) {
    // The package's error carries its options, the password among them.
    const text = error instanceof Error ? error.message : String(error);
    throw new ZmqError(
      "proxy-refused",
      `The SOCKS proxy ${formatTcp(socket.remoteAddress ?? "?", socket.remotePort ?? 0)} did not connect us to ${formatTcp(target.host, target.port)}: ${text}`,
      { address: formatTcp(target.host, target.port) },
    );
  }
}
