/** Plugins of strangers for tests, and what is left of the processes that they ran in. */

/** A metric of one slate whose `score` has the given body; item 7 is what it goes wrong on. */
export function strangerText(
  body: string,
  o: { readonly before?: string; readonly batch?: boolean } = {},
): string {
  const score = o.batch === true
    ? `scoreBatch(batch, _signals, _options, out) {
    for (let row = 0; row < out.length; row++) {
      const slate = batch.items.subarray(row * batch.cutoff, (row + 1) * batch.cutoff);
      if (slate[0] === 7) { ${body} }
      out[row] = slate[0] / 100;
    }
  },`
    : `score(slate) {
    if (slate[0] === 7) { ${body} }
    return slate[0] / 100;
  },`;
  return `import { defineMetric } from "blade";
${o.before ?? ""}
export default defineMetric({
  name: "stranger", summary: "A stranger's.", kind: "list", range: [0, 1], direction: "maximize", needs: [],
  ${score}
});
`;
}

/** A metric of many slates; \`add\` has the body. */
export function strangeCrowd(body: string): string {
  return `import { defineMetric } from "blade";
export default defineMetric({
  name: "stranger", summary: "A stranger's.", kind: "population", range: [0, 1], direction: "maximize", needs: [],
  create: () => ({ sum: 0 }),
  add(state, slate, weight) {
    if (slate[0] === 7) { ${body} }
    state.sum += weight;
  },
  remove(state, _slate, weight) { state.sum -= weight; },
  value: (state) => state.sum / 1000,
});
`;
}

/** A plugin in a folder of its own, outside the working folder; the folder is gone after the test. */
export async function strangerFile(
  text: string,
): Promise<{ readonly folder: string; readonly path: string; [Symbol.asyncDispose](): Promise<void> }> {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/stranger.ts`;
  await Deno.writeTextFile(path, text);
  return { folder, path, [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
}

/**
 * Processes of isolated plugins that were given so much memory. Tests run side by side in one process: each file takes
 * an amount of its own, by which it knows its children.
 *
 * @param parent the process that started them
 */
export async function childrenWith(memoryMiB: number, parent = Deno.pid): Promise<number[]> {
  const { stdout } = await new Deno.Command("ps", { args: ["-eo", "pid=,ppid=,args="] }).output();
  return new TextDecoder().decode(stdout).split("\n").flatMap((line) => {
    const [, pid, ppid, args] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    const isOurs = Number(ppid) === parent && args?.includes(`--max-old-space-size=${memoryMiB} `);
    return isOurs ? [Number(pid)] : [];
  });
}

/**
 * How much longer than on an idle machine things take at the moment, at least 1: by what it takes to start a process
 * as a plugin's is started, against a tenth of a second, which it stays below where nothing else runs.
 */
export async function busyness(): Promise<number> {
  const start = performance.now();
  await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-config", "0"],
    stdout: "null",
    stderr: "null",
  })
    .output();
  return Math.max(1, (performance.now() - start) / 100);
}

/** Whether a process is there. */
export async function isAlive(pid: number): Promise<boolean> {
  const { stdout } = await new Deno.Command("ps", { args: ["-o", "stat=", "-p", `${pid}`] }).output();
  const state = new TextDecoder().decode(stdout).trim();
  return state !== "" && !state.startsWith("Z");
}
