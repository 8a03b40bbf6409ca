import { hex } from '@stack/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decode } from '../header.ts';
import { CB_FRAG_MAX_SIZE } from './constants.ts';
import { type HeaderPart, ip4, packet, type Toy, type ToyDevice, World } from './fixture.ts';

const SECOND = 1_000_000;
let world: World;
let host: Toy;
let eth: ToyDevice;
beforeEach(() => {
  world = new World();
  host = world.host('a');
  eth = host.device('eth0', {}, { local: ip4('10.0.0.1'), prefixLength: 24 });
});
afterEach(() => world.finish());

const PEER = '10.0.0.2';
const WHOLE = Uint8Array.from({ length: 40 }, (_, i) => i);

/** A fragment: bytes `from`..`to` of the datagram, more to follow or not. */
type Spec = readonly [from: number, to: number, more: 0 | 1, part?: Partial<HeaderPart>];

function fragment([from, to, more, part = {}]: Spec, id = 1): Uint8Array {
  const data = Uint8Array.from({ length: to - from }, (_, i) => WHOLE[(from + i) % 40] as number);
  return packet({ saddr: PEER, daddr: '10.0.0.1', id, flags: more, fragOff: from / 8, ...part }, data);
}

function feed(specs: readonly Spec[], id = 1): void {
  for (const spec of specs) host.inject(fragment(spec, id), eth.ifindex);
}

describe('fragments, as Linux 6.18 treated them', () => {
  it.each<[string, Spec[], number, string[], Record<string, number>]>([
    [
      'in order',
      [
        [0, 16, 1],
        [16, 40, 0],
      ],
      1,
      [],
      { ReasmReqds: 2, ReasmOKs: 1 },
    ],
    [
      'in reverse',
      [
        [16, 40, 0],
        [0, 16, 1],
      ],
      1,
      [],
      { ReasmOKs: 1 },
    ],
    [
      'the same twice',
      [
        [0, 16, 1],
        [0, 16, 1],
        [16, 40, 0],
      ],
      1,
      ['DUP_FRAG'],
      { ReasmOKs: 1 },
    ],
    [
      'one within another',
      [
        [0, 24, 1],
        [8, 16, 1],
        [24, 40, 0],
      ],
      1,
      ['DUP_FRAG'],
      { ReasmOKs: 1 },
    ],
    [
      'the last twice',
      [
        [24, 40, 0],
        [24, 40, 0],
        [0, 24, 1],
      ],
      1,
      ['DUP_FRAG'],
      { ReasmOKs: 1 },
    ],
    [
      'one over two that came in order',
      [
        [0, 8, 1],
        [8, 16, 1],
        [0, 16, 1],
        [16, 40, 0],
      ],
      1,
      ['DUP_FRAG'],
      { ReasmOKs: 1 },
    ],
    [
      'one over two that did not',
      [
        [16, 24, 1],
        [8, 16, 1],
        [8, 24, 1],
        [0, 8, 1],
        [24, 40, 0],
      ],
      0,
      ['NOT_SPECIFIED'],
      { ReasmFails: 1, ReasmOverlaps: 1 },
    ],
    [
      'an overlap behind',
      [
        [0, 16, 1],
        [8, 24, 1],
        [24, 40, 0],
      ],
      0,
      ['NOT_SPECIFIED'],
      { ReasmFails: 1, ReasmOverlaps: 1 },
    ],
    [
      'an overlap of the front',
      [
        [8, 16, 1],
        [0, 24, 1],
        [24, 40, 0],
      ],
      0,
      ['NOT_SPECIFIED'],
      { ReasmFails: 1, ReasmOverlaps: 1 },
    ],
    [
      'an overlap with the next one (teardrop)',
      [
        [24, 40, 0],
        [0, 8, 1],
        [8, 32, 1],
      ],
      0,
      ['NOT_SPECIFIED'],
      { ReasmFails: 1, ReasmOverlaps: 1 },
    ],
    [
      'a last one that ends before others',
      [
        [0, 24, 1],
        [16, 20, 0],
      ],
      0,
      ['NOT_SPECIFIED'],
      { ReasmFails: 1 },
    ],
    [
      'two last ones',
      [
        [16, 40, 0],
        [24, 48, 0],
      ],
      0,
      ['NOT_SPECIFIED'],
      { ReasmFails: 1 },
    ],
    [
      'one beyond the last',
      [
        [16, 40, 0],
        [40, 48, 1],
      ],
      0,
      ['NOT_SPECIFIED'],
      { ReasmFails: 1 },
    ],
    ['no bytes', [[0, 0, 1]], 0, ['NOT_SPECIFIED'], { ReasmFails: 1, ReasmReqds: 1 }],
    [
      'a last one without bytes',
      [
        [0, 16, 1],
        [16, 16, 0],
      ],
      0,
      ['NOT_SPECIFIED'],
      { ReasmFails: 1 },
    ],
    [
      'one that is cut to a multiple of eight',
      [
        [0, 19, 1],
        [16, 40, 0],
      ],
      1,
      [],
      { ReasmOKs: 1 },
    ],
    ['one that is cut to nothing', [[0, 3, 1]], 0, ['NOT_SPECIFIED'], { ReasmFails: 1 }],
    [
      'a hole',
      [
        [0, 8, 1],
        [16, 40, 0],
      ],
      0,
      [],
      { ReasmOKs: 0, ReasmFails: 0 },
    ],
    ['one that is whole, but says more', [[0, 40, 1]], 0, [], { ReasmOKs: 0 }],
  ])('%s', (_, specs, delivered, drops, counters) => {
    feed(specs);
    expect(host.delivered).toHaveLength(delivered);
    for (const { payload } of host.delivered) expect(payload).toEqual(WHOLE);
    expect(host.drops).toEqual(drops);
    expect({ ...host.ip.mib.Ip, ...host.ip.mib.IpExt }).toMatchObject(counters);
  });

  it.each<[string, Partial<HeaderPart>[], number]>([
    ['Not-ECT', [{ tos: 0 }, { tos: 0 }], 0],
    ['ECT(0) and CE: CE', [{ tos: 2 }, { tos: 3 }], 3],
    ['ECT(1) and CE: CE', [{ tos: 1 }, { tos: 3 }], 3],
    ['ECT(0) and ECT(1): the first', [{ tos: 2 }, { tos: 1 }], 2],
    ['Not-ECT and CE: none', [{ tos: 0 }, { tos: 3 }], -1],
    ['Not-ECT and ECT(0): none', [{ tos: 0 }, { tos: 2 }], -1],
    ['CE alone', [{ tos: 3 }, { tos: 3 }], 3],
  ])('ECN %s (RFC 3168 §5.3)', (_, [first, second], ecn) => {
    feed([
      [0, 16, 1, first!],
      [16, 40, 0, second!],
    ]);
    expect(host.delivered.map(({ header }) => header.tos)).toEqual(ecn < 0 ? [] : [ecn]);
    expect(host.ip.mib.Ip.ReasmFails).toBe(ecn < 0 ? 1 : 0);
    expect(host.drops).toEqual([]);
  });

  it.each<[string, Spec[], number]>([
    [
      'no DF',
      [
        [0, 24, 1],
        [24, 40, 0],
      ],
      0,
    ],
    [
      'DF on both',
      [
        [0, 24, 1, { flags: 3 }],
        [24, 40, 0, { flags: 2 }],
      ],
      2,
    ],
    [
      'DF on the largest',
      [
        [0, 24, 1, { flags: 3 }],
        [24, 40, 0],
      ],
      2,
    ],
    [
      'DF on the smaller',
      [
        [0, 24, 1],
        [24, 40, 0, { flags: 2 }],
      ],
      0,
    ],
    [
      'DF on one of equals',
      [
        [0, 24, 1],
        [24, 48, 0, { flags: 2 }],
      ],
      2,
    ],
    [
      'the reserved flag',
      [
        [0, 8, 1, { flags: 5 }],
        [8, 40, 0, { flags: 4 }],
      ],
      0,
    ],
  ])('with %s: the whole has DF where the path MTU is known by it', (_, specs, flags) => {
    const largest: number[] = [];
    host.ip.register(17, {
      receive: (_now, skb) => {
        largest.push(skb.cb[CB_FRAG_MAX_SIZE] as number);
        expect(decode(skb.bytes.slice(skb.networkHeader, skb.tail)).flags).toBe(flags);
        skb.free();
      },
    });
    feed(specs);
    expect(largest).toEqual([Math.max(...specs.map(([from, to]) => to - from)) + 20]);
  });

  it('of different datagrams are kept apart: source, destination, id, protocol', () => {
    feed([
      [0, 16, 1],
      [16, 40, 0, { protocol: 6 }],
      [16, 40, 0, { saddr: '10.0.0.3' }],
      [16, 40, 0, { daddr: '127.0.0.1' }],
    ]);
    feed([[16, 40, 0]], 2);
    expect(host.delivered).toEqual([]);
    expect(host.ip.reassembly.count).toBe(4);
    feed([[16, 40, 0]]);
    expect(host.delivered).toHaveLength(1);
  });

  it('make a header of the first one, without fragment fields', () => {
    const options = [{ kind: 148 as const, value: 0 }];
    feed([
      [16, 40, 0, { ttl: 3 }],
      [0, 16, 1, { ttl: 9, tos: 0x10, options }],
    ]);
    expect(host.delivered[0]?.header).toMatchObject({
      totLen: 64,
      flags: 0,
      fragOff: 0,
      ttl: 9,
      tos: 0x10,
      ihl: 6,
      options,
    });
  });
});

describe('limits', () => {
  it('no datagram is longer than 65535 (ping of death)', () => {
    for (let from = 0; from < 65_120; from += 1480) feed([[from, from + 1480, 1]]);
    feed([[65_120, 66_120, 0]]);
    feed([[65_528, 65_628, 0]], 2);
    expect(host.delivered).toEqual([]);
    expect(host.ip.mib.Ip.ReasmFails).toBe(1);
  });

  it('one of 65535 is whole, from however many fragments', () => {
    const data = 65_515;
    for (const [id, size] of [
      [1, 1480],
      [2, 8 * 50],
      [3, 32_000],
    ] as const) {
      for (let from = 0; from < data; from += size) {
        const to = Math.min(data, from + size);
        feed([[from, to, to === data ? 0 : 1]], id);
      }
    }
    expect(host.delivered.map(({ payload }) => payload.length)).toEqual([data, data, data]);
    for (const { payload } of host.delivered) {
      expect(payload.every((byte, i) => byte === i % 40)).toBe(true);
    }
    expect(host.pool.stats.inUse).toBe(0);
  });

  it('more memory than ipfrag_high_thresh refuses every fragment, of known datagrams too', () => {
    host.sysctl.ipfrag_high_thresh = 4000;
    for (let id = 1; id <= 10; id++) feed([[0, 16, 1]], id);
    const { memory, count } = host.ip.reassembly;
    expect(memory).toBeGreaterThan(4000);
    expect(memory).toBeLessThan(4000 + 1500);
    feed([[16, 40, 0]]);
    expect(host.delivered).toEqual([]);
    expect(host.ip.mib.Ip).toMatchObject({ ReasmReqds: 11, ReasmFails: 11 - count });
    expect(host.drops).toEqual(Array(11 - count).fill('NOT_SPECIFIED'));
    world.run(world.now + 31 * SECOND);
    expect(host.ip.reassembly.memory).toBe(0);
    host.sysctl.ipfrag_high_thresh = 0;
    feed([[0, 16, 1]], 77);
    expect(host.drops.at(-1)).toBe('NOT_SPECIFIED');
  });

  it('a flood of 8192 fragments costs no more than they', () => {
    for (let i = 8189; i > 0; i -= 2) feed([[i * 8, i * 8 + 8, 1]]);
    for (let i = 0; i < 8190; i += 2) feed([[i * 8, i * 8 + 8, 1]]);
    expect(host.ip.reassembly.count).toBe(1);
    expect(host.ip.reassembly.memory).toBeLessThan((4 << 20) + 2048);
  });

  it('too many datagrams in between: the id may have been used again (ipfrag_max_dist)', () => {
    host.sysctl.ipfrag_max_dist = 4;
    feed([[0, 16, 1]]);
    for (let id = 2; id < 8; id++) feed([[0, 16, 1]], id);
    feed([[16, 40, 0]]);
    expect([host.delivered.length, ...host.drops]).toEqual([0, 'FRAG_TOO_FAR']);
    expect(host.ip.mib.Ip.ReasmFails).toBe(1);
    feed([[0, 16, 1]]);
    expect(host.delivered).toHaveLength(1);
  });

  it('what was dropped so is forgotten: length, ECN, DF', () => {
    host.sysctl.ipfrag_max_dist = 1;
    feed([
      [0, 16, 1, { tos: 3, flags: 3 }],
      [80, 88, 0],
    ]);
    for (let id = 2; id < 5; id++) feed([[0, 16, 1]], id);
    feed([[0, 16, 1]]);
    feed([[16, 40, 0]]);
    expect(host.delivered.map(({ header }) => [header.tos, header.flags, header.totLen])).toEqual([
      [0, 0, 60],
    ]);
  });

  it('not too many in between; or the sysctl is off', () => {
    host.sysctl.ipfrag_max_dist = 4;
    feed([[0, 16, 1]]);
    for (let id = 2; id < 5; id++) feed([[0, 16, 1]], id);
    feed([[16, 40, 0]]);
    expect(host.delivered).toHaveLength(1);
    host.sysctl.ipfrag_max_dist = 0;
    feed([[0, 16, 1]], 100);
    for (let id = 101; id < 300; id++) feed([[0, 16, 1]], id);
    feed([[16, 40, 0]], 100);
    expect(host.delivered).toHaveLength(2);
  });
});

describe('time (RFC 1122 §3.3.2)', () => {
  it('is up after ipfrag_time: the sender is told, if the first fragment came', () => {
    feed([
      [0, 16, 1],
      [24, 40, 0],
    ]);
    world.run(world.now + 30 * SECOND - 1);
    expect(host.icmp).toEqual([]);
    world.run(world.now + 1);
    expect(host.icmp).toEqual([{ type: 11, code: 1, info: 0, packet: fragment([0, 16, 1]) }]);
    expect(host.drops).toEqual(['FRAG_REASM_TIMEOUT', 'FRAG_REASM_TIMEOUT']);
    expect(host.ip.mib.Ip).toMatchObject({ ReasmTimeout: 1, ReasmFails: 1 });
  });

  it('is up silently without it', () => {
    host.sysctl.ipfrag_time = 1;
    feed([[16, 40, 0]]);
    world.run(world.now + 1 * SECOND);
    expect([host.icmp, host.drops]).toEqual([[], ['FRAG_REASM_TIMEOUT']]);
  });

  it('does not run for a datagram that is done', () => {
    feed([
      [0, 16, 1],
      [16, 40, 0],
    ]);
    feed(
      [
        [0, 16, 1],
        [8, 24, 1],
      ],
      2,
    );
    expect(world.pending).toBe(0);
  });

  it('starts anew where a queue does', () => {
    host.sysctl.ipfrag_max_dist = 1;
    feed([[0, 16, 1]]);
    world.run(world.now + 20 * SECOND);
    feed([[0, 16, 1]], 2);
    feed([[0, 16, 1]], 3);
    feed([[16, 40, 0]]);
    world.run(world.now + 15 * SECOND);
    feed([[0, 16, 1]]);
    expect(host.delivered).toHaveLength(1);
  });
});

it('bytes that are no fragment at all are not touched', () => {
  host.inject(packet({ saddr: PEER, daddr: '10.0.0.1', flags: 2 }, hex`01`), eth.ifindex);
  expect(host.ip.mib.Ip.ReasmReqds).toBe(0);
  expect(host.delivered[0]?.header.flags).toBe(2);
});
