import { assertEquals } from "@std/assert";
import { printable } from "../../src/reward/isolate/process.ts";

Deno.test("what a stranger says is one short line without control characters, whatever it is", () => {
  assertEquals(printable("a\u001b[2J\nb\u2028c"), "a [2J b c");
  assertEquals(printable("x".repeat(1000)).length, 300);
  assertEquals(printable({ a: [1] }), '{"a":[1]}');
  assertEquals(printable(undefined), "nothing");
  assertEquals(printable(10n), "a value without JSON");
  const itself: unknown[] = [];
  itself.push(itself);
  assertEquals(printable(itself), "a value without JSON");
  assertEquals(
    printable('Requires net access to "a.example:443", run again with the --allow-net flag'),
    'Requires net access to "a.example:443"',
  );
});
