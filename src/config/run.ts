/** The calls by which commands and scripts reach everything that computes. */
export { openRun } from "./open_run.ts";
export { planRun } from "./plan_run.ts";
export { trainRun } from "./train_run.ts";
