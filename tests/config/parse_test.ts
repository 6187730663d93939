import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { loadConfig, parseConfig } from "../../src/config/parse.ts";
import { BladeError } from "../../src/core/errors.ts";

const FILE = "/somewhere/run.jsonc";
const parse = (text: string, set: string[] = []) => parseConfig(text, { path: FILE, set });
const refused = (text: string, set: string[] = []): BladeError =>
  assertThrows(() => parse(text, set), BladeError) as BladeError;

Deno.test("parseConfig() fills every default", () => {
  const config = parse("{}");
  assertEquals(config.seed, 1);
  assertEquals(config.device, "auto");
  assertEquals(config.threads, null);
  assertEquals(config.target, {
    kind: "bayesian",
    n: 4,
    priorSlates: 16,
    priorStrength: 16,
    discount: 0.9,
    pooling: 0,
    maxAtoms: 128,
  });
  assertEquals(config.reward, {
    terms: [{ metric: "ndcg@10", weight: 0.7 }, { metric: "ild@10", weight: 0.3 }],
    combine: "sum",
    constraints: [],
    multiplierRate: 0.2,
    isolate: "remote",
    deadlineMs: 10_000,
    memoryMiB: 512,
    onError: "stop",
    onErrorLimit: 100,
  });
  assertEquals(config.align.learningRate, 1e-3);
  assertEquals(config.checkpoint, { everySteps: 200, keep: 2 });
});

Deno.test("parseConfig() of a resolved configuration gives it back", () => {
  const config = parse('{ "align": { "cutoff": 5 }, "plugins": ["./mine.ts"] }', ["data.folder=elsewhere"]);
  assertEquals(parseConfig(JSON.stringify(config), { path: "/other/config.resolved.json" }), config);
});

Deno.test("an unknown key is refused with its line, the nearest known one and all known ones", () => {
  const error = refused('{\n  // comment\n  "align": {\n    "cutof": 5\n  }\n}');
  assertStringIncludes(error.message, `${FILE}:4: align.cutof: is not a known key`);
  assertStringIncludes(error.message, 'did you mean "align.cutoff"?');
  assertStringIncludes(error.message, "known here: method, objective, anchor");
  assertEquals(error.exitCode, 2);
});

Deno.test("a known key in the wrong section is pointed to the right one", () => {
  assertStringIncludes(refused('{ "groupSize": 8 }').message, 'did you mean "align.groupSize"?');
});

Deno.test("a __proto__ key is an unknown key, in the file as on the command line", () => {
  assertStringIncludes(refused('{ "__proto__": { "seed": 2 } }').message, "__proto__: is not a known key");
  assertStringIncludes(refused("{}", ["align.__proto__.cutoff=2"]).message, "__proto__: is not a known key");
});

Deno.test("a value that does not fit is refused with line, path, rule, value and mend", () => {
  const error = refused('{\n  "model": { "layers": 2,\n    "dropout": 1.5 }\n}');
  assertEquals(
    error.message,
    `${FILE}:3: model.dropout: must be less than 1, got 1.5.\n  To mend: correct it (share of activations dropped in training, from scratch).`,
  );
});

Deno.test.each([
  ['{ "seed": "one" }', "seed: must be a number", '"one"'],
  ['{ "seed": 1.5 }', "seed: must be a whole number", "1.5"],
  ['{ "device": "gpu" }', "device: must be one of auto, webgpu, native, wasm, cpu", '"gpu"'],
  ['{ "reward": { "terms": [] } }', "reward.terms: must have at least 1 entry", "[]"],
  ['{ "reward": { "terms": [{ "weight": 1 }] } }', "reward.terms.0.metric: must be given", ""],
  ['{ "target": { "discount": 0 } }', "target.discount: must be more than 0", "0"],
  ['{ "sft": null }', "sft: must be an object", "null"],
  [
    '{ "reward": { "terms": [{ "metric": "ndcg@3", "weight": 0 }] } }',
    "reward.terms: must have a term with a weight other than 0",
    "weight",
  ],
  [
    '{ "reward": { "constraints": [{ "metric": "mgu@10", "atMost": 1, "atLeast": 0 }] } }',
    "reward.constraints.0: must have one bound, atLeast or atMost",
    "mgu@10",
  ],
  ['{ "reward": { "constraints": [{ "metric": "mgu@10" }] } }', "must have one bound", "mgu@10"],
  [
    '{ "evaluate": { "systems": ["best-of-0"] } }',
    "evaluate.systems.0: must be one of most-popular, item-knn, reference, sft-continued, best-of-n, aligned, or " +
    "best-of- and a number up to 999",
    '"best-of-0"',
  ],
  [
    '{ "evaluate": { "systems": ["most-populr"] } }',
    "evaluate.systems.0: must be",
    'did you mean "most-popular"?',
  ],
  ['{ "reward": { "combine": "product" } }', "reward.combine: must be one of sum, quantile", '"product"'],
  [
    '{ "target": { "priorSlates": 9, "maxAtoms": 8 } }',
    "target.maxAtoms: must hold the prior's rewards, of which there are target.priorSlates (9)",
    "8",
  ],
  ['{ "model": { "heads": 3 } }', "model.heads: must divide model.width (64)", "3"],
  ['{ "model": { "width": 66, "heads": 2 } }', "must leave heads of an even size", "33"],
  ['{ "model": { "heads": 4, "kvHeads": 3 } }', "model.kvHeads: must divide model.heads (4)", "3"],
  [
    '{ "data": { "testShare": 0.6, "validationShare": 0.4 } }',
    "validationShare + testShare must be under 1",
    "0.6",
  ],
  ['{ "data": { "reader": "ml-1m" } }', "data.folder: must be given for the reader `ml-1m`", ""],
  [
    '{ "data": { "columns": { "user": "u", "item": "i" } } }',
    "data.columns: belongs to the reader `table` only",
    "",
  ],
  ['{ "data": { "fields": {} } }', "data.fields: belongs to the reader `recbole` only", ""],
  ['{ "data": { "name": "x" } }', "data.name: belongs to the readers `recbole` and `minionerec` only", ""],
  ['{ "data": { "files": {} } }', "data.files: belongs to the readers `bigrec` and `minionerec` only", ""],
  [
    '{ "data": { "reader": "minionerec", "folder": "x", "unlisted": "add" } }',
    "data.unlisted: belongs to the reader `bigrec` only",
    "add",
  ],
  [
    '{ "data": { "reader": "minionerec", "folder": "x", "files": { "categories": "c.json" } } }',
    "data.files.categories: belongs to the reader `bigrec` only",
    "c.json",
  ],
  [
    '{ "data": { "split": "given" } }',
    "data.split: needs files that are split already, which the reader `fixture` does not read",
    "given",
  ],
  [
    '{ "data": { "reader": "bigrec", "folder": "x", "split": "leave-last-out" } }',
    "data.split: must be given for the reader `bigrec`, whose files are split already",
    "leave-last-out",
  ],
  [
    '{ "data": { "reader": "minionerec", "folder": "x", "kCore": 5 } }',
    "data.kCore: must be 0 for the reader `minionerec`, whose files are split already",
    "5",
  ],
  [
    '{ "data": { "reader": "bigrec", "folder": "x", "minRating": 3 } }',
    "data.minRating: must be null for the reader `bigrec`",
    "3",
  ],
  ['{ "evaluate": { "metrics": ["ild@5", "ild@5"] } }', "evaluate.metrics.1: must not name ild@5 twice", ""],
  ['{ "name": "../escape" }', "name: must be letters, digits", '"../escape"'],
  ["[]", "the document: must be an object", "[]"],
])("parseConfig() refuses %s", (text, rule, value) => {
  const { message } = refused(text);
  assertStringIncludes(message, rule);
  assertStringIncludes(message, value);
  assertMatch(message, /\n {2}To mend: \S/);
});

Deno.test("readers of files that are split already have that split for a default, and drop nothing", () => {
  for (const reader of ["bigrec", "minionerec"]) {
    const text = JSON.stringify({ data: { folder: "x" } });
    const { data } = parseConfig(text, { path: FILE, set: [`data.reader=${reader}`] });
    assertEquals([data.split, data.kCore, data.minRating], ["given", 0, null], reader);
  }
  const { data } = parseConfig('{ "data": { "reader": "table", "folder": "x" } }', { path: FILE, set: [] });
  assertEquals([data.split, data.kCore], ["leave-last-out", 5]);
});

Deno.test("a misspelt choice is answered with the nearest one", () => {
  assertStringIncludes(refused('{ "align": { "objective": "distil" } }').message, 'did you mean "distill"?');
});

Deno.test("several problems are told together, the first in full", () => {
  const { message } = refused('{ "seed": -1, "align": { "batch": 0, "cutoff": 0 } }');
  assertStringIncludes(message, "seed: must be at least 0, got -1");
  assertStringIncludes(message, "also look at align.cutoff, align.batch");
});

Deno.test("text that is no JSONC is refused with line and column", () => {
  assertStringIncludes(
    refused('{\n  "seed": 1\n  "device": "cpu"\n}').message,
    `${FILE}:3:3: must be JSON with comments`,
  );
  assertStringIncludes(refused("").message, `${FILE}:1:1`);
});

Deno.test("a key given twice is refused, where JSON would drop the first in silence", () => {
  assertStringIncludes(
    refused('{\n"seed": 1,\n"seed": 2 }').message,
    `${FILE}:3: must give a key once, got "seed"`,
  );
});

Deno.test("comments, trailing commas and a byte order mark are read", () => {
  assertEquals(parse('\ufeff{ /* a */ "seed": 4, // b\n }').seed, 4);
});

Deno.test("--set goes through the same schema, and its errors name the flag", () => {
  assertEquals(parse('{ "align": { "cutoff": 10 } }', ["align.cutoff=5"]).align.cutoff, 5);
  const { message } = refused("{}", ["align.cutoff=none"]);
  assertStringIncludes(message, '--set align.cutoff=none: align.cutoff: must be a number, got "none"');
});

Deno.test("the last --set of a path wins and is the one that an error names", () => {
  assertEquals(parse("{}", ["seed=2", "seed=3"]).seed, 3);
  assertStringIncludes(refused("{}", ["seed=2", "seed=x"]).message, "--set seed=x: seed");
});

Deno.test("--set changes one part of an array that the file leaves to the default", () => {
  const { terms } = parse("{}", ["reward.terms.0.weight=1"]).reward;
  assertEquals(terms, [{ metric: "ndcg@10", weight: 1 }, { metric: "ild@10", weight: 0.3 }]);
});

Deno.test("--set appends to an array at its end and refuses a place beyond it", () => {
  const { metrics } =
    parse('{ "evaluate": { "metrics": ["ild@5"] } }', ["evaluate.metrics.1=mrr@5"]).evaluate;
  assertEquals(metrics, ["ild@5", "mrr@5"]);
  const { message } = refused('{ "evaluate": { "metrics": ["ild@5"] } }', ["evaluate.metrics.7=mrr@5"]);
  assertStringIncludes(message, "must name an entry of evaluate.metrics, which has 1");
});

Deno.test("--set refuses what has no value, no path, or goes below a single value", () => {
  assertStringIncludes(refused("{}", ["seed"]).message, "must be path=value");
  assertStringIncludes(refused("{}", ["=3"]).message, "must be path=value");
  assertStringIncludes(refused("{}", ["align..cutoff=3"]).message, "must be path=value");
  assertStringIncludes(refused('{ "seed": 1 }', ["seed.deep=3"]).message, "must not go below seed");
});

Deno.test("a relative data.folder starts at the file, and given by --set at the working folder", () => {
  const text = '{ "data": { "reader": "ml-1m", "folder": "../ml" } }';
  assertEquals(parse(text).data.folder, "/ml");
  assertEquals(parse(text, ["data.folder=ml"]).data.folder, join(Deno.cwd(), "ml"));
  assertEquals(parse(text, ['data={"reader":"ml-1m","folder":"ml"}']).data.folder, join(Deno.cwd(), "ml"));
});

Deno.test("plugins start at whoever gave them; addresses stay as they are", () => {
  const config = parseConfig('{ "plugins": ["./a.ts", "npm:metric@1.0.0"] }', {
    path: FILE,
    plugins: ["b.ts"],
  });
  assertEquals(config.plugins, ["/somewhere/a.ts", "npm:metric@1.0.0", join(Deno.cwd(), "b.ts")]);
});

Deno.test("--seed and --device win over the file and are named in errors", () => {
  const config = parseConfig('{ "seed": 5 }', { path: FILE, seed: 9, device: "cpu" });
  assertEquals([config.seed, config.device], [9, "cpu"]);
  const error = assertThrows(() => parseConfig("{}", { path: FILE, device: "gpu" }), BladeError);
  assertStringIncludes(error.message, "--device gpu: device: must be one of");
});

Deno.test("--blas is a path from the working folder or a name for the loader, as in the file from its folder", () => {
  const blas = (text: string, flag?: string) =>
    parseConfig(text, { path: FILE, ...(flag === undefined ? {} : { blas: flag }) }).blas;
  assertEquals(blas("{}"), null);
  assertEquals(blas('{ "blas": "lib/blas.so" }'), "/somewhere/lib/blas.so");
  assertEquals(blas('{ "blas": "lib/blas.so" }', "./mine.so"), join(Deno.cwd(), "mine.so"));
  assertEquals(blas("{}", "libblis.so.4"), "libblis.so.4");
});

Deno.test("a library for a device that takes none is refused", () => {
  const error = assertThrows(
    () => parseConfig('{ "device": "wasm" }', { path: FILE, blas: "libblis.so.4" }),
    BladeError,
  );
  assertStringIncludes(error.message, "--blas libblis.so.4: blas: belongs to the device native, not to wasm");
});

Deno.test("loadConfig() says that a file is missing or a folder", async () => {
  for (const [path, said] of [["no/such.jsonc", "no such file"], ["tests", "a folder"]] as const) {
    const error = await loadConfig(path).then(() => undefined, (error: unknown) => error);
    assert(error instanceof BladeError);
    assertStringIncludes(error.message, said);
  }
});

Deno.test("what a method of alignment cannot go with is refused with what to set", () => {
  const cases: [set: string[], says: string[]][] = [
    [["align.method=vbon"], [
      "target.kind",
      "must be static",
      "of align.method vbon",
      "set target.kind to static",
    ]],
    [["align.method=bond", "target.kind=bayesian"], [
      "--set target.kind=bayesian",
      "must be static",
      '"bayesian"',
    ]],
    [["align.method=dpo"], ["align.klCoefficient", "must be 0", "of align.method dpo"]],
    [["align.method=bonbon", "align.klCoefficient=0", "target.n=8"], [
      "target.n",
      "must be align.groupSize (4)",
      "8",
    ]],
    [["align.method=grpo", "align.groupSize=1"], ["align.groupSize", "must be at least 2", "1"]],
    [["align.method=j-bond", "align.groupSize=2"], ["align.groupSize", "must be at least 3"]],
    [["align.method=j-bond", "align.updates=2"], ["align.updates", "must be 1", "2"]],
    [["align.method=max@k", "align.maxK=5"], ["align.maxK", "at most align.groupSize (4)", "5"]],
    [["align.method=s-dpo", "align.klCoefficient=0", "align.losers=4"], [
      "align.losers",
      "less than align.groupSize",
    ]],
    [["align.method=sprec", "align.klCoefficient=0", "align.epochs=3"], [
      "align.rounds",
      "at most align.epochs (3)",
    ]],
    [
      ["align.method=dpo", "align.klCoefficient=0", 'reward.constraints=[{"metric":"ild@10","atLeast":0.5}]'],
      ["reward.constraints", "must be empty"],
    ],
    [["align.method=ppo"], ["align.method", "must be one of blade", "max@k", '"ppo"']],
  ];
  for (const [set, says] of cases) {
    const { message } = refused("{}", set);
    for (const part of says) assertStringIncludes(message, part);
  }
});

Deno.test("what one method does not take is no matter to another, nor to sft", () => {
  for (const method of ["blade", "grpo", "sft"]) {
    const set = [`align.method=${method}`, "align.losers=9", "align.maxK=9", "align.rounds=99", "target.n=8"];
    assertEquals(parse("{}", set).align.method, method);
  }
});
