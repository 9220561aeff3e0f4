/**
 * The command `zmtp`: its subcommands, their flags and help, and how a run ends.
 *
 * Owns the command line. What each subcommand does is in its file. Results go to standard output, everything else to
 * standard error. Exit codes: 0 done, 1 it could not be done, 2 wrong use, 130 and 143 interrupted.
 */
import type { Command } from "commander";
import { version, ZmqError } from "../node.ts";
import { DONE, FAILED, Failure, WRONG_USE, wrongUse } from "./failure.ts";
import { addOptionFlags, collect, optionFlags, socketType } from "./sockets.ts";
import { paint } from "./terminal.ts";

const INTERRUPTED = { SIGINT: 130, SIGTERM: 143 } as const;

/** Runs the command line and gives its exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  const { Command, CommanderError, Option } = await import("commander");
  const interrupt = new AbortController();
  let code: number = DONE;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      code = INTERRUPTED[signal];
      interrupt.abort(new Failure(`interrupted by ${signal}`, code));
    });
  }
  // Whoever reads our output may have enough of it.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    interrupt.abort(new Failure("nobody reads the output any more", DONE));
  });
  const program = new Command("zmtp");
  define(program, interrupt.signal, Option);
  try {
    await program.parseAsync([...argv], { from: "user" });
    return interrupt.signal.aborted && !program.args.includes("proxy") && !program.args.includes("sniff") ? code : DONE;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? DONE : WRONG_USE;
    if (interrupt.signal.aborted) return code;
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(`${paint(process.stderr, "red", "zmtp:")} ${message}\n`);
    if (error instanceof Failure) return error.exitCode;
    return error instanceof ZmqError && error.origin === "local" && error.code === "EINVAL" ? WRONG_USE : FAILED;
  }
}

function define(program: Command, signal: AbortSignal, Option: typeof import("commander").Option): void {
  program
    .description("Tools for ZeroMQ: send, receive, measure, connect, watch and explain.")
    .version(`ZeroMQ ${version} by zmtp`)
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, "zmtp: ")) });

  const cat = program
    .command("cat <type>")
    .description("send lines as messages, print messages as lines")
    .option("-b, --bind <endpoint>", "listen there; can be given more than once", collect)
    .option("-c, --connect <endpoint>", "connect there; can be given more than once", collect)
    .option("-D, --data <text>", "send this instead of the lines of standard input")
    .option("-F, --file <path>", "send this file as one message")
    .option("-L, --lines <path>", "send the lines of this file")
    .option("-f, --format <format>", "how messages are lines: text, quoted, hex, json or raw", "text")
    .option("-0, --null", "lines end with NUL instead of a newline")
    .option("-m, --multipart [separator]", "a line has several frames, with this between them (a tab unless given)")
    .option("-n, --count <number>", "end after so many messages (REQ and REP: exchanges)")
    .option("-i, --interval <seconds>", "wait between two messages; --data is then sent again and again")
    .option("-d, --delay <seconds>", "wait before the first message")
    .option("-w, --wait", "wait until a peer is there (PUB and XPUB: a subscription)")
    .option("-t, --timeout <seconds>", "give up when nothing can be sent or comes for so long")
    .option("-s, --subscribe <topic>", "SUB and XSUB: what to receive (SUB: everything unless given)", collect)
    .option("-j, --join <group>", "DISH: which groups to join", collect)
    .option("-g, --group <group>", "RADIO: to which group")
    .option("--target <id>", "ROUTER, SERVER, PEER, STREAM: to whom; else the first frame says it")
    .option("--echo", "send back what comes")
    .option("-x, --transform <command>", "what a shell command makes of each message")
    .addHelpText(
      "after",
      `
Examples:
  zmtp cat pull -b tcp://127.0.0.1:5555                      print what comes
  ls | zmtp cat push -c tcp://127.0.0.1:5555                 each line a message
  zmtp cat pub -b tcp://*:5556 -D tick -i 1                  a tick each second
  zmtp cat req -c tcp://127.0.0.1:5557 -D hello              ask, print the answer
  zmtp cat rep -b tcp://127.0.0.1:5557 -x 'tr a-z A-Z'       answer in capitals
  zmtp cat router -b ipc:///tmp/r --echo -f quoted           who asks, and back to them`,
    )
    .action(async (type: string, flags) => (await import("./cat.ts")).cat(socketType(type), flags, signal));
  addOptionFlags(cat, Option);

  program
    .command("perf <program> [arguments...]")
    .description("measure as libzmq's own perf programs do, with their arguments and output")
    .addHelpText(
      "after",
      `
Programs:
  local_thr  <bind-to> <message-size> <message-count>
  remote_thr <connect-to> <message-size> <message-count>
  local_lat  <bind-to> <message-size> <roundtrip-count>
  remote_lat <connect-to> <message-size> <roundtrip-count>
  inproc_thr <message-size> <message-count>
  inproc_lat <message-size> <roundtrip-count>
  proxy_thr  <message-size> <message-count>

Example, in two terminals:
  zmtp perf local_thr tcp://127.0.0.1:5555 10 1000000
  zmtp perf remote_thr tcp://127.0.0.1:5555 10 1000000`,
    )
    .action(async (name: string, args: string[]) => {
      const { PROGRAMS } = await import("./perf.ts");
      if (!Object.hasOwn(PROGRAMS, name))
        throw wrongUse(`There is no perf program "${name}"; there are: ${Object.keys(PROGRAMS).join(", ")}`);
      const { usage, run } = PROGRAMS[name];
      if (args.length !== usage.split(" ").length) throw wrongUse(`usage: zmtp perf ${name} ${usage}`);
      for (const line of await run(args)) process.stdout.write(`${line}\n`);
    });

  const device = program
    .command("proxy")
    .description("pass messages between two endpoints, of any transports")
    .option("--type <type>", "queue (ROUTER and DEALER, unless given), forwarder (XSUB and XPUB) or streamer (PULL and PUSH)")
    .option("-f, --frontend <endpoint>", "where clients, publishers or sources are; >ENDPOINT connects, others bind", collect)
    .option("-b, --backend <endpoint>", "where services, subscribers or sinks are", collect)
    .option("--capture <endpoint>", "publish a copy of every message there")
    .option("--statistics <seconds>", "tell on standard error how much went through")
    .option("--config <path>", "a JSON file with these settings; flags go before it")
    .addHelpText(
      "after",
      `
Examples:
  zmtp proxy -f tcp://*:5559 -b tcp://*:5560
  zmtp proxy --type forwarder -f '>tcp://10.0.0.7:5556' -b ipc:///tmp/feed --statistics 10
  zmtp proxy --type forwarder -f tcp://*:5556 -b 'epgm://eth0;239.192.8.1:5570' --rate 100000 --no-drop true`,
    )
    .action(async (flags) => (await import("./proxy.ts")).proxy(flags, signal));
  addOptionFlags(device, Option);

  const monitor = program
    .command("monitor <type>")
    .description("print a socket's events as they happen")
    .option("-b, --bind <endpoint>", "listen there", collect)
    .option("-c, --connect <endpoint>", "connect there", collect)
    .option("-s, --subscribe <topic>", "SUB: what to subscribe to", collect)
    .option("--json", "each event as a line of JSON")
    .option("-n, --count <number>", "end after so many events")
    .addHelpText("after", "\nExample:\n  zmtp monitor dealer -c tcp://127.0.0.1:5555")
    .action(async (type: string, flags) => (await import("./monitor.ts")).monitor(socketType(type), flags, signal));
  addOptionFlags(monitor, Option);

  program
    .command("sniff [listen] [target]")
    .description("explain a live connection, as a tcp relay in the middle, or a pcap file")
    .option("--pcap <path>", "explain the conversations of this file")
    .addHelpText(
      "after",
      `
Examples:
  zmtp sniff tcp://127.0.0.1:6000 tcp://127.0.0.1:5555       and let the client connect to port 6000
  zmtp sniff --pcap capture.pcap`,
    )
    .action(async (listen: string | undefined, target: string | undefined, { pcap }: { pcap?: string }) => {
      const { explainFile, relay } = await import("./sniff.ts");
      if (pcap !== undefined) return explainFile(pcap);
      if (listen === undefined || target === undefined)
        throw wrongUse("usage: zmtp sniff <listen> <target>, or zmtp sniff --pcap <path>");
      return relay(listen, target, signal);
    });

  program
    .command("ping <endpoint>")
    .description("say who answers there: version, mechanism, socket type, round trip; or why nobody does")
    .option("-n, --count <number>", "round trips (3 unless given)")
    .option("-t, --timeout <seconds>", "how long to try (5 unless given)")
    .addHelpText("after", "\nExample:\n  zmtp ping tcp://127.0.0.1:5555")
    .action(async (endpoint: string, flags) => (await import("./ping.ts")).ping(endpoint, flags));

  program
    .command("keygen")
    .description("a new pair of CURVE keys, as Z85 texts")
    .option("--secret <key>", "the public key of this secret key instead")
    .option("--json", "as a line of JSON")
    .addHelpText("after", "\nExample:\n  zmtp keygen")
    .action(async (flags) => (await import("./keys.ts")).keygen(flags));

  program
    .command("cert <path>")
    .description("make a CURVE certificate: <path> to give away, <path>_secret to keep (CZMQ and pyzmq read both)")
    .option("-m, --meta <name=value>", "what it says beside its keys; can be given more than once", collect)
    .option("--show", "show the certificate that is there instead")
    .option("--force", "replace the files that are there")
    .addHelpText("after", "\nExample:\n  zmtp cert server.key -m name=broker")
    .action(async (path: string, flags) => (await import("./keys.ts")).cert(path, flags));

  program
    .command("options [type]")
    .description("list the flags of all socket options, or of those that a type has")
    .action((type?: string) => {
      const name = type === undefined ? null : socketType(type);
      for (const { flag, spec } of optionFlags()) {
        if (name !== null && spec.types !== "all" && !spec.types.includes(name)) continue;
        process.stdout.write(`${flag}  (${spec.constant || "of zmtp"}, ${JSON.stringify(spec.default)} unless given)\n`);
      }
    });
}
