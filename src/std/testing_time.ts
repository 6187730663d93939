/** `@std/testing/time` where JSR is out of reach: `FakeTime` over `node:test`, with the methods that the tests use. */
import { mock } from "node:test";

/**
 * Stops the clock: `Date`, `setTimeout` and `setInterval` move only when told to, until restored.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { FakeTime } from "./testing_time.ts";
 * using time = new FakeTime(1000);
 * let rung = 0;
 * setTimeout(() => rung++, 50);
 * time.tick(49);
 * assertEquals([rung, Date.now()], [0, 1049]);
 * time.tick(1);
 * assertEquals([rung, Date.now()], [1, 1050]);
 * ```
 */
export class FakeTime {
  /** @param start milliseconds since 1970, or a date; now when left out. */
  constructor(start: number | Date = Date.now()) {
    mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"], now: Number(start) });
  }

  /** Milliseconds since 1970 on the stopped clock. */
  get now(): number {
    return Date.now();
  }

  /** Moves the clock on by `ms` and runs what falls due. */
  tick(ms = 0): void {
    mock.timers.tick(ms);
  }

  /** Lets the real clock go on. */
  restore(): void {
    mock.timers.reset();
  }

  /** Restores at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.restore();
  }
}
