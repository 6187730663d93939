import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { parseConfig } from "../../src/config/parse.ts";
import { BladeError } from "../../src/core/errors.ts";

const FILE = "/somewhere/run.jsonc";
const parse = (set: string[], text = "{}") => parseConfig(text, { path: FILE, set });

Deno.test.each<[string, string[], string[]]>([
  ["a pretrained model over ids", ["model.pretrained=m", "model.codec=id"], [
    "--set model.codec=id: model.codec: must be text or semantic for a pretrained model, which knows no items",
    '"id"',
    "set model.codec to text",
  ]],
  ["titles without a model that can read", ["model.codec=text"], [
    "--set model.codec=text: model.codec: text needs a model that can read: model.pretrained is null",
    "set model.pretrained to a folder in Hugging Face layout, for instance fixtures/tiny-llm",
  ]],
  ["titles that are ranked at once", ["model.pretrained=m", "model.slate=plackett-luce"], [
    "--set model.slate=plackett-luce: model.slate: must be autoregressive for the codec text",
    "set model.slate to autoregressive",
  ]],
  ["semantic ids that are ranked at once", ["model.codec=semantic", "model.slate=plackett-luce"], [
    "model.slate: must be autoregressive for the codec semantic, whose items are several tokens",
  ]],
  ["semantic ids of titles, from scratch", ["model.codec=semantic", "model.semantic.from=titles"], [
    "model.semantic.from: titles needs a pretrained model, whose embedding it reads",
    '"titles"',
    "set model.pretrained, or model.semantic.from to co-occurrence",
  ]],
  ["semantic ids of a file, without it", ["model.codec=semantic", "model.semantic.from=file"], [
    "model.semantic.file: belongs to model.semantic.from file, and to it alone",
    "set it to an index.json",
  ]],
  ["a file of semantic ids that nothing reads", ["model.codec=semantic", "model.semantic.file=i.json"], [
    "model.semantic.file: belongs to model.semantic.from file",
    '"i.json"',
    "set model.semantic.from to file",
  ]],
  ["adapters to start from, from scratch", ["model.lora.from=a"], [
    "model.lora.from: belongs to a pretrained model with adapters",
    "set model.pretrained and model.train adapters, or leave it out",
  ]],
  ["adapters to start from where all is trained", [
    "model.pretrained=m",
    "model.train=all",
    "model.lora.from=a",
  ], ["model.lora.from: belongs to a pretrained model with adapters", '"a"']],
  ["half from scratch", ["model.precision=half"], [
    "model.precision: half is for weights that stay as they are: those of a pretrained model with adapters",
    '"half"',
    "set model.precision to f32, or model.train to adapters",
  ]],
  ["half where all is trained", ["model.pretrained=m", "model.train=all", "model.precision=half"], [
    "model.precision: half is for weights that stay as they are",
  ]],
  ["a sampled loss over titles", ["model.pretrained=m", "sft.loss=sampled"], [
    "--set sft.loss=sampled: sft.loss: must be full for the codec text",
    "set sft.loss to full",
  ]],
  ["a sampled loss over semantic ids", [
    "model.codec=semantic",
    "model.slate=autoregressive",
    "sft.loss=sampled",
  ], [
    "sft.loss: must be full for the codec semantic",
  ]],
  ["beams over titles", ["model.pretrained=m", "evaluate.decode=beam"], [
    "--set evaluate.decode=beam: evaluate.decode: must be greedy for the codec text",
    "set evaluate.decode to greedy",
  ]],
  ["a prompt without the history", ["model.pretrained=m", "model.prompt=Next:"], [
    "--set model.prompt=Next:: model.prompt: must hold {history} once",
    '"Next:"',
    "put {history} where the titles are to stand",
  ]],
  ["a prompt with another placeholder", ["model.pretrained=m", "model.prompt=For {user}: {history}"], [
    "model.prompt: may hold {history} and no other placeholder",
  ]],
  ["a module that no block has", ['model.lora.targets=["c_attn"]'], [
    "model.lora.targets.0: must be one of q_proj",
  ]],
  ["heads that do not divide the width, from scratch", ["model.heads=3"], [
    "model.heads: must divide model.width",
  ]],
])("%s is refused with what to set", (_name, set, says) => {
  const { message } = assertThrows(() => parse(set), BladeError);
  for (const part of says) assertStringIncludes(message, part);
});

Deno.test("what is for models from scratch is no matter to a pretrained one, and the other way round", () => {
  assertEquals(parse(["model.pretrained=m", "model.heads=3", "model.kvHeads=2"]).model.heads, 3);
  assertEquals(parse(["model.prompt=no history"]).model.prompt, "no history");
  const all = ["model.pretrained=m", "model.train=adapters", "model.precision=half", "model.lora.from=a"];
  assertEquals(parse(all).model.precision, "half");
  const file = ["model.codec=semantic", "model.semantic.from=file", "model.semantic.file=i.json"];
  assertEquals(parse(file).model.semantic.from, "file");
});

Deno.test("a pretrained model alone has titles, picked one by one", () => {
  const modelOf = (set: string[], text?: string) => {
    const { codec, slate } = parse(set, text).model;
    return { codec, slate };
  };
  const implied = { codec: "text", slate: "autoregressive" } as const;
  assertEquals(modelOf(["model.pretrained=m"]), implied);
  assertEquals(modelOf([], '{ "model": { "pretrained": "m" } }'), implied);
  assertEquals(modelOf(['model={"pretrained":"m"}']), implied);
  assertEquals(modelOf(["model.pretrained=m", "model.codec=semantic"]), { ...implied, codec: "semantic" });
  assertEquals(modelOf(["model.codec=semantic"]), { ...implied, codec: "semantic" });
  // Without one, and where a value is given, nothing follows.
  assertEquals(modelOf([]), { codec: "id", slate: "plackett-luce" });
  assertEquals(modelOf(["model.width=32"]), { codec: "id", slate: "plackett-luce" });
  assertEquals(modelOf(["model.pretrained=null"]), { codec: "id", slate: "plackett-luce" });
  assertEquals(modelOf(["model.slate=autoregressive"]), { codec: "id", slate: "autoregressive" });
  const written = '{ "model": { "pretrained": "m", "codec": "semantic", "slate": "autoregressive" } }';
  assertEquals(modelOf([], written), { ...implied, codec: "semantic" });
});

Deno.test.each([
  ["a number", "model.pretrained=7", "model.pretrained: must be a string"],
  ["an empty text", "model.pretrained=", "model.pretrained: must not be empty"],
  ["a section that is a list", "model=[]", "model: must be an object"],
  ["a section that is null", "model=null", "model: must be an object"],
  [
    "a codec that is null",
    'model={"pretrained":"m","codec":null}',
    "model.codec: must be one of id, text, semantic",
  ],
])("%s implies nothing and is refused", (_name, set, says) => {
  assertStringIncludes(assertThrows(() => parse([set]), BladeError).message, says);
});

Deno.test("paths of a model start where they were given, and names of a hub stay", () => {
  const written = `{ "model": {
    "pretrained": "models/a", "lora": { "from": "./adapters" }, "codec": "semantic",
    "semantic": { "from": "file", "file": "../index.json" }
  } }`;
  const pathsOf = ({ model }: ReturnType<typeof parse>) => [
    model.pretrained,
    model.lora.from,
    model.semantic.file,
  ];
  const own = ["/somewhere/models/a", "/somewhere/adapters", "/index.json"] as const;
  assertEquals(pathsOf(parse([], written)), [...own]);
  const here = Deno.cwd();
  const set = ["model.pretrained=b", "model.lora.from=c", "model.semantic.file=d.json"];
  assertEquals(pathsOf(parse(set, written)), [join(here, "b"), join(here, "c"), join(here, "d.json")]);
  assertEquals(pathsOf(parse([set[1]!], written)), [own[0], join(here, "c"), own[2]]);
  assertEquals(parse(['model.lora={"from":"c"}'], written).model.lora.from, join(here, "c"));
  const above = [{ place: "arm", path: ["model", "pretrained"], value: "b", folder: "/arms" }];
  assertEquals(parseConfig(written, { path: FILE, above }).model.pretrained, "/arms/b");
  for (const name of ["hf:org/name", "hf:org/name@v1.0", "/absolute/folder"]) {
    assertEquals(parse([`model.pretrained=${name}`], written).model.pretrained, name);
  }
  assertEquals(pathsOf(parse([])), [null, null, null]);
  const resolved = parse([], written);
  assertEquals(parseConfig(JSON.stringify(resolved), { path: "/other/config.resolved.json" }), resolved);
});
