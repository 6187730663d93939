import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parse } from "@std/csv";
import { type DefaultTreeAdapterTypes, parse as parseHtml } from "parse5";
import { blade, temporaryFolder } from "./command_line.ts";
import { pluginText, smallConfig } from "./small_run.ts";

/** What would be a script, an image with a handler, a link or a style, in elements, attributes and comments alike. */
const MARKUP =
  `</script><script>alert(1)</script>"'><img src=x onerror=alert(2)>--><a href="javascript:alert(3)">x</a></style></title>`;

/** Markdown that would be a heading, an image, a link, code, HTML or a row of a table. */
const MARKDOWN = "# big ![i](x.png) [l](javascript:alert(4)) `code` <b>|~~~|---|";

/** What a terminal would obey: its title, the screen, a link, a C1 introducer, a turned direction. */
const TERMINAL = "\u001b]0;mine\u0007\u001b[2J\u001b]8;;javascript:x\u001b\\\u009b31m\u202e";

/** A cell that a spreadsheet would take for a formula. */
const FORMULA = '=HYPERLINK("http://x","y")';

/** 20 users and 12 items, the first ones named by attackers; each user walks through the catalog. */
async function writeHostileData(folder: string): Promise<void> {
  const cell = (text: string) => `"${text.replaceAll('"', '""')}"`;
  const bad = [MARKUP, MARKDOWN, TERMINAL, FORMULA];
  const items = Array.from({ length: 12 }, (_, item) => `${bad[item] ?? ""}i${item}`);
  const users = Array.from({ length: 20 }, (_, user) => `${bad[user] ?? ""}u${user}`);
  const rows = users.flatMap((user, row) =>
    Array.from(
      { length: 7 },
      (_, step) => `${cell(user)},${cell(items[(5 * row + step) % 12]!)},${100 * row + step}`,
    )
  );
  const described = items.map((item, at) => `${cell(item)},${cell(bad[at % 4]!)},${cell(item)}`);
  await Deno.writeTextFile(`${folder}/items.csv`, ["item,genre,title", ...described, ""].join("\n"));
  await Deno.writeTextFile(`${folder}/ratings.csv`, ["user,item,time", ...rows, ""].join("\n"));
}

type Node = DefaultTreeAdapterTypes.Node;
type Element = DefaultTreeAdapterTypes.Element;

/** Every element of a page, in order, as a browser would read it. */
function elementsOf(html: string): Element[] {
  const found: Element[] = [];
  const visit = (node: Node): void => {
    if ("tagName" in node) found.push(node);
    if ("childNodes" in node) node.childNodes.forEach(visit);
    if ("content" in node) visit(node.content);
  };
  visit(parseHtml(html));
  return found;
}

function textOf(node: Node): string {
  if (node.nodeName === "#text") return (node as DefaultTreeAdapterTypes.TextNode).value;
  return "childNodes" in node ? node.childNodes.map(textOf).join("") : "";
}

/** Elements and attributes that the report is written with. */
const OWN =
  /^(?:html|head|meta|title|style|body|h[1-3]|p|div|table|thead|tbody|tr|t[hd]|small|details|summary|pre|figure|figcaption|svg|text|path|circle)$/;
const OWN_ATTRIBUTES =
  /^(?:lang|charset|name|content|http-equiv|class|scope|viewbox|role|d|x|y|cx|cy|r|transform|text-anchor)$/i;

Deno.test("ids, titles, names and paths that are mark-up stay text in every file of a run and on the terminal", async (t) => {
  await using folder = await temporaryFolder();
  const { path } = folder;
  const write = [`--allow-write=${path}`];
  // A path has no slash in its names; the rest of the mark-up fits.
  const named = MARKUP.replaceAll("/", "");
  const folderOfData = `${path}/${MARKDOWN}${named}`;
  await Deno.mkdir(folderOfData);
  await writeHostileData(folderOfData);
  await Deno.writeTextFile(
    `${path}/${named}.ts`,
    pluginText("return 0.5;"),
  );
  const { data, ...config } = smallConfig();
  await Deno.writeTextFile(
    `${path}/small.jsonc`,
    JSON.stringify({
      ...config,
      plugins: [`${path}/${named}.ts`],
      reward: { ...config.reward, isolate: "never", terms: [{ metric: "ndcg@3" }, { metric: "mine" }] },
      data: {
        ...data,
        folder: folderOfData,
        licence: `${MARKDOWN}${MARKUP}${TERMINAL}`,
        itemColumns: { item: "item", categories: "genre", title: "title" },
      },
    }),
  );
  const run = `${path}/run${named}`;
  const trained = await blade(["train", `${path}/small.jsonc`, "--out", run], write);
  assertEquals(trained.code, 0, trained.err);

  await t.step("report.html: no element, attribute or comment comes out of data", async () => {
    const html = await Deno.readTextFile(`${run}/report.html`);
    const elements = elementsOf(html);
    assert(elements.length > 100);
    const strange = elements.filter(({ tagName }) => !OWN.test(tagName));
    assertEquals(strange.map(({ tagName }) => tagName), []);
    const attributes = elements.flatMap(({ attrs }) => attrs.map(({ name }) => name));
    assertEquals(attributes.filter((name) => !OWN_ATTRIBUTES.test(name)), []);
    const values = elements.flatMap(({ attrs }) => attrs.map(({ value }) => value));
    assertEquals(values.filter((value) => /javascript|alert|https?:/i.test(value)), []);
    assert(!html.includes("<!--"));
    // It was all there: as text.
    const shown = textOf(parseHtml(html));
    for (const part of [MARKDOWN, `run${named}`, `${named}.ts`, "</script><script>alert(1)</script>"]) {
      assertStringIncludes(shown, part);
    }
    const policy = elements.find(({ attrs }) =>
      attrs.some(({ value }) => value === "Content-Security-Policy")
    );
    assertStringIncludes(policy!.attrs.map(({ value }) => value).join(), "default-src 'none'");
  });

  await t.step(
    "model-card.md: no HTML, image, link, heading, table or control character comes out of data",
    async () => {
      const card = await Deno.readTextFile(`${run}/model-card.md`);
      // Code shows all as it is: what is left after it is what Markdown reads.
      const prose = card.replaceAll(/(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)/g, "");
      assert(!/(?<!\\)</.test(prose), prose);
      assert(!/(?<!\\)\[(?:l|i)\]/.test(prose.replaceAll("\\[", "").replaceAll("\\]", "")), prose);
      const headings = card.split("\n").filter((line) => /^#/.test(line)).map((line) =>
        line.replace(/:.*/, "")
      );
      assertEquals(headings.slice(1), [
        ...["## Data", "## Model", "## Objective", "## Results"],
        ...headings.includes("## Warnings") ? ["## Warnings"] : [],
        ...["## Limits", "## Run"],
      ]);
      assertStringIncludes(card, "\n\\# big !\\[i\\](x.png)");
      // deno-lint-ignore no-control-regex
      assert(!/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/.test(card));
      const cells = card.split("\n").filter((line) => line.startsWith("|"))
        .map((line) => line.replaceAll("\\|", "").split("|").length);
      assert(cells.length > 3);
      assertEquals(new Set(cells).size <= 2, true, "two tables at most, each of one width");
    },
  );

  await t.step("lists.csv and per-user.csv hold the ids as the data set wrote them", async () => {
    for (const name of ["lists.csv", "per-user.csv"]) {
      const [header, ...rows] = parse(await Deno.readTextFile(`${run}/${name}`));
      const users = new Set(rows.map((cells) => cells[header!.indexOf("user")]));
      for (const [row, bad] of [MARKUP, MARKDOWN, TERMINAL, FORMULA].entries()) {
        assert(users.has(`${bad}u${row}`), `${name} lacks ${bad}u${row}`);
      }
    }
  });

  await t.step("what is said on the terminal obeys nobody", async () => {
    await Deno.writeTextFile(`${path}/wanted.txt`, `${TERMINAL}u2x\n`);
    const refused = await blade(["recommend", run, "--users", `${path}/wanted.txt`], write);
    assertEquals(refused.code, 2);
    assertStringIncludes(refused.err, "the nearest id is \\u{1b}]0;mine\\u{7}\\u{1b}[2J");
    for (const { err } of [refused, trained]) {
      // deno-lint-ignore no-control-regex
      assert(!/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/.test(err), JSON.stringify(err));
    }
    const listed = await blade(["recommend", run, "--cutoff", "2"]);
    assertStringIncludes(listed.out, TERMINAL); // a pipe: data
  });

  await t.step("where stdout is a terminal, lists on it obey nobody either", async () => {
    const line = [
      Deno.execPath(),
      "run",
      "-P",
      "--no-prompt",
      "--quiet",
      "main.ts",
      "recommend",
      run,
      "--cutoff",
      "2",
    ]
      .map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
    const script = await new Deno.Command("script", { args: ["-qec", line, "/dev/null"], stdin: "null" })
      .output()
      .catch(() => undefined);
    if (script === undefined) return console.log("skipped: there is no `script` to make a terminal with");
    const shown = new TextDecoder().decode(script.stdout);
    assertStringIncludes(shown, "\\u{1b}]0;mine\\u{7}");
    assert(
      !shown.includes("\u001b]0;mine") && !shown.includes("\u009b"),
      JSON.stringify(shown.slice(0, 2000)),
    );
  });
});
