// A proxy before a `pond`, as some companies have one: it may refuse upgrades, and hold a stream back
// until it has seen the end of it, or refuse it; or swallow what it does not know, or answer in place
// of the server. It may also lose what is connected without a word to either side,
// as the network does for a computer whose lid is closed.

import { type Server, createServer, request } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { connect } from "node:net";

export class Proxy {
  /** Whether it lets WebSockets through. */
  letsUpgrade = true;
  /** Whether it takes upgrades and never answers. */
  swallowsUpgrades = false;
  /** Whether nothing can be reached. */
  isDown = false;
  /** What it answers to everything, in place of the server. */
  answer?: { status: number; body: string };
  /** What it does with streams: hands them on as they come, holds them back, answers that they are
   * forbidden, or resets their connection. */
  streams: "come" | "wait" | "are forbidden" | "are reset" = "come";
  /** The paths that were asked for, without what follows `?`. */
  readonly asked: string[] = [];
  private readonly sockets = new Set<Socket>();
  /** Both ends of each upgraded connection: the server's, and the browser's. */
  private readonly pairs: Socket[][] = [];
  private readonly lost = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async before(target: string): Promise<Proxy> {
    const { hostname, port } = new URL(target);
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const proxy = new Proxy(server, url);
    server.on("connection", (socket) => {
      proxy.keep(socket);
      if (proxy.isDown) socket.destroy();
    });
    server.on("request", (from, to) => {
      proxy.asked.push((from.url ?? "").split("?")[0]);
      if (proxy.answer) {
        to.writeHead(proxy.answer.status, { "content-type": "text/html" }).end(proxy.answer.body);
        return;
      }
      const { method, url: path, headers } = from;
      const asked = request({ hostname, port, method, path, headers }, (answer) => {
        const isStream = answer.headers["content-type"] === "text/event-stream";
        const held: Buffer[] = [];
        if (!isStream || proxy.streams === "come") {
          to.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(to);
          return;
        }
        if (proxy.streams !== "wait") {
          if (proxy.streams === "are forbidden") to.writeHead(403).end();
          else from.socket.resetAndDestroy();
          return;
        }
        answer.on("data", (chunk) => held.push(chunk));
        answer.on("end", () => to.writeHead(answer.statusCode ?? 502, answer.headers).end(Buffer.concat(held)));
      });
      asked.on("error", () => to.destroy());
      to.on("close", () => asked.destroy());
      from.pipe(asked);
    });
    server.on("upgrade", (from, socket: Socket, head) => {
      if (proxy.swallowsUpgrades) return;
      if (!proxy.letsUpgrade || proxy.answer) {
        socket.end("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        return;
      }
      const upstream = proxy.keep(connect(Number(port), hostname));
      const lines = from.rawHeaders.reduce(
        (text, part, at) => text + part + (at % 2 === 0 ? ": " : "\r\n"),
        `${from.method} ${from.url} HTTP/1.1\r\n`,
      );
      upstream.write(`${lines}\r\n`);
      upstream.write(head);
      upstream.pipe(socket).pipe(upstream);
      const ends = [upstream, socket];
      for (const end of ends) end.on("close", () => proxy.lost.has(end) || ends.forEach((one) => one.destroy()));
      proxy.pairs.push(ends);
    });
    return proxy;
  }

  /** Nothing goes through any more what is open, and neither end is told, also not of the other's. */
  lose(): void {
    for (const [upstream, socket] of this.pairs) {
      for (const end of [upstream, socket]) this.lost.add(end);
      upstream.unpipe(socket).resume();
      socket.unpipe(upstream).resume();
    }
  }

  /** How many of the connections that were lost the server has given up since. */
  get givenUp(): number {
    return this.pairs.filter(([upstream]) => this.lost.has(upstream) && upstream.destroyed).length;
  }

  /** Cuts whatever is open. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  async dispose(): Promise<void> {
    this.cut();
    await new Promise((done) => this.server.close(done));
  }

  private keep(socket: Socket): Socket {
    this.sockets.add(socket);
    socket.on("close", () => this.sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    return socket;
  }
}
