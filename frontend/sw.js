// The service worker: the app opens without a network.
//
// Keeps the files of one build and nothing else: no message, no answer of the API, no socket. The
// server's build writes the two lines below (`backend/build/page.rs`). The page itself comes from
// the network first, so that a new build is there on the next load.
const BUILD = "";
const FILES = [];

const PATIENCE_MS = 3000;

addEventListener("install", (event) => {
  // Hashed files come out of the browser's own cache.
  const keep = async () => (await caches.open(BUILD)).addAll(["/", ...FILES]);
  event.waitUntil(keep().then(() => skipWaiting()));
});

addEventListener("activate", (event) => {
  const tidy = async () => {
    for (const name of await caches.keys()) if (name !== BUILD) await caches.delete(name);
    await clients.claim();
  };
  event.waitUntil(tidy());
});

addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (request.mode === "navigate") {
    if (!/^\/(api\/|ws$|healthz$)/.test(pathname)) event.respondWith(page(request));
  } else if (FILES.includes(pathname)) {
    event.respondWith(caches.match(request).then((kept) => kept || fetch(request)));
  }
});

/** From the network if it answers in time, otherwise as it was kept. */
async function page(request) {
  const kept = await caches.match("/");
  if (!kept) return fetch(request);
  const late = new Promise((done) => setTimeout(done, PATIENCE_MS, kept));
  // A proxy's error page is not the app.
  const fresh = fetch(request).then((answer) => (answer.status < 500 ? answer : kept));
  return Promise.race([fresh.catch(() => kept), late]);
}
