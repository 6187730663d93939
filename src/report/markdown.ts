/**
 * Text that Markdown shows as it is: neither mark-up nor HTML, on one line.
 *
 * @example
 * ```ts
 * import { markdownText } from "./markdown.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(markdownText("a_b [x](y) <img>\n| c"), "a\\_b \\[x\\](y) &lt;img> \\| c");
 * assertEquals([markdownText("# one"), markdownText("1. one"), markdownText("- one")], ["\\# one", "1\\. one", "\\- one"]);
 * ```
 */
export function markdownText(text: string): string {
  return oneLine(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replace(/[|`*_~\[\]\\]/g, "\\$&")
    // What begins a block where it stands first on its line.
    .replace(/^[#>+=-]/, "\\$&").replace(/^(\d+)([.)])/, "$1\\$2");
}

/**
 * Text as code in a line of Markdown, whatever back ticks it has itself. In a table its bars have to be escaped beside.
 *
 * @example
 * ```ts
 * import { markdownCode } from "./markdown.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals([markdownCode("ndcg@10"), markdownCode("a`b"), markdownCode("`")], ["`ndcg@10`", "``a`b``", "`` ` ``"]);
 * ```
 */
export function markdownCode(text: string): string {
  const line = oneLine(text);
  const longest = Math.max(0, ...Array.from(line.matchAll(/`+/g), ([ticks]) => ticks.length));
  const fence = "`".repeat(longest + 1);
  const space = /^`|`$/.test(line) ? " " : "";
  return `${fence}${space}${line}${space}${fence}`;
}

function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ");
}
