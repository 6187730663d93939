import { assert, assertEquals, assertRejects } from "@std/assert";
import { checkConfig } from "../../src/config/parse.ts";
import { prepareMaterials } from "../../src/config/materials.ts";
import { temporaryFolder } from "../cli/_io.ts";
import { smallConfig, writeSmallData } from "../ci/small_run.ts";

Deno.test("prepareMaterials() refuses a metric of item groups, embeddings or features that the data have not", async () => {
  await using folder = await temporaryFolder();
  await writeSmallData(folder.path);
  const small = smallConfig({ data: { folder: folder.path } });
  for (
    const [metric, signal] of [
      ["exposure@3?group=old", "itemGroups"],
      ["ild@3?by=embedding&distance=cosine", "embedding"],
      ["ild@3?by=features&distance=cosine", "features"],
    ] as const
  ) {
    const config = checkConfig({ ...small, reward: { terms: [{ metric, weight: 1 }] } });
    await assertRejects(
      () => prepareMaterials(config),
      Error,
      `needs a signal that the data do not have, got "${signal}"`,
    );
  }
});

Deno.test("prepareMaterials() hands the numbers of the items table to judges", async () => {
  await using folder = await temporaryFolder();
  await writeSmallData(folder.path);
  const [header, ...rows] = (await Deno.readTextFile(`${folder.path}/items.csv`)).trim().split("\n");
  const items = [`${header},price`, ...rows.map((row) => `${row},${row.match(/\d+/)![0]}.5|1`)];
  await Deno.writeTextFile(`${folder.path}/items.csv`, items.join("\n") + "\n");
  const itemColumns = { item: "item", categories: "genre", features: "price" };
  const config = checkConfig({
    ...smallConfig({ data: { folder: folder.path, itemColumns } }),
    reward: { terms: [{ metric: "ild@3?by=features&distance=cosine", weight: 1 }] },
  });
  const { dataset, align, signals } = await prepareMaterials(config);
  const { features } = signals(align);
  assertEquals(features.dimensions, 2);
  const item = dataset.catalog.ids.indexOf("i7");
  assert(item >= 0);
  assertEquals(Array.from(features.of(item)!), [7.5, 1]);
});
