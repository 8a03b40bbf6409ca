import * as ethernet from '@stack/ethernet';
import * as ipv4 from '@stack/ipv4';
import {
  CHECKSUM_COMPLETE,
  CHECKSUM_NONE,
  CHECKSUM_PARTIAL,
  CHECKSUM_UNNECESSARY,
  PACKET_MULTICAST,
  Pool,
  SKB_GSO_TCP_FIXEDID,
  SKB_GSO_TCPV4,
  SKB_GSO_UDP_L4,
  type SkBuff,
} from '@stack/skbuff';
import { pseudoIpv4 } from '@stack/skbuff/checksum';
import * as tcp from '@stack/tcp';
import { afterEach, describe, expect, it } from 'vitest';
import { byFlow, FRAME, type FrameOptions, onWire, received, tcpFrame, udpFrame } from './fixture.ts';
import { Gro, type GroOptions } from './gro.ts';

const pool = new Pool({ poison: true });
let delivered: SkBuff[] = [];

afterEach(() => {
  for (const skb of delivered) skb.free();
  delivered = [];
  expect(pool.stats).toMatchObject({ skbs: 0, inUse: 0 });
});

function make(options: Partial<GroOptions> = {}): Gro {
  return new Gro({ hardHeaderLen: ethernet.HLEN, deliver: (skb) => delivered.push(skb), ...options });
}

/** Sends frames through a fresh {@link Gro} and gives how many each delivered packet holds. */
function groups(frames: Uint8Array[], gro: Gro = make()): number[] {
  for (const bytes of frames) gro.receive(received(pool, bytes, CHECKSUM_NONE));
  gro.flush();
  return delivered.map(({ gsoSegs }) => gsoSegs || 1);
}

/** Segments that follow each other, changed as told: the next begins where the one before ended. */
function stream(...changes: Partial<FrameOptions>[]): Uint8Array[] {
  let { seq, id } = FRAME;
  return changes.map((change) => {
    const whole = { ...FRAME, seq, id, ...change };
    seq = whole.seq + whole.payload;
    id = whole.id + 1;
    return tcpFrame(whole);
  });
}

const TIMES = (tsval: number): tcp.Option[] => [
  { kind: tcp.TCPOPT_NOP },
  { kind: tcp.TCPOPT_NOP },
  { kind: tcp.TCPOPT_TIMESTAMP, tsval, tsecr: 7 },
];

describe('TCP segments', () => {
  const { ACK, PSH, FIN, SYN, RST, URG, ECE, CWR, AE } = tcp;
  it.each<[string, Partial<FrameOptions>[], number[]]>([
    ['of one flow become one packet', [{}, {}, {}, {}], [4]],
    ['end with PSH', [{}, { flags: ACK | PSH }, {}, {}], [2, 2]],
    ['end with FIN', [{}, { flags: ACK | FIN }], [2]],
    ['end with a shorter one', [{}, {}, { payload: 99 }, {}], [3, 1]],
    ['are no larger than the first', [{}, { payload: 101 }, { payload: 101 }], [1, 2]],
    ['with PSH stay alone', [{ flags: ACK | PSH }, {}, {}], [1, 2]],
    [
      'with SYN, RST or URG stay alone',
      [SYN, RST, URG].flatMap((f) => [{ flags: ACK | f }, { flags: ACK | f }]),
      [1, 1, 1, 1, 1, 1],
    ],
    ['that all say ECE become one', [{ flags: ACK | ECE }, { flags: ACK | ECE }], [2]],
    ['that say ECE are not those that do not', [{}, { flags: ACK | ECE }, {}], [1, 1, 1]],
    ['differ in AE', [{}, { flags: ACK | AE }], [1, 1]],
    [
      'that all have the same ACE become one, CWR or not',
      [5, 5, 6].map((ace) => ({ flags: ACK | (ace << 6) })),
      [2, 1],
    ],
    ['with CWR end what came before', [{}, {}, { flags: ACK | CWR }, {}], [2, 1, 1]],
    ['leave no gap', [{}, { seq: 1101 }], [1, 1]],
    ['come once', [{}, { seq: 1000 }], [1, 1]],
    ['acknowledge the same', [{}, { ackSeq: 5001 }], [1, 1]],
    ['have the same window', [{}, { window: 502 }], [1, 1]],
    ['have the same urgent pointer', [{}, { urgPtr: 1 }], [1, 1]],
    [
      'have the same timestamps',
      [{ tcpOptions: TIMES(1) }, { tcpOptions: TIMES(1) }, { tcpOptions: TIMES(2) }],
      [2, 1],
    ],
    ['have the same options', [{}, { tcpOptions: TIMES(1) }], [1, 1]],
    ['wrap around', [{ seq: 0xffff_ffc0 }, {}, {}], [3]],
    ['without payload pass, and nothing overtakes', [{}, {}, { payload: 0 }, {}], [2, 1, 1]],
    ['of other ports are another flow', [{}, { sport: 40_001 }, { dport: 81 }], [1, 1, 1]],
    ['of other addresses are another flow', [{}, { saddr: 0x0a00_0003 }, { daddr: 0x0a00_0003 }], [1, 1, 1]],
    ['of one flow come through one neighbour', [{}, { source: 0x02_00_00_00_00_03 }], [1, 1]],
    ['of one flow come to one address', [{}, { dest: 0x06_00_00_00_00_01 }], [1, 1]],
    ['have the same TTL', [{}, { ttl: 63 }], [1, 1]],
    ['have the same TOS', [{}, { tos: 4 }], [1, 1]],
    ['have the same DF', [{}, { ipFlags: 0 }], [1, 1]],
    ['have ids that count', [{}, { id: 102 }], [1, 1]],
    ['have ids that count over 16 bits', [{ id: 0xffff }, { id: 0x1_0000 }], [2]],
    ['or stay, with DF', [{}, { id: 100 }, { id: 100 }, { id: 101 }], [3, 1]],
    ['or stay, but not without DF', [{ ipFlags: 0 }, { ipFlags: 0, id: 100 }], [1, 1]],
    ['have ids that do not begin to stay', [{}, { id: 101 }, { id: 101 }], [2, 1]],
    ['are no fragments', [{}, { ipFlags: ipv4.FLAG_MF }], [1, 1]],
    ['have no IPv4 options', [{}, { ipOptions: [{ kind: ipv4.IPOPT_RA, value: 0 }] }], [1, 1]],
  ])('%s', (_name, changes, expected) => {
    const frames = stream(...changes);
    expect(groups(frames)).toEqual(expected);
    expect(byFlow(delivered.splice(0).flatMap(onWire))).toEqual(byFlow(frames));
  });

  it('stop at 65,535 bytes', () => {
    expect(groups(stream(...Array<object>(8).fill({ payload: 8960 })))).toEqual([7, 1]);
    expect(delivered[0]?.len).toBe(14 + 40 + 7 * 8960);
    const exact = [...Array<object>(5).fill({ payload: 10_922 }), { payload: 10_885 }];
    for (const skb of delivered.splice(0)) skb.free();
    expect(groups(stream(...exact))).toEqual([6]);
    expect(ipv4.totLen((delivered[0] as SkBuff).view, (delivered[0] as SkBuff).networkHeader)).toBe(65_535);
  });

  it('stop where a packet has no frag left', () => {
    expect(groups(stream(...Array<object>(50).fill({ payload: 60 })))).toEqual([46, 4]);
  });

  it('are as a sender makes super-packets', () => {
    const changes = [{}, {}, { payload: 50, flags: tcp.ACK | tcp.PSH }].map((c) => ({
      ...c,
      tcpOptions: TIMES(3),
    }));
    expect(groups(stream(...changes))).toEqual([3]);
    const [skb] = delivered as [SkBuff];
    const { view, networkHeader, transportHeader } = skb;
    expect(skb).toMatchObject({
      gsoSize: 100,
      gsoSegs: 3,
      gsoType: SKB_GSO_TCPV4,
      ipSummed: CHECKSUM_PARTIAL,
    });
    expect([skb.csumStart, skb.csumOffset]).toEqual([transportHeader, tcp.CSUM_OFFSET]);
    expect([networkHeader, transportHeader]).toEqual([skb.data + 14, skb.data + 34]);
    expect(ipv4.totLen(view, networkHeader)).toBe(20 + 32 + 250);
    expect(ipv4.verify(view, networkHeader)).toBe(true);
    const sum = pseudoIpv4(FRAME.saddr, FRAME.daddr, 6, 32 + 250);
    expect(tcp.read(view, transportHeader)).toMatchObject({
      seq: 1000,
      flags: tcp.ACK | tcp.PSH,
      check: sum,
    });
    expect([...skb.cb]).toEqual(new Array(12).fill(0));
  });

  it('say so where ids stay', () => {
    expect(groups(stream({}, { id: 100 }))).toEqual([2]);
    expect(delivered[0]?.gsoType).toBe(SKB_GSO_TCPV4 | SKB_GSO_TCP_FIXEDID);
    expect(delivered[0]?.cb[2]).toBe(0);
  });

  it('cost what their buffers cost', () => {
    const gro = make();
    const [a, b] = stream({}, {}).map((bytes) => received(pool, bytes, CHECKSUM_NONE)) as [SkBuff, SkBuff];
    const cost = a.truesize + b.truesize - 256; // the second struct sk_buff is gone
    gro.receive(a);
    gro.receive(b);
    gro.flush();
    expect(delivered[0]?.truesize).toBe(cost);
  });
});

describe('order', () => {
  const other = { saddr: 0x0a00_0009 };
  /** What was delivered, by port and sequence number. */
  const seen = (): [number, number][] =>
    delivered.map(({ view, data }) => [tcp.dest(view, data + 34), tcp.seq(view, data + 34)]);

  it('holds what may go on, until the end of the poll', () => {
    const gro = make();
    for (const bytes of stream({}, {})) gro.receive(received(pool, bytes, CHECKSUM_NONE));
    expect(delivered).toHaveLength(0);
    gro.flush();
    expect(delivered).toHaveLength(1);
    gro.flush();
    expect([delivered.length, gro.stats]).toEqual([1, { merged: 2, packets: 1 }]);
  });

  it('lets go of what ended at once', () => {
    const gro = make();
    for (const bytes of stream({}, { payload: 1 })) gro.receive(received(pool, bytes, CHECKSUM_NONE));
    expect(delivered).toHaveLength(1);
  });

  it('sends what was held in front of what cannot be merged', () => {
    const broken = stream({}, {}, {}, {}, {});
    (broken[1] as Uint8Array).set([0], 50); // a flipped TCP checksum
    (broken[3] as Uint8Array).set([0], 24); // and one of IPv4
    expect(groups(broken)).toEqual([1, 1, 1, 1, 1]);
    expect(seen().map(([, seq]) => seq)).toEqual([1000, 1100, 1200, 1300, 1400]);
  });

  it('sends fragments behind what their hosts have here, and in front of nobody else', () => {
    const gro = make();
    const [a, b] = stream({}, { ipFlags: ipv4.FLAG_MF, dport: 81 }) as [Uint8Array, Uint8Array];
    for (const bytes of [tcpFrame(other), a, b]) gro.receive(received(pool, bytes, CHECKSUM_NONE));
    expect(seen()).toEqual([
      [80, 1000],
      [81, 1100],
    ]);
    gro.flush();
    expect(seen()).toHaveLength(3);
  });

  it('keeps flows apart that come in turns', () => {
    const mine = stream({}, {}, {});
    const theirs = stream(other, other, other);
    expect(groups(mine.flatMap((bytes, i) => [bytes, theirs[i] as Uint8Array]))).toEqual([3, 3]);
  });

  it('holds 8 flows a list, and lets the oldest go for one more', () => {
    const gro = make();
    // All in one list: the sum of address and port parts that are mixed is the same.
    const flows = Array.from({ length: 9 }, (_, i) => ({
      saddr: FRAME.saddr ^ (i << 4),
      daddr: FRAME.daddr ^ (i << 4),
    }));
    for (const flow of flows) gro.receive(received(pool, tcpFrame(flow), CHECKSUM_NONE));
    expect(delivered.map(({ view, data }) => ipv4.saddr(view, data + 14))).toEqual([FRAME.saddr]);
    gro.flush();
    expect(delivered).toHaveLength(9);
  });
});

describe('what is not merged', () => {
  /** Two segments that would be one, the first, the second or both changed; they are two packets each time. */
  const both = (change: (skb: SkBuff) => void, undo: (skb: SkBuff) => void = () => {}): void => {
    for (const changed of [[0], [1], [0, 1]]) {
      expect([changed, twice((skb, i) => changed.includes(i) && change(skb))]).toEqual([changed, [1, 1]]);
      for (const skb of delivered) undo(skb);
      for (const skb of delivered.splice(0)) skb.free();
    }
  };

  const twice = (change: (skb: SkBuff, index: number) => void, gro: Gro = make()): number[] => {
    stream({}, {}).forEach((bytes, i) => {
      const skb = received(pool, bytes, CHECKSUM_NONE);
      change(skb, i);
      gro.receive(skb);
    });
    gro.flush();
    return delivered.map(({ gsoSegs }) => gsoSegs || 1);
  };

  it('for somebody else, or for many', () => {
    both((skb) => {
      skb.pktType = PACKET_MULTICAST;
    });
  });

  it('seen by others', () => {
    const twins: SkBuff[] = [];
    both((skb) => twins.push(skb.clone()));
    for (const twin of twins) twin.free();
  });

  it('held by others', () => {
    both(
      (skb) => skb.get(),
      (skb) => skb.users > 1 && skb.free(),
    );
  });

  it('of somebody who waits for its end', () => {
    both((skb) => {
      skb.destructor = () => {};
    });
  });

  it('merged already', () => {
    both((skb) => {
      skb.gsoSize = 50;
    });
  });

  it.each([
    ['in a VLAN', ethernet.ETH_P_8021Q, 0],
    ['of another id', ethernet.ETH_P_8021Q, 2],
    ['of another kind', ethernet.ETH_P_8021AD, 1],
  ])('with a tag %s', (_name, vlanProto, vlanTci) => {
    const change = (skb: SkBuff, i: number): void => {
      Object.assign(skb, { vlanProto: ethernet.ETH_P_8021Q, vlanTci: 1 });
      if (i === 1) Object.assign(skb, { vlanProto, vlanTci });
    };
    expect(twice(change)).toEqual([1, 1]);
  });

  it('while it is switched off', () => {
    const gro = make();
    gro.enabled = false;
    expect(twice(() => {}, gro)).toEqual([1, 1]);
  });

  it('with padding behind it', () => {
    const padded = stream({ payload: 4 }, { payload: 4 }).map((bytes) => {
      const frame = new Uint8Array(60);
      frame.set(bytes);
      return frame;
    });
    expect(groups(padded)).toEqual([1, 1]);
  });

  it.each([
    [34, 6],
    [33, 16],
  ])('with a partial checksum of something else, at %i + %i', (start, csumOffset) => {
    both((skb) => {
      Object.assign(skb, { ipSummed: CHECKSUM_PARTIAL, csumStart: skb.data + start, csumOffset });
    });
  });

  it('of UDP, unless somebody asked for it', () => {
    expect(groups([udpFrame(), udpFrame({ id: 101 })])).toEqual([1, 1]);
  });

  it('is freed with the device', () => {
    const gro = make();
    gro.receive(received(pool, tcpFrame(), CHECKSUM_NONE));
    gro.purge();
    gro.flush();
    expect(delivered).toEqual([]);
  });
});

describe('checksums', () => {
  it.each([
    ['nobody looked at', CHECKSUM_NONE],
    ['a device summed', CHECKSUM_COMPLETE],
    ['a device vouches for', CHECKSUM_UNNECESSARY],
  ])('that %s are merged when right, and not looked at again', (_name, state) => {
    const gro = make();
    for (const bytes of [...stream({}, {}), tcpFrame({ sport: 1 })])
      gro.receive(received(pool, bytes, state));
    gro.flush();
    expect(delivered.map(({ ipSummed }) => ipSummed).sort()).toEqual([
      CHECKSUM_UNNECESSARY,
      CHECKSUM_PARTIAL,
    ]);
  });

  it.each([
    ['NONE', CHECKSUM_NONE],
    ['COMPLETE', CHECKSUM_COMPLETE],
  ])('that are wrong are left to TCP (%s)', (_name, state) => {
    const gro = make();
    const frames = stream({}, {}, {});
    (frames[1] as Uint8Array).set([0xff], 70);
    for (const bytes of frames) gro.receive(received(pool, bytes, state));
    gro.flush();
    expect(delivered.map(({ gsoSegs, ipSummed }) => [gsoSegs, ipSummed])).toEqual([
      [0, CHECKSUM_UNNECESSARY],
      [0, state],
      [0, CHECKSUM_UNNECESSARY],
    ]);
  });
});

describe('UDP datagrams', () => {
  const asked = (): Gro => make({ udp: () => true });
  const run = (...changes: Partial<FrameOptions>[]): Uint8Array[] =>
    changes.map((change, i) => udpFrame({ id: 100 + i, fill: i, ...change }));

  it.each<[string, Uint8Array[], number[]]>([
    ['of one size become one packet', run({}, {}, {}), [3]],
    ['end with a shorter one', run({}, {}, { payload: 99 }, {}), [3, 1]],
    ['are no larger than the first', run({}, { payload: 101 }), [1, 1]],
    ['of other ports are another flow', run({}, { sport: 1 }), [1, 1]],
    ['without payload stay alone', run({ payload: 0 }, {}, { payload: 0 }, {}), [1, 1, 1, 1]],
    ['are no more than there are frags', run(...Array<object>(50).fill({})), [46, 4]],
  ])('%s', (_name, frames, expected) => {
    expect(groups(frames, asked())).toEqual(expected);
    expect(byFlow(delivered.splice(0).flatMap(onWire))).toEqual(byFlow(frames));
  });

  it('with a wrong checksum stay alone', () => {
    for (const wrong of [0, 1]) {
      const frames = run({}, {});
      frames[wrong]?.set([99], 60);
      expect(groups(frames, asked())).toEqual([1, 1]);
      for (const skb of delivered.splice(0)) skb.free();
    }
  });

  it('without checksum stay alone', () => {
    const frames = run({}, {});
    for (const bytes of frames) bytes.fill(0, 40, 42);
    expect(groups(frames, asked())).toEqual([1, 1]);
  });

  it('are held only for a socket that asked', () => {
    const networks: number[] = [];
    const gro = make({ udp: (skb, network) => networks.push(network - skb.data) > 99 });
    expect(groups(run({}, {}), gro)).toEqual([1, 1]);
    expect(networks).toEqual([14, 14]);
  });

  it('are as a sender makes super-packets', () => {
    groups(run({}, { payload: 20 }), asked());
    const [skb] = delivered as [SkBuff];
    expect(skb).toMatchObject({
      gsoSize: 100,
      gsoSegs: 2,
      gsoType: SKB_GSO_UDP_L4,
      ipSummed: CHECKSUM_PARTIAL,
    });
    expect([skb.csumStart - skb.data, skb.csumOffset]).toEqual([34, 6]);
    expect(skb.view.getUint16(skb.transportHeader + 4)).toBe(128);
    expect(skb.view.getUint16(skb.transportHeader + 6)).toBe(pseudoIpv4(FRAME.saddr, FRAME.daddr, 17, 128));
  });
});

it('works on devices without link header', () => {
  const gro = make({ hardHeaderLen: 0 });
  expect(
    groups(
      stream({}, {}).map((bytes) => bytes.subarray(14)),
      gro,
    ),
  ).toEqual([2]);
  expect(delivered[0]?.networkHeader).toBe(delivered[0]?.data);
});

it('brings headers out of frags where they must be read', () => {
  const gro = make();
  for (const bytes of stream({ tcpOptions: TIMES(1) }, { tcpOptions: TIMES(1) })) {
    const skb = pool.alloc(20, 64) as SkBuff;
    skb.putData(bytes.subarray(0, 20));
    const page = received(pool, bytes.subarray(20), CHECKSUM_NONE);
    skb.addFrag(page.page.hold(), page.data, page.len);
    page.free();
    gro.receive(skb);
  }
  gro.flush();
  expect(delivered.map(({ gsoSegs }) => gsoSegs)).toEqual([2]);
});
