import { assertEquals } from "@std/assert";
import { EXEMPT, judge, ranges, readLcov } from "../../.ci/coverage.ts";

Deno.test("lines that follow each other are one range", () => {
  assertEquals(ranges([1, 2, 3, 7, 9, 10]), "1-3, 7, 9-10");
  assertEquals(ranges([]), "");
});

Deno.test("a line of nothing but closing brackets is no line, whatever the engine counted", () => {
  const lcov = "SF:/r/src/a.ts\nDA:1,1\nDA:2,0\nDA:3,0\nDA:4,0\nend_of_record\n";
  const [file] = readLcov(lcov, "/r", () => "f(() => {\n  return;\n});\n}\n");
  assertEquals(file, { path: "src/a.ts", lines: 2, missed: [2] });
});

Deno.test("a folder is judged by all of its files together, and names those that fall short of the share", () => {
  const files = [
    { path: "src/a/one.ts", lines: 10, missed: [3] },
    { path: "src/a/in/two.ts", lines: 30, missed: [1, 2, 3, 4, 5] },
    { path: "src/b.ts", lines: 5, missed: [1, 2, 3, 4, 5] },
  ];
  const shortOf = (least: number) => {
    const { share, short } = judge({ folder: "src/a/", least }, files);
    return [share, short.map(({ path }) => path)];
  };
  assertEquals(shortOf(0.85), [0.85, []]);
  assertEquals(shortOf(0.9), [0.85, ["src/a/in/two.ts"]]);
  assertEquals(shortOf(1), [0.85, ["src/a/one.ts", "src/a/in/two.ts"]]);
  assertEquals(judge({ folder: "src/c/", least: 0.5 }, files).share, 0);
});

Deno.test("what is exempt is there, and does not count", async () => {
  for (const path of Object.keys(EXEMPT)) await Deno.stat(path);
  const files = [{ path: "src/std/path.ts", lines: 3, missed: [1] }, {
    path: "src/a.ts",
    lines: 3,
    missed: [],
  }];
  assertEquals(judge({ folder: "src/", least: 1 }, files), { share: 1, short: [] });
});
