// A real `pond` on a port and a data folder of its own, that can be killed like a machine that
// loses its power.

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import path from "node:path";

import { Account } from "./account.ts";

const BINARY =
  process.env.POND_BIN || fileURLToPath(new URL("../../target/debug/pond", import.meta.url));

export class PondServer {
  /** `http://127.0.0.1:41234`, the same after a restart. */
  url = "";
  private child: ChildProcess | undefined;
  private said = "";

  private constructor(
    private readonly folder: string,
    private readonly flags: readonly string[],
  ) {}

  static async start(flags: readonly string[] = []): Promise<PondServer> {
    if (!existsSync(BINARY)) {
      throw new Error(`There is no server at ${BINARY}: run cargo xtask test, or set POND_BIN`);
    }
    const folder = await mkdtemp(path.join(tmpdir(), "pond-e2e-"));
    const server = new PondServer(folder, flags);
    await server.run("127.0.0.1:0");
    return server;
  }

  /** Starts again where it was, with what is on disk. */
  async start(): Promise<void> {
    await this.run(new URL(this.url).host);
  }

  /** Ends it at once: nothing is flushed, nobody is told. */
  async kill(): Promise<void> {
    await this.end("SIGKILL");
  }

  /** Ends it the way an operator does. */
  async stop(): Promise<void> {
    await this.end("SIGTERM");
  }

  /** Copies its data folder, while it is down. */
  async backUp(): Promise<void> {
    await rm(this.backup, { recursive: true, force: true });
    await cp(this.data, this.backup, { recursive: true });
  }

  /** Puts the copy in place of its data folder, while it is down. */
  async restore(): Promise<void> {
    await rm(this.data, { recursive: true });
    await cp(this.backup, this.data, { recursive: true });
  }

  async dispose(): Promise<void> {
    await this.end("SIGKILL");
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Makes an account. */
  async account(name: string): Promise<Account> {
    return Account.create(this.url, name);
  }

  private get data(): string {
    return path.join(this.folder, "data");
  }

  private get backup(): string {
    return path.join(this.folder, "backup");
  }

  private async run(address: string): Promise<void> {
    const args = ["serve", "--listen", address, "--data", this.data];
    const child = spawn(BINARY, [...args, "--rate-limits", "off", ...this.flags], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child = child;
    this.said = "";
    this.url = await new Promise((found, failed) => {
      const listen = (chunk: Buffer) => {
        this.said += chunk.toString();
        const url = /Pond is at (http:\/\/\S+)/.exec(this.said)?.[1];
        if (url) found(url);
      };
      child.stdout?.on("data", listen);
      child.stderr?.on("data", listen);
      child.once("error", failed);
      child.once("exit", (code) => failed(new Error(`pond ended with ${code}: ${this.said}`)));
    });
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.child;
    this.child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await ended;
  }
}
