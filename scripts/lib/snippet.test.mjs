import { describe, expect, it } from 'vitest';
import { examples, firstBlock, toModule } from './snippet.mjs';

/** Runs a block as a module of its own. */
const run = (block) =>
  import(/* @vite-ignore */ `data:text/javascript,${encodeURIComponent(toModule(block))}`);

describe('the example of a README', () => {
  it('is the first ts block', () => {
    expect(firstBlock('# a\n```sh\nx\n```\n```ts\none\n```\n```ts\ntwo\n```\n')).toBe('one\n');
    expect(firstBlock('# a\n```js\nx\n```\n')).toBeUndefined();
  });

  it('may be followed by others that promise something', () => {
    const page = '```ts\n1; // => 1\n```\n```ts\ntwo\n```\n```js\n3; // => 3\n```\n```ts\n4; // => 4\n```\n';
    expect(examples(page)).toEqual(['1; // => 1\n', '4; // => 4\n']);
  });

  it.each([
    ['an expression', '1 + 1; // => 2'],
    ['an object', '({ a: [1, 2] }); // => { a: [1, 2] }'],
    ['bytes', 'Uint8Array.of(1, 2); // => Uint8Array.of(1, 2)'],
    ['a constant with a type', 'const two: number = 1 + 1; // => 2'],
    ['an awaited value', 'await Promise.resolve(1); // => 1'],
    ['printed text', `console.log('a', 1); // => a 1`],
    ['a value below', '1 + 1;\n// => 2\n// and a remark'],
    ['a value on several lines', '({ a: 1, b: 2 }); // => {\n//   a: 1,\n//   b: 2,\n// }\n// a remark'],
    ['a statement on several lines', '[\n  1,\n]; // => [1]'],
    ['a value inside a block', 'for (const n of [2, 2]) {\n  n; // => 2\n}'],
    ['two values', '1; // => 1\n2; // => 2'],
  ])('passes with %s', async (_name, block) => {
    await expect(run(block)).resolves.toBeDefined();
  });

  it.each([
    ['a wrong value', '1;\n1 + 1; // => 3', 'line 2 of the example'],
    ['a wrong constant', 'const two: number = 1 + 1; // => 3', 'line 1 of the example'],
    ['a wrong object', '({ a: 1 }); // => { a: 1, b: undefined }', 'line 1 of the example'],
    ['other bytes', 'Uint8Array.of(1, 2); // => [1, 2]', 'line 1 of the example'],
    ['other text', `console.log('a'); // => b`, 'line 1 of the example'],
    ['a wrong value in a block', '{\n  1; // => 2\n}', 'line 2 of the example'],
    ['a value never reached', '1; // => 1\nif (Object.keys({}).length > 0) {\n  1; // => 1\n}', 'reached'],
    ['an error of its own', `throw new RangeError('x');\n1; // => 1`, 'x'],
  ])('fails with %s', async (_name, block, message) => {
    await expect(run(block)).rejects.toThrow(message);
  });

  it.each([
    ['nothing promised', '1 + 1;', 'promises nothing'],
    ['a promise that is a comment of its own', '1;\n\n// => 1', 'not behind a statement'],
    ['a promise behind a statement without a value', 'if (1) {\n} // => 1', 'has no value'],
  ])('is refused with %s', (_name, block, message) => {
    expect(() => toModule(block)).toThrow(message);
  });
});
