import * as tf from "@tensorflow/tfjs-core";

/**
 * Kernels of this project that a backend may have. Where one is missing, the operation of the same purpose composes
 * tfjs's own. Every backend has those from `dropout` on.
 */
export const FUSED = {
  rmsNorm: "BladeRmsNorm",
  rmsNormGrad: "BladeRmsNormGrad",
  attention: "BladeAttention",
  attentionGrad: "BladeAttentionGrad",
  logSumExp: "BladeLogSumExp",
  logSumExpGrad: "BladeLogSumExpGrad",
  swiglu: "BladeSwiglu",
  swigluGrad: "BladeSwigluGrad",
  rotary: "BladeRotary",
  dropout: "BladeDropout",
  squaredNorm: "BladeSquaredNorm",
  adamw: "BladeAdamW",
  gate: "BladeGate",
  draw: "BladeDraw",
  cachedAttention: "BladeCachedAttention",
  addToRows: "BladeAddToRows",
  putRows: "BladePutRows",
  lookUp: "BladeLookUp",
  catalogTotals: "BladeCatalogTotals",
  catalogShares: "BladeCatalogShares",
  unpackF16: "BladeUnpackF16",
  unpackBf16: "BladeUnpackBf16",
} as const;

/** Whether the backend in use has a kernel of this project. */
export function hasFused(name: keyof typeof FUSED): boolean {
  return tf.getKernel(FUSED[name], tf.getBackend()) !== undefined;
}

/** Runs such a kernel. Its outputs have no gradient of their own: call it inside `tf.customGrad`. */
export function runFused(
  name: keyof typeof FUSED,
  inputs: tf.NamedTensorMap,
  attributes: tf.NamedAttrMap = {},
): tf.Tensor[] {
  const outputs = tf.engine().runKernel(FUSED[name], inputs, attributes) as unknown;
  return (Array.isArray(outputs) ? outputs : [outputs]) as tf.Tensor[];
}
