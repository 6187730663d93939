/**
 * The few operations that a decoder and its losses repeat, each with its gradient in one piece. They are what the
 * backends run fused where a kernel of this project exists, and plain tfjs operations elsewhere.
 */
export { type AdapterPart, addAdapters } from "./ops_adapters.ts";
export { addAlike } from "./ops_add.ts";
export { attention, type HeadShape } from "./ops_attention.ts";
export { cachedAttention, emptyCache } from "./ops_cached_attention.ts";
export { type DrawInputs, drawItems, emptyPicks, NO_SCORE, type Picks } from "./ops_draw.ts";
export { catalogScores } from "./ops_catalog_scores.ts";
export { dropout } from "./ops_dropout.ts";
export { halfRows, packHalves, timesHalves, unpackHalves } from "./ops_half.ts";
export { headNorm } from "./ops_head_norm.ts";
export { logSumExpRows } from "./ops_log_sum_exp.ts";
export { recompute } from "./recompute.ts";
export { rmsNorm } from "./ops_rms_norm.ts";
export { rotary } from "./ops_rotary.ts";
export { swiglu } from "./ops_swiglu.ts";
export { lookUp } from "./table_rows.ts";
