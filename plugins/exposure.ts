import { defineMetric, type ItemGroups, notDefined, oneOf, type Ranks, type Slate } from "blade";
import { discount } from "./_discount.ts";
import { SHOWN } from "./_shown_counts.ts";

/** Exposure of a group of items: how much of the attention that ranks get goes to it. */
export default defineMetric({
  name: "exposure",
  summary: "Attention that a group of items gets, each place weighed by its rank.",
  formula:
    "Σ over places of the group of 1 / log2(rank + 1), over that of all places whose item has a group; " +
    "as a ratio: per item of the group, over that per item of the other",
  source: "Singh and Joachims, Fairness of exposure in rankings, KDD 2018",
  kind: "population",
  options: {
    /** The group; none named: the first by name. */
    group: "",
    /** Its share of all exposure, or its mean exposure per item over that of the next group by name. */
    as: oneOf("share", "ratio"),
  },
  range: ({ as }) => [0, as === "share" ? 1 : Infinity],
  direction: "maximize",
  needs: ["itemGroups", "catalogSize"],
  uses: ({ as }) => as === "share" ? ["itemGroups"] : ["itemGroups", "catalogSize"],
  create({ itemGroups, catalogSize }, { group, as }) {
    const names = itemGroups.names.toSorted();
    const chosen = group === "" ? names[0] : group;
    return {
      itemGroups,
      names,
      chosen,
      other: names.find((name) => name !== chosen),
      sizes: as === "ratio" ? sizesOf(itemGroups, catalogSize) : undefined,
      exposure: new Map<string, number>(),
    };
  },
  add: ({ itemGroups, exposure }, slate, weight, ranks) => expose(itemGroups, exposure, slate, weight, ranks),
  remove: ({ itemGroups, exposure }, slate, weight, ranks) =>
    expose(itemGroups, exposure, slate, -weight, ranks),
  value({ names, chosen, other, sizes, exposure }) {
    if (chosen === undefined || !names.includes(chosen)) return notDefined("no item is of the group");
    const ofGroup = exposure.get(chosen) ?? 0;
    if (sizes === undefined) {
      const all = exposure.values().reduce((sum, part) => sum + part, 0);
      return all > SHOWN
        ? Math.min(1, Math.max(0, ofGroup / all))
        : notDefined("no item with a group is shown");
    }
    if (other === undefined) return notDefined("there is one group of items only");
    const ofOther = exposure.get(other) ?? 0;
    if (ofOther <= SHOWN) return notDefined("no item of the other group is shown");
    return Math.max(0, ofGroup / sizes.get(chosen)! / (ofOther / sizes.get(other)!));
  },
});

function expose(
  groups: ItemGroups,
  exposure: Map<string, number>,
  slate: Slate,
  weight: number,
  ranks: Ranks,
): void {
  slate.forEach((item, place) => {
    const group = item < 0 ? undefined : groups.of(item);
    if (group !== undefined) {
      exposure.set(group, (exposure.get(group) ?? 0) + weight * discount(ranks[place]!));
    }
  });
}

/** Items of each group. */
function sizesOf(groups: ItemGroups, catalogSize: number): ReadonlyMap<string, number> {
  const sizes = new Map(groups.names.map((name) => [name, 0]));
  for (let item = 0; item < catalogSize; item++) {
    const group = groups.of(item);
    if (group !== undefined) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  }
  return sizes;
}
