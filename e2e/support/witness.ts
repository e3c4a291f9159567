// What the tabs of a test were told and what they showed, written down for a judge that knows nothing
// of browsers: `histcheck`, which judges the campaigns of `torture` by the same rules.
//
// Owns the history of one test; its lines are described in histcheck/src/lines.rs. A message is known
// on the screen by its text, so each text of a test is written once. Read next: support/recorder.ts,
// which runs in the page.

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { type Page, expect } from "@playwright/test";

import type { Account, Stored } from "./account.ts";
import { type Seen, record } from "./recorder.ts";
import type { PondWindow } from "./window.ts";

const JUDGE =
  process.env.POND_JUDGE || fileURLToPath(new URL("../../target/debug/histcheck", import.meta.url));

/** Histories in which a promise was broken. */
export const BROKEN = fileURLToPath(new URL("../results/broken", import.meta.url));

/** What is no matter of waiting. */
const CERTAIN = /\n  (doubled|phantom|corrupt|false ack|reordered|leaked|time travel): /;

/** What a judge said. */
export interface Verdict {
  isGood: boolean;
  words: string;
}

export class Witness {
  private readonly lines: object[] = [];
  private readonly invoked = new Set<string>();
  private readonly tabs = new Map<Page, string>();
  private clients = 0;

  /** `place` is the file the history is written to. */
  constructor(private readonly file: string) {}

  /**
   * Watches a tab of this person, through its reloads. To be called before its page is loaded.
   * `pattern` finds a message's whole text in its row.
   */
  async watch(page: Page, account: Account, pattern: RegExp): Promise<void> {
    const client = this.declare(account, "tab");
    this.tabs.set(page, client);
    await page.exposeFunction("witnessed", ({ at, what }: Seen) => this.enter(client, what, at));
    await page.addInitScript(record, pattern.source);
  }

  /** Listens to what this person sends without a browser. */
  listen(account: Account): void {
    const client = this.declare(account, "script");
    account.onWrite = (place, msgId, text) => {
      this.enter(client, { invoked: { place, msgId, text } });
    };
    account.onStored = ({ conversation: place, msgId, seq }) => {
      this.enter(client, { acked: { place, msgId, seq } });
    };
  }

  /**
   * The server comes back from an older backup, and is not up yet. What a screen shows meanwhile
   * belongs to two logs, and is written down again once `settled` is called.
   */
  async restored(): Promise<void> {
    const [client] = this.tabs.values();
    if (!client) throw new Error("A tab must be watched");
    for (const page of this.tabs.keys()) await page.evaluate(() => globalThis.witness.isBlind = true);
    this.enter(client, { restored: {} });
  }

  /** All tabs show the log that is there now. */
  async settled(): Promise<void> {
    for (const page of this.tabs.keys()) await page.evaluate(() => globalThis.witness.isBlind = false);
  }

  /**
   * What the tab shows at the end, from the first message on, by going through all of it; and what the
   * server holds, by a reader of its own.
   */
  async hold(window: PondWindow, account: Account, place: string, pattern: RegExp): Promise<void> {
    const client = this.tabs.get(window.page);
    if (!client) throw new Error("This tab was not watched");
    const [, low, high] = /^d(\d+)-(\d+)$/.exec(place) ?? [];
    if (low) this.lines.push({ place: { id: place, members: [Number(low), Number(high)] } });
    const log = await account.log(place);
    const events = log.map(eventOf);
    this.enter(this.declare(account, "reader"), { held: { place, events } });
    const byText = new Map(events.map((event) => [event.text, event]));
    const shown = await readThrough(window, pattern);
    const unknown = shown.filter((text) => !byText.has(text));
    expect(unknown, "what is shown and is not in the log").toEqual([]);
    this.enter(client, { held: { place, events: shown.map((text) => byText.get(text)) } });
  }

  /** Still in the outbox at the end. */
  waiting(window: PondWindow, msgIds: string[]): void {
    const client = this.tabs.get(window.page);
    if (!client) throw new Error("This tab was not watched");
    for (const msgId of msgIds) this.enter(client, { waiting: { msgId } });
  }

  /** What the judge says of all of it. */
  async verdict(): Promise<Verdict> {
    if (!existsSync(JUDGE)) {
      throw new Error(`There is no judge at ${JUDGE}: run cargo build -p histcheck, or set POND_JUDGE`);
    }
    await writeFile(this.file, this.lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    return new Promise((done, failed) =>
      execFile(JUDGE, [this.file], (error, words, complaint) => {
        const code = error?.code ?? 0;
        if (code === 0 || code === 1) done({ isGood: code === 0, words });
        else failed(new Error(`histcheck: ${complaint || error}`));
      }),
    );
  }

  /** Every promise held. Where one did not, no other try makes that good: see check.ts. */
  async isContent(): Promise<void> {
    const { isGood, words } = await this.verdict();
    if (!isGood) await this.keep();
    expect(isGood, words).toBe(true);
  }

  /** Of a test that failed before it came to that: whatever is wrong, however much is missing at its end. */
  async noteWhatIsCertain(): Promise<void> {
    if (this.lines.length > 0 && CERTAIN.test((await this.verdict()).words)) await this.keep();
  }

  private async keep(): Promise<void> {
    await mkdir(BROKEN, { recursive: true });
    await copyFile(this.file, join(BROKEN, `${basename(dirname(this.file))}.jsonl`));
  }

  private declare(account: Account, kind: string): string {
    this.clients += 1;
    const id = `${account.name}, ${kind} ${this.clients}`;
    this.lines.push({ client: { id, person: account.id } });
    return id;
  }

  private enter(client: string, what: object, at = performance.timeOrigin + performance.now()): void {
    // A repeated try is no other message.
    if ("invoked" in what) {
      const { msgId } = what.invoked as { msgId: string };
      if (this.invoked.has(msgId)) return;
      this.invoked.add(msgId);
    }
    this.lines.push({ entry: { at, client, what } });
  }
}

function eventOf({ seq, msgId, from, content }: Stored) {
  return { seq, msgId, from, text: content };
}

/** The texts of all messages from the first on, as somebody sees them who reads down from there. */
async function readThrough(window: PondWindow, pattern: RegExp): Promise<string[]> {
  const beginning = window.talk.getByText(/^(This is the beginning of|这里是|你和 .* 的聊天从这里开始)/);
  await expect(async () => {
    await window.log.evaluate((log) => (log.scrollTop = 0));
    await expect(beginning).toBeAttached({ timeout: 200 });
  }).toPass({ timeout: 30_000 });
  return window.log.evaluate(async (log, source) => {
    const pattern = new RegExp(source);
    const frame = () => new Promise(requestAnimationFrame);
    const textsOf = () =>
      [...log.querySelectorAll("article")].flatMap((row) => {
        const words = row.querySelector(".message__text")?.textContent ?? "";
        return pattern.exec(words)?.[0] ?? [];
      });
    const read: string[] = [];
    for (;;) {
      for (let at = 0; at < 3; at += 1) await frame();
      const texts = textsOf();
      // What is mounted now goes on from what was read, with some of it again.
      const from = read.lastIndexOf(texts[0] ?? "");
      const again = from < 0 ? [] : read.slice(from);
      const goesOn = again.every((text, at) => text === texts[at]);
      read.push(...texts.slice(goesOn ? again.length : 0));
      const before = log.scrollTop;
      log.scrollTop += log.clientHeight;
      if (log.scrollTop === before) return read;
    }
  }, pattern.source);
}
