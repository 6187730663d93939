/** `@std/testing/snapshot` where JSR is out of reach: Deno's own snapshots under that name. `deno test -u` rewrites them. */

/**
 * Asserts that `actual` prints as the stored snapshot of the running test says.
 *
 * @param context the test's own context: a snapshot is filed under its name.
 * @throws AssertionError when there is no snapshot yet, or another one.
 */
export function assertSnapshot<T>(context: Deno.TestContext, actual: T, message?: string): Promise<void> {
  return context.assertSnapshot(actual, message);
}
