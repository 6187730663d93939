import { BladeError } from "../core/errors.ts";

/** What was asked of the hub, for the message that it could not be had. */
export interface HubRequest {
  /** `hf:org/name@revision` */
  readonly spec: string;
  /** Address of the model's page. */
  readonly page: string;
  readonly hasToken: boolean;
  /** The same model at the commit that is in the cache, if one is. */
  readonly cached?: string | undefined;
}

/**
 * The error for what the hub refused, or for a network or a permission that is not there.
 *
 * @param error what was thrown; an object with a `statusCode` is an answer of the hub
 * @example
 * ```ts
 * import { hubRefusal } from "./hub_refusal.ts";
 * import { assertStringIncludes } from "@std/assert";
 * const request = { spec: "hf:org/name@main", page: "https://huggingface.co/org/name", hasToken: false };
 * assertStringIncludes(hubRefusal({ statusCode: 401 }, request).message, "HF_TOKEN");
 * assertStringIncludes(hubRefusal(new Deno.errors.NotCapable(), request).message, "deno run -P=hub");
 * ```
 */
export function hubRefusal(error: unknown, request: HubRequest): BladeError {
  if (error instanceof BladeError) return error;
  if (error instanceof Deno.errors.NotCapable) return notAllowed(error, request);
  const { statusCode, data } = (error ?? {}) as { statusCode?: unknown; data?: { error?: unknown } };
  if (typeof statusCode === "number") return answered(statusCode, String(data?.error ?? ""), request);
  const mend = "check the network and its proxy, and start again: files that are complete are kept";
  return new BladeError({
    place: request.spec,
    rule: `must be reachable on the hub, and is not (${reasonOf(error).slice(0, 200)})`,
    mend: mend + orCached(request),
  });
}

/** The error for a cache that may not be written to. */
export function cacheRefusal(cache: string): BladeError {
  return new BladeError({
    place: cache,
    rule: "must be a folder that the program may write to, to keep what it downloads",
    mend:
      `start it as: deno run -P=hub --allow-write=./runs,${cache} main.ts …, or unset HF_HOME and HF_HUB_CACHE ` +
      "to keep it in runs/.hub",
  });
}

function answered(status: number, reason: string, { spec, page, hasToken }: HubRequest): BladeError {
  const place = spec;
  const said = `the hub answered ${status}${
    reason === "" ? "" : `, ${JSON.stringify(reason.slice(0, 200))}`
  }`;
  if (status === 401 || status === 403) {
    const mend = hasToken
      ? `accept the model's terms on ${page}, and check that HF_TOKEN may read it`
      : `check the name; if the model is private or has terms, accept them on ${page} and set HF_TOKEN, which is ` +
        "read if it is set";
    return new BladeError({ place, rule: `must be a model that you may read: ${said}`, mend });
  }
  if (status === 404) {
    const mend = `check name and revision on ${page}` +
      (hasToken ? "" : "; a private model needs HF_TOKEN to be set");
    return new BladeError({ place, rule: `must be on the hub: ${said}`, mend });
  }
  const mend = "try again in some minutes: files that are complete are kept";
  return new BladeError({ place, rule: `must be had from the hub: ${said}`, mend });
}

function notAllowed(error: Error, request: HubRequest): BladeError {
  const host = error.message.match(/net access to "([^"]+)"/)?.[1];
  const { hostname, port, protocol } = new URL(request.page);
  const isHubs = host === undefined || host === `${hostname}:${port || (protocol === "http:" ? 80 : 443)}`;
  // The flag takes the place of what the set allows, so the set's own hosts have to be named again.
  const leave = isHubs ? "" : ` --allow-net=huggingface.co,*.huggingface.co,*.hf.co,${host}`;
  return new BladeError({
    place: request.spec,
    rule: `must be allowed to be downloaded (${error.message.split(",")[0] || "no net access"})`,
    mend: `start it as: deno run -P=hub${leave} main.ts …` + orCached(request),
  });
}

function orCached({ cached }: HubRequest): string {
  return cached === undefined ? "" : `; or name what is in the cache: ${cached}`;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : `: ${reasonOf(error.cause)}`;
  return error.message + cause;
}
