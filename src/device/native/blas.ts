import { basename } from "@std/path";

/** A BLAS library that is loaded. */
export interface Blas {
  readonly path: string;
  /** What it says of itself, e.g. "OpenBLAS 0.3.21 Haswell", or else the name of its file. */
  readonly name: string;
  /** Sets its threads; null where the library alone decides. */
  readonly setThreads: ((threads: number) => void) | null;
  /** C = op(A)·op(B), rows in memory `lda`, `ldb`, `ldc` elements apart. */
  readonly sgemm: Sgemm;
  /** The same for `count` products whose matrices lie `aBatch`, `bBatch`, `cBatch` elements apart; null where missing. */
  readonly sgemmBatch: SgemmBatch | null;
}

/** Numbers in any memory, shared ones included. */
export type Floats = Float32Array<ArrayBufferLike>;

export type Sgemm = (
  ...product: [
    ...[transposeA: boolean, transposeB: boolean, M: number, N: number, K: number],
    ...[a: Floats, lda: number, b: Floats, ldb: number, c: Floats, ldc: number],
  ]
) => void;

export type SgemmBatch = (
  ...product: [
    ...[transposeA: boolean, transposeB: boolean, M: number, N: number, K: number],
    ...[a: Floats, lda: number, aBatch: number, b: Floats, ldb: number, bBatch: number],
    ...[c: Floats, ldc: number, cBatch: number, count: number],
  ]
) => void;

/** CBLAS's numbers. */
const ROW_MAJOR = 101, AS_IT_IS = 111, TRANSPOSED = 112;

const SIZES = ["i32", "i32", "i32", "i32", "i32", "i32"] as const;

/**
 * Matrices go as `buffer`, views of their memory: as quick as a raw address (0.1 µs a call), valid wherever the memory
 * lies, and allowed with leave for this library alone, which an address would not be.
 */
const SYMBOLS = {
  cblas_sgemm: {
    parameters: [...SIZES, "f32", "buffer", "i32", "buffer", "i32", "f32", "buffer", "i32"],
    result: "void",
    optional: true,
  },
  cblas_sgemm_batch_strided: {
    parameters: [
      ...[...SIZES, "f32"] as const,
      ...["buffer", "i32", "i32", "buffer", "i32", "i32", "f32", "buffer", "i32", "i32", "i32"] as const,
    ],
    result: "void",
    optional: true,
  },
  openblas_set_num_threads: { parameters: ["i32"], result: "void", optional: true },
  openblas_get_config: { parameters: [], result: "pointer", optional: true },
  openblas_get_corename: { parameters: [], result: "pointer", optional: true },
  // The C library's, found among what the BLAS itself depends on: reading text at a pointer would need more leave.
  strncpy: { parameters: ["buffer", "pointer", "usize"], result: "void", optional: true },
} as const satisfies Deno.ForeignLibraryInterface;

/**
 * Loads a library, or says what it lacks. It stays loaded until the process ends: its threads run its code.
 *
 * @throws what `Deno.dlopen` throws when it cannot be loaded or may not be.
 */
export function loadBlas(path: string): Blas | { readonly lacks: string } {
  const { symbols } = Deno.dlopen(path, SYMBOLS);
  const { cblas_sgemm: sgemm, cblas_sgemm_batch_strided: batch } = symbols;
  if (sgemm === null) return { lacks: "the function cblas_sgemm" };
  const config = textAt(symbols.openblas_get_config?.() ?? null, symbols.strncpy);
  if (config.includes("USE64BITINT")) return { lacks: "sizes of 32 bits: it was built for 64" };
  const version = /^OpenBLAS \S+/.exec(config)?.[0];
  const core = textAt(symbols.openblas_get_corename?.() ?? null, symbols.strncpy);
  const flag = (transposed: boolean) => transposed ? TRANSPOSED : AS_IT_IS;
  return {
    path,
    name: version === undefined ? basename(path) : `${version} ${core}`.trim(),
    setThreads: symbols.openblas_set_num_threads,
    sgemm: (ta, tb, M, N, K, a, lda, b, ldb, c, ldc) =>
      sgemm(ROW_MAJOR, flag(ta), flag(tb), M, N, K, 1, given(a), lda, given(b), ldb, 0, given(c), ldc),
    sgemmBatch: batch && ((ta, tb, M, N, K, a, lda, aBatch, b, ldb, bBatch, c, ldc, cBatch, count) =>
      batch(
        ...[ROW_MAJOR, flag(ta), flag(tb), M, N, K, 1] as const,
        ...[given(a), lda, aBatch, given(b), ldb, bBatch, 0, given(c), ldc, cBatch, count] as const,
      )),
  };
}

/** Deno's types leave views of shared memory out of what a call may take; the call itself does not. */
function given(floats: Floats): Float32Array<ArrayBuffer> {
  return floats as Float32Array<ArrayBuffer>;
}

/** C's text at an address; "" where nothing can read it. */
function textAt(
  address: Deno.PointerValue,
  strncpy: ((to: Uint8Array<ArrayBuffer>, from: Deno.PointerValue, size: bigint) => void) | null,
): string {
  if (address === null || strncpy === null) return "";
  const bytes = new Uint8Array(256);
  strncpy(bytes, address, BigInt(bytes.length - 1));
  return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
}
