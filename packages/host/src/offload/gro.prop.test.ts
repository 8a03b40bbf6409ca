import * as ethernet from '@stack/ethernet';
import * as ipv4 from '@stack/ipv4';
import {
  CHECKSUM_COMPLETE,
  CHECKSUM_NONE,
  CHECKSUM_PARTIAL,
  CHECKSUM_UNNECESSARY,
  checksumHelp,
  Pool,
  SKB_GSO_TCP_FIXEDID,
  SKB_GSO_TCPV4,
  SKB_GSO_UDP_L4,
  type SkBuff,
} from '@stack/skbuff';
import { pseudoIpv4 } from '@stack/skbuff/checksum';
import * as tcp from '@stack/tcp';
import * as udp from '@stack/udp';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byFlow, FRAME, type FrameOptions, onWire, received, tcpFrame, udpFrame } from './fixture.ts';
import { Gro } from './gro.ts';
import { segmentGso } from './gso.ts';

/** A change to the frame that comes next, or to its bytes. */
interface Step {
  flow: number;
  isUdp: boolean;
  change: Partial<FrameOptions>;
  skip: number;
  state: number;
  flushed: boolean;
  damage: [at: number, value: number] | undefined;
}

const often = <T>(usual: T, ...others: T[]): fc.Arbitrary<T> =>
  fc.oneof(
    { weight: 40, arbitrary: fc.constant(usual) },
    { weight: 1, arbitrary: fc.constantFrom(...others) },
  );

const { ACK, PSH, FIN, SYN, CWR, ECE, URG } = tcp;

const change: fc.Arbitrary<Partial<FrameOptions>> = fc.record({
  payload: often(64, 0, 1, 63, 65, 200),
  flags: often(ACK, ACK | PSH, ACK | FIN, SYN, ACK | CWR, ACK | ECE, ACK | URG, 0),
  window: often(500, 501),
  ackSeq: often(1, 2),
  ttl: often(64, 63),
  tos: often(0, 2),
  ipFlags: often(ipv4.FLAG_DF, 0, ipv4.FLAG_MF, ipv4.FLAG_RF),
  urgPtr: often(0, 1),
  fill: fc.nat(255),
  source: often(1, 2),
});

const step: fc.Arbitrary<Step> = fc.record({
  flow: fc.nat(2),
  isUdp: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, fc.constant(true)),
  change,
  skip: often(0, 1, -64),
  state: fc.constantFrom(CHECKSUM_NONE, CHECKSUM_UNNECESSARY, CHECKSUM_COMPLETE),
  flushed: often(false, true),
  damage: often<[number, number] | undefined>(
    undefined,
    [24, 1],
    [36, 9],
    [14, 0x46],
    [14, 0x65],
    [46, 0xf0],
    [46, 0x10],
    [13, 6],
    [16, 9],
    [60, 77],
  ),
});

/** The frames that steps make of three flows, each with its own sequence numbers and ids; the second keeps its ids. */
function frames(steps: readonly Step[]): [Uint8Array, number][] {
  const seqs = [0xffff_ff00, 1000, 5];
  const ids = [0xfff0, 7, 1, 90, 7, 0xffff];
  return steps.map(({ flow, isUdp, change, skip, state, damage }) => {
    const lane = isUdp ? flow + 3 : flow;
    const seq = (seqs[flow]! + skip) >>> 0;
    const whole = { ...FRAME, ...change, sport: 1000 + flow, seq, id: ids[lane]! };
    const bytes = isUdp ? udpFrame(whole) : tcpFrame(whole);
    if (!isUdp) seqs[flow] = seq + whole.payload;
    if (flow !== 1) ids[lane]!++;
    // A device that vouches for a checksum vouches for a right one.
    if (damage === undefined || state === CHECKSUM_UNNECESSARY) return [bytes, state];
    bytes[damage[0] % bytes.length] = damage[1];
    return [bytes, state];
  });
}

describe('segmentation undoes merging', () => {
  it('for any traffic: each flow is the same frames in the same order', () => {
    let merged = 0;
    let total = 0;
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: 'max' }), fc.boolean(), (steps, wantsUdp) => {
        const pool = new Pool({ poison: true });
        const out: SkBuff[] = [];
        const options = { hardHeaderLen: ethernet.HLEN, deliver: (skb: SkBuff) => out.push(skb) };
        const gro = new Gro(wantsUdp ? { ...options, udp: () => true } : options);
        const sent = frames(steps);
        sent.forEach(([bytes, state], i) => {
          gro.receive(received(pool, bytes, state));
          if (steps[i]!.flushed) gro.flush();
        });
        gro.flush();
        merged += gro.stats.merged;
        total += sent.length;
        for (const skb of out) expect(skb.len).toBeLessThanOrEqual(ethernet.HLEN + 0xffff);
        expect(byFlow(out.flatMap(onWire))).toEqual(byFlow(sent.map(([bytes]) => bytes)));
        expect(pool.stats).toMatchObject({ skbs: 0, inUse: 0 });
      }),
    );
    expect(merged).toBeGreaterThan(total / 10); // or it tests little
  });

  it('for any bytes', () => {
    const noise = fc.uint8Array({ maxLength: 120 });
    const broken = fc
      .tuple(
        fc.constantFrom(tcpFrame(), tcpFrame({ seq: 1100, id: 101 }), udpFrame()),
        fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 2 }),
        fc.nat(160),
      )
      .map(([bytes, changes, length]) => {
        const copy = bytes.slice(0, length);
        for (const [at, value] of changes) if (at < copy.length) copy[at] = value;
        return copy;
      });
    const states = fc.constantFrom(CHECKSUM_NONE, CHECKSUM_COMPLETE, CHECKSUM_PARTIAL);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.oneof(noise, broken), states), { maxLength: 30 }),
        fc.boolean(),
        (sent, isBare) => {
          const pool = new Pool({ poison: true });
          const out: SkBuff[] = [];
          const hardHeaderLen = isBare ? 0 : ethernet.HLEN;
          const gro = new Gro({ hardHeaderLen, deliver: (skb) => out.push(skb), udp: () => true });
          const bytes = sent.map(([all]) => (isBare ? all.subarray(14) : all));
          sent.forEach(([, state], i) => {
            gro.receive(received(pool, bytes[i]!, state));
          });
          gro.flush();
          // A partial checksum that is none is for whoever sends the packet on.
          for (const skb of out) if (skb.gsoSize === 0) skb.ipSummed = CHECKSUM_NONE;
          expect(out.flatMap(onWire).map(String).sort()).toEqual(bytes.map(String).sort());
          expect(pool.stats).toMatchObject({ skbs: 0, inUse: 0 });
        },
      ),
    );
  });
});

describe('merging undoes segmentation', () => {
  const shape = fc.record({
    payload: fc.integer({ min: 2, max: 6000 }),
    mss: fc.integer({ min: 1, max: 1448 }),
    flags: fc.constantFrom(ACK, ACK | PSH, ACK | FIN, ACK | ECE),
    id: fc.nat(0xffff),
    isFixed: fc.boolean(),
    isUdp: fc.boolean(),
    flags4: fc.constantFrom(0, ipv4.FLAG_DF),
  });

  it('for any super-packet that a packet can hold', () => {
    fc.assert(
      fc.property(shape, ({ payload, mss, flags, id, isFixed, isUdp, flags4 }) => {
        const size = Math.min(mss, payload - 1); // two segments or more
        fc.pre(Math.ceil(payload / size) <= 46);
        const pool = new Pool({ poison: true });
        const skb = pool.alloc(payload, 100) as SkBuff;
        skb.putData(Uint8Array.from({ length: payload }, (_, i) => i * 7));
        const { saddr, daddr, sport: source, dport: dest } = FRAME;
        if (isUdp) udp.push(skb, { source, dest }, pseudoIpv4(saddr, daddr, 17, payload + 8));
        else {
          const header = { source, dest, seq: 0xffff_fff0, ackSeq: 9, flags, window: 4 };
          tcp.push(skb, header, pseudoIpv4(saddr, daddr, 6, payload + 20));
        }
        const ids = isFixed ? ipv4.FLAG_DF : flags4;
        ipv4.push(skb, { id, flags: ids, protocol: isUdp ? 17 : 6, saddr, daddr });
        ethernet.push(skb, { dest: 1, source: 2, proto: ethernet.ETH_P_IP });
        skb.gsoSize = size;
        skb.gsoType = (isUdp ? SKB_GSO_UDP_L4 : SKB_GSO_TCPV4) | (isFixed ? SKB_GSO_TCP_FIXEDID : 0);
        const out: SkBuff[] = [];
        const gro = new Gro({
          hardHeaderLen: ethernet.HLEN,
          deliver: (one) => out.push(one),
          udp: () => true,
        });
        for (const part of segmentGso(skb) as SkBuff[]) {
          checksumHelp(part);
          gro.receive(part);
        }
        gro.flush();
        const [whole] = out as [SkBuff];
        expect(out).toHaveLength(1);
        expect(String(whole.toBytes())).toBe(String(skb.toBytes()));
        const { gsoSize, gsoType, ipSummed, csumOffset } = skb;
        expect(whole).toMatchObject({ gsoSize, gsoType, ipSummed, csumOffset });
        expect(whole.gsoSegs).toBe(Math.ceil(payload / size));
        expect(whole.csumStart - whole.data).toBe(skb.csumStart - skb.data);
        whole.free();
        skb.free();
        expect(pool.stats).toMatchObject({ skbs: 0, inUse: 0 });
      }),
    );
  });
});
