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

/** What was mounted while somebody scrolled. */
export interface Cover {
  frames: number;
  /** Frames in which no row was on screen. */
  blank: number;
  /**
   * The fewest screens of rows that were mounted beyond an edge of the screen where there were more
   * to come: so far a browser may scroll by itself before the page hears of it.
   */
  spare: number;
}

/** Watches what is mounted around the screen, frame by frame as the page makes them, from now on. */
export async function startWatchingCover(log: Locator) {
  await log.evaluate((log) => {
    const cover = { frames: 0, blank: 0, spare: Number.POSITIVE_INFINITY, isOver: false };
    const judge = () => {
      const screen = log.getBoundingClientRect();
      const children = [...(log.firstElementChild?.children ?? [])];
      const rows = children.filter((child) => child.ariaHidden !== "true");
      const [first, last] = [rows.at(0), rows.at(-1)].map((row) => row?.getBoundingClientRect());
      if (!first || !last) {
        cover.blank += 1;
        return;
      }
      cover.frames += 1;
      if (first.top >= screen.bottom || last.bottom <= screen.top) cover.blank += 1;
      const above = { held: screen.top - first.top, left: log.scrollTop };
      const left = log.scrollHeight - log.scrollTop - screen.height;
      const below = { held: last.bottom - screen.bottom, left };
      for (const { held, left } of [above, below]) {
        // The space at both ends is no row.
        if (left - held > 20) cover.spare = Math.min(cover.spare, held / screen.height);
      }
    };
    const look = () => {
      // Its first report is made after layout and after resize observers, right before the paint.
      const observer = new IntersectionObserver(() => {
        observer.disconnect();
        judge();
      });
      observer.observe(log);
      if (!cover.isOver) requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
    Object.assign(window, { cover });
  });
  return {
    async stop(): Promise<Cover> {
      return log.evaluate(() => {
        const { cover } = window as unknown as { cover: Cover & { isOver: boolean } };
        cover.isOver = true;
        return { frames: cover.frames, blank: cover.blank, spare: cover.spare };
      });
    },
  };
}
