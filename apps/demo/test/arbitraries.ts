/**
 * What the pipeline's properties are stated over.
 * @module
 */
import * as ethernet from '@stack/ethernet';
import * as ethernetTesting from '@stack/ethernet/testing';
import * as ipv4 from '@stack/ipv4';
import * as ipv4Testing from '@stack/ipv4/testing';
import { type Shape, shape } from '@stack/skbuff/testing';
import * as tcpTesting from '@stack/tcp/testing';
import fc from 'fast-check';
import { expect } from 'vitest';
import type { Headers, Received } from '../src/pipeline.ts';

/** Any legal header per layer, with what `down` derives left out. */
export const headers: fc.Arbitrary<Headers> = fc
  .tuple(
    tcpTesting.header(),
    ipv4Testing.pushHeader(),
    ethernetTesting.header({ framing: 'ethernet2', maxTags: 3 }),
  )
  .map(([{ check: _check, doff: _doff, ...segment }, packet, frame]) => ({
    tcp: segment,
    ipv4: { ...packet, protocol: ipv4.IPPROTO.IPPROTO_TCP, flags: packet.flags & ipv4.FLAG_DF, fragOff: 0 },
    ethernet: { ...frame, proto: ethernet.ETH_P_IP },
  }));

/** Headroom that always suffices: 14 + 8 tags of 4, 60 and 60, and an odd byte. */
const ROOM = 14 + 32 + 60 + 60 + 1;
/** A payload of any geometry with room for the headers. */
export const packets: fc.Arbitrary<Shape> = shape({ maxFrags: 8 }).map((packet) => ({
  ...packet,
  headroom: packet.headroom + ROOM,
}));

/** The headers that arrived say what was sent; derived fields aside. */
export function sameHeaders(received: Received, sent: Headers): void {
  expect(received.tcp).toMatchObject(sent.tcp);
  expect(received.ipv4).toMatchObject(sent.ipv4);
  expect(received.ethernet).toEqual(sent.ethernet);
}
