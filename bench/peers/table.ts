import { median } from "../figure.ts";
import type { PeerRow } from "./peer.ts";

/** Operations of the work, and positions of a training step. */
export interface Work {
  readonly train: number;
  readonly rollout: number;
  readonly tokens: number;
}

/** A row of the table. */
export interface Comparison extends PeerRow {
  readonly trainGflops?: number;
  readonly rolloutGflops?: number;
  /** Share of its own matrix product's rate. */
  readonly trainShare?: number;
  readonly rolloutShare?: number;
  readonly tokensPerSecond?: number;
  /** Time as a multiple of that of the fastest plain PyTorch on the processor. */
  readonly trainRatio?: number;
  readonly rolloutRatio?: number;
}

const NUMBERS = ["matmulGflops", "largeMatmulGflops", "trainMs", "rolloutMs"] as const;

/** The rounds' rows of one name, device and number of threads as one, by medians. */
export function merge(rows: readonly PeerRow[]): PeerRow[] {
  const groups = Map.groupBy(rows, ({ name, device, threads }) => `${name}\n${device}\n${threads}`);
  return [...groups.values()].map((group) => {
    const numbers = NUMBERS.map((key) =>
      [key, group.map((row) => row[key]).filter((n) => n !== undefined)] as const
    )
      .filter(([, values]) => values.length > 0)
      .map(([key, values]) => [key, median(values)]);
    return { ...group[0]!, ...Object.fromEntries(numbers) };
  });
}

/** Rates, shares and ratios of a row among all. */
export function comparison(row: PeerRow, work: Work, all: readonly PeerRow[]): Comparison {
  const peak = row.largeMatmulGflops ?? row.matmulGflops;
  const rates = (part: "train" | "rollout", ms: number | undefined) => {
    if (ms === undefined) return {};
    const gflops = work[part] / ms / 1e6;
    const best = Math.min(
      ...all.filter(({ name, device }) => /^PyTorch \S+$/.test(name) && device === "cpu")
        .map((one) => one[`${part}Ms`] ?? Infinity),
    );
    return {
      [`${part}Gflops`]: gflops,
      [`${part}Share`]: gflops / peak,
      ...(best < Infinity ? { [`${part}Ratio`]: ms / best } : {}),
    };
  };
  return {
    ...row,
    ...rates("train", row.trainMs),
    ...rates("rollout", row.rolloutMs),
    ...(row.trainMs === undefined ? {} : { tokensPerSecond: 1000 * work.tokens / row.trainMs }),
  };
}

/** Rows as a Markdown table; a dash where a figure is missing, and why below. */
export function table(rows: readonly Comparison[]): string {
  const number = (value: number | undefined, digits: number) =>
    value === undefined ? "–" : value.toFixed(digits);
  const cells = rows.map((row) => [
    row.name,
    row.device,
    row.threads === null ? "–" : String(row.threads),
    number(row.largeMatmulGflops ?? row.matmulGflops, 0),
    number(row.trainMs, row.trainMs !== undefined && row.trainMs < 20 ? 1 : 0),
    number(row.trainGflops, 1),
    number(row.trainShare, 2),
    number(row.trainRatio, 2),
    number(row.tokensPerSecond, 0),
    number(row.rolloutMs, row.rolloutMs !== undefined && row.rolloutMs < 20 ? 1 : 0),
    number(row.rolloutGflops, 1),
    number(row.rolloutShare, 2),
    number(row.rolloutRatio, 2),
  ]);
  const heads = [
    "",
    "device",
    "threads",
    "product GF/s",
    "train ms",
    "GF/s",
    "share",
    "× PyTorch",
    "tokens/s",
  ];
  const all = [[...heads, "rollout ms", "GF/s", "share", "× PyTorch"], ...cells];
  const widths = all[0]!.map((_, column) => Math.max(3, ...all.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) => `| ${row.map((cell, i) => cell.padEnd(widths[i]!)).join(" | ")} |`;
  const [head, ...body] = all;
  const notes = rows.filter(({ skipped }) => skipped !== undefined)
    .map(({ name, device, threads, skipped }) =>
      `${
        [name, device, threads === null ? [] : threads === 1 ? "1 thread" : `${threads} threads`].flat().join(
          ", ",
        )
      }: skipped: ${skipped}`
    );
  return [line(head!), line(widths.map((width) => "-".repeat(width))), ...body.map(line), "", ...notes].join(
    "\n",
  );
}
