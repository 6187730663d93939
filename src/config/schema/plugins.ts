import { z } from "zod";
import { ISOLATE, ON_ERROR, PLUGIN_POLICY } from "../../core/isolation.ts";
import { count } from "./parts.ts";

/** The part of the section `reward` that tells how far plugins are trusted. */
export const plugins = {
  isolate: z.enum(ISOLATE).default(PLUGIN_POLICY.isolate).describe(
    "plugins that run in a process without permissions; remote: from outside the working folder or the network",
  ),
  deadlineMs: count.default(PLUGIN_POLICY.deadlineMs).describe(
    "ms that an isolated plugin has for an answer",
  ),
  memoryMiB: z.int().min(128).default(PLUGIN_POLICY.memoryMiB).describe(
    "MiB that an isolated plugin may use",
  ),
  onError: z.enum(ON_ERROR).default(PLUGIN_POLICY.onError).describe(
    "when a plugin fails on a slate; stop: the run stops, its state saved; undefined: the slate has no value",
  ),
  onErrorLimit: z.int().min(0).default(PLUGIN_POLICY.onErrorLimit).describe(
    "slates that may lose their value so before the run stops all the same",
  ),
};
