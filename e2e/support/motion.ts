// Where a message is on the screen, frame by frame, as it is painted.

import type { Locator } from "@playwright/test";

/**
 * The distance from the top of the list to the foot of the message with this text, in pixels. The
 * foot, since an author's name may go from a row when an older page comes, and its text stays.
 */
export async function positionOf(log: Locator, text: string): Promise<number> {
  return log.evaluate((log, text) => {
    const rows = [...log.querySelectorAll("article")];
    const row = rows.find((row) => row.textContent?.includes(text));
    if (!row) throw new Error(`${text} is not in the list`);
    return row.getBoundingClientRect().bottom - log.getBoundingClientRect().top;
  }, text);
}

/** How far the list is scrolled, in pixels, once it stands still: a wheel takes some frames. */
export async function restingPlace(log: Locator): Promise<number> {
  return log.evaluate(async (log) => {
    for (let still = 0, last = log.scrollTop; still < 8; still += 1) {
      await new Promise(requestAnimationFrame);
      if (log.scrollTop !== last) [still, last] = [0, log.scrollTop];
    }
    return log.scrollTop;
  });
}

/** What became of a message while it was watched. */
export interface Motion {
  /** The farthest it was painted from where it began, in pixels. */
  moved: number;
  frames: number;
}

/**
 * Watches a message from now on. An intersection observer's first report is made after layout and
 * after resize observers, right before the paint: it says what a person sees in that frame.
 */
export async function startWatching(log: Locator, text: string) {
  await log.evaluate((log, text) => {
    const find = () => {
      const rows = [...log.querySelectorAll("article")];
      return rows.find((row) => row.textContent?.includes(text));
    };
    const first = find()?.getBoundingClientRect().bottom ?? Number.NaN;
    const motion = { moved: 0, frames: 0, isOver: false };
    const look = () => {
      const row = find();
      if (motion.isOver) return;
      if (!row) motion.moved = Number.POSITIVE_INFINITY;
      else {
        const observer = new IntersectionObserver(([entry]) => {
          observer.disconnect();
          motion.frames += 1;
          motion.moved = Math.max(motion.moved, Math.abs(entry.boundingClientRect.bottom - first));
        });
        observer.observe(row);
      }
      requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
    Object.assign(window, { motion });
  }, text);
  return {
    async stop(): Promise<Motion> {
      return log.evaluate(async () => {
        const { motion } = window as unknown as { motion: Motion & { isOver: boolean } };
        const seen = motion.frames;
        // Three more frames, in which late corrections would show.
        while (motion.frames < seen + 3) await new Promise(requestAnimationFrame);
        motion.isOver = true;
        return { moved: motion.moved, frames: motion.frames };
      });
    },
  };
}

/** Counts the frames in which nothing of the list was painted, from now on. */
export async function startWatchingForBlanks(log: Locator) {
  await log.evaluate((log) => {
    const blanks = { count: 0, isOver: false };
    const look = () => {
      const rows = log.querySelectorAll("article, [role=separator]");
      const observer = new IntersectionObserver(
        (entries) => {
          observer.disconnect();
          const isSeen = entries.some(({ isIntersecting }) => isIntersecting);
          // Rows that are gone say nothing about those in their place.
          const isKnown = entries.some(({ target }) => target.isConnected);
          if (!isSeen && isKnown) blanks.count += 1;
        },
        { root: log },
      );
      for (const row of rows) observer.observe(row);
      if (!blanks.isOver) requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
    Object.assign(window, { blanks });
  });
  return {
    async stop(): Promise<number> {
      return log.evaluate(() => {
        const { blanks } = window as unknown as { blanks: { count: number; isOver: boolean } };
        blanks.isOver = true;
        return blanks.count;
      });
    },
  };
}
