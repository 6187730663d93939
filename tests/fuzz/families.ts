/** Every parser that reads what blade has not written itself, or what may have been changed since. */
import type { Family } from "./family.ts";
import { CHECKPOINT_FAMILIES } from "./families/checkpoints.ts";
import { COMMAND_LINE_FAMILIES } from "./families/command_line.ts";
import { CONFIGURATION_FAMILIES } from "./families/configuration.ts";
import { DATA_FAMILIES } from "./families/data.ts";
import { EVALUATE_FAMILIES } from "./families/evaluate.ts";
import { ISOLATE_FAMILIES } from "./families/isolate.ts";
import { LISTED_FAMILIES } from "./families/listed.ts";
import { METRIC_FAMILIES } from "./families/metrics.ts";
import { RUN_FAMILIES } from "./families/runs.ts";
import { TOKENIZER_FAMILIES } from "./families/tokenizer.ts";
import { WEIGHT_FAMILIES } from "./families/weights.ts";

/** All of them, by names that the command line takes. */
export const FAMILIES: readonly Family[] = [
  ...CONFIGURATION_FAMILIES,
  ...METRIC_FAMILIES,
  ...DATA_FAMILIES,
  ...LISTED_FAMILIES,
  ...EVALUATE_FAMILIES,
  ...WEIGHT_FAMILIES,
  ...CHECKPOINT_FAMILIES,
  ...TOKENIZER_FAMILIES,
  ...RUN_FAMILIES,
  ...ISOLATE_FAMILIES,
  ...COMMAND_LINE_FAMILIES,
];
