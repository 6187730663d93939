import { BladeError } from "../core/errors.ts";

/** Where a pretrained model is: a folder of this machine, or a model of the Hugging Face hub. */
export type PretrainedSpec = { readonly path: string } | HubSpec;

/** A model of the hub. */
export interface HubSpec {
  /** As the hub writes it: organisation or user, a slash, the name. */
  readonly model: string;
  /** A branch, a tag or a commit. */
  readonly revision: string;
}

const MODEL = /^\w[\w.-]{0,95}\/\w[\w.-]{0,95}$/;
const REVISION = /^(?=.{1,200}$)\w[\w.-]*(?:\/\w[\w.-]*)*$/;

/**
 * Reads where a pretrained model is: `hf:org/name@revision` is one of the hub, at `main` when no revision is named;
 * all else is the path of a folder.
 *
 * @throws {BladeError} when what follows `hf:` is no model of the hub
 * @example
 * ```ts
 * import { parsePretrained } from "./pretrained_spec.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(parsePretrained("hf:Qwen/Qwen3-0.6B"), { model: "Qwen/Qwen3-0.6B", revision: "main" });
 * assertEquals(parsePretrained("models/qwen3"), { path: "models/qwen3" });
 * ```
 */
export function parsePretrained(spec: string): PretrainedSpec {
  if (!spec.startsWith("hf:")) return { path: spec };
  const at = spec.indexOf("@");
  const model = spec.slice("hf:".length, at === -1 ? undefined : at);
  const revision = at === -1 ? "main" : spec.slice(at + 1);
  // Two hyphens part organisation and name in the cache, and two points lead out of it.
  const isSound = MODEL.test(model) && REVISION.test(revision) && !/--|\.\./.test(model) &&
    !revision.includes("..");
  if (!isSound) {
    throw new BladeError({
      place: "pretrained model",
      rule: "must be hf:org/name or hf:org/name@revision, or a folder",
      value: spec,
      mend: "write it as the model's page on huggingface.co is called, for instance hf:Qwen/Qwen3-0.6B@main",
    });
  }
  return { model, revision };
}
