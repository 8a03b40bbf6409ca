import { describe, expect, it } from 'vitest';
import { assignment, duration, percent, rate, seed, size } from '../src/quantities.ts';

describe('quantities', () => {
  it.each([
    [percent, '5%', 0.05],
    [percent, '5', 0.05],
    [percent, '0.1%', 0.001],
    [percent, '100%', 1],
    [duration, '20ms', 20_000],
    [duration, '50us', 50],
    [duration, '1.5s', 1_500_000],
    [rate, '100mbit', 100_000_000],
    [rate, '1Gbit', 1_000_000_000],
    [rate, '9600bit', 9600],
    [size, '4096', 4096],
    [size, '64k', 65_536],
    [size, '1mb', 1_048_576],
    [seed, '0', 0],
    [seed, '4294967295', 4_294_967_295],
  ] as const)('%o reads %s as %d', (read, text, value) => {
    expect(read(text)).toBe(value);
  });

  it.each([
    [percent, ''],
    [percent, '5 %'],
    [percent, '100.1%'],
    [percent, 'NaN'],
    [percent, '1e1'],
    [duration, '20'],
    [duration, '-1ms'],
    [duration, '2000000s'],
    [rate, '100'],
    [rate, '100mbps'],
    [rate, '2000gbit'],
    [size, '1.5x'],
    [size, '2000m'],
    [seed, '-1'],
    [seed, '99999999999'],
    [assignment, '=1'],
  ] as const)('%o refuses %j', (read, text) => {
    expect(() => read(text)).toThrow();
  });

  it('gathers assignments', () => {
    expect(assignment('a.b = 1 2 3', { c: '4' })).toEqual({ c: '4', 'a.b': '1 2 3' });
  });
});
