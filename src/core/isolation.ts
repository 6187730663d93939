/** Which plugins run in a process of their own, without permissions. */
export const ISOLATE = ["always", "remote", "never"] as const;

/** What becomes of a slate when a plugin fails on it: the run stops, or the slate has no value. */
export const ON_ERROR = ["stop", "undefined"] as const;

/** How far plugins are trusted, and what happens when one fails. */
export interface PluginPolicy {
  /** `remote`: those from outside the working folder and from the network; `always`: all but the built-in ones. */
  readonly isolate: "always" | "remote" | "never";
  /** For one answer of an isolated plugin. */
  readonly deadlineMs: number;
  /** Of an isolated plugin. */
  readonly memoryMiB: number;
  /** When a plugin fails on a slate. */
  readonly onError: "stop" | "undefined";
  /** Slates that may be without a value because a plugin failed, before it stops all the same. */
  readonly onErrorLimit: number;
}

/** The policy where nobody sets one. */
export const PLUGIN_POLICY: PluginPolicy = {
  isolate: "remote",
  deadlineMs: 10_000,
  memoryMiB: 512,
  onError: "stop",
  onErrorLimit: 100,
};
