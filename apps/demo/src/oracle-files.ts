/**
 * Many files, a few at a time.
 * @module
 */
import { openReader } from './oracle.ts';
import type { Reader } from './oracle-tshark.ts';

/**
 * Runs `work` on each file, at most `jobs` at once, in order of start, each job with a reader of its own. Rejects with the first
 * fault, when all that ran have ended.
 */
export async function forEachFile(
  files: readonly string[],
  jobs: number,
  work: (file: string, reader: Reader) => Promise<void>,
): Promise<void> {
  const left = files.values();
  const worker = async (): Promise<void> => {
    const reader = await openReader();
    try {
      for (const file of left) await work(file, reader);
    } finally {
      reader.close();
    }
  };
  const workers = Math.min(files.length, Math.max(1, jobs));
  const outcomes = await Promise.allSettled(Array.from({ length: workers }, worker));
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}
