/** `@std/testing/bdd` where JSR is out of reach: the same names from `node:test`. */
export { after as afterAll, afterEach, before as beforeAll, beforeEach, describe, it } from "node:test";
