import { BladeError, type Refusal } from "../core/errors.ts";

/** What a plugin did wrong with slates: it threw, gave a value that is none, or did not answer. */
export class PluginFault extends BladeError {
  /** @param rows those of the batch that it is about, from and to (excluded), where they can be told. */
  constructor(refusal: Refusal, readonly rows?: readonly [from: number, to: number]) {
    super(refusal);
  }
}
