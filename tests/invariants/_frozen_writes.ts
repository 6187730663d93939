/** Ends a run at a chosen moment of its writing as `kill -9` does, within this process. */

/** What became of a run that was to end at a moment. */
export type Ending<T> = { readonly killed: true } | { readonly killed: false; readonly outcome: T };

/**
 * Runs until the n-th moment at which what is on the disk is about to change: a write (of which half is made), a sync, a
 * rename, a removal, a new folder. There the run freezes for good: no handler of it comes to clean up, and its files and
 * locks are closed, as the system does when a process dies.
 *
 * @param n from 1; Infinity lets the run go to its end
 * @returns how the run ended, and how many moments it came to
 */
export async function endedAt<T>(
  n: number,
  run: () => Promise<T>,
): Promise<{ ending: Ending<T>; moments: number }> {
  const open = new Set<Deno.FsFile>();
  const { open: openFile, openSync, rename, remove, mkdir } = Deno;
  const { write, sync } = Deno.FsFile.prototype;
  let moments = 0;
  const killed = Promise.withResolvers<{ killed: true }>();
  const kill = () => {
    // Closing twice does nothing.
    for (const file of open) file[Symbol.dispose]();
    killed.resolve({ killed: true });
    return new Promise<never>(() => {});
  };
  /** Freezes the run if its moment has come. */
  const moment = (half: () => Promise<unknown> = () => Promise.resolve()): Promise<void> => {
    moments++;
    if (moments < n) return Promise.resolve();
    return moments === n ? half().then(kill) : new Promise<never>(() => {});
  };
  const watched = <F extends Deno.FsFile>(file: F): F => {
    open.add(file);
    return file;
  };
  const changes: Partial<Record<keyof typeof Deno, unknown>> = {
    open: async (...args: Parameters<typeof Deno.open>) => watched(await openFile(...args)),
    openSync: (...args: Parameters<typeof Deno.openSync>) => watched(openSync(...args)),
    rename: (...args: Parameters<typeof Deno.rename>) => moment().then(() => rename(...args)),
    remove: (...args: Parameters<typeof Deno.remove>) => moment().then(() => remove(...args)),
    mkdir: (...args: Parameters<typeof Deno.mkdir>) => moment().then(() => mkdir(...args)),
  };
  Object.assign(Deno, changes);
  Object.assign(Deno.FsFile.prototype, {
    async write(this: Deno.FsFile, bytes: Uint8Array) {
      await moment(() => write.call(this, bytes.subarray(0, bytes.length >> 1)));
      return await write.call(this, bytes);
    },
    sync(this: Deno.FsFile) {
      return moment().then(() => sync.call(this));
    },
  });
  const restore = () => {
    Object.assign(Deno, { open: openFile, openSync, rename, remove, mkdir });
    Object.assign(Deno.FsFile.prototype, { write, sync });
  };
  try {
    const done = run().then((outcome): Ending<T> => ({ killed: false, outcome }));
    return { ending: await Promise.race([done, killed.promise]), moments };
  } finally {
    restore();
  }
}
