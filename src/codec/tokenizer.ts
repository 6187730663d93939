import { Tokenizer } from "@huggingface/tokenizers";
import { join } from "@std/path";
import { BladeError } from "../core/errors.ts";
import type { TokenId } from "../core/ids.ts";

/** Text to tokens and back, as the model was trained with. */
export interface TextTokenizer {
  /** The tokens of a text, without any that a model wants at its ends. */
  encode(text: string): TokenId[];
  /** The same after what a model wants at the beginning of all it reads. */
  encodeStart(text: string): TokenId[];
  decode(tokens: readonly TokenId[]): string;
}

/** No tokenizer has as many tokens; a number beyond would make tables that no memory holds. */
const MAX_TOKENS = 2 ** 24;

/**
 * The tokenizer of a folder in Hugging Face layout: its tokenizer.json, and tokenizer_config.json where there is one.
 *
 * @throws {BladeError} when a file is missing or no tokenizer; from then on, when a text becomes what is no token.
 */
export async function readTokenizer(folder: string): Promise<TextTokenizer> {
  const path = join(folder, "tokenizer.json");
  const json = await readJson(path, true);
  const config = await readJson(join(folder, "tokenizer_config.json"), false);
  checkNumbers(json, path);
  checkSteps(Reflect.get(json, "pre_tokenizer"), path);
  const trying = <T>(run: () => T): T => {
    try {
      return run();
    } catch (error) {
      throw notATokenizer(path, (error as Error).message);
    }
  };
  const tokenizer = trying(() => new Tokenizer(json, config));
  const idsOf = (text: string, isWhole: boolean): TokenId[] => {
    const { ids, tokens } = trying(() => tokenizer.encode(text, { add_special_tokens: isWhole }));
    const wrong = ids.findIndex((id) => !isToken(id));
    if (wrong >= 0) throw notATokenizer(path, `no number of the token ${tokens[wrong]}`);
    return ids;
  };
  idsOf("a", true);
  return {
    encode: (text) => idsOf(text, false),
    encodeStart(text) {
      const own = idsOf(text, false), whole = idsOf(text, true);
      if (own.length === 0) throw noTokens(path, text);
      // Some add a token at the end too, which would close what is to go on.
      const start = whole.findIndex((_, at) => own.every((token, i) => whole[at + i] === token));
      return [...whole.slice(0, Math.max(0, start)), ...own];
    },
    decode: (tokens) =>
      tokens.length === 0 ? "" : trying(() => tokenizer.decode([...tokens], { skip_special_tokens: false })),
  };
}

function isToken(id: unknown): boolean {
  return Number.isInteger(id) && (id as number) >= 0 && (id as number) < MAX_TOKENS;
}

/** Checks the numbers that tokens have. */
function checkNumbers(json: object, path: string): void {
  const vocabulary = inside(inside(json, "model"), "vocab");
  const added = inside(json, "added_tokens");
  const numbers = [
    ...Array.isArray(vocabulary) ? [] : Object.values(Object(vocabulary)),
    ...Array.isArray(added) ? added.map((token) => inside(token, "id")) : [],
  ];
  const wrong = numbers.findIndex((id) => !isToken(id));
  if (wrong < 0) return;
  throw new BladeError({
    place: path,
    rule: `must number its tokens by whole numbers from 0 to ${MAX_TOKENS - 1}`,
    value: numbers[wrong],
    mend: "take the file from its source again",
  });
}

/** Checks that cutting text into pieces of a fixed length comes to an end. */
function checkSteps(step: unknown, path: string): void {
  const [length, steps] = [inside(step, "length"), inside(step, "pretokenizers")];
  if (inside(step, "type") === "FixedLength" && !(Number.isInteger(length) && Number(length) > 0)) {
    throw notATokenizer(path, `pieces of a length of ${length}`);
  }
  if (Array.isArray(steps)) { for (const one of steps) checkSteps(one, path); }
}

function inside(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
}

async function readJson(path: string, needed: boolean): Promise<object> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    if (!needed) return {};
    throw new BladeError({
      place: path,
      rule: "must be there: it says how titles become tokens",
      mend:
        "take the whole folder of the model; a tokenizer.model alone is converted by `AutoTokenizer(…).save_pretrained`",
    });
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw notATokenizer(path, (error as Error).message);
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw notATokenizer(path, Array.isArray(json) ? "a list" : json);
  }
  return json;
}

function notATokenizer(path: string, value: unknown): BladeError {
  return new BladeError({
    place: path,
    rule: "must be a tokenizer as the Hugging Face library `tokenizers` writes it",
    value,
    mend: "take the file from its source again",
  });
}

function noTokens(path: string, text: string): BladeError {
  return new BladeError({
    place: path,
    rule: "must make at least one token of what the model reads first",
    value: text,
    mend: "begin model.prompt with words that the model knows",
  });
}
