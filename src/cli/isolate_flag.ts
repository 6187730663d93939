import { ISOLATE, type PluginPolicy } from "../core/isolation.ts";
import { BladeError } from "../core/errors.ts";
import type { CommandInput } from "./command.ts";
import type { FlagSpec } from "./flags.ts";

/** `--isolate`, which every command that takes `--plugin` has. */
export const ISOLATE_FLAG: FlagSpec = {
  name: "isolate",
  value: ISOLATE.join("|"),
  summary: "plugins to run without permissions; remote: those from elsewhere (default)",
};

/** What `--isolate` says; nothing where it was not given. */
export function isolationOf({ flags }: CommandInput): Partial<PluginPolicy> {
  const text = flags.text("isolate");
  if (text === undefined) return {};
  const isolate = ISOLATE.find((mode) => mode === text);
  if (isolate !== undefined) return { isolate };
  throw new BladeError({
    place: "--isolate",
    rule: `must be one of ${ISOLATE.join(", ")}`,
    value: text,
    mend: "leave it out: plugins from elsewhere then run without permissions",
  });
}
