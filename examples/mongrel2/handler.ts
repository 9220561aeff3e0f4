/**
 * A handler process: a Fetch-style program behind Mongrel2, with WebSockets, uploads and long poll. Started by main.ts; as many
 * as wanted can run, and Mongrel2 shares requests out among them.
 */
import { type FetchInfo, type Mongrel2Socket, serve } from "zmtp/mongrel2";

const [requests, replies, template, root] = process.argv.slice(2);

const PAGE = `<!doctype html><meta charset="utf-8"><title>zmtp behind Mongrel2</title>
<h1>zmtp behind Mongrel2</h1>
<p><a href="/hello?name=you">hello</a>, <a href="/count">a body in pieces</a></p>
<form action="/upload" method="post" enctype="multipart/form-data"><input type="file" name="file"><button>upload</button></form>
<p><input id="text" placeholder="say something"> <output id="said"></output></p>
<script>
  const socket = new WebSocket("ws://" + location.host + "/echo");
  socket.onmessage = ({ data }) => { said.value = data; };
  text.onchange = () => socket.send(text.value);
</script>`;

async function answer(request: Request, { upload }: FetchInfo): Promise<Response> {
  const url = new URL(request.url);
  switch (url.pathname) {
    case "/":
      return new Response(PAGE, { headers: { "content-type": "text/html" } });
    case "/hello":
      return new Response(`hello ${url.searchParams.get("name") ?? "nobody"}, from process ${process.pid}\n`);
    case "/count":
      return new Response(counting(5), { headers: { "content-type": "text/plain" } });
    case "/upload": {
      const { byteLength } = await request.arrayBuffer();
      return new Response(`${byteLength} octets, ${upload === undefined ? "with the request" : "through a file"}\n`);
    }
    default:
      return new Response("not found\n", { status: 404 });
  }
}

function counting(last: number): ReadableStream<Uint8Array> {
  let next = 1;
  return new ReadableStream({
    async pull(controller) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      controller.enqueue(Buffer.from(`${next}\n`));
      if (next++ === last) controller.close();
    },
  });
}

const handler = serve(answer, {
  servers: { requests, replies },
  uploads: { template, ...(root === undefined ? {} : { root }) },
  websocket: {
    message: (socket: Mongrel2Socket, data) => void socket.send(`process ${process.pid} heard: ${data}`),
  },
});
handler.events.on("up", ({ address }) => console.log(`process ${process.pid} serves ${address.requests}`));
handler.events.on("refused", ({ error }) => console.error(`refused: ${error.message}`));
handler.events.on("failed", ({ error }) => console.error(error));

process.on("SIGTERM", () => void handler.close().then(() => process.disconnect()));
process.on("disconnect", () => process.exit());
await handler.ready();
process.send?.("ready");
