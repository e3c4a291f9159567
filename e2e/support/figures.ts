// How figures are taken: what is slowed down, what counts as painted, what a frame costs, and how a
// line of the table is printed. Figures are printed and never judged, since they are the machine's as
// much as ours.

import type { Browser, CDPSession, Page } from "@playwright/test";

/** Prints one line of docs/performance.md: what, the goal, what was measured. */
export function report(what: string, goal: string, measured: string): void {
  console.log(`| ${what} | ${goal} | ${measured} |`);
}

/** The value below which this part of the values lies. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * part) - 1)] ?? Number.NaN;
}

export const median = (values: readonly number[]) => quantile(values, 0.5);

/** `12 ms`, or tenths below ten. */
export const ms = (value: number) => `${value.toFixed(value < 10 ? 1 : 0)} ms`;

/** Makes the page's processor so many times slower. */
export async function slowDown(devtools: CDPSession, rate: number): Promise<void> {
  await devtools.send("Emulation.setCPUThrottlingRate", { rate });
}

/** Lighthouse's "slow 4G". */
export async function slowNetwork(devtools: CDPSession): Promise<void> {
  await devtools.send("Network.enable");
  await devtools.send("Network.emulateNetworkConditions", {
    offline: false,
    latency: 150,
    downloadThroughput: (1.6 * 1024 * 1024) / 8,
    uploadThroughput: (750 * 1024) / 8,
  });
}

/**
 * Lets the page take the time from an input to the paint of what it did: after the first frame in
 * which it stands. To be called before each input; the answer waits for the paint.
 */
export async function paintAfter(
  page: Page,
  input: "keydown" | "click",
  selector: string,
  text: string,
): Promise<() => Promise<number>> {
  const painted = await page.evaluateHandle(
    ([input, selector, text]) => {
      const answer = { took: undefined as Promise<number> | undefined };
      answer.took = new Promise((done) => {
        const begin = ({ timeStamp }: Event) => {
          performance.mark("input");
          const look = () => {
            const found = [...document.querySelectorAll(selector)];
            const isThere = found.some((one) =>
              ((one as HTMLTextAreaElement).value ?? one.textContent ?? "").includes(text),
            );
            if (!isThere) return void requestAnimationFrame(look);
            // A message that is sent in a frame arrives after its paint.
            const { port1, port2 } = new MessageChannel();
            port1.onmessage = () => {
              performance.mark("painted");
              done(performance.now() - timeStamp);
            };
            port2.postMessage(0);
          };
          requestAnimationFrame(look);
        };
        addEventListener(input, begin, { once: true, capture: true });
      });
      return answer;
    },
    [input, selector, text] as const,
  );
  return () => painted.evaluate((answer) => answer.took as Promise<number>);
}

/** What the page's main thread did in each frame, in milliseconds, while `act` ran. */
export async function frameCosts(
  browser: Browser,
  page: Page,
  act: () => Promise<unknown>,
): Promise<number[]> {
  const costs: number[] = [];
  for (const { name, dur = 0 } of await traced(browser, page, act)) {
    if (name === "BeginMainThreadFrame") costs.push(0);
    else if (name === "RunTask" && costs.length > 0) costs[costs.length - 1] += dur / 1000;
  }
  return costs;
}

/**
 * What the page's main thread did from each input to the paint of what it did, in milliseconds, while
 * `act` ran with `paintAfter`: without the time in which it waits for the screen's next frame.
 */
export async function paintCosts(
  browser: Browser,
  page: Page,
  act: () => Promise<unknown>,
): Promise<number[]> {
  const events = await traced(browser, page, act);
  const costs: number[] = [];
  for (const input of events.filter(({ name }) => name === "input")) {
    const end = events.find(({ name, ts }) => name === "painted" && ts > input.ts)?.ts ?? input.ts;
    const overlaps = events.map(({ name, ts, dur = 0 }) =>
      name === "RunTask" ? Math.max(0, Math.min(ts + dur, end) - Math.max(ts, input.ts)) : 0,
    );
    costs.push(overlaps.reduce((sum, one) => sum + one, 0) / 1000);
  }
  return costs;
}

const TRACED = [
  "blink.user_timing",
  "devtools.timeline",
  "disabled-by-default-devtools.timeline",
  "disabled-by-default-devtools.timeline.frame",
  "devtools.timeline.frame",
];

interface Traced {
  name: string;
  ph: string;
  pid: number;
  tid: number;
  ts: number;
  dur?: number;
  args: { name?: string };
}

const OF_USE = ["RunTask", "BeginMainThreadFrame", "input", "painted"];

/** What is of use of the busiest renderer's main thread while `act` ran, in order. */
async function traced(browser: Browser, page: Page, act: () => Promise<unknown>): Promise<Traced[]> {
  await browser.startTracing(page, { categories: ["toplevel", ...TRACED] });
  await act();
  const events: Traced[] = JSON.parse((await browser.stopTracing()).toString()).traceEvents;
  const mains = new Set(
    events
      .filter(({ name, args }) => name === "thread_name" && args.name === "CrRendererMain")
      .map(({ pid, tid }) => `${pid} ${tid}`),
  );
  const byThread = new Map<string, Traced[]>();
  for (const event of events) {
    const thread = `${event.pid} ${event.tid}`;
    if (!OF_USE.includes(event.name) || !mains.has(thread)) continue;
    const known = byThread.get(thread);
    if (known) known.push(event);
    else byThread.set(thread, [event]);
  }
  const frames = (all: Traced[]) => all.filter(({ name }) => name === "BeginMainThreadFrame").length;
  const [busiest = []] = [...byThread.values()].sort((one, other) => frames(other) - frames(one));
  return busiest.sort((one, other) => one.ts - other.ts);
}

/** To be called before the page is loaded, for `memoryOf`. */
export async function watchMemory(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const note = ({ instance }: WebAssembly.WebAssemblyInstantiatedSource) =>
      void (globalThis.wasmMemory = instance.exports.memory as WebAssembly.Memory);
    const { instantiate, instantiateStreaming } = WebAssembly;
    WebAssembly.instantiateStreaming = async (...how) => {
      const made = await instantiateStreaming(...how);
      note(made);
      return made;
    };
    WebAssembly.instantiate = (async (...how: Parameters<typeof instantiate>) => {
      const made = (await instantiate(...how)) as unknown;
      if (made && typeof made === "object" && "instance" in made) note(made as WebAssembly.WebAssemblyInstantiatedSource);
      return made;
    }) as typeof instantiate;
  });
}

/** The page's heap of scripts and its wasm memory, after a collection, in megabytes. */
export async function memoryOf(page: Page, devtools: CDPSession): Promise<{ heap: number; wasm: number }> {
  await devtools.send("HeapProfiler.collectGarbage");
  const { usedSize } = await devtools.send("Runtime.getHeapUsage");
  const wasm = await page.evaluate(() => globalThis.wasmMemory.buffer.byteLength);
  return { heap: usedSize / 1e6, wasm: wasm / 1e6 };
}

declare global {
  var wasmMemory: WebAssembly.Memory;
}
