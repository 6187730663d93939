import { assertEquals, assertStringIncludes } from "@std/assert";
import type { ExportOptions } from "../../src/config/run_api.ts";
import { ran } from "./_io.ts";

/** What an export was asked for, in the order of asking. */
function recorder() {
  const asked: [string, ExportOptions][] = [];
  const exportRun = (folder: string, options: ExportOptions) => {
    asked.push([folder, options]);
    return Promise.resolve();
  };
  return { asked, exportRun };
}

Deno.test("export writes the whole model exactly unless told, and says where", async () => {
  const { asked, exportRun } = recorder();
  const { code, out, err } = await ran(["export", "runs/a", "--merged", "out"], { exportRun });
  assertEquals([code, out, err], [0, "", "Model written to out\n"]);
  assertEquals(asked, [["runs/a", { kind: "merged", folder: "out", format: "f32" }]]);
});

Deno.test("export writes adapters, and its answer as JSON", async () => {
  const { asked, exportRun } = recorder();
  const { out } = await ran(["export", "runs/a", "--adapter", "out", "--json"], { exportRun });
  assertEquals(JSON.parse(out), { kind: "adapter", folder: "out", format: "f32" });
  await ran(["export", "runs/a", "--merged", "other", "--dtype", "bf16"], { exportRun });
  assertEquals(asked.map(([, { kind, format }]) => [kind, format]), [["adapter", "f32"], ["merged", "bf16"]]);
});

for (
  const [what, flags, says] of [
    ["neither folder", [], 'needs one of --merged FOLDER and --adapter FOLDER, got "none"'],
    ["both folders", ["--merged", "a", "--adapter", "b"], 'got "both"'],
    [
      "an unknown format",
      ["--merged", "a", "--dtype", "int4"],
      '--dtype: must be one of f32, f16, bf16, got "int4"',
    ],
    [
      "a format of adapters",
      ["--adapter", "a", "--dtype", "bf16"],
      "belongs to --merged: adapters are 32-bit",
    ],
  ] as const
) {
  Deno.test(`export refuses ${what} before anything is opened`, async () => {
    const { asked, exportRun } = recorder();
    const { code, err } = await ran(["export", "runs/a", ...flags], { exportRun });
    assertEquals([code, asked], [2, []]);
    assertStringIncludes(err, says);
  });
}
