import { BladeError } from "../core/errors.ts";
import { patternCost } from "./pattern_cost.ts";

/** No tokenizer has as many tokens; a number beyond would make tables that no memory holds. */
const MAX_TOKENS = 2 ** 24;

/** What a tokenizer may ask for, several times what any needs: a stranger's file must not cost time or memory without end. */
const MOST = {
  /** Of a normalizer, a pre-tokenizer, a post-processor or a decoder. */
  steps: 32,
  /** Each may double the pieces. */
  preTokenizers: 12,
  /** Times that replacing may make a text longer. */
  growth: 256,
  /** Of a pattern. */
  letters: 10_000,
  /** Ways in which a pattern may match at one place, beside the length of the text. */
  ways: 64,
  /** Letters of one token of a vocabulary with scores, whose beginnings are all looked up. */
  scored: 256,
  /** Letters of a word that is looked up piece by piece. */
  word: 512,
  /** Letters that are put before or between words. */
  mark: 64,
} as const;

/** Whether it is the number of a token. */
export function isToken(id: unknown): id is number {
  return Number.isInteger(id) && (id as number) >= 0 && (id as number) < MAX_TOKENS;
}

/**
 * Refuses a tokenizer.json that would not come to an end in time, or in memory.
 *
 * @param json the file
 * @param path its name, for messages
 * @throws {BladeError} naming the part
 */
export function checkTokenizer(json: object, path: string): void {
  const refuse = (part: string, rule: string, value: unknown): never => {
    throw new BladeError({
      place: `${path}: ${part}`,
      rule,
      value,
      mend: "take the file from its source again",
    });
  };
  checkVocabulary(json, refuse);
  const normalizer = stepsOf(inside(json, "normalizer"), "normalizers", "normalizer", refuse);
  const preTokenizer = stepsOf(inside(json, "pre_tokenizer"), "pretokenizers", "pre_tokenizer", refuse);
  const decoder = stepsOf(inside(json, "decoder"), "decoders", "decoder", refuse);
  const processors = stepsOf(inside(json, "post_processor"), "processors", "post_processor", refuse);
  if (preTokenizer.length > MOST.preTokenizers) {
    refuse("pre_tokenizer", `must have at most ${MOST.preTokenizers} steps`, preTokenizer.length);
  }
  checkGrowth([...normalizer, ...preTokenizer], "normalizer and pre_tokenizer", refuse);
  checkGrowth(decoder, "decoder", refuse);
  for (const step of processors) checkTemplate(step, refuse);
  for (const step of preTokenizer) {
    const length = inside(step, "length");
    if (inside(step, "type") === "FixedLength" && !(Number.isInteger(length) && Number(length) > 0)) {
      refuse("pre_tokenizer: length", "must be a whole number from 1 on", length);
    }
  }
}

type Refuse = (part: string, rule: string, value: unknown) => never;

function checkVocabulary(json: object, refuse: Refuse): void {
  const model = inside(json, "model");
  const vocabulary = inside(model, "vocab");
  const added = inside(json, "added_tokens");
  const rule = `must number its tokens by whole numbers from 0 to ${MAX_TOKENS - 1}`;
  if (Array.isArray(vocabulary)) {
    if (vocabulary.length > MAX_TOKENS) {
      refuse("model.vocab", `must have at most ${MAX_TOKENS} tokens`, vocabulary.length);
    }
    for (const entry of vocabulary) {
      const [token, score] = Array.isArray(entry) ? entry : [];
      if (isText(token, MOST.scored) && Number.isFinite(score)) continue;
      refuse("model.vocab", `must have tokens of at most ${MOST.scored} letters, each with its score`, entry);
    }
  } else {
    for (const id of Object.values(Object(vocabulary))) if (!isToken(id)) refuse("model.vocab", rule, id);
  }
  for (const token of Array.isArray(added) ? added : []) {
    const [id, content] = [inside(token, "id"), inside(token, "content")];
    if (!isToken(id)) refuse("added_tokens", rule, id);
    if (typeof content !== "string" || content === "") {
      refuse("added_tokens", "must have texts as content", content);
    }
  }
  const word = inside(model, "max_input_chars_per_word") ?? 100;
  if (!(typeof word === "number" && word >= 1 && word <= MOST.word)) {
    refuse("model.max_input_chars_per_word", `must be a number from 1 to ${MOST.word}`, word);
  }
  for (const name of ["continuing_subword_prefix", "continuing_subword_suffix", "end_of_word_suffix"]) {
    const mark = inside(model, name) ?? "";
    if (!isText(mark, MOST.mark)) {
      refuse(`model.${name}`, `must be a text of at most ${MOST.mark} letters`, mark);
    }
  }
}

/** A step and those within it, flat. */
function stepsOf(step: unknown, key: string, part: string, refuse: Refuse): readonly unknown[] {
  const steps: unknown[] = [];
  const open = [step];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next !== null) steps.push(next);
    if (steps.length > MOST.steps) refuse(part, `must have at most ${MOST.steps} steps`, "more");
    const inner = inside(next, key);
    if (Array.isArray(inner)) open.push(...inner.slice(0, MOST.steps + 1).reverse());
  }
  for (const one of steps) checkPattern(inside(one, "pattern"), part, refuse);
  return steps;
}

function checkPattern(pattern: unknown, part: string, refuse: Refuse): void {
  const regex = inside(pattern, "Regex"), text = inside(pattern, "String");
  if (text !== undefined && typeof text !== "string") refuse(`${part}: pattern`, "must be a text", text);
  if (regex === undefined) return;
  if (!isText(regex, MOST.letters)) {
    return refuse(`${part}: pattern`, `must be a text of at most ${MOST.letters} letters`, regex);
  }
  const { factor, degree } = patternCost(regex);
  if (degree <= 1 && factor <= MOST.ways) return;
  refuse(
    `${part}: pattern`,
    "must come to an end soon on every text: no repetition in a repetition, and in one branch one before what must follow",
    regex,
  );
}

/** Each step that replaces may make a text longer, and the next one finds more to replace. */
function checkGrowth(steps: readonly unknown[], part: string, refuse: Refuse): void {
  let growth = 1;
  for (const step of steps) {
    for (const key of ["prepend", "replacement", "str_rep", "suffix", "prefix"]) {
      const mark = inside(step, key) ?? "";
      if (!isText(mark, MOST.mark)) {
        refuse(`${part}: ${key}`, `must be a text of at most ${MOST.mark} letters`, mark);
      }
    }
    const content = inside(step, "content") ?? "";
    const pattern = inside(step, "pattern");
    if (typeof content !== "string") refuse(`${part}: content`, "must be a text", content);
    if (pattern === undefined) continue;
    const found = inside(pattern, "String");
    const least = typeof found === "string" ? found.length : 0;
    growth *= least === 0 ? (content as string).length + 1 : Math.max(1, (content as string).length / least);
  }
  for (const step of steps) {
    const mark = inside(step, "str_rep") ?? inside(step, "replacement") ?? "";
    growth *= Math.max(1, (mark as string).length);
  }
  if (growth > MOST.growth) {
    refuse(part, `must not make texts more than ${MOST.growth} times longer by replacing`, growth);
  }
}

/** A template that held a text several times, in several steps, would make it endless. */
function checkTemplate(step: unknown, refuse: Refuse): void {
  for (const key of ["single", "pair"]) {
    const template = inside(step, key) ?? [];
    if (!Array.isArray(template) || template.length > MOST.steps) {
      return refuse(`post_processor.${key}`, `must be a list of at most ${MOST.steps} entries`, template);
    }
    const texts = template.filter((entry) => inside(inside(entry, "Sequence"), "id") === "A");
    if (texts.length > 1) refuse(`post_processor.${key}`, "must hold the text once", texts.length);
  }
}

function isText(value: unknown, most: number): value is string {
  return typeof value === "string" && value.length <= most;
}

function inside(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key)
    ? Reflect.get(value, key)
    : undefined;
}
