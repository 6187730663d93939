import { Tokenizer } from "@huggingface/tokenizers";
import { join } from "@std/path";
import { BladeError } from "../core/errors.ts";
import type { TokenId } from "../core/ids.ts";
import { checkTokenizer, isToken } from "./tokenizer_checks.ts";

/** Text to tokens and back, as the model was trained with. */
export interface TextTokenizer {
  /** The tokens of a text, without any that a model wants at its ends. */
  encode(text: string): TokenId[];
  /** The same after what a model wants at the beginning of all it reads. */
  encodeStart(text: string): TokenId[];
  decode(tokens: readonly TokenId[]): string;
}

/** Letters of a text: patterns may take the square of it in steps. */
const MAX_TEXT = 2 ** 14;

/**
 * The tokenizer of a folder in Hugging Face layout: its tokenizer.json, and tokenizer_config.json where there is one.
 *
 * @throws {BladeError} when a file is missing or no tokenizer, or asks for more steps than any needs; from then on, when
 * a text is longer than 2^14 letters or becomes what is no token.
 */
export async function readTokenizer(folder: string): Promise<TextTokenizer> {
  const path = join(folder, "tokenizer.json");
  const json = await readJson(path, true);
  const config = await readJson(join(folder, "tokenizer_config.json"), false);
  checkTokenizer(json, path);
  const trying = <T>(run: () => T): T => {
    try {
      return run();
    } catch (error) {
      throw notATokenizer(path, (error as Error).message);
    }
  };
  const tokenizer = trying(() => new Tokenizer(json, config));
  const idsOf = (text: string, isWhole: boolean): TokenId[] => {
    if (text.length > MAX_TEXT) throw tooLong(text);
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

function tooLong(text: string): BladeError {
  return new BladeError({
    place: "a title or the prompt",
    rule: `must be of at most ${MAX_TEXT} letters, and has ${text.length}`,
    value: text,
    mend: "shorten it: check that the file of titles is read by its right columns and quotes",
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
