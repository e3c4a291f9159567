// The ways to the server for networks that let no WebSocket through: a stream or a long poll for
// what comes, and posts for what goes.
//
// Moves texts and knows nothing of frames; one connection at a time. What happens is told by the
// event `pond-wire`, whose `detail` is [what, text]: `frontend/src/net/fallback.rs` hears it.
(() => {
  // A comment comes every 15 s.
  const SILENT_MS = 40_000;
  // The server takes 32 frames and 64 KiB in one post; a character is 3 bytes at most.
  const [MOST_FRAMES, MOST_CHARS] = [32, 21_000];
  let current, probing;

  const say = (what, text = "") =>
    dispatchEvent(new CustomEvent("pond-wire", { detail: [what, text] }));

  const drop = () => {
    clearTimeout(current?.silence);
    current?.abort.abort();
    current = undefined;
    stopProbing();
  };

  /** What a probe says is about the connection that it is beside. */
  const stopProbing = () => {
    if (probing) probing.onmessage = probing.onclose = null;
    probing?.close();
    probing = undefined;
  };

  const end = (wire, why = "") => {
    if (wire !== current) return;
    drop();
    say("closed", why);
  };

  const heard = (wire) => {
    clearTimeout(wire.silence);
    if (wire === current) wire.silence = setTimeout(end, SILENT_MS, wire, "silent");
  };

  /** The answer, or the end of the connection. */
  async function ask(wire, path, body) {
    const { signal } = wire.abort;
    const headers = { "content-type": "application/json" };
    const how = body === undefined ? { signal } : { signal, method: "POST", headers, body };
    const answer = await fetch(`/api/v1/${path}`, how).catch(() => undefined);
    if (answer?.ok) return answer;
    // Others who answer so, between us and the server, know nothing of our sessions.
    const isOurs = answer?.headers.get("content-type") === "application/problem+json";
    end(wire, isOurs && answer.status === 401 ? "signed out" : "");
  }

  async function read(wire) {
    const answer = await ask(wire, "events");
    if (!answer || wire !== current) return;
    say("open");
    try {
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let rest = ""; wire === current; ) {
        heard(wire);
        const { done, value } = await reader.read();
        if (done) break;
        const events = (rest + value).split("\n\n");
        rest = events.pop();
        for (const event of events) {
          const lines = event.split("\n").filter((line) => line.startsWith("data:"));
          const text = lines.map((line) => line.slice(5)).join("\n");
          if (text && wire === current) say("frame", text);
        }
      }
    } catch {
      // It broke, or was dropped.
    }
    end(wire);
  }

  /** One post after the other, so that frames arrive in their order. */
  async function post(wire) {
    if (wire.isPosting) return;
    wire.isPosting = true;
    while (wire === current && wire.waiting.length > 0) {
      const batch = [wire.waiting.shift()];
      let size = batch[0].length;
      while (batch.length < MOST_FRAMES && wire.waiting[0]?.length + size < MOST_CHARS) {
        size += wire.waiting[0].length;
        batch.push(wire.waiting.shift());
      }
      const answer = await ask(wire, "frames", `[${batch}]`);
      const frames = await answer?.json().catch(() => undefined);
      if (!Array.isArray(frames)) end(wire);
      else for (const frame of frames) if (wire === current) say("frame", JSON.stringify(frame));
    }
    wire.isPosting = false;
  }

  globalThis.pondWire = {
    connect(kind) {
      drop();
      const wire = (current = { abort: new AbortController(), waiting: [], isPosting: false });
      if (kind === "stream") read(wire);
      // There is nothing to open, and whoever asked is not done asking.
      else queueMicrotask(() => wire === current && say("open"));
    },
    drop,
    send(text) {
      current?.waiting.push(text);
      if (current) post(current);
    },
    async poll(body) {
      const wire = current;
      if (!wire) return;
      const answer = await ask(wire, "sync", body);
      const text = await answer?.text().catch(() => end(wire));
      if (text && wire === current) say("polled", text);
    },
    /** Tries a WebSocket beside it. */
    probe() {
      stopProbing();
      const socket = new WebSocket(`${location.origin.replace("http", "ws")}/ws`);
      let result = "";
      probing = socket;
      socket.onmessage = () => {
        result = "good";
        socket.close();
      };
      socket.onclose = () => {
        probing = undefined;
        say("probed", result);
      };
    },
  };
})();
