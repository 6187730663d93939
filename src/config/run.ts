/** The calls by which commands and scripts reach everything that computes. */
export { examineMemory } from "./examine_memory.ts";
export { exportRun } from "./export_run.ts";
export { openPretrained } from "./open_pretrained.ts";
export { openRun } from "./open_run.ts";
export { planRun } from "./plan_run.ts";
export { trainRun } from "./train_run.ts";
