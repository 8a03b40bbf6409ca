/**
 * Many files, a few at a time.
 * @module
 */

/** Runs `work` on each file, at most `jobs` at once, in order of start. Rejects with the first fault, when all that ran have ended. */
export async function forEachFile(
  files: readonly string[],
  jobs: number,
  work: (file: string) => Promise<void>,
): Promise<void> {
  const left = files.values();
  const worker = async (): Promise<void> => {
    for (const file of left) await work(file);
  };
  const outcomes = await Promise.allSettled(Array.from({ length: Math.max(1, jobs) }, worker));
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}
