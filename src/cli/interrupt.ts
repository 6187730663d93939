import { EXIT } from "../core/errors.ts";
import type { Io } from "./io.ts";

/** A signal that Ctrl-C aborts, for as long as it is held. */
export interface Interrupt extends Disposable {
  readonly signal: AbortSignal;
}

/**
 * Turns the first Ctrl-C (or a polite request to end) into an aborted signal, so that the state can be saved; the
 * second one ends the program as soon as it is heard, which is within a pass of the model.
 */
export function stopOnInterrupt(io: Io): Interrupt {
  const controller = new AbortController();
  const onSignal = () => {
    if (controller.signal.aborted) {
      io.err("stopped at once; what was saved before is whole\n");
      Deno.exit(EXIT.interrupted);
    }
    io.err("\nsaving after this step, press again to stop at once\n");
    controller.abort();
  };
  const signals: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];
  for (const name of signals) Deno.addSignalListener(name, onSignal);
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      for (const name of signals) Deno.removeSignalListener(name, onSignal);
    },
  };
}
