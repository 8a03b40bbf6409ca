/**
 * Segments that fit a connection of the host in all but some numbers, and ICMP errors about it: what somebody sends who knows more than
 * the four-tuple.
 * @module
 */
import { LISTEN } from '@stack/tcp/engine';
import { optionBytes } from '@stack/tcp/testing';
import fc from 'fast-check';
import type { Host } from '../host.ts';
import { frame, icmp, packet, segment } from './craft.fixture.ts';
import { FRIEND_MAC, HOST_MAC } from './fixture.ts';

/** What can be known of an entry of the host's table: a socket, a request, a connection in TIME-WAIT. */
export interface Known {
  readonly saddr: number;
  readonly daddr: number;
  readonly sport: number;
  readonly dport: number;
  readonly rcvNxt: number;
  readonly sndUna: number;
  readonly sndNxt: number;
  readonly rcvWnd: number;
  readonly tsRecent: number;
  readonly tsval: number;
}

/** A number, from one that the connection knows. */
export interface Near {
  readonly from: 'left' | 'right' | 'old' | 'nowhere';
  readonly delta: number;
}

/** A segment to a connection of the host. */
export interface NearSegment {
  readonly seq: Near;
  readonly ack: Near;
  readonly flags: number;
  readonly window: number;
  readonly urgent: number;
  readonly length: number;
  /** Bytes of options; a number: timestamps, so much later than the last. */
  readonly options: Uint8Array | number;
  /** Two fragments, cut there; 0 = whole. */
  readonly cut: number;
  readonly corrupt: boolean;
}

/** An ICMP error about a segment of the host's. */
export interface NearError {
  readonly type: number;
  readonly code: number;
  readonly rest: number;
  readonly seq: Near;
  readonly length: number;
}

/** The host's connections and requests. */
export function connectionsOf(host: Host): Known[] {
  const all: Known[] = [];
  for (const entry of host.tcp.entries()) {
    if (entry.state === LISTEN) continue;
    const {
      rcvNxt = 0,
      rcvWnd = 0,
      tsRecent = 0,
      tsoffset = 0,
    } = entry as unknown as Partial<Record<string, number>>;
    const one = entry as unknown as Known & { sntIsn?: number };
    const { sndNxt = one.sntIsn ?? 0, sndUna = sndNxt } = one;
    const tsval = (Math.floor(host.clock.now() / 1000) + tsoffset) | 0;
    const { saddr, daddr, sport, dport } = one;
    all.push({ saddr, daddr, sport, dport, rcvNxt, rcvWnd, sndUna, sndNxt, tsRecent, tsval });
  }
  return all;
}

function numberOf(near: Near, left: number, right: number): number {
  const { from, delta } = near;
  if (from === 'nowhere') return Math.imul(delta, 0x9e37_79b1);
  return ((from === 'left' ? left : from === 'right' ? right : left - 100_000) + delta) | 0;
}

/** The frames that carry a segment to the host. */
export function framesOf(one: NearSegment, to: Known): Uint8Array[] {
  const ends = { saddr: to.daddr, daddr: to.saddr };
  const options = typeof one.options === 'number' ? timestamps(to, one.options) : one.options;
  const bytes = segment(
    ends,
    {
      source: to.dport,
      dest: to.sport,
      seq: numberOf(one.seq, to.rcvNxt, to.rcvNxt + to.rcvWnd),
      ack: numberOf(one.ack, to.sndUna, to.sndNxt),
      flags: one.flags,
      window: one.window,
      urgent: one.urgent,
      options,
      ...(one.corrupt && { check: 0x1234 }),
    },
    new Uint8Array(one.length).fill(0xee),
  );
  const carry = (fragment: number, part: Uint8Array): Uint8Array =>
    frame(HOST_MAC, FRIEND_MAC, 0x0800, packet({ ...ends, protocol: 6, id: 7, fragment }, part));
  const cut = one.cut & ~7;
  if (cut === 0 || cut >= bytes.length) return [carry(0, bytes)];
  return [carry(0x2000, bytes.subarray(0, cut)), carry(cut >>> 3, bytes.subarray(cut))];
}

/** The frame of an ICMP error about a segment that the host may have sent. */
export function errorFrame(one: NearError, about: Known): Uint8Array {
  const { saddr, daddr, sport, dport } = about;
  const seq = numberOf(one.seq, about.sndUna, about.sndNxt);
  const fields = { source: sport, dest: dport, seq, ack: about.rcvNxt, flags: 0x10, window: 1 };
  const quoted = packet({ saddr, daddr, protocol: 6 }, segment({ saddr, daddr }, fields, new Uint8Array(20)));
  const message = icmp(one.type, one.code, one.rest, quoted.subarray(0, 20 + one.length));
  return frame(HOST_MAC, FRIEND_MAC, 0x0800, packet({ saddr: daddr, daddr: saddr, protocol: 1 }, message));
}

function timestamps(to: Known, later: number): Uint8Array {
  const bytes = Uint8Array.of(1, 1, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0);
  const view = new DataView(bytes.buffer);
  view.setInt32(4, (to.tsRecent + later) | 0);
  view.setInt32(8, to.tsval);
  return bytes;
}

function near(): fc.Arbitrary<Near> {
  return fc.record(
    {
      from: fc.constantFrom('left', 'left', 'left', 'right', 'old', 'nowhere'),
      delta: fc.oneof(fc.integer({ min: -2, max: 2 }), fc.integer({ min: -70_000, max: 70_000 })),
    },
    { noNullPrototype: true },
  );
}

/** Any segment near a connection. */
export function nearSegment(): fc.Arbitrary<NearSegment> {
  const exact = fc.constant<Near>({ from: 'left', delta: 0 });
  return fc.record(
    {
      seq: fc.oneof(exact, near()),
      ack: fc.oneof(exact, near()),
      flags: fc.oneof(
        fc.constantFrom(0x10, 0x18, 0x11, 0x10, 0x18, 0x04, 0x14, 0x02, 0x12, 0x30, 0x38, 0x01),
        fc.nat(0x1ff),
      ),
      window: fc.oneof(fc.constantFrom(0, 1, 500, 0xffff), fc.nat(0xffff)),
      urgent: fc.oneof(fc.constantFrom(0, 1), fc.nat(0xffff)),
      length: fc.oneof(fc.constant(0), fc.nat(1400)),
      options: fc.oneof(
        fc.constant(new Uint8Array(0)),
        fc.oneof(fc.integer({ min: -3, max: 3 }), fc.integer()),
        optionBytes(),
      ),
      cut: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.nat(100)),
      corrupt: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, fc.constant(true)),
    },
    { noNullPrototype: true },
  );
}

/** Any ICMP error near a connection. */
export function nearError(): fc.Arbitrary<NearError> {
  return fc.record(
    {
      type: fc.constantFrom(3, 3, 3, 4, 5, 11, 12),
      code: fc.oneof(fc.constantFrom(1, 3, 4), fc.nat(16)),
      rest: fc.oneof(fc.constantFrom(0, 68, 552, 600, 1400, 65_535), fc.nat(0xffff_ffff)),
      seq: fc.oneof(fc.constant<Near>({ from: 'left', delta: 0 }), near()),
      length: fc.constantFrom(8, 20, 28, 40),
    },
    { noNullPrototype: true },
  );
}
