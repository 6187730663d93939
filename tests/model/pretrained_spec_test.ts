import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import { BladeError } from "../../src/core/errors.ts";
import { parsePretrained } from "../../src/model/pretrained_spec.ts";

Deno.test("a model of the hub is named by organisation, name and revision", () => {
  assertEquals(parsePretrained("hf:Qwen/Qwen2.5-0.5B"), { model: "Qwen/Qwen2.5-0.5B", revision: "main" });
  assertEquals(parsePretrained("hf:a/b@refs/pr/1"), { model: "a/b", revision: "refs/pr/1" });
  assertEquals(parsePretrained(`hf:a/b@0123456789abcdef`), { model: "a/b", revision: "0123456789abcdef" });
  assertEquals(parsePretrained("Qwen/Qwen2.5-0.5B"), { path: "Qwen/Qwen2.5-0.5B" });
});

Deno.test.each([
  "hf:",
  "hf:gpt2",
  "hf:a/b/c",
  "hf:a/",
  "hf:/b",
  "hf:../b",
  "hf:a/..",
  "hf:a/b@",
  "hf:a/b@../x",
  "hf:a/b@x/../../y",
  "hf:a/b@/x",
  "hf:a/b@x/",
  "hf:a/b@x@y",
  "hf:a--b/c",
  "hf:a/b c",
  "hf:a/b?x",
  "hf:a/b\\c",
  `hf:a/b@${"x".repeat(201)}`,
  "hf: a/b",
])("%s is no model of the hub", (spec) => {
  const { message } = assertThrows(() => parsePretrained(spec), BladeError);
  assertStringIncludes(
    message,
    "pretrained model: must be hf:org/name or hf:org/name@revision, or a folder, got",
  );
});

Deno.test("whatever follows hf: is a model whose parts stay within the cache, or a message", () => {
  const part = fc.string({
    unit: fc.constantFrom("a", "Z", "0", ".", "-", "_", "/", "@", "\\", " ", "%"),
    maxLength: 12,
  });
  fc.assert(
    fc.property(part, (text) => {
      try {
        const parsed = parsePretrained(`hf:${text}`);
        assert("model" in parsed);
        assertEquals(parsed.model.split("/").length, 2);
        for (const name of [...parsed.model.split("/"), ...parsed.revision.split("/")]) {
          assert(/^[\w][\w.-]*$/.test(name) && !name.includes(".."), name);
        }
      } catch (error) {
        assert(error instanceof BladeError, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});
