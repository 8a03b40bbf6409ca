import { hex, toHex } from '@stack/testkit';
import { expect, it } from 'vitest';
import { BROADCAST, GROUP, Host, PEER, US } from './fixture.ts';

/**
 * What Linux 6.18.44 answered, and counted, when these came in by a TUN device. Type, code and the word behind the checksum of the
 * reply, its TOS, its bytes with the IP header. A row on timestamps differs in one thing: Linux counts the reply as an echo reply.
 */
const rows: [
  name: string,
  message: string,
  tos: number,
  daddr: number,
  reply: string,
  counters: Record<string, number>,
][] = [
  ['echo', '0800 0000 00010002 616263', 0x10, US, '0000 00010002 10 31', { InEchos: 1, OutEchoReps: 1 }],
  ['echo, ECN bits', '0800 0000 00010002 616263', 0x13, US, '0000 00010002 13 31', { OutEchoReps: 1 }],
  ['echo, code 5', '0805 0000 00010002 616263', 0, US, '0005 00010002 00 31', { OutEchoReps: 1 }],
  ['echo of 7 bytes', '0800 0000 000000', 0, US, '', { InErrors: 1, InCsumErrors: 0, InEchos: 0 }],
  ['4 bytes', '0800 0000', 0, US, '', { InErrors: 1, InCsumErrors: 0, InEchos: 0 }],
  ['nothing', '', 0, US, '', { InErrors: 1, InCsumErrors: 1 }],
  [
    'timestamp',
    '0d00 0000 00010002 00000005 00000000 00000000',
    0,
    US,
    '0e00 00010002 00 40',
    { InTimestamps: 1 },
  ],
  ['timestamp, 3 bytes', '0d00 0000 00010002 000000', 0, US, '', { InErrors: 1, InTimestamps: 1 }],
  ['timestamp, 4 bytes', '0d00 0000 00010002 00000001', 0, US, '0e00 00010002 00 40', { InErrors: 0 }],
  ['timestamp, code 3', '0d03 0000 00010002 00000001', 0, US, '0e00 00010002 00 40', { InErrors: 0 }],
  ['information request', '0f00 0000 00000000', 0, US, '', { InErrors: 0 }],
  ['address mask request', '1100 0000 00000000 00000000', 0, US, '', { InErrors: 0, InAddrMasks: 1 }],
  ['router solicitation', '0a00 0000 00000000', 0, US, '', { InErrors: 0 }],
  ['extended echo', '2a00 0000 00000000', 0, US, '', { InErrors: 0 }],
  ['extended echo reply', '2b00 0000 00000000', 0, US, '', { InErrors: 0 }],
  ['type 1', '0100 0000 00000000', 0, US, '', { InErrors: 0 }],
  ['type 19', '1300 0000 00000000', 0, US, '', { InErrors: 1 }],
  ['echo reply', '0000 0000 00000000', 0, US, '', { InErrors: 0, InEchoReps: 1 }],
  ['echo to broadcast', '0800 0000 00000000', 0, BROADCAST, '', { InErrors: 1, InEchos: 1 }],
  [
    'mask request to broadcast',
    '1100 0000 00000000 00000000',
    0,
    BROADCAST,
    '',
    { InErrors: 0, InAddrMasks: 1 },
  ],
  [
    'error to broadcast',
    `0303 0000 00000000 ${'00'.repeat(40)}`,
    0,
    BROADCAST,
    '',
    { InErrors: 1, InDestUnreachs: 1 },
  ],
  ['error, 19 bytes of quote', `0303 0000 00000000 45${'00'.repeat(18)}`, 0, US, '', { InErrors: 1 }],
  ['error, 27 bytes of quote', `0303 0000 00000000 45${'00'.repeat(26)}`, 0, US, '', { InErrors: 1 }],
  ['error, IHL 4', `0303 0000 00000000 44${'00'.repeat(27)}`, 0, US, '', { InErrors: 1 }],
  ['error, code 16', `0310 0000 00000000 45${'00'.repeat(27)}`, 0, US, '', { InErrors: 0 }],
  [
    'redirect, 11 bytes of quote',
    `0501 0000 00000000 45${'00'.repeat(10)}`,
    0,
    US,
    '',
    { InErrors: 1, InRedirects: 1 },
  ],
  [
    'redirect, 20 bytes of quote',
    `0501 0000 00000000 45${'00'.repeat(19)}`,
    0,
    US,
    '',
    { InErrors: 1, InRedirects: 1 },
  ],
  [
    'reassembly time exceeded',
    `0b01 0000 00000000 45${'00'.repeat(27)}`,
    0,
    US,
    '',
    { InErrors: 0, InTimeExcds: 1 },
  ],
];

it.each(rows)('%s', (_name, message, tos, daddr, reply, counters) => {
  const host = new Host();
  host.arrive(hex(message), PEER, daddr, false, tos);
  expect(host.sent.map(describeSent)).toEqual(reply === '' ? [] : [reply]);
  expect(host.icmp.mib.Icmp).toMatchObject({ InMsgs: 1, OutMsgs: reply === '' ? 0 : 1, ...counters });
  host.end();
});

it.each([
  ['echo to broadcast', BROADCAST],
  ['echo to a group', GROUP],
])('icmp_echo_ignore_broadcasts=0: %s', (_name, daddr) => {
  const host = new Host();
  host.sysctl.icmp_echo_ignore_broadcasts = 0;
  host.arrive(hex('0800 0000 00000000'), PEER, daddr);
  expect(host.sent.map(describeSent)).toEqual(['0000 00000000 10 28']);
  expect(host.sent[0]?.saddr).toBe(US);
  host.end();
});

it.each([
  [0x19, 5, 'd8', 61],
  [0xff, 5, 'de', 61],
  [0x00, 1000, 'c0', 576],
])('port unreachable about TOS %d and %d bytes', (tos, length, expected, bytes) => {
  const host = new Host();
  const skb = host.packet(PEER, US, new Uint8Array(8 + length), 17);
  skb.view.setUint8(skb.networkHeader + 1, tos);
  host.icmp.send(host.now, skb, 3, 3, 0);
  skb.free();
  expect(host.sent.map(describeSent)).toEqual([`0303 00000000 ${expected} ${bytes}`]);
  host.end();
});

function describeSent({ bytes, tos }: { bytes: Uint8Array; tos: number }): string {
  const head = `${toHex(bytes.slice(0, 2))} ${toHex(bytes.slice(4, 8))}`;
  return `${head} ${tos.toString(16).padStart(2, '0')} ${bytes.length + 20}`;
}
