import { describe, expect, it } from 'vitest';
import * as ipv4 from './index.ts';

const { formatAddress, parseAddress, parsePrefix } = ipv4;

describe('prefix text', () => {
  it.each(['0.0.0.0/0', '10.0.0.0/8', '10.0.0.1/8', '192.168.1.0/24', '1.2.3.4/32', '1.2.3.4/9'])(
    '%s',
    (text) => {
      expect(ipv4.formatPrefix(parsePrefix(text))).toBe(text);
    },
  );

  it('keeps host bits', () => {
    expect(parsePrefix('10.0.0.1/8')).toStrictEqual({ address: 0x0a00_0001, length: 8 });
  });

  it.each([
    ...['', '/', '/8', '10.0.0.0', '10.0.0.0/', '10.0.0.0/33', '10.0.0.0/-1', '10.0.0.0/08', '10.0.0.0/1.5'],
    ...[
      '10.0.0.0/255.0.0.0',
      '10/8',
      '10.0.0.0/8/8',
      '10.0.0.0 /8',
      '10.0.0.0/8\n',
      '10.0.0.0/8 ',
      '010.0.0.0/8',
    ],
  ])('refuses %j', (text) => {
    expect(() => parsePrefix(text)).toThrow(RangeError);
  });
});

describe('prefix arithmetic', () => {
  it.each([
    ['10.1.2.3/0', '0.0.0.0', '0.0.0.0', '255.255.255.255'],
    ['192.168.1.10/24', '255.255.255.0', '192.168.1.0', '192.168.1.255'],
    ['172.20.5.6/12', '255.240.0.0', '172.16.0.0', '172.31.255.255'],
    ['10.0.0.1/30', '255.255.255.252', '10.0.0.0', '10.0.0.3'],
    ['10.0.0.1/31', '255.255.255.254', '10.0.0.0', undefined],
    ['10.0.0.1/32', '255.255.255.255', '10.0.0.1', undefined],
    ['200.1.2.3/1', '128.0.0.0', '128.0.0.0', '255.255.255.255'],
  ])('%s: mask %s, network %s, broadcast %s', (text, mask, network, broadcast) => {
    const prefix = parsePrefix(text);
    expect(formatAddress(ipv4.mask(prefix.length))).toBe(mask);
    expect(ipv4.mask(prefix.length)).toBe(parseAddress(mask));
    expect(ipv4.network(prefix)).toBe(parseAddress(network));
    expect(ipv4.broadcast(prefix)).toBe(broadcast === undefined ? undefined : parseAddress(broadcast));
  });

  it('mask refuses other lengths', () => {
    for (const length of [-1, 33, 1.5, Number.NaN]) expect(() => ipv4.mask(length)).toThrow(RangeError);
  });

  it('isBroadcastOf', () => {
    const prefix = parsePrefix('192.168.1.10/24');
    expect(ipv4.isBroadcastOf(parseAddress('192.168.1.255'), prefix)).toBe(true);
    expect(ipv4.isBroadcastOf(parseAddress('192.168.1.255') | 0, prefix)).toBe(true);
    expect(ipv4.isBroadcastOf(parseAddress('192.168.1.0'), prefix)).toBe(false);
    expect(ipv4.isBroadcastOf(parseAddress('192.168.2.255'), prefix)).toBe(false);
    expect(ipv4.isBroadcastOf(parseAddress('10.0.0.1'), parsePrefix('10.0.0.0/31'))).toBe(false);
  });

  it('contains', () => {
    const prefix = parsePrefix('192.168.1.10/24');
    for (const inside of ['192.168.1.0', '192.168.1.255']) {
      expect(ipv4.contains(prefix, parseAddress(inside))).toBe(true);
      expect(ipv4.contains(prefix, parseAddress(inside) | 0)).toBe(true);
    }
    for (const outside of ['192.168.0.255', '192.168.2.0']) {
      expect(ipv4.contains(prefix, parseAddress(outside))).toBe(false);
    }
    expect(ipv4.contains(parsePrefix('1.2.3.4/0'), parseAddress('9.9.9.9'))).toBe(true);
    expect(ipv4.contains(parsePrefix('1.2.3.4/32'), parseAddress('1.2.3.5'))).toBe(false);
  });
});
