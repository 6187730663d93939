/**
 * `@std/testing/mock` where JSR is out of reach: the part of it that the tests use, under the same names and
 * with the same meaning, so that a test does not know which of the two it runs on.
 */
import { assert, assertEquals, AssertionError } from "@std/assert";

/** One call of a spy, in the order made. */
export interface SpyCall<Args extends unknown[] = unknown[], Return = unknown> {
  readonly args: Args;
  /** What the call gave back; absent when it threw. */
  readonly returned?: Return;
  /** What the call threw; absent when it returned. */
  readonly error?: Error;
  /** `this` of the call; absent for a plain function. */
  readonly self?: unknown;
}

/** A function that remembers its calls. */
export interface Spy<Args extends unknown[] = unknown[], Return = unknown> {
  (...args: Args): Return;
  readonly calls: readonly SpyCall<Args, Return>[];
  /** The function that the spy stands for. */
  readonly original: (...args: Args) => Return;
  readonly restored: boolean;
  /** Puts a stubbed method back; throws when there is nothing to put back. */
  restore(): void;
  [Symbol.dispose](): void;
}

// deno-lint-ignore no-explicit-any
type Method = (...args: any[]) => any;
type MethodName<T> = { [K in keyof T]: T[K] extends Method ? K : never }[keyof T];

/**
 * Wraps a function, or nothing, so that its calls are kept.
 *
 * @example
 * ```ts
 * import { assertSpyCall, assertSpyCalls, spy } from "./testing_mock.ts";
 * const double = spy((x: number) => 2 * x);
 * double(4);
 * assertSpyCalls(double, 1);
 * assertSpyCall(double, 0, { args: [4], returned: 8 });
 * ```
 */
export function spy(): Spy<unknown[], undefined>;
export function spy<Args extends unknown[], Return>(func: (...args: Args) => Return): Spy<Args, Return>;
export function spy<Args extends unknown[], Return>(func?: (...args: Args) => Return): Spy<Args, Return> {
  return recording(func ?? (() => undefined as Return), () => {
    throw new TypeError("Cannot restore a spy that replaced no method");
  });
}

/**
 * Replaces a method until the stub is restored or its `using` block ends.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { stub } from "./testing_mock.ts";
 * const clock = { now: () => 7 };
 * {
 *   using now = stub(clock, "now", () => 1);
 *   assertEquals(clock.now(), 1);
 *   assertEquals(now.calls.length, 1);
 * }
 * assertEquals(clock.now(), 7);
 * ```
 */
export function stub<T extends object, K extends MethodName<T>>(
  object: T,
  name: K,
  func?: T[K] extends Method ? (...args: Parameters<T[K]>) => ReturnType<T[K]> : never,
): T[K] extends Method ? Spy<Parameters<T[K]>, ReturnType<T[K]>> : never;
export function stub(
  object: object,
  name: PropertyKey,
  func: Method = () => undefined,
): Spy<unknown[], unknown> {
  const own = Object.getOwnPropertyDescriptor(object, name);
  const original = Reflect.get(object, name);
  if (typeof original !== "function") throw new TypeError(`Cannot stub ${String(name)}: it is not a method`);
  const replacement = recording<unknown[], unknown>(func, () => {
    if (own) Object.defineProperty(object, name, own);
    else Reflect.deleteProperty(object, name);
  }, original);
  Object.defineProperty(object, name, { value: replacement, configurable: true, writable: true });
  return replacement;
}

/** Asserts how often a spy was called. */
export function assertSpyCalls(spied: { readonly calls: readonly unknown[] }, expected: number): void {
  assertEquals(
    spied.calls.length,
    expected,
    `The spy was called ${spied.calls.length} times, not ${expected}`,
  );
}

/** Asserts what a call was given and what came of it; what `expected` leaves out is not looked at. */
export function assertSpyCall<Args extends unknown[], Return>(
  spied: Spy<Args, Return>,
  index: number,
  expected: {
    args?: readonly [...Args];
    returned?: Return;
    error?: { Class?: new (message: string) => Error };
  } = {},
): void {
  const call = spied.calls[index];
  if (call === undefined) {
    throw new AssertionError(`The spy has no call ${index}: it was called ${spied.calls.length} times`);
  }
  if (expected.args) assertEquals<readonly unknown[]>(call.args, expected.args);
  if ("returned" in expected) {
    assert(!call.error, `Call ${index} threw ${call.error}`);
    assertEquals(call.returned, expected.returned);
  }
  if (expected.error) {
    assert(call.error, `Call ${index} threw nothing`);
    const { Class } = expected.error;
    assert(!Class || call.error instanceof Class, `Call ${index} threw ${call.error}, not a ${Class?.name}`);
  }
}

function recording<Args extends unknown[], Return>(
  func: (...args: Args) => Return,
  putBack: () => void,
  original: (...args: Args) => Return = func,
): Spy<Args, Return> {
  const calls: SpyCall<Args, Return>[] = [];
  let restored = false;
  const restore = () => {
    if (restored) throw new TypeError("Cannot restore a spy twice");
    putBack();
    restored = true;
  };
  const spied = function (this: unknown, ...args: Args): Return {
    const self = this === undefined ? {} : { self: this };
    try {
      const returned = func.apply(this, args);
      calls.push({ args, returned, ...self });
      return returned;
    } catch (error) {
      calls.push({ args, error: error instanceof Error ? error : new Error(String(error)), ...self });
      throw error;
    }
  };
  const about = {
    calls,
    original,
    restore,
    restored: false,
    [Symbol.dispose]: () => void (restored || restore()),
  };
  return Object.defineProperty(Object.assign(spied, about), "restored", { get: () => restored });
}
