// A conversation between three people in two languages, for screens and pictures.

import { EVERYONE, type Account } from "./account.ts";
import type { PondServer } from "./server.ts";

export interface Scene {
  /** Who looks at the screen. */
  me: Account;
  tomato: Account;
  radish: Account;
}

/** Three people who have talked in the room and one to one. */
export async function scene(pond: PondServer): Promise<Scene> {
  const me = await pond.account("芋艿");
  const tomato = await pond.account("番茄");
  const radish = await pond.account("Radish");
  const directs = [me.directWith(tomato), me.directWith(radish)];
  await me.send(directs[1], "票收到了，谢谢！Coffee is on me.");
  await radish.send(directs[1], "See you on platform 4!");
  await tomato.send(directs[0], "下午三点碰一下?", "我把草稿发你了。");
  await tomato.send(EVERYONE, "早上好！昨晚的构建通过了，包只有 `148 KB`。");
  await tomato.send(EVERYONE, "I'll cut the release branch after lunch if nobody objects.");
  await radish.send(
    EVERYONE,
    "No objection. Could somebody try the reconnect once more on the train? It held for me through three tunnels.",
  );
  await tomato.send(
    EVERYONE,
    "The seq check that saved us:\n```\nif push.seq == cursor + 1 { deliver(push) }\nelse if push.seq > cursor { pull_after(cursor) }\n// anything older was already shown\n```",
  );
  await me.send(EVERYONE, "Boarding now, will report back.", "信号马上就没了，3… 2…");
  await radish.send(EVERYONE, "Notes are at https://example.org/pond/notes 🚆");
  return { me, tomato, radish };
}
