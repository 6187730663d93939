import type { StaticTies } from "../core/rewards.ts";
import { backward } from "./backward.ts";
import { bonSft } from "./bon_sft.ts";
import { bonbon } from "./bonbon.ts";
import { distill } from "./distill.ts";
import { dpo } from "./dpo.ts";
import { drGrpo } from "./dr_grpo.ts";
import { grpo } from "./grpo.ts";
import { ANCHOR_SLATES, jBond } from "./j_bond.ts";
import { jeffreys } from "./jeffreys.ts";
import { maxAtK } from "./max_at_k.ts";
import type { Objective } from "./objective.ts";
import { rloo } from "./rloo.ts";
import { sDpo } from "./s_dpo.ts";
import { sprec } from "./sprec.ts";

/** Who draws the G slates of a context: one model all of them, or a second one the last of them. */
export type SlateSource = "policy" | "reference" | "policy-and-anchor" | "reference-and-greedy";

/**
 * π_anchor: the policy of this moment, the frozen reference, the moving average of the policy, or the policy as it was
 * when it last became its own opponent.
 */
export type Anchor = "policy" | "reference" | "ema" | "opponent";

/** Which half of a round of self-play. */
export type RoundHalf = "imitate" | "self-play";

/** What the objectives may be told: keys of the section `align`. */
export interface MethodSettings {
  readonly groupSize: number;
  readonly objective: "distill" | "backward" | "jeffreys";
  readonly beta: number;
  readonly logRatioFloor: number | null;
  readonly dpoBeta: number;
  readonly losers: number;
  readonly sftShare: number;
  readonly bonbonBeta: number | null;
  readonly maxK: number;
}

/** The parts of a method; all else is the same for all. */
export interface Method {
  /** What it does, in a line. */
  readonly summary: string;
  readonly slates: SlateSource;
  /** The target whose ω it reads; null where it reads rewards alone, and the target makes gauges only. */
  readonly target: "static" | "any" | null;
  /** How a static target counts ties for it. */
  readonly ties: StaticTies;
  /** Null where the configuration chooses. */
  readonly anchor: Anchor | null;
  /** Fewest slates per context from which it can learn. */
  readonly leastSlates: number;
  /** Whether its N of best-of-N is the group, G. */
  readonly bestOfGroup: boolean;
  /** Whether it goes in rounds of two halves. */
  readonly rounds: boolean;
  objective(o: MethodSettings, half: RoundHalf): Objective;
  /** A setting of its own that does not fit the group, if there is one. */
  misfit?(o: MethodSettings): SettingMisfit | null;
}

/** A key of `align` that does not fit the others, and what to do. */
export interface SettingMisfit {
  readonly key: string;
  readonly rule: string;
  readonly mend: string;
}

const ON_POLICY = {
  slates: "policy",
  target: null,
  ties: "half",
  anchor: "policy",
  leastSlates: 2,
  bestOfGroup: false,
  rounds: false,
} as const;

const OFFLINE = { ...ON_POLICY, slates: "reference", anchor: "reference" } as const;

const STATIC = { ...ON_POLICY, target: "static", anchor: "reference", leastSlates: 1 } as const;

const floorOf = ({ logRatioFloor }: MethodSettings) => logRatioFloor === null ? {} : { floor: logRatioFloor };

/**
 * The methods of alignment by the name that `align.method` has for them, each with its parts. docs/method.md has the
 * formulas.
 *
 * @example
 * ```ts
 * import { METHODS } from "./methods.ts";
 * import { assertEquals } from "@std/assert";
 * const { slates, target, anchor } = METHODS["vbon"];
 * assertEquals([slates, target, anchor], ["policy", "static", "reference"]);
 * ```
 */
export const METHODS = {
  "blade": {
    ...ON_POLICY,
    summary: "Bayesian list-wise alignment",
    target: "any",
    anchor: null,
    leastSlates: 1,
    objective(o) {
      switch (o.objective) {
        case "distill":
          return distill();
        case "backward":
          return backward(floorOf(o));
        case "jeffreys":
          return jeffreys({ beta: o.beta, ...floorOf(o) });
        default:
          throw new TypeError(`Cannot build: ${o.objective satisfies never}`);
      }
    },
  },
  "bon-sft": {
    ...OFFLINE,
    summary: "cross-entropy on the best of G reference slates",
    bestOfGroup: true,
    objective: () => bonSft(),
  },
  "vbon": {
    ...STATIC,
    summary: "backward KL to best-of-N of the reference",
    ties: "up-to",
    objective: (o) => ({ ...backward(floorOf(o)), name: "vbon" }),
  },
  "bond": {
    ...STATIC,
    summary: "Jeffreys divergence to best-of-N of the reference",
    ties: "exact",
    objective: (o) => ({ ...jeffreys({ beta: o.beta, ...floorOf(o) }), name: "bond" }),
  },
  "j-bond": {
    ...ON_POLICY,
    summary: "best of two of a moving anchor, again and again",
    slates: "policy-and-anchor",
    anchor: "ema",
    leastSlates: ANCHOR_SLATES + 1,
    objective: ({ beta }) => jBond({ beta }),
  },
  "bonbon": {
    ...OFFLINE,
    summary: "best and worst of G reference slates at the margin of best-of-G",
    bestOfGroup: true,
    objective: ({ sftShare, bonbonBeta: beta }) => bonbon({ sftShare, ...(beta === null ? {} : { beta }) }),
  },
  "dpo": {
    ...OFFLINE,
    summary: "the best of G reference slates preferred to the worst",
    objective: ({ dpoBeta: beta }) => dpo({ beta }),
  },
  "s-dpo": {
    ...OFFLINE,
    summary: "the best of G reference slates preferred to several",
    objective: ({ dpoBeta: beta, losers }) => sDpo({ beta, losers }),
    misfit: ({ losers, groupSize }) =>
      losers < groupSize ? null : {
        key: "losers",
        rule: `must be less than align.groupSize (${groupSize}), of which one slate is the best`,
        mend: "lower align.losers, or raise align.groupSize",
      },
  },
  "sprec": {
    ...OFFLINE,
    summary: "self-play: the best of G − 1 reference slates preferred to the policy's own list, in rounds",
    slates: "reference-and-greedy",
    anchor: "opponent",
    rounds: true,
    objective: ({ groupSize, dpoBeta: beta }, part) => sprec({ part, groupSize, beta }),
  },
  "grpo": {
    ...ON_POLICY,
    summary: "policy gradient, rewards in standard deviations of their group",
    objective: () => grpo(),
  },
  "dr-grpo": {
    ...ON_POLICY,
    summary: "policy gradient, rewards less their group's mean",
    objective: () => drGrpo(),
  },
  "rloo": {
    ...ON_POLICY,
    summary: "policy gradient, rewards less the mean of the others",
    objective: () => rloo(),
  },
  "max@k": {
    ...ON_POLICY,
    summary: "policy gradient of the expected largest of k rewards",
    objective: ({ maxK: k }) => maxAtK({ k }),
    misfit: ({ maxK, groupSize }) =>
      maxK <= groupSize ? null : {
        key: "maxK",
        rule: `must be at most align.groupSize (${groupSize})`,
        mend: "lower align.maxK, or raise align.groupSize",
      },
  },
} as const satisfies Readonly<Record<string, Method>>;

/** A method that aligns; `sft` beside them does not. */
export type MethodName = keyof typeof METHODS;

/**
 * The parts of a method, or null of `sft`.
 *
 * @example
 * ```ts
 * import { methodOf } from "./methods.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals([methodOf("dpo")?.slates, methodOf("sft")], ["reference", null]);
 * ```
 */
export function methodOf(name: MethodName | "sft"): Method | null {
  return name === "sft" ? null : METHODS[name];
}

/** Who draws a slate. */
export type Drawer = "policy" | "reference" | "anchor" | "greedy";

/**
 * Who draws each of the G slates of a context.
 *
 * @example
 * ```ts
 * import { drawersOf } from "./methods.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(drawersOf("reference-and-greedy", 3), ["reference", "reference", "greedy"]);
 * ```
 */
export function drawersOf(slates: SlateSource, groupSize: number): Drawer[] {
  const all = (drawer: Drawer, count: number) => new Array<Drawer>(count).fill(drawer);
  switch (slates) {
    case "policy":
    case "reference":
      return all(slates, groupSize);
    case "policy-and-anchor":
      return [...all("policy", groupSize - ANCHOR_SLATES), ...all("anchor", ANCHOR_SLATES)];
    case "reference-and-greedy":
      return [...all("reference", groupSize - 1), "greedy"];
    default:
      throw new TypeError(`Cannot draw slates: ${slates satisfies never}`);
  }
}
