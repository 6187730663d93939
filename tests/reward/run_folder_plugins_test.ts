/** A plugin that came along with a run is a stranger's, and one beside any other file called manifest.json is not. */
import { assertEquals } from "@std/assert";
import { PLUGIN_POLICY } from "../../src/core/isolation.ts";
import { loadPlugin } from "../../src/reward/load_plugin.ts";
import { pluginText } from "../ci/small_run.ts";

/** Whether a plugin below the working folder's runs/ is let into this process, with these files beside or above it. */
async function isLetIn(files: Readonly<Record<string, string>>): Promise<boolean> {
  await Deno.mkdir("runs", { recursive: true });
  const folder = await Deno.makeTempDir({ dir: "runs" });
  try {
    await Deno.mkdir(`${folder}/below`);
    await Deno.writeTextFile(`${folder}/below/mine.ts`, pluginText("return 0.5;"));
    for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(`${folder}/${name}`, text);
    const plugin = await loadPlugin(`${folder}/below/mine.ts`, { ...PLUGIN_POLICY, isolate: "never" });
    await plugin.close();
    return plugin.factory !== undefined;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a plugin in or below the folder of a run or an experiment runs in a process of its own, even under never", async () => {
  assertEquals(await isLetIn({ "manifest.json": '{"schemaVersion":1}' }), false);
  assertEquals(await isLetIn({ "below/manifest.json": '{"schemaVersion":1}' }), false);
  assertEquals(await isLetIn({ "config.resolved.json": "" }), false);
  assertEquals(await isLetIn({ "experiment.json": '{"schemaVersion":1}' }), false);
});

Deno.test("a plugin beside files that only bear such a name is the user's own", async () => {
  assertEquals(await isLetIn({}), true);
  assertEquals(
    await isLetIn({ "manifest.json": '{"name":"a web application"}', "experiment.json": "[]" }),
    true,
  );
  assertEquals(await isLetIn({ "manifest.json": "no JSON", "experiment.json": "null" }), true);
});
