/** What may come of an input: a value, or a refusal in words, in time and in bounded memory. */
import { explainFailure } from "../../src/cli/failure.ts";
import { BladeError } from "../../src/core/errors.ts";
import { BYTES_PER_BYTE, bytesIn, type Family, MEMORY_MIB, type Parts, SLOW_MS } from "./family.ts";

/** How an input ended that is no find. */
export interface Verdict {
  readonly taken: boolean;
  readonly ms: number;
  /** Heap and buffers that it left or had not freed yet. */
  readonly bytes: number;
}

/** An input that ended as none may. */
export class Find extends Error {}

/** A refusal is read by people: what it quotes of the input is cut. */
const MOST_CHARACTERS = 4000;

/** Milliseconds that an input may take. */
export function deadlineOf(parts: Parts): number {
  return SLOW_MS * Math.max(1, bytesIn(parts) / 2 ** 16);
}

/** Bytes of memory that an input may take. */
export function roomOf({ memoryMiB = MEMORY_MIB }: Family, parts: Parts): number {
  return memoryMiB * 2 ** 20 + BYTES_PER_BYTE * bytesIn(parts);
}

/**
 * Runs a parser on an input.
 *
 * @throws {Find} when it ends in anything but a value or a refusal, too late, or with too much memory
 */
export async function judge(family: Family, parts: Parts, folder: string): Promise<Verdict> {
  let verdict = await once(family, parts, folder);
  // A machine that is busy elsewhere is no fault of the parser: what is slow is so again.
  for (let again = 0; again < 2 && isTooMuch(family, parts, verdict); again++) {
    verdict = await once(family, parts, folder);
  }
  const { ms, bytes } = verdict;
  if (ms > deadlineOf(parts)) {
    throw new Find(`took ${Math.round(ms)} ms for ${bytesIn(parts)} bytes of input`);
  }
  if (bytes > roomOf(family, parts)) {
    throw new Find(`took ${Math.round(bytes / 2 ** 20)} MiB for ${bytesIn(parts)} bytes of input`);
  }
  return verdict;
}

function isTooMuch(family: Family, parts: Parts, { ms, bytes }: Verdict): boolean {
  return ms > deadlineOf(parts) || bytes > roomOf(family, parts);
}

async function once(family: Family, parts: Parts, folder: string): Promise<Verdict> {
  const before = inUse();
  const start = performance.now();
  let taken = true;
  try {
    await family.run(parts, folder);
  } catch (error) {
    taken = false;
    checkRefusal(error);
  } finally {
    // Who takes no folder has left nothing in it.
    if (family.run.length > 1) {
      for (const { name } of Deno.readDirSync(folder)) {
        Deno.removeSync(`${folder}/${name}`, { recursive: true });
      }
    }
  }
  return { taken, ms: performance.now() - start, bytes: Math.max(0, inUse() - before) };
}

function checkRefusal(error: unknown): void {
  const { message } = explainFailure(error, true);
  if (!message.startsWith("error: ")) throw new Find(message);
  if (message.length > MOST_CHARACTERS) {
    throw new Find(`a message of ${message.length} characters: ${message.slice(0, 300)}…`);
  }
  // Other errors of the system have words too, but only where a file is read.
  if (!(error instanceof BladeError || error instanceof Deno.errors.NotFound || "code" in Object(error))) {
    if (!Object.values(Deno.errors).some((kind) => error instanceof kind)) throw new Find(message);
  }
}

/** Asking for it takes longer than most parsers do: what one input left is what the next one begins with. */
function inUse(): number {
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}
