export function safetensorsHeader(_t: readonly { name: string; shape: readonly number[]; dtype: string }[], _m: Record<string, string>): Uint8Array { throw new Error("stub"); }
