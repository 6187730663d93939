import { stringify } from "@std/csv";
import { writeAtomically } from "./run_folder.ts";

/** One recommended item. Ids as the data set wrote them. */
export interface ListRow {
  readonly user: string;
  readonly item: string;
  /** From 1, the first item of the list. */
  readonly rank: number;
  readonly score: number;
}

/** One metric of one user's list. */
export interface PerUserRow {
  readonly user: string;
  /** Who made the list; left out in a table of one system. */
  readonly system?: string;
  /** The metric's spec. */
  readonly metric: string;
  /** Null where the metric has no value; an empty cell in the file. */
  readonly value: number | null;
}

/**
 * Lists as CSV lines, `user,item,rank,score`, header first.
 *
 * @example
 * ```ts
 * import { listLines } from "./tables.ts";
 * import { assertEquals } from "@std/assert";
 * const rows = [{ user: "7", item: "a,b", rank: 1, score: 0.5 }];
 * assertEquals([...listLines(rows)].join(""), 'user,item,rank,score\n7,"a,b",1,0.5\n');
 * ```
 */
export function* listLines(rows: Iterable<ListRow>): Generator<string> {
  yield "user,item,rank,score\n";
  for (const { user, item, rank, score } of rows) yield csvLine([user, item, rank, score]);
}

/**
 * Values of metrics per user as CSV lines, header first: `user,metric,value`, or `user,system,metric,value` where
 * the rows name their systems.
 *
 * @example
 * ```ts
 * import { perUserLines } from "./tables.ts";
 * import { assertEquals } from "@std/assert";
 * const rows = [{ user: "7", system: "aligned", metric: "ild@10", value: null }];
 * assertEquals([...perUserLines(rows)].join(""), "user,system,metric,value\n7,aligned,ild@10,\n");
 * ```
 */
export function* perUserLines(rows: Iterable<PerUserRow>): Generator<string> {
  let named: boolean | undefined;
  for (const { user, system, metric, value } of rows) {
    if (named === undefined) {
      named = system !== undefined;
      yield named ? "user,system,metric,value\n" : "user,metric,value\n";
    }
    yield csvLine(named ? [user, system ?? "", metric, value ?? ""] : [user, metric, value ?? ""]);
  }
  if (named === undefined) yield "user,metric,value\n";
}

/** Writes `lists.csv`. */
export async function writeLists(path: string, rows: Iterable<ListRow>): Promise<void> {
  await writeAtomically(path, inBlocks(listLines(rows)));
}

/** Writes `per-user.csv`. */
export async function writePerUser(path: string, rows: Iterable<PerUserRow>): Promise<void> {
  await writeAtomically(path, inBlocks(perUserLines(rows)));
}

/**
 * One CSV line with a line feed; cells with separators, quotes or line ends are quoted (RFC 4180).
 *
 * @example
 * ```ts
 * import { csvLine } from "./tables.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(csvLine(['say "hi"', 3]), '"say ""hi""",3\n');
 * ```
 */
export function csvLine(cells: readonly (string | number)[]): string {
  return stringify([cells], { headers: false }).slice(0, -2) + "\n";
}

/** Joins lines into pieces of about 64 KiB, one write each. */
function* inBlocks(lines: Iterable<string>): Generator<string> {
  let block = "";
  for (const line of lines) {
    block += line;
    if (block.length > 1 << 16) {
      yield block;
      block = "";
    }
  }
  yield block;
}
