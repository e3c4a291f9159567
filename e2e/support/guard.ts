// Watches every page of a test for what no page may do: log an error, throw, break its content
// security policy, ask another host. What it found fails the test when the window is closed.

import { type BrowserContext, type Page, expect } from "@playwright/test";

/** Matches nothing. */
export const NO_ERRORS = /(?!)/;
/** What a browser logs by itself when the network or the server is gone. */
export const NO_NETWORK = /net::ERR_|WebSocket connection to .* failed|WebSocket is closed/;
/** What it logs when the server says no: `status of 401 (Unauthorized)`. */
export const REFUSED = /the server responded with a status of 4\d\d/;

export const NO_NETWORK_OR_REFUSED = new RegExp(`${NO_NETWORK.source}|${REFUSED.source}`);

export class Guard {
  private readonly found: string[] = [];

  private constructor(
    private readonly home: string,
    private readonly expected: RegExp,
  ) {}

  static async over(context: BrowserContext, home: string, expected: RegExp): Promise<Guard> {
    const guard = new Guard(home, expected);
    // Set from outside of the page, so the policy it reports on does not apply to it.
    await context.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", (violation) => {
        const { violatedDirective, blockedURI, sample } = violation;
        console.error(`Content security policy: ${violatedDirective} ${blockedURI} ${sample}`);
      });
    });
    context.on("page", (page) => guard.watch(page));
    return guard;
  }

  /** Fails if anything was found. */
  check(): void {
    expect(this.found, "errors, policy violations and foreign requests of a page").toEqual([]);
  }

  private watch(page: Page): void {
    page.on("console", (message) => {
      if (message.type() === "error") this.note(`${message.text()} (${message.location().url})`);
    });
    page.on("pageerror", (error) => this.note(`${error.stack ?? error}`));
    page.on("crash", () => this.note("The page crashed"));
    page.on("request", (request) => this.request(request.url()));
    page.on("websocket", (socket) => this.request(socket.url().replace(/^ws/, "http")));
  }

  private request(url: string): void {
    const isOurs = new URL(url).origin === this.home || /^(data|blob|about):/.test(url);
    if (!isOurs) this.note(`A request to ${url}`);
  }

  private note(what: string): void {
    if (!this.expected.test(what)) this.found.push(what);
  }
}
