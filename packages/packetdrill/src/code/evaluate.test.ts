import { expect, it } from 'vitest';
import { own } from '../own.ts';
import { CodeError, evaluate, type Value } from './evaluate.ts';
import { parseCode } from './parse-code.ts';

/** The last value of `x`, and what was printed. */
function evaluated(code: string, names: Record<string, Value> = {}) {
  const printed: string[] = [];
  const variables = new Map<string, Value>();
  const print = (line: string) => printed.push(line);
  evaluate(parseCode(code, 'code', 0), { lookup: (name) => own(names, name), variables, print });
  return { x: variables.get('x'), printed };
}

it.each([
  ['x = 1 + 2 * 3', 7],
  ['x = (1 + 2) * 3', 9],
  ['x = 7 // 2', 3],
  ['x = -7 // 2', -4],
  ['x = -7 % 3', 2],
  ['x = 7 / 2', 3.5],
  ['x = 0x20 | 1', 33],
  ['x = 1 << 40', 2 ** 40],
  ['x = 2 ** 3 if 0 else 1', undefined],
  ['x = ~0 & 0xff', 255],
  ['x = 6 ^ 3', 5],
  ['x = 1 < 2 <= 2 < 3', true],
  ['x = 1 < 2 < 2', false],
  ['x = not 1 == 2 and 3 > 2 or 0', true],
  ['x = 0 or 5', 5],
  ['x = 0 and 5', 0],
  ['x = min(4, 2, 3) + max(1, 9) + abs(-1)', 12],
  ["x = 'a=%d b=%s %%' % (4, 'z')", 'a=4 b=z %'],
  ["x = '%.1f' % 2.25", '2.3'],
  ['x = 5; x += 2; x *= 3; x -= 1', 20],
  ['x = 1 \\\n + 2', 3],
  ['x = (1 +\n 2)', undefined],
  ['x = n & 4', 4],
  ['x = True == 1', true],
  ["x = 'a' == 1", false],
])('%s', (code, value) => {
  if (value === undefined) expect(() => evaluated(code)).toThrow();
  else expect(evaluated(code, { n: 6 }).x).toBe(value);
});

it('print() prints', () => {
  expect(evaluated('print(1, "two", True, (3, 4))\nprint()').printed).toEqual(['1 two True (3, 4)', '']);
});

it.each([
  ['assert 1 == 2', 'assert 1 == 2 does not hold'],
  ["assert n == 5, 'n=%d' % n", "assert n == 5, 'n=%d' % n does not hold: n=6"],
  ['assert missing', 'missing is not defined'],
  ['y += 1', 'y has no value yet'],
  ['x = 1 / 0', 'division by zero'],
  ["x = 'a' + 1", 'a is no number'],
  ["x = '%d' % ()", 'no value for %d'],
  ['x = 1.5 & 1', '& takes integers'],
  ['x = open(1)', 'open() is not known here'],
  ['x = constructor', 'constructor is not defined'],
])('%s fails', (code, message) => {
  let error: unknown;
  try {
    evaluated(code, { n: 6 });
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(CodeError);
  expect((error as Error).message).toBe(message);
});
