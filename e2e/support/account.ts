// A person as the HTTP API knows them: seeds conversations and reads back what the store holds.

import { randomUUID } from "node:crypto";

/** The room that everybody is in. */
export const EVERYONE = "r1";
export const PASSWORD = "a long enough password";

/** One stored message. */
export interface Stored {
  seq: number;
  msgId: string;
  from: number;
  fromUser: string;
  content: string;
}

/** Where a message that was sent is in the log. */
export interface Place {
  conversation: string;
  msgId: string;
  seq: number;
}

export class Account {
  /** Hears of each message before it is sent. */
  onWrite?: (conversation: string, msgId: string, content: string) => void;
  /** Hears of the answer to it. */
  onStored?: (place: Place) => void;

  private constructor(
    private readonly server: string,
    readonly name: string,
    readonly id: number,
    readonly token: string,
  ) {}

  static async create(server: string, name: string): Promise<Account> {
    return Account.enter(server, "accounts", name);
  }

  /** The same person with a session of its own, as on another device. */
  async onAnotherDevice(): Promise<Account> {
    return Account.enter(this.server, "sessions", this.name);
  }

  /** What these two say to each other. */
  directWith(other: Account): string {
    const [low, high] = [this.id, other.id].sort((one, two) => one - two);
    return `d${low}-${high}`;
  }

  /** Writes messages, one after the other. */
  async send(conversation: string, ...contents: string[]): Promise<void> {
    for (const content of contents) {
      const body = { msgId: randomUUID(), content };
      this.onWrite?.(conversation, body.msgId, content);
      const place: Place = await this.ask(`conversations/${conversation}/messages`, body);
      this.onStored?.(place);
    }
  }

  /** The whole log, as it is stored. */
  async log(conversation: string): Promise<Stored[]> {
    const log: Stored[] = [];
    for (;;) {
      const after = log.at(-1)?.seq ?? 0;
      const page = await this.ask(`conversations/${conversation}/events?after=${after}&limit=200`);
      if (page.events.length === 0) return log;
      log.push(...page.events.map((event: { body: Stored }) => event.body));
    }
  }

  /** Every conversation that this person can know of. */
  async conversations(): Promise<{ id: string; unread: number }[]> {
    return (await this.ask("conversations")).conversations;
  }

  async signOut(): Promise<void> {
    await Account.call(this.server, "sessions/current", "DELETE", undefined, this.token);
  }

  private static async enter(server: string, door: string, name: string): Promise<Account> {
    const answer = await Account.call(server, door, "POST", { name, password: PASSWORD });
    return new Account(server, answer.user.name, answer.user.id, answer.accessToken);
  }

  private ask(path: string, body?: object) {
    return Account.call(this.server, path, body ? "POST" : "GET", body, this.token);
  }

  private static async call(
    server: string,
    path: string,
    method: string,
    body?: object,
    token?: string,
  ) {
    const answer = await fetch(`${server}/api/v1/${path}`, {
      method,
      body: body && JSON.stringify(body),
      headers: {
        ...(body && { "content-type": "application/json" }),
        ...(token && { authorization: `Bearer ${token}` }),
      },
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : undefined;
  }
}
