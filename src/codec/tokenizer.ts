import { Tokenizer } from "@huggingface/tokenizers";
import { join } from "@std/path";
import { BladeError } from "../core/errors.ts";
import type { TokenId } from "../core/ids.ts";

/** Text to tokens and back, as the model was trained with. */
export interface TextTokenizer {
  /** One more than the largest token. */
  readonly vocabulary: number;
  /** The tokens of a text, without any that a model wants at its ends. */
  encode(text: string): TokenId[];
  /** The same after what a model wants at the beginning of all it reads. */
  encodeStart(text: string): TokenId[];
  decode(tokens: readonly TokenId[]): string;
}

/**
 * The tokenizer of a folder in Hugging Face layout: its tokenizer.json, and tokenizer_config.json where there is one.
 *
 * @throws {BladeError} when a file is missing or no tokenizer.
 */
export async function readTokenizer(folder: string): Promise<TextTokenizer> {
  const path = join(folder, "tokenizer.json");
  const json = await readJson(path, true);
  const config = await readJson(join(folder, "tokenizer_config.json"), false);
  let tokenizer: Tokenizer;
  try {
    tokenizer = new Tokenizer(json, config);
    tokenizer.encode("a");
  } catch (error) {
    throw notATokenizer(path, (error as Error).message);
  }
  const plain = (text: string) => tokenizer.encode(text, { add_special_tokens: false }).ids;
  return {
    vocabulary: largestOf(tokenizer) + 1,
    encode: plain,
    encodeStart(text) {
      const own = plain(text), whole = tokenizer.encode(text).ids;
      // Some add a token at the end too, which would close what is to go on.
      const start = whole.findIndex((_, at) => own.every((token, i) => whole[at + i] === token));
      return [...whole.slice(0, Math.max(0, start)), ...own];
    },
    decode: (tokens) => tokenizer.decode([...tokens], { skip_special_tokens: false }),
  };
}

function largestOf(tokenizer: Tokenizer): number {
  let largest = 0;
  for (const id of tokenizer.get_vocab().values()) largest = Math.max(largest, id);
  return largest;
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
