import { isAbsolute, join, relative, resolve, toFileUrl } from "@std/path";
import { BladeError, EXIT } from "../core/errors.ts";
import type { Command, CommandInput } from "./command.ts";
import { importMapText, type Kind, KINDS, pluginReadme, pluginTestText, pluginText } from "./plugin_files.ts";

/** Where plugins go when nobody says: beside the built-in ones, in a folder of the user's own. */
const DEFAULT_FOLDER = "plugins-local";

/** `blade plugin new NAME`: a plugin that works, with its tests. */
export const pluginNewCommand: Command = {
  name: "plugin new",
  summary: "A new metric plugin that works, with tests and the lines to try it.",
  positionals: ["NAME"],
  flags: [
    { name: "out", value: "DIR", summary: `where to, by default ${DEFAULT_FOLDER}` },
    {
      name: "kind",
      value: "KIND",
      summary: "list: a value for each list (default); population: one for all together",
    },
  ],
  details:
    `Writes DIR/NAME.ts, DIR/NAME_test.ts and DIR/README.md, outside blade's own folder a deno.json too; nothing is
overwritten. -P writes under ./runs only, so name the folder: deno run -P --allow-write=./runs,DIR main.ts …`,
  examples: [
    {
      line: "plugin new freshness",
      about: `into ${DEFAULT_FOLDER}; needs --allow-write=./runs,${DEFAULT_FOLDER}`,
    },
    {
      line: "plugin new reach --kind population --out ../metrics",
      about: "elsewhere; --allow-write=./runs,../metrics",
    },
  ],
  async run(input, io) {
    const [name, kind] = [input.positionals[0]!, kindOf(input)];
    const folder = input.flags.text("out") ?? DEFAULT_FOLDER;
    await checkName(name);
    await checkWritable(folder, name);
    const isOutside = isOutsideProject(folder);
    const own = isOutside ? await ownConfig(folder) : undefined;
    const readme = pluginReadme(name, shortest(folder), isOutside);
    const written = await writeNew(folder, [
      { path: `${name}.ts`, text: pluginText(name, kind), required: true },
      { path: `${name}_test.ts`, text: pluginTestText(name, kind), required: true },
      { path: "README.md", text: readme, required: false },
      ...(isOutside && own === undefined
        ? [{ path: "deno.json", text: importMapText(BLADE), required: false }]
        : []),
    ]);
    io.out(written.map((path) => `wrote ${path}\n`).join(""));
    if (!written.some((path) => path.endsWith("README.md"))) io.out(`\n${readme}`);
    else io.out(`${join(folder, "README.md")} has the lines to try it, first: deno test ${folder}\n`);
    if (own?.knowsBlade === false) {
      io.err(`${own.path} was there and stays as it is: add "blade": "${BLADE}" to its "imports"\n`);
    }
    return EXIT.ok;
  },
};

/** What "blade" stands for in a plugin. */
const BLADE = import.meta.resolve("../reward/plugin_api.ts");

function kindOf(input: CommandInput): Kind {
  const given = input.flags.text("kind") ?? "list";
  const kind = KINDS.find((each) => each === given);
  if (kind !== undefined) return kind;
  const mend = "--kind list for a value for each list, --kind population for one of all lists together";
  throw new BladeError({ place: "--kind", rule: `must be ${KINDS.join(" or ")}`, value: given, mend });
}

async function checkName(name: string): Promise<void> {
  const refuse = (rule: string, mend: string) => {
    throw new BladeError({ place: "plugin new", rule, value: name, mend });
  };
  if (!/^[A-Za-z][A-Za-z0-9_-]{0,63}$/.test(name)) {
    refuse(
      "the name must be letters, digits and dashes, a letter first, at most 64",
      'name it like "list-length"',
    );
  }
  if (/_(test|bench)$/.test(name)) {
    refuse(
      "the name must not end as a file of tests does",
      `leave the end out: ${name.replace(/_\w+$/, "")}`,
    );
  }
  const { createRegistry } = await import("../reward/registry.ts");
  const known = (await (await createRegistry()).list()).map((metric) => metric.name);
  if (known.includes(name)) {
    refuse("the name must not be that of a built-in metric", `add what is different, like ${name}-of-mine`);
  }
}

/** Asked before anything is written: Deno's own refusal would name the folder above. */
async function checkWritable(folder: string, name: string): Promise<void> {
  const runs = new URL("../../runs/", import.meta.url).href;
  if (`${toFileUrl(resolve(folder)).href}/`.startsWith(runs)) {
    throw new BladeError({
      place: folder,
      rule: "must not be in runs, which holds what can be made again and which `deno test` leaves out",
      mend: `leave --out away: plugins then go into ${DEFAULT_FOLDER}`,
    });
  }
  const { state } = await Deno.permissions.query({ name: "write", path: folder });
  if (state === "granted") return;
  const out = folder === DEFAULT_FOLDER ? "" : ` --out ${folder}`;
  throw new BladeError({
    place: folder,
    rule: "must be a folder that the program may write; with -P it writes under ./runs only",
    mend: `start it as: deno run -P --allow-write=./runs,${folder} main.ts plugin new ${name}${out}`,
  });
}

function isOutsideProject(folder: string): boolean {
  const project = new URL("../../", import.meta.url);
  return project.protocol !== "file:" || !toFileUrl(resolve(folder)).href.startsWith(project.href);
}

/** From the working folder where it lies in it, in full elsewhere. */
function shortest(folder: string): string {
  const path = relative(Deno.cwd(), resolve(folder));
  if (path === "") return ".";
  return path.startsWith("..") || isAbsolute(path) ? resolve(folder) : `./${path}`;
}

/** The configuration of Deno that a folder has already. */
async function ownConfig(folder: string): Promise<{ path: string; knowsBlade: boolean } | undefined> {
  for (const name of ["deno.json", "deno.jsonc"]) {
    const path = join(folder, name);
    if (await exists(path)) return { path, knowsBlade: (await Deno.readTextFile(path)).includes('"blade"') };
  }
  return undefined;
}

interface NewFile {
  readonly path: string;
  readonly text: string;
  /** Whether one that is there is in the way, or simply stays. */
  readonly required: boolean;
}

/** Writes all files that are not there, or none. */
async function writeNew(folder: string, files: readonly NewFile[]): Promise<string[]> {
  for (const { path, required } of files) {
    if (!required || !await exists(join(folder, path))) continue;
    throw new BladeError({
      place: join(folder, path),
      rule: "must not be there yet: nothing is overwritten",
      mend: "choose another name or folder, or remove the file",
    });
  }
  await Deno.mkdir(folder, { recursive: true });
  const written: string[] = [];
  for (const { path, text } of files) {
    const place = join(folder, path);
    if (await exists(place)) continue;
    try {
      written.push(place);
      await Deno.writeTextFile(place, text, { createNew: true });
    } catch (error) {
      // One that somebody else made in this moment is not ours to remove.
      if (error instanceof Deno.errors.AlreadyExists) written.pop();
      for (const half of written) await Deno.remove(half).catch(() => {});
      throw error;
    }
  }
  return written;
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
