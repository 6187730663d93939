export function floatsToHalves(_v: Float32Array, _f: "f16" | "bf16"): Uint16Array { throw new Error("stub"); }
