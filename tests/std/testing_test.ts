import { assert, assertEquals, AssertionError, assertThrows } from "@std/assert";
import { assertSpyCall, assertSpyCalls, spy, stub } from "@std/testing/mock";
import { FakeTime } from "@std/testing/time";
import { afterEach, describe, it } from "@std/testing/bdd";

Deno.test("spy() passes arguments, results and errors through and keeps them", () => {
  const root = spy((x: number) => {
    if (x < 0) throw new RangeError("below zero");
    return Math.sqrt(x);
  });
  assertEquals(root(9), 3);
  assertThrows(() => root(-1), RangeError, "below zero");
  assertSpyCalls(root, 2);
  assertSpyCall(root, 0, { args: [9], returned: 3 });
  assertSpyCall(root, 1, { args: [-1], error: { Class: RangeError } });
});

Deno.test("assertSpyCall() fails on another argument, another result, a missing call and a missing error", () => {
  const one = spy(() => 1);
  one();
  assertThrows(() => assertSpyCalls(one, 2), AssertionError);
  assertThrows(() => assertSpyCall(one, 0, { returned: 2 }), AssertionError);
  assertThrows(() => assertSpyCall(one, 1), AssertionError, "no call 1");
  assertThrows(() => assertSpyCall(one, 0, { error: {} }), AssertionError, "threw nothing");
  const echo = spy((x: number) => x);
  echo(1);
  assertThrows(() => assertSpyCall(echo, 0, { args: [2] }), AssertionError);
});

Deno.test("stub() sees `this`, and gives an inherited method back to the prototype", () => {
  class Counter {
    count = 4;
    next() {
      return this.count + 1;
    }
  }
  const counter = new Counter();
  {
    using next = stub(counter, "next", function (this: Counter) {
      return this.count * 10;
    });
    assertEquals(counter.next(), 40);
    assertEquals(next.calls[0]?.self, counter);
    assert(!next.restored);
  }
  assertEquals(counter.next(), 5);
  assert(!Object.hasOwn(counter, "next"));
});

Deno.test("restore() refuses to put back twice, or what was never replaced", () => {
  const box = { open: () => "yes" };
  const open = stub(box, "open");
  assertEquals(box.open(), undefined);
  open.restore();
  assertEquals([box.open(), open.restored], ["yes", true]);
  assertThrows(() => open.restore(), TypeError, "twice");
  assertThrows(() => spy().restore(), TypeError, "no method");
});

Deno.test("FakeTime moves timers and Date together and then lets the real clock go on", () => {
  const real = Date.now();
  const rung: number[] = [];
  {
    using time = new FakeTime(new Date(500));
    const interval = setInterval(() => rung.push(time.now), 10);
    time.tick(25);
    clearInterval(interval);
    time.tick(25);
    assertEquals(Date.now(), 550);
  }
  assertEquals(rung.length, 2);
  assert(Date.now() >= real);
});

describe("@std/testing/bdd", () => {
  let seen: string[] = [];
  afterEach(() => {
    seen = [];
  });
  for (const name of ["first", "second"]) {
    it(`runs ${name} with a fresh state`, () => {
      seen.push(name);
      assertEquals(seen, [name]);
    });
  }
});
