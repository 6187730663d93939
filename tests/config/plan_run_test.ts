import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { planRun } from "../../src/config/plan_run.ts";
import { configIn, dataFolder } from "../train/small_runs.ts";

const SYSTEMS = 'evaluate.systems=["reference","aligned"]';

Deno.test("a plan tells what alignment starts from, how long it goes on at most, and what that takes", async () => {
  await using data = await dataFolder();
  const of = async (set: string[]) => {
    const { sections } = await planRun(configIn(data.path, [SYSTEMS, "align.epochs=4", ...set]));
    const rows = sections.flatMap(({ rows }) => [...rows]);
    return { align: rows.find(([name]) => name === "align")![1], names: rows.map(([name]) => name) };
  };
  const plain = await of([]);
  assert(plain.align.startsWith("4 epochs of 8 contexts a step, 2 slates each"), plain.align);
  assertEquals(plain.names.includes("sft-continued"), false);
  const patient = await of(["align.patience=2", "align.start=sft-continued"]);
  assertStringIncludes(
    patient.align,
    "from sft-continued, at most 4 epochs, patience 2, of 8 contexts a step",
  );
  assertEquals(patient.names.includes("sft-continued"), true);
});
