import { BladeError } from "../../core/errors.ts";

/** The bytes of a download, and what they hash to. */
export interface Pinned {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Hexadecimal digits. */
  readonly sha256: string;
}

/** A specifier and the SHA-256 that it ends with, if it does. */
export interface PinnedName {
  /** Without the pin. */
  readonly address: string;
  /** Hexadecimal digits. */
  readonly sha256?: string;
}

/** Nobody writes a metric that is larger. */
const MOST_BYTES = 20e6;

const WAIT_MS = 30_000;

/** `https://…/metric.ts#sha256=HEX` taken apart. */
export function pinnedName(specifier: string): PinnedName {
  const [, address, sha256] = /^(.*)#sha256=([0-9a-f]{64})$/i.exec(specifier) ?? [];
  return address === undefined ? { address: specifier } : { address, sha256: sha256!.toLowerCase() };
}

/**
 * What a pinned web address names: from the cache of an earlier run, else downloaded, and always the bytes that were
 * pinned.
 *
 * @param specifier as the user named it
 * @throws {BladeError} when it has no pin (naming the one to add), when the bytes are others, when they cannot be had.
 */
export async function fetchPinned(specifier: string): Promise<Pinned> {
  const { address, sha256 } = pinnedName(specifier);
  const cache = await caches.open("blade-plugins");
  const key = (hash: string) => `https://plugins.invalid/${hash}`;
  if (sha256 !== undefined) {
    const kept = await cache.match(key(sha256));
    const bytes = kept && await kept.bytes();
    if (bytes !== undefined && await hashOfBytes(bytes) === sha256) return { bytes, sha256 };
  }
  const bytes = await download(`plugin ${specifier}`, address);
  const found = await hashOfBytes(bytes);
  checkPin(specifier, found);
  await cache.put(key(found), new Response(bytes));
  return { bytes, sha256: found };
}

/**
 * Holds what was found to the pin of a specifier.
 *
 * @throws {BladeError} when it has none, with the one to add, or when it is another.
 */
export function checkPin(specifier: string, found: string): void {
  const { address, sha256 } = pinnedName(specifier);
  if (sha256 === undefined) {
    throw new BladeError({
      place: `plugin ${specifier}`,
      rule: "must be pinned by the SHA-256 of what it names, which others may change",
      mend: `if you have read it and trust it with your data, write ${address}#sha256=${found}`,
    });
  }
  if (found === sha256) return;
  throw new BladeError({
    place: `plugin ${specifier}`,
    rule: "must be what it was pinned to, and has changed",
    value: found,
    mend: "read what is there now; if you trust it, pin it to this SHA-256",
  });
}

/** SHA-256 as hexadecimal digits. */
export async function hashOfBytes(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

/** The bytes at a web address, or why they cannot be had. */
async function download(place: string, address: string): Promise<Uint8Array<ArrayBuffer>> {
  const url = new URL(address);
  const isHere = ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isHere)) {
    throw new BladeError({
      place,
      rule: "must come by https:",
      value: url.protocol,
      mend: "name it by https:",
    });
  }
  const host = url.port === "" ? url.hostname : url.host;
  const failed = (rule: string, value: string, mend: string) => new BladeError({ place, rule, value, mend });
  if ((await Deno.permissions.query({ name: "net", host })).state !== "granted") {
    const mend = `start it as: deno run -P --allow-net=${host} main.ts … (once: what was downloaded is kept)`;
    throw failed("must be downloaded, for which the program has no permission", host, mend);
  }
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(WAIT_MS) });
    const length = Number(response.headers.get("content-length") ?? 0);
    if (!response.ok || length > MOST_BYTES) {
      await response.body?.cancel();
      const value = response.ok ? `${length} bytes` : `status ${response.status}`;
      throw failed(`must be found at ${address}`, value, "check the address");
    }
    return await bounded(
      response,
      () => failed("must be small", `over ${MOST_BYTES} bytes`, "check the address"),
    );
  } catch (error) {
    if (error instanceof BladeError) throw error;
    const said = error instanceof Error ? error.message : String(error);
    throw failed(`must be found at ${address}`, said, "check the address and the network");
  }
}

async function bounded(response: Response, tooLarge: () => Error): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > MOST_BYTES) throw tooLarge();
    chunks.push(chunk);
  }
  return await new Blob(chunks).bytes();
}
