import { assertStringIncludes, assertThrows } from "@std/assert";
import { checkPromptLengths, type ModelPlan } from "../../src/config/plan_model.ts";
import { BladeError } from "../../src/core/errors.ts";
import { contextOf } from "../model/tiny_model.ts";
import { FEW_ITEMS, tokenCatalog } from "../rollout/token_catalog.ts";

Deno.test("a history that leaves no room for a slate is refused with one that would", () => {
  // Items of at most 3 tokens, 1 that opens and 1 that closes: two items of a slate leave 14 − 8 = 6 to the history.
  const plan = { codec: tokenCatalog(FEW_ITEMS), positions: 14 } as unknown as ModelPlan;
  checkPromptLengths(plan, [contextOf(0, [0, 1])], 2); // 3 + 3 tokens
  const error = assertThrows(() => checkPromptLengths(plan, [contextOf(0, [0, 1, 2])], 2), BladeError);
  assertStringIncludes(error.message, "in the 14 tokens that the model reads: 6 are theirs");
  assertStringIncludes(error.message, "8 tokens in 3 items");
  assertStringIncludes(error.message, "set data.maxHistory to about 2");
});
