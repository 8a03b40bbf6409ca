/**
 * Keys as `tcp_fastopen_key` has them: four words in hexadecimal with dashes between, and a second key behind a comma.
 * @module
 */

/** What is printed where there is none. */
export const NO_KEY = '00000000-00000000-00000000-00000000';

/** What Linux's `%x` takes, up to 32 bits. */
const WORD = '[ \\t]*(?:0[xX])?0*([0-9a-fA-F]{1,8})';
const KEY = new RegExp(`^${WORD}-${WORD}-${WORD}-${WORD}`);

/** One key or two, each word of eight digits; `undefined` where the text is no such thing. What follows a key is ignored. */
export function readKeys(text: string): string | undefined {
  const keys: string[] = [];
  for (const part of text.split(',', 2)) {
    const words = KEY.exec(part)?.slice(1);
    if (words === undefined) return undefined;
    keys.push(words.map((word) => word.toLowerCase().padStart(8, '0')).join('-'));
  }
  return keys.join(',');
}
