// What the page may load and run. That no page of any test breaks the policy or asks another host
// is seen to by support/guard.ts; here stands what the policy is.

import { EVERYONE, expect, test } from "../fixtures.ts";

test("the content security policy allows own files alone, and no inline script or style", async ({
  visitor,
}) => {
  const window = await visitor();
  const answer = await window.page.goto("/");
  const policy = (await answer?.headerValue("content-security-policy")) ?? "";
  const directives = new Map(
    policy.split(";").map((directive) => {
      const [name, ...sources] = directive.trim().split(/\s+/);
      return [name, sources];
    }),
  );
  expect(directives.get("default-src")).toEqual(["'none'"]);
  expect(directives.get("style-src")).toEqual(["'self'"]);
  expect(directives.get("connect-src")).toEqual(["'self'"]);
  expect(directives.get("frame-ancestors")).toEqual(["'none'"]);
  expect(policy).not.toContain("'unsafe-inline'");
  expect(policy).not.toContain("'unsafe-eval'");
  expect(policy).not.toMatch(/https?:|\*/);
  await expect(window.page.getByLabel("Name")).toBeVisible();
});

test.describe("a script in the page", () => {
  test.use({ expectedErrors: /content security policy/i });

  test("is not run, and reported to whoever listens", async ({ person }) => {
    const { window } = await person("Ana");
    const found = await window.page.evaluate(async () => {
      const violation = new Promise<string>((found) => {
        document.addEventListener("securitypolicyviolation", (event) =>
          found(event.effectiveDirective),
        );
      });
      const script = document.createElement("script");
      script.textContent = "window.wasRun = true";
      document.head.append(script);
      return { directive: await violation, wasRun: "wasRun" in window };
    });
    expect(found).toEqual({ directive: "script-src-elem", wasRun: false });
  });
});

test("what a person writes is never read as HTML", async ({ person }) => {
  const [ana, bo] = [await person("Ana"), await person("<b>Bo</b>")];
  const texts = [
    "<img src=x onerror=alert(1)>",
    "<script>alert(2)</script>",
    "[click](javascript:alert(3)) javascript:alert(4)",
    '&lt;b&gt; https://example.org/"onmouseover=alert(5)',
  ];
  for (const text of texts) await bo.window.write(text);
  await expect(ana.window.message("onmouseover")).toBeVisible();
  for (const text of texts) await expect(ana.window.message(text)).toHaveCount(1);
  await expect(ana.window.message(texts[0])).toHaveAccessibleName(/^<b>Bo<\/b>,/);
  await expect(ana.window.log.locator("img, script, b, [onmouseover]")).toHaveCount(0);
  for (const link of await ana.window.log.getByRole("link").all()) {
    expect(await link.getAttribute("href")).toMatch(/^https?:/);
  }
  await expect.poll(async () => (await bo.account.log(EVERYONE)).length).toBe(texts.length);
});

test("every file of the app is hashed and kept for ever, or asked for each time", async ({
  visitor,
}) => {
  const window = await visitor();
  const caching = new Map<string, string>();
  window.page.on("response", async (answer) => {
    const { pathname } = new URL(answer.url());
    if (!pathname.startsWith("/api"))
      caching.set(pathname, answer.headers()["cache-control"] ?? "");
  });
  await window.page.goto("/");
  await expect(window.page.getByLabel("Name")).toBeVisible();
  expect(caching.get("/")).toBe("no-cache");
  const wasm = [...caching].filter(([path]) => path.endsWith(".wasm"));
  expect(wasm).toHaveLength(1);
  for (const [path, value] of caching) {
    if (path !== "/") expect(value, path).toMatch(/immutable|no-cache/);
  }
});
