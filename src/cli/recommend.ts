import { closestString } from "@std/text/closest-string";
import type { Recommendation } from "../config/run_api.ts";
import { BladeError, EXIT } from "../core/errors.ts";
import type { UserIndex } from "../core/ids.ts";
import type { ListRow } from "../report/tables.ts";
import type { Command } from "./command.ts";
import { printJson } from "./io.ts";
import { readUserIds, type WantedUser } from "./user_ids.ts";

/** `blade recommend RUN`: lists with the data set's own ids. */
export const recommendCommand: Command = {
  name: "recommend",
  summary: "Lists of a trained run, as CSV user,item,rank,score.",
  positionals: ["RUN"],
  flags: [
    {
      name: "users",
      value: "all|FILE",
      summary: "for all users (default), or for those of a file, one id a line",
    },
    { name: "cutoff", value: "K", summary: "items per list; by default align.cutoff of the run" },
    { name: "out", value: "F", summary: "write to this file instead of stdout" },
    { name: "json", summary: "print one JSON document, with titles" },
  ],
  examples: [
    { line: "recommend runs/quickstart-1 --cutoff 5", about: "five items for every user, on stdout" },
    {
      line: "recommend runs/quickstart-1 --users some.txt --out runs/lists.csv",
      about: "for some users, into a file",
    },
  ],
  async run(input, io) {
    const { flags } = input;
    const cutoff = flags.whole("cutoff", 1);
    const source = flags.text("users") ?? "all";
    const out = flags.text("out");
    if (out !== undefined && flags.has("json")) {
      const mend = "leave out --out, and send stdout to a file";
      throw new BladeError({ place: "--json", rule: "must go to stdout", value: `--out ${out}`, mend });
    }
    const wanted = source === "all" ? "all" : await readUserIds(source);
    const { openRun } = await io.runApi();
    const run = await openRun(input.positionals[0]!);
    const users = wanted === "all" ? "all" : indicesOf(wanted, run.dataset.users, source);
    const lists = await run.recommend(users, cutoff ?? run.config.align.cutoff);
    if (flags.has("json")) {
      printJson(io, lists);
      return EXIT.ok;
    }
    const { listLines, writeLists } = await import("../report/tables.ts");
    if (out === undefined) {
      for (const line of listLines(rowsOf(lists))) io.out(line);
    } else {
      await writeLists(out, rowsOf(lists));
      io.err(`${lists.length} lists written to ${out}\n`);
    }
    return EXIT.ok;
  },
};

function indicesOf(wanted: readonly WantedUser[], users: readonly string[], path: string): UserIndex[] {
  const indexOf = new Map(users.map((id, index) => [id, index]));
  return [
    ...new Set(wanted.map(({ id, line }) => {
      const index = indexOf.get(id);
      if (index === undefined) {
        throw new BladeError({
          place: `${path}:${line}`,
          rule: "must be a user of the run's data, by the id the data set wrote",
          value: id,
          mend: `the nearest id is ${
            closestString(id, users)
          }; users with too few interactions are dropped by data.kCore`,
        });
      }
      return index;
    })),
  ];
}

function* rowsOf(lists: readonly Recommendation[]): Generator<ListRow> {
  for (const { user, items } of lists) {
    for (const [place, { item, score }] of items.entries()) yield { user, item, rank: place + 1, score };
  }
}
