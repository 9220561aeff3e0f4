/**
 * ipc: ZMTP over Unix domain sockets (zmq_ipc(7)).
 *
 *     ipc:///path/name    a socket file          ipc://*    a file in a directory of its own, removed on close
 *     ipc://@name         Linux's abstract name space (Node.js 20 pads the name with NULs and so reaches only another Node.js 20)
 *
 * We listen at a temporary name and rename it onto the path: an old listener's close, which unlinks its name, can then
 * never remove a new one's file, and a stale file is replaced in one step. On close the file is removed if it is still
 * ours.
 */
import { dirname, join } from "node:path";
import { ZmqError } from "../base/errors.ts";
import type { Dialing, DialSink, Listening, ListenSink, StreamTransport } from "../core/transport.ts";
import { dialError, listenError, listenWith, StreamLink } from "./node-stream.ts";

// Loaded by the first use: decision 0069.
const fs = () => process.getBuiltinModule("node:fs");
const net = () => process.getBuiltinModule("node:net");

/** The longest path in bytes: a sun_path of 108 with its NUL. */
const MAX_PATH_BYTES = 107;
const WINDOWS = process.platform === "win32";
let serial = 0;

export const ipcTransport: StreamTransport = {
  scheme: "ipc",
  shape: "bytes",

  check(address, use) {
    const endpoint = `ipc://${address}`;
    if (address === "@")
      throw new ZmqError("invalid-endpoint", `Invalid argument: ${endpoint} has no name after @`, {
        address: endpoint,
      });
    if (address === "*" && use === "connect")
      throw new ZmqError("invalid-endpoint", `Invalid argument: ${endpoint} can be bound only; connect to a path`, {
        address: endpoint,
      });
    const bytes = Buffer.byteLength(address);
    if (bytes > MAX_PATH_BYTES)
      throw new ZmqError("path-too-long", `File name too long: ${endpoint} has ${bytes} bytes, ${MAX_PATH_BYTES} is the most`, {
        address: endpoint,
      });
    if (address.includes("\0"))
      throw new ZmqError("invalid-endpoint", `Invalid argument: ${JSON.stringify(endpoint)} contains a NUL`, {
        address: endpoint,
      });
  },

  dial(address, _settings, sink) {
    return dialPath(address, sink);
  },

  listen(address, settings, sink) {
    return listenPath(address, settings.backlog, sink);
  },
};

function dialPath(address: string, sink: DialSink): Dialing {
  const endpoint = `ipc://${address}`;
  const socket = net().connect({ path: systemPath(address) });
  socket.unref();
  let over = false;
  const failed = (error: Error): void => {
    if (over) return;
    over = true;
    socket.destroy();
    sink.onError(dialError(error, endpoint));
  };
  socket.on("error", failed);
  socket.once("connect", () => {
    if (over) return;
    over = true;
    socket.removeListener("error", failed);
    sink.onLink(StreamLink.over(socket, endpoint));
  });
  return {
    cancel() {
      // After a success the link is somebody's; before it, the socket is ours to end.
      if (over) return;
      over = true;
      socket.destroy();
    },
  };
}

function listenPath(address: string, backlog: number, sink: ListenSink): Listening {
  const server = net().createServer();
  const place = address === "*" ? wildcard() : { path: address, directory: undefined };
  const endpoint = `ipc://${place.path}`;
  const isFile = !WINDOWS && !place.path.startsWith("@");
  const temporary = isFile ? temporaryName(place.path) : undefined;
  let inode: number | undefined;
  return listenWith(server, {
    sink,
    start: () => void server.listen({ path: temporary ?? systemPath(place.path), backlog }),
    describe() {
      if (temporary !== undefined) fs().renameSync(temporary, place.path);
      if (isFile) inode = fs().statSync(place.path).ino;
      return endpoint;
    },
    remote: () => endpoint,
    failed: (error) => missingDirectory(place.path, isFile) ?? listenError(error, endpoint),
    stopped() {
      if (inode !== undefined) removeOwn(place.path, inode);
      if (place.directory !== undefined) fs().rmdirSync(place.directory);
    },
  });
}

// libuv reports a missing directory as EACCES.
function missingDirectory(path: string, isFile: boolean): ZmqError | undefined {
  if (!isFile || fs().existsSync(dirname(path))) return undefined;
  const address = `ipc://${path}`;
  return new ZmqError("path-not-found", `No such file or directory: cannot bind ${address}, ${dirname(path)} does not exist`, {
    address,
  });
}

function wildcard(): { path: string; directory: string } {
  const directory = fs().mkdtempSync(join(process.getBuiltinModule("node:os").tmpdir(), "zmtp-"));
  return { path: join(directory, "socket"), directory };
}

// In the same directory, for renaming; undefined when only the path itself is short enough, and then it is listened at directly.
function temporaryName(path: string): string | undefined {
  const name = join(dirname(path), `.z${process.pid.toString(36)}-${(serial++).toString(36)}`);
  if (Buffer.byteLength(name) <= MAX_PATH_BYTES) return name;
  removeStale(path);
  return undefined;
}

function removeStale(path: string): void {
  try {
    if (fs().statSync(path).isSocket()) fs().unlinkSync(path);
  } catch (error) {
    if ((error as { code?: string }).code !== "ENOENT") throw error;
  }
}

function removeOwn(path: string, inode: number): void {
  try {
    if (fs().statSync(path).ino === inode) fs().unlinkSync(path);
  } catch (error) {
    // Somebody removed it already: what we wanted.
    if ((error as { code?: string }).code !== "ENOENT") throw error;
  }
}

function systemPath(address: string): string {
  if (address.startsWith("@")) return `\0${address.slice(1)}`;
  return WINDOWS ? join("\\\\.\\pipe", address) : address;
}
