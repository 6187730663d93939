import type { z } from "zod";
import { type data, GIVEN_SPLIT_READERS, QUICKSTART_FOLDER } from "./data.ts";
import { contradictionsOfMethod } from "./method_rules.ts";
import { contradictionsOfModel } from "./model_rules.ts";
import type { model } from "./model.ts";
import type { align } from "./training.ts";

/** Two settings that do not go together: where, which rule, and what to do. */
export interface Contradiction {
  readonly path: readonly (string | number)[];
  readonly rule: string;
  readonly mend: string;
}

/** The settings that bear on each other. */
interface Related {
  readonly device: string;
  readonly blas: string | null;
  readonly data: z.output<typeof data>;
  readonly model: z.output<typeof model>;
  readonly sft: { readonly loss: "full" | "sampled" };
  readonly reward: {
    readonly terms: readonly { readonly metric: string; readonly weight: number }[];
    readonly constraints: readonly {
      readonly metric: string;
      readonly atLeast?: number | undefined;
      readonly atMost?: number | undefined;
    }[];
  };
  readonly target: {
    readonly kind: "bayesian" | "static";
    readonly n: number;
    readonly maxAtoms: number;
    readonly priorSlates: number;
  };
  readonly align: z.output<typeof align>;
  readonly evaluate: {
    readonly metrics: readonly string[];
    readonly systems: readonly string[];
    readonly decode: "greedy" | "beam";
  };
}

/**
 * What no single key shows: head sizes that do not divide the width, keys of another reader, a reward of weights that
 * are all 0, a constraint without a bound or with two, a memory too small for the prior, names given twice, a library for a device
 * that takes none, settings that the method of alignment cannot be run with.
 *
 * @param config every section valid on its own
 */
export function contradictions(config: Related): Contradiction[] {
  return [
    ...ofDevice(config),
    ...contradictionsOfModel(config),
    ...ofData(config),
    ...ofReward(config),
    ...contradictionsOfMethod(config),
    ...ofNames(config),
  ];
}

function ofDevice({ device, blas }: Related): Contradiction[] {
  if (blas === null || device === "native" || device === "auto") return [];
  const mend = "leave it out, or set device to native";
  return [{ path: ["blas"], rule: `belongs to the device native, not to ${device}`, mend }];
}

/** Readers that understand a key: others would ignore it in silence. */
const READERS_OF_KEY = {
  interactions: ["table"],
  items: ["table"],
  users: ["table"],
  format: ["table"],
  columns: ["table"],
  itemColumns: ["table"],
  userColumns: ["table"],
  name: ["recbole", "minionerec"],
  fields: ["recbole"],
  files: ["bigrec", "minionerec"],
  unlisted: ["bigrec"],
} as const;

function ofData({ data }: Related): Contradiction[] {
  const found: Contradiction[] = [];
  if (data.validationShare + data.testShare >= 1) {
    found.push({
      path: ["data", "testShare"],
      rule: "must leave something to train on: validationShare + testShare must be under 1",
      mend: "lower data.testShare or data.validationShare",
    });
  }
  if (data.folder === QUICKSTART_FOLDER && data.reader !== "fixture") {
    found.push({
      path: ["data", "folder"],
      rule: `must be given for the reader \`${data.reader}\``,
      mend: "set it to the folder that holds the files of the data set",
    });
  }
  for (const [key, readers] of typedEntries(READERS_OF_KEY)) {
    if (data[key] === undefined || readers.some((reader) => reader === data.reader)) continue;
    const names = readers.map((reader) => `\`${reader}\``).join(" and ");
    found.push({
      path: ["data", key],
      rule: `belongs to the reader${readers.length > 1 ? "s" : ""} ${names} only`,
      mend: `remove it, or set data.reader to "${readers[0]}"`,
    });
  }
  return [...found, ...ofGivenSplit(data)];
}

/** Files that are split already have the split that they have, and a row dropped would be a hole in it. */
function ofGivenSplit(data: Related["data"]): Contradiction[] {
  if (!GIVEN_SPLIT_READERS.includes(data.reader)) {
    return data.split !== "given" ? [] : [{
      path: ["data", "split"],
      rule: `needs files that are split already, which the reader \`${data.reader}\` does not read`,
      mend: "set it to leave-last-out or global-time",
    }];
  }
  const found: Contradiction[] = [];
  const refuse = (key: string, must: string) =>
    found.push({
      path: ["data", key],
      rule: `must be ${must} for the reader \`${data.reader}\`, whose files are split already`,
      mend: "remove it",
    });
  if (data.split !== "given") refuse("split", "given");
  if (data.kCore > 1) refuse("kCore", "0");
  if (data.minRating !== null) refuse("minRating", "null");
  if (data.reader === "minionerec" && data.files?.categories !== undefined) {
    found.push({
      path: ["data", "files", "categories"],
      rule: "belongs to the reader `bigrec` only",
      mend: "remove it",
    });
  }
  return found;
}

function typedEntries<T extends object>(object: T): [keyof T, T[keyof T]][] {
  return Object.entries(object) as [keyof T, T[keyof T]][];
}

function ofReward(
  { reward: { terms, constraints }, target: { maxAtoms, priorSlates } }: Related,
): Contradiction[] {
  const found: Contradiction[] = [];
  if (terms.every(({ weight }) => weight === 0)) {
    found.push({
      path: ["reward", "terms"],
      rule: "must have a term with a weight other than 0, or every list is worth the same",
      mend: "give a term the weight 1",
    });
  }
  constraints.forEach(({ atLeast, atMost }, i) => {
    if ((atLeast === undefined) !== (atMost === undefined)) return;
    found.push({
      path: ["reward", "constraints", i],
      rule: "must have one bound, atLeast or atMost",
      mend: 'for instance { "metric": "mgu-list@10", "atMost": 0.08 }; for both bounds, two constraints',
    });
  });
  if (maxAtoms < priorSlates) {
    found.push({
      path: ["target", "maxAtoms"],
      rule: `must hold the prior's rewards, of which there are target.priorSlates (${priorSlates})`,
      mend: "raise target.maxAtoms, or lower target.priorSlates",
    });
  }
  return found;
}

function ofNames({ evaluate, reward }: Related): Contradiction[] {
  const lists: [string[], readonly string[]][] = [
    [["evaluate", "metrics"], evaluate.metrics],
    [["evaluate", "systems"], evaluate.systems],
    [["reward", "terms"], reward.terms.map((term) => term.metric)],
  ];
  return lists.flatMap(([path, names]) => {
    const twice = names.findIndex((name, index) => names.indexOf(name) !== index);
    if (twice < 0) return [];
    const rule = `must not name ${names[twice]} twice`;
    return [{ path: [...path, twice], rule, mend: "remove one of the two" }];
  });
}
