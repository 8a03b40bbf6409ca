import { describe, expect, it } from 'vitest';
import * as ipv4 from './index.ts';

const at = ipv4.parseAddress;

describe('address text', () => {
  it.each([
    ['0.0.0.0', 0],
    ['255.255.255.255', 0xffff_ffff],
    ['192.168.1.10', 0xc0a8_010a],
    ['128.0.0.1', 0x8000_0001],
    ['1.20.30.4', 0x0114_1e04],
  ])('%s', (text, address) => {
    expect(at(text)).toBe(address);
    expect(ipv4.formatAddress(address)).toBe(text);
    expect(ipv4.formatAddress(address | 0)).toBe(text);
  });

  it.each([
    ...[
      '',
      '.',
      '1',
      '1.2.3',
      '1.2.3.',
      '.1.2.3',
      '1..2.3',
      '1.2.3.4.',
      '1.2.3.4.5',
      '1.2.3.256',
      '1.2.3.1000',
    ],
    ...[
      '01.2.3.4',
      '1.2.3.00',
      '1.2.3.04',
      '0x1.2.3.4',
      '1.2.3.4 ',
      ' 1.2.3.4',
      '1.2.3.4\n',
      '1.2.3.-4',
      '1.2.3.+4',
    ],
    ...['1,2,3,4', '1.2.3.4/8', '1.2.3.a', '１.2.3.4', '3232235786', '1e0.0.0.1', '1.2.3.4\0'],
  ])('refuses %j', (text) => {
    expect(() => at(text)).toThrow(RangeError);
  });
});

/** Predicate, the blocks it stands for by first and last address, and neighbours it must say no to. */
const BLOCKS: [string, (address: number) => boolean, [string, string][], string[]][] = [
  ['isUnspecified', ipv4.isUnspecified, [['0.0.0.0', '0.0.0.0']], ['0.0.0.1', '255.255.255.255']],
  ['isThisNetwork', ipv4.isThisNetwork, [['0.0.0.0', '0.255.255.255']], ['1.0.0.0', '255.255.255.255']],
  ['isLoopback', ipv4.isLoopback, [['127.0.0.0', '127.255.255.255']], ['126.255.255.255', '128.0.0.0']],
  [
    'isPrivate',
    ipv4.isPrivate,
    [
      ['10.0.0.0', '10.255.255.255'],
      ['172.16.0.0', '172.31.255.255'],
      ['192.168.0.0', '192.168.255.255'],
    ],
    ['9.255.255.255', '11.0.0.0', '172.15.255.255', '172.32.0.0', '192.167.255.255', '192.169.0.0'],
  ],
  ['isShared', ipv4.isShared, [['100.64.0.0', '100.127.255.255']], ['100.63.255.255', '100.128.0.0']],
  ['isLinkLocal', ipv4.isLinkLocal, [['169.254.0.0', '169.254.255.255']], ['169.253.255.255', '169.255.0.0']],
  [
    'isDocumentation',
    ipv4.isDocumentation,
    [
      ['192.0.2.0', '192.0.2.255'],
      ['198.51.100.0', '198.51.100.255'],
      ['203.0.113.0', '203.0.113.255'],
    ],
    ['192.0.1.255', '192.0.3.0', '198.51.99.255', '198.51.101.0', '203.0.112.255', '203.0.114.0'],
  ],
  [
    'isBenchmarking',
    ipv4.isBenchmarking,
    [['198.18.0.0', '198.19.255.255']],
    ['198.17.255.255', '198.20.0.0'],
  ],
  ['isMulticast', ipv4.isMulticast, [['224.0.0.0', '239.255.255.255']], ['223.255.255.255', '240.0.0.0']],
  [
    'isLocalMulticast',
    ipv4.isLocalMulticast,
    [['224.0.0.0', '224.0.0.255']],
    ['223.255.255.255', '224.0.1.0'],
  ],
  ['isReserved', ipv4.isReserved, [['240.0.0.0', '255.255.255.255']], ['239.255.255.255', '0.0.0.0']],
  [
    'isLimitedBroadcast',
    ipv4.isLimitedBroadcast,
    [['255.255.255.255', '255.255.255.255']],
    ['255.255.255.254', '0.0.0.0'],
  ],
];

describe('classification', () => {
  it.each(BLOCKS)('%s', (_, is, blocks, outside) => {
    for (const text of blocks.flat()) {
      expect(is(at(text)), text).toBe(true);
      expect(is(at(text) | 0), `${text}, signed`).toBe(true);
    }
    for (const text of outside) {
      expect(is(at(text)), text).toBe(false);
      expect(is(at(text) | 0), `${text}, signed`).toBe(false);
    }
  });

  it('constants', () => {
    expect([ipv4.INADDR_ANY, ipv4.INADDR_LOOPBACK, ipv4.INADDR_BROADCAST].map(ipv4.formatAddress)).toEqual([
      '0.0.0.0',
      '127.0.0.1',
      '255.255.255.255',
    ]);
  });
});

describe('multicastMac', () => {
  it.each([
    ['224.0.0.1', 0x0100_5e00_0001],
    ['239.255.255.250', 0x0100_5e7f_fffa], // tcpdump tests/IGMP_V2.pcap, frame 2
    ['225.10.10.10', 0x0100_5e0a_0a0a], // the same, frame 3
    ['224.128.0.1', 0x0100_5e00_0001], // RFC 1112 §6.4: nine bits are lost
  ])('%s', (text, mac) => {
    expect(ipv4.multicastMac(at(text))).toBe(mac);
  });
});
