/** Puts all mutants of a source file into one copy of it, each behind a switch. */
import { dirname, relative } from "node:path/posix";

/** A change to a source file that a test should notice. */
export interface Mutant {
  /** From 1, over all files. */
  readonly id: number;
  readonly file: string;
  /** Lines from 1, columns from 0. */
  readonly start: Position;
  readonly end: Position;
  /** Kind of change, as Stryker calls it. */
  readonly mutator: string;
  readonly replacement: string;
  readonly original: string;
  /** Why it does not count, where it does not. */
  readonly ignored?: string;
}

/** A place in a text. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A source file with its switches, and what they switch. */
export interface Instrumented {
  readonly file: string;
  readonly text: string;
  readonly mutants: readonly Mutant[];
}

/**
 * Exact, and imported where it is used: what stands in the lock of the project is installed on every user's machine, and
 * its seventy packages are for this task alone.
 */
const INSTRUMENTER = "npm:@stryker-mutator/instrumenter@10.1.1";

/** The one rule by which a mutant does not count. */
export const IGNORED = "wording of an error: a text literal inside `new BladeError({…})`";

interface Node {
  readonly type: string;
  readonly loc?: { readonly start: Position; readonly end: Position };
  readonly callee?: { readonly name?: string };
}

interface StrykerMutant {
  readonly id: string;
  readonly mutatorName: string;
  readonly replacement: string;
  /** Lines from 0. */
  readonly location: { readonly start: Position; readonly end: Position };
}

/**
 * Instruments files, in their order.
 *
 * @param files path → text
 * @param switchPath path of the module with the switch, in the tree that the copies are written to
 */
export async function instrument(
  files: ReadonlyMap<string, string>,
  switchPath: string,
): Promise<Instrumented[]> {
  const { Instrumenter } = await import(INSTRUMENTER);
  const silent = {
    isDebugEnabled: () => false,
    ...Object.fromEntries(
      ["trace", "debug", "info", "warn", "error", "fatal"].map((name) => [name, () => {}]),
    ),
  };
  const instrumenter = new Instrumenter(silent);
  const done: Instrumented[] = [];
  let before = 0;
  for (const [file, content] of files) {
    const messages: { start: Position; end: Position }[] = [];
    const ignorer = {
      shouldIgnore({ node }: { node: Node }) {
        if (node.type === "NewExpression" && node.callee?.name === "BladeError" && node.loc) {
          messages.push(node.loc);
        }
      },
    };
    const { files: [copy], mutants } = await instrumenter.instrument(
      [{ name: file, mutate: true, content }],
      {
        plugins: null,
        ignorers: [ignorer],
        excludedMutations: [],
        noHeader: true,
      },
    );
    const first = before + 1;
    done.push({
      file,
      text: mutants.length === 0
        ? content
        : withSwitch(copy.content, first, relative(dirname(file), switchPath)),
      mutants: (mutants as StrykerMutant[]).map(({ id, mutatorName, replacement, location }) => {
        const start = { ...location.start, line: location.start.line + 1 };
        const end = { ...location.end, line: location.end.line + 1 };
        const wording = mutatorName === "StringLiteral" &&
          messages.some((message) => !isBefore(start, message.start) && !isBefore(message.end, end));
        return {
          id: first + Number(id),
          file,
          start,
          end,
          mutator: mutatorName,
          replacement,
          original: cut(content, start, end),
          ...(wording ? { ignored: IGNORED } : {}),
        };
      }),
    });
    before += mutants.length;
  }
  return done;
}

/** Numbers instead of the instrumenter's texts: they are compared in the innermost loops. */
function withSwitch(text: string, first: number, switchPath: string): string {
  const numbered = text.replaceAll(
    /(stry(?:MutAct|Cov)_9fa48)\(("\d+"(?:,\s*"\d+")*)\)/g,
    (_, call, ids) =>
      `${call}(${ids.replaceAll(/"(\d+)"/g, (_: string, id: string) => String(first + Number(id)))})`,
  );
  return `import { stryCov_9fa48, stryMutAct_9fa48 } from "${switchPath}";\n${numbered}`;
}

function isBefore(a: Position, b: Position): boolean {
  return a.line < b.line || (a.line === b.line && a.column < b.column);
}

/** The text between two places. */
export function cut(text: string, start: Position, end: Position): string {
  const lines = text.split("\n").slice(start.line - 1, end.line);
  lines[lines.length - 1] = lines.at(-1)!.slice(0, end.column);
  lines[0] = lines[0]!.slice(start.column);
  return lines.join("\n");
}
