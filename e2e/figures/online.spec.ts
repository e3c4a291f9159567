// How long it takes from the network's return until what was missed is painted: the times are
// printed and never judged, since they are the machine's as much as ours. `npm run figures`.

import { EVERYONE, NO_NETWORK, expect, test } from "../fixtures.ts";

const ROUNDS = 7;
const MISSED = 100;

test.use({ expectedErrors: NO_NETWORK });

test(`back online with ${MISSED} missed messages`, async ({ pond, person }) => {
  const [{ window }, bo] = [await person("Ana"), await pond.account("Bo")];
  const { page } = window;
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    await page.context().setOffline(true);
    await expect(window.talk.getByText(window.words.noNetwork)).toBeVisible();
    const texts = Array.from({ length: MISSED }, (_, at) => `round ${round} line ${at + 1}.`);
    await bo.send(EVERYONE, ...texts);
    const began = await page.evaluateHandle(() => {
      const began = { at: 0 };
      addEventListener("online", () => (began.at = performance.now()), { once: true });
      return began;
    });
    await page.context().setOffline(false);
    const took = await began.evaluate(async (began, last) => {
      const isThere = () => {
        const rows = [...document.querySelectorAll("article")];
        return rows.some((row) => row.textContent?.includes(last));
      };
      // A frame after the one that has it, so that it was painted.
      const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
      while (!isThere()) await frame();
      await frame();
      return performance.now() - began.at;
    }, texts[MISSED - 1]!);
    times.push(took);
  }
  times.sort((one, other) => one - other);
  const shown = times.map((time) => time.toFixed(0)).join(", ");
  console.log(`network back → painted, ${MISSED} missed, ms: median ${times[(ROUNDS - 1) / 2]!.toFixed(0)} of ${shown}`);
  expect(times).toHaveLength(ROUNDS);
});
