import { assertEquals } from "@std/assert";
import type { RunManifest } from "../../src/report/manifest.ts";
import { changesAround } from "../../src/verify/surroundings.ts";
import { manifestOf } from "../report/_manifest.ts";

const RUN = {
  ...manifestOf(),
  commit: "aaaa",
  data: [{ path: "/one/log.csv", bytes: 3, sha256: "11".repeat(32) }],
  plugins: [{ spec: "blade:ndcg", sha256: "22".repeat(32) }],
};

/** What is said of a run beside one in which this has changed. */
function changed(change: Partial<RunManifest>): string[] {
  return changesAround(RUN, { ...RUN, ...change }).map(({ what, recorded, now }) =>
    `${what}: ${recorded} → ${now}`
  );
}

Deno.test("everything that may explain a difference is told, each with its two values", () => {
  assertEquals(changed({}), []);
  assertEquals(changed({ commit: "bbbb" }), ["code commit: aaaa → bbbb"]);
  assertEquals(changed({ commit: null }), ["code commit: aaaa → unknown"]);
  assertEquals(changed({ config: { ...RUN.config, seed: 9 } }), [`seed: ${RUN.config.seed} → 9`]);
  const align = { ...RUN.config.align, groupSize: 99 };
  assertEquals(changed({ config: { ...RUN.config, align } }), [
    `align.groupSize: ${RUN.config.align.groupSize} → 99`,
  ]);
  assertEquals(changed({ data: [{ ...RUN.data[0]!, sha256: "33".repeat(32) }] }), [
    "data log.csv: 111111111111 → 333333333333",
  ]);
  assertEquals(changed({ plugins: [] }), ["plugin blade:ndcg: 222222222222 → none"]);
  const runtime = { ...RUN.runtime, deno: "9", tfjs: "8", adapter: null, threads: 7, platform: "arm64" };
  assertEquals(
    changesAround(RUN, { ...RUN, runtime }).map(({ what }) => what).sort(),
    [RUN.runtime.adapter === null ? [] : ["adapter"], "Deno", "platform", "tfjs", "threads"].flat().sort(),
  );
});

Deno.test("where files stand is no change: their hashes are", () => {
  const config = {
    ...RUN.config,
    data: { ...RUN.config.data, folder: "/elsewhere" },
    device: "cpu" as const,
  };
  assertEquals(changed({ config, data: [{ ...RUN.data[0]!, path: "/elsewhere/log.csv" }] }), []);
});
