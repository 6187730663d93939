import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import { parsePrompt } from "../../src/codec/prompt.ts";
import { BladeError } from "../../src/core/errors.ts";

Deno.test("a template is what stands before the history and what stands behind it", () => {
  assertEquals(parsePrompt("Seen:\n{history}Next:\n", "p"), { opening: "Seen:\n", closing: "Next:\n" });
  assertEquals(parsePrompt("Seen: {history}", "p"), { opening: "Seen: ", closing: "" });
  // Braces are text where no name stands in them.
  const json = '{"likes": {}, "n": {1}}\n';
  assertEquals(parsePrompt(`${json}{history}{ next }`, "p"), { opening: json, closing: "{ next }" });
});

Deno.test.each<[string, string, string[]]>([
  ["without the history", "Seen:\nNext:\n", ["must hold {history} once", "0 times", "where the titles are"]],
  ["that is empty", "", ["must hold {history} once", "0 times"]],
  ["with the history twice", "A {history} b {history}", ["must hold {history} once", "2 times"]],
  ["with the history three times", "A{history}{history}{history}", ["3 times"]],
  ["with another placeholder", "For {user_id}: {history}", [
    "may hold {history} and no other placeholder",
    "{user_id}",
  ]],
  ["with the placeholder misspelt", "A {History} b", ["no other placeholder", "{History}"]],
  ["that begins with the history", "{history}Next:", ["must begin with some text before {history}"]],
])("a template %s is refused", (_name, template, says) => {
  const error = assertThrows(() => parsePrompt(template, "run.jsonc:3: model.prompt"), BladeError);
  for (const part of ["run.jsonc:3: model.prompt: ", ...says]) assertStringIncludes(error.message, part);
});

Deno.test("no template ends in anything but its two parts or a message", () => {
  const piece = fc.oneof(fc.string(), fc.constantFrom("{history}", "{", "}", "{x}", "\n", "{{history}}"));
  let read = 0;
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 5 }), (pieces) => {
      const template = pieces.join("");
      try {
        const { opening, closing } = parsePrompt(template, "p");
        assertEquals(`${opening}{history}${closing}`, template);
        assert(opening !== "");
        read++;
      } catch (error) {
        assert(error instanceof BladeError);
      }
    }),
    { numRuns: 1000 },
  );
  assert(read > 50, `${read} read`);
});
