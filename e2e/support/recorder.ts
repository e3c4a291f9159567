// Runs inside of a page, before the app: reports each frame that comes or goes, on whichever way, and
// each message that comes on the screen, in the order in which that happens. What the app thinks of
// it is not asked.

/** One thing that was seen. */
export interface Seen {
  /** Milliseconds since 1970, on a clock that does not go back. */
  at: number;
  what: object;
}

/** To be given to `addInitScript`, with the source of a pattern that finds a message's whole text. */
export function record(source: string): void {
  interface Event {
    seq: number;
    msgId: string;
    from: number;
    text: string;
  }
  globalThis.witness = { isBlind: false };
  const pattern = new RegExp(source);
  const { timeOrigin } = performance;
  // A test may set the page's clocks, and this one must go on.
  const now = performance.now.bind(performance);
  const say = (what: object) => {
    const { witnessed } = globalThis as unknown as { witnessed: (seen: Seen) => Promise<void> };
    void witnessed({ at: timeOrigin + now(), what });
  };

  /** What frames told of the log, by place and text. */
  const told = new Map<string, Event>();
  /** The place on the screen, and the number of the last message that was added to it. */
  let [shownPlace, last] = ["", 0];
  const twins = new Set<string>();
  let me = 0;
  /** The texts of own messages, by their ids. */
  const sent = new Map<string, string>();

  const look = () => {
    if (globalThis.witness.isBlind) {
      shownPlace = "";
      return;
    }
    const path = /^\/([rd])\/(\S+)$/.exec(location.pathname);
    const place = path ? path[1] + path[2] : "r1";
    if (place !== shownPlace) restart(place);
    const rows = [...document.querySelectorAll("[role=log] article .message__text")];
    const texts = rows.flatMap((row) => pattern.exec(row.textContent ?? "")?.[0] ?? []);
    const known = texts.flatMap((text) => told.get(`${place} ${text}`) ?? []);
    // Own messages stand at the end until all is there that was said before them.
    const isOnItsWay = (event: Event, at: number) =>
      event.seq !== known[at - 1]?.seq + 1 && known.slice(at).every(({ from }) => from === me);
    const end = known.findIndex((event, at) => at > 0 && isOnItsWay(event, at));
    const stored = end < 0 ? known : known.slice(0, end);
    const [first] = stored;
    if (!first) return;
    // The list is mounted around the screen only: past what was shown last, it begins anew.
    if (first.seq > last + 1) restart(place);
    const seen = new Set<string>();
    let before = 0;
    for (const event of known) {
      if (seen.has(event.msgId) && !twins.has(event.msgId)) {
        twins.add(event.msgId);
        say({ twin: { place, msgId: event.msgId } });
      }
      seen.add(event.msgId);
    }
    for (const event of stored) {
      const isInPlace = before === 0 || event.seq === before + 1;
      if (event.seq > last || !isInPlace) say({ shown: { place, event } });
      last = Math.max(last, event.seq);
      before = event.seq;
    }
  };
  const restart = (place: string) => {
    say({ restarted: { place } });
    [shownPlace, last] = [place, 0];
  };
  // Once the app has done what a frame asks for, and nothing else was told meanwhile.
  let pending = 0;
  const learn = (news: { place: string; event: Event }[]) => {
    pending += 1;
    setTimeout(() => {
      pending -= 1;
      for (const { place, event } of news) told.set(`${place} ${event.text}`, event);
      if (pending === 0) look();
    });
  };
  const receive = (frames: { type: string; body: any }[]) => {
    const news = frames.flatMap(({ type, body }) => {
      if (type !== "SEND_TO_USER_REQUEST" || !body.seq) return [];
      const { conversation: place, seq, msgId, from, content: text } = body;
      return [{ place, event: { seq, msgId, from, text } }];
    });
    for (const one of news) say({ received: one });
    learn(news);
  };

  /** On a socket what is told of the log only grows; a post may be answered after a later event. */
  const take = (frame: { type: string; body: any }, isOrdered: boolean) => {
    const { type, body } = frame;
    if (type === "AUTH_RESPONSE") {
      me = body.user?.id ?? me;
    } else if (type === "SEND_TO_USER_REQUEST") {
      receive([frame]);
    } else if (type === "PULL_RESPONSE") {
      receive(body.events);
    } else if (type === "SEND_RESPONSE" && body.code === 0 && body.seq) {
      const { conversation: place, msgId, seq } = body;
      say({ acked: { place, msgId, seq } });
      const text = sent.get(msgId);
      if (text) learn([{ place, event: { seq, msgId, from: me, text } }]);
    } else if (isOrdered && (type === "HEARTBEAT_RESPONSE" || type === "HEADS_NOTICE")) {
      for (const { conversation: place, seq } of body.heads) say({ head: { place, seq } });
    }
  };
  const give = ({ type, body }: { type: string; body: any }) => {
    if (type !== "SEND_TO_ALL_REQUEST" && type !== "SEND_TO_ONE_REQUEST") return;
    sent.set(body.msgId, body.content);
    say({ invoked: { place: body.conversation, msgId: body.msgId, text: body.content } });
  };

  const Plain = globalThis.WebSocket;
  globalThis.WebSocket = class extends Plain {
    constructor(...how: ConstructorParameters<typeof Plain>) {
      super(...how);
      this.addEventListener("message", ({ data }) => take(JSON.parse(data), true));
    }
    override send(data: string) {
      give(JSON.parse(data));
      super.send(data);
    }
  };
  // The other ways to the server: frontend/wire.js tells what comes, and posts what goes.
  addEventListener("pond-wire", (event) => {
    const [what, text] = (event as CustomEvent<[string, string]>).detail;
    if (what === "frame") take(JSON.parse(text), false);
    if (what === "polled") {
      const { events } = JSON.parse(text);
      receive(events ?? []);
    }
  });
  const plainFetch = globalThis.fetch;
  globalThis.fetch = (where, how) => {
    if (`${where}`.endsWith("/api/v1/frames")) JSON.parse(`${how?.body}`).forEach(give);
    return plainFetch(where, how);
  };
  new MutationObserver(() => learn([])).observe(document, { childList: true, subtree: true, characterData: true });
}

declare global {
  /** What a test may say to the recorder. */
  var witness: {
    /** What is on the screen is not written down. */
    isBlind: boolean;
  };
}
