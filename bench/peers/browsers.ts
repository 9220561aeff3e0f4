/** Browsers: so many connections, each asking again as soon as it has its answer. Spoken by hand, to cost little. */
import { connect } from "node:net";
import { obeyParent, settings } from "./harness.ts";

const { port, count } = settings();
const REQUEST = "GET /hello HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n";
const END = "Hello World!";

obeyParent();
for (let i = 0; i < Number(count); i++) {
  const socket = connect(Number(port), "127.0.0.1", () => socket.write(REQUEST));
  let rest = "";
  socket.setNoDelay(true);
  socket.setEncoding("latin1");
  socket.on("data", (text: string) => {
    rest += text;
    if (!rest.endsWith(END)) return;
    if (!rest.startsWith("HTTP/1.1 200 ")) throw new Error(`a wrong answer: ${rest}`);
    rest = "";
    socket.write(REQUEST);
  });
}
