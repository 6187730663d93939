import { BladeError } from "../core/errors.ts";
import type { ListColumns } from "../evaluate/list_columns.ts";
import type { LoadedMetric } from "../reward/registry.ts";
import type { CommandInput } from "./command.ts";
import { specsOf } from "./config_flags.ts";
import type { FlagSpec } from "./flags.ts";
import type { Io } from "./io.ts";
import { ISOLATE_FLAG, isolationOf } from "./isolate_flag.ts";

/** The flags that name what lists are judged by, for every command that reads lists from files. */
export const LIST_FLAGS: readonly FlagSpec[] = [
  { name: "relevant", value: "F", summary: "what was held out: user,item[,gain]" },
  { name: "history", value: "F", summary: "what training met: user,item[,timestamp]" },
  { name: "items", value: "F", summary: "the catalog: item[,categories][,group][,features][,embedding]" },
  { name: "users", value: "F", summary: "attributes of users: user,gender,age …" },
  { name: "plugin", value: "SPEC", repeat: true, summary: "load a metric: a path, or file:, npm: or https:" },
  ISOLATE_FLAG,
];

/** What the tables are, for the help. */
export const TABLES_IN_WORDS =
  `Tables are CSV, or separated by tabs where a name ends in .tsv. The first line names the columns,
in any order; several values in a cell stand with | between them.

Rules, each counted on stderr and in the notes of --json: a rank without an item is a miss; items
that share a rank both count; an item that stands in a list twice counts once for relevance and each
time for shares and exposure; an item that the items table lacks is outside the catalog; a user of
the relevant items without a list scores 0 on metrics of relevance; a user without a relevant item
has no value there.`;

/** Lists from files, and the metrics to judge them by. */
export interface ListInput {
  readonly columns: ListColumns;
  readonly metrics: readonly LoadedMetric[];
}

/**
 * Loads the metrics that were named, then reads the tables.
 *
 * @param lists files of lists, one per system
 * @throws {BladeError} when no metric was named, or as `createRegistry` and `readListFiles` do
 */
export async function readListInput(
  input: CommandInput,
  io: Io,
  lists: readonly string[],
): Promise<ListInput> {
  const specs = specsOf(input, "metrics");
  if (specs === undefined) {
    const mend = "for instance: --metrics ndcg@10,ild@10; `blade metrics list` has them all";
    throw new BladeError({ place: "--lists", rule: "must come with --metrics", mend });
  }
  const { createRegistry } = await import("../reward/registry.ts");
  const { readListFiles } = await import("../evaluate/list_files.ts");
  const registry = await createRegistry(input.flags.texts("plugin"), isolationOf(input));
  // Before the tables: a name that is typed wrong should not cost a minute of reading.
  const metrics = await Promise.all(specs.map((spec) => registry.load(spec)));
  const named = (["relevant", "history", "items", "users"] as const).flatMap((table) => {
    const path = input.flags.text(table);
    return path === undefined ? [] : [[table, path] as const];
  });
  const { columns, passedOver, withoutRows } = await readListFiles({ lists, ...Object.fromEntries(named) });
  for (const path of withoutRows) io.err(`note: ${path} names its columns and holds no row\n`);
  for (const columns of passedOver) io.err(`note: passed over, as no table has them: ${columns}\n`);
  return { columns, metrics };
}

/**
 * Refuses flags of lists where a run was named.
 *
 * @param flags those that go with `--lists` alone
 */
export function refuseListFlags(input: CommandInput, flags: readonly string[]): void {
  const given = flags.find((name) => input.flags.has(name));
  if (given === undefined) return;
  const mend = "a run has its own data and plugins: leave the flag out, or name files with --lists";
  throw new BladeError({ place: `--${given}`, rule: "must come with --lists", mend });
}
