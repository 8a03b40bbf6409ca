import { viewOf } from '@stack/skbuff';
import { csumPartial } from '@stack/skbuff/checksum';
import { hostile } from '@stack/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sendCheck } from '../checksum.ts';
import { encodeMessage } from '../message-write.ts';
import { message } from '../testing.ts';
import { BROADCAST, FAR, GROUP, Host, PEER, US } from './fixture.ts';

const valid = message().map((one) => encodeMessage(one));
const address = fc.constantFrom(US, PEER, FAR, BROADCAST, GROUP, 0, 0x7f00_0001, 0xffff_ffff);

describe('any bytes', () => {
  it('as a message: nothing thrown, nothing lost, an error is never answered, an answer has a right checksum', () => {
    fc.assert(
      fc.property(hostile(valid), address, address, fc.boolean(), (bytes, saddr, daddr, right) => {
        const host = new Host();
        if (right && bytes.length >= 4) sendCheck(viewOf(bytes), 0, bytes.length);
        host.arrive(bytes, saddr, daddr, true);
        expect(host.icmp.mib.Icmp.InMsgs).toBe(1);
        expect(host.drops.length).toBeLessThanOrEqual(1);
        expect(host.sent.length).toBeLessThanOrEqual(1);
        for (const { bytes: reply } of host.sent) {
          expect([0, 14]).toContain(reply[0]);
          expect(csumPartial(viewOf(reply), 0, reply.length)).toBe(0xffff);
        }
        for (const error of host.errors) {
          expect(error.length).toBeGreaterThanOrEqual(8);
          expect(error.payload.length).toBeLessThanOrEqual(error.length);
        }
        host.end();
      }),
    );
  });

  it('as a packet to complain about: nothing thrown, and at most one message of at most 576 bytes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 2000 }),
        fc.constantFrom(3, 4, 5, 11, 12),
        fc.nat(255),
        fc.nat(0xffff_ffff),
        (bytes, type, code, info) => {
          const host = new Host();
          const skb = host.pool.alloc(bytes.length);
          if (skb === undefined) return;
          skb.networkHeader = skb.putData(bytes);
          host.icmp.send(host.now, skb, type, code, info);
          expect(host.sent.length).toBeLessThanOrEqual(1);
          for (const sent of host.sent) {
            expect(sent.bytes.length).toBeLessThanOrEqual(556);
            expect(sent.bytes.slice(8)).toEqual(bytes.slice(0, sent.bytes.length - 8));
          }
          skb.free();
          host.end();
        },
      ),
    );
  });
});
