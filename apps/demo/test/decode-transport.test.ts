import * as icmp from '@stack/icmp';
import * as ipv4 from '@stack/ipv4';
import { LINKTYPE } from '@stack/pcap';
import * as tcp from '@stack/tcp';
import { describe, expect, it } from 'vitest';
import { reencode } from '../src/decode-check.ts';
import { formatLayers, formatPacket } from '../src/decode-text.ts';
import { dissect } from '../src/dissect.ts';
import { verify } from '../src/dissect-checksums.ts';
import { allLayers, type Dissection } from '../src/dissect-layers.ts';
import { captured, datagram, errorAbout, message, packetWith } from './packets.ts';

const hello = datagram(Uint8Array.from('hello', (letter) => letter.charCodeAt(0)));
const segment = packetWith(
  tcp.encode({
    ...{ source: 80, dest: 1024, seq: 0x8000_0005, ackSeq: 6, doff: 6, res1: 0, flags: tcp.ACK, window: 7 },
    ...{ check: 0, urgPtr: 0, options: [{ kind: tcp.TCPOPT_MSS, mss: 1460 }] },
  }),
  ipv4.IPPROTO_TCP,
);
const echo = {
  kind: 'echo',
  type: 8,
  code: 0,
  check: 0,
  id: 7,
  sequence: 1,
  data: Uint8Array.of(1, 2, 3),
} as const;

function look(bytes: Uint8Array): Dissection {
  return dissect(bytes, LINKTYPE.IPV4);
}

function lineOf(bytes: Uint8Array): string {
  const found = look(bytes);
  return formatPacket(captured(bytes), found, verify(bytes, found));
}

function names(found: Dissection): string {
  return allLayers(found)
    .map(({ name }) => name)
    .join();
}

describe('a line', () => {
  it.each([
    ['a datagram', hello, 'IP 10.0.0.1.40000 > 10.0.0.2.7: UDP, length 5'],
    ['an echo', message(echo), 'IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id 7, seq 1, length 11'],
    [
      'an error, with what it is about',
      errorAbout(hello),
      'IP 10.0.0.1 > 10.0.0.2: ICMP 10.0.0.2 udp port 7 unreachable, length 41',
    ],
  ])('says of %s what tcpdump says', (_, bytes, line) => {
    expect(lineOf(bytes)).toBe(line);
  });

  it.each([
    ['udp', hello],
    ['icmp', message(echo)],
  ])('says that the checksum of %s is bad', (name, bytes) => {
    const bad = bytes.slice();
    bad[bad.length - 1]! ^= 1;
    expect(lineOf(bad)).toMatch(new RegExp(`, bad ${name} checksum$`));
  });

  it('says why a header was refused', () => {
    const short = hello.slice();
    short[25] = 7;
    expect(lineOf(short)).toMatch(/: UDP, length 13, \[udp refused: UDP_BAD_LEN]$/);
    const cut = packetWith(Uint8Array.of(8, 0, 0, 0), ipv4.IPPROTO_ICMP);
    expect(lineOf(cut)).toMatch(/: ICMP, length 4, \[icmp refused: ICMP_TRUNCATED]$/);
  });
});

describe('the layers', () => {
  it('are every field, and those of the quoted packet', () => {
    const bytes = errorAbout(hello);
    expect(formatLayers(bytes, look(bytes))).toEqual([
      expect.stringMatching(/^ {4}ipv4 at 0, 20 bytes: version 4, .*saddr 10.0.0.1, .*, checksum right$/),
      expect.stringMatching(
        /^ {4}icmp at 20, 41 bytes: kind error, type 3, code 3, check 0x[0-9a-f]{4}, pointer 0, length 0, mtu 0, quote 33 bytes, extensions none, checksum right$/,
      ),
      expect.stringMatching(/^ {6}quoted ipv4 at 28, 20 bytes: .*protocol 17.*, checksum right$/),
      expect.stringMatching(
        /^ {6}quoted udp at 48, 8 bytes: source 40000, dest 7, len 13, check 0x[0-9a-f]{4}, checksum right$/,
      ),
      '      5 bytes at 56',
    ]);
  });

  it('show addresses, masks and extensions as people read them', () => {
    const redirect = message({
      kind: 'redirect',
      type: 5,
      code: 1,
      check: 0,
      gateway: 0x0a00_00fe,
      quote: hello,
    });
    expect(formatLayers(redirect, look(redirect))[1]).toContain('gateway 10.0.0.254, quote 33 bytes');
    const mask = message({
      ...{ kind: 'mask', type: 18, code: 0, check: 0, id: 1, sequence: 2, mask: 0xffff_ff00 },
      data: new Uint8Array(0),
    });
    expect(formatLayers(mask, look(mask))[1]).toContain('mask 0xffffff00, data 0 bytes');
    const extended = errorAbout(padded(hello, 128), {
      length: 32,
      extensions: icmp.extensionsOf([icmp.labelStack([{ label: 1, tc: 0, bottom: 1, ttl: 2 }])]),
    });
    expect(formatLayers(extended, look(extended))[1]).toContain(
      'objects [{classNum 1, cType 1, data 00001102}]',
    );
  });
});

function padded(bytes: Uint8Array, length: number): Uint8Array {
  const whole = new Uint8Array(length);
  whole.set(bytes);
  return whole;
}

describe('dissect', () => {
  it.each([
    ['a datagram', hello, 'ipv4,udp'],
    ['an echo', message(echo), 'ipv4,icmp'],
    ['an error about a datagram', errorAbout(hello), 'ipv4,icmp,ipv4,udp'],
    ['an error about an echo', errorAbout(message(echo)), 'ipv4,icmp,ipv4,icmp'],
    ['an error about a segment', errorAbout(segment), 'ipv4,icmp,ipv4,tcp'],
    [
      'an error about the start of a segment',
      errorAbout(segment.subarray(0, 28)),
      'ipv4,icmp,ipv4,tcp-start',
    ],
    ['an error about less than that', errorAbout(segment.subarray(0, 27)), 'ipv4,icmp,ipv4'],
    ['an error about a cut IP header', errorAbout(segment.subarray(0, 19)), 'ipv4,icmp'],
    ['an error about an error', errorAbout(errorAbout(hello)), 'ipv4,icmp,ipv4,icmp,ipv4,udp'],
  ])('%s', (_, bytes, layers) => {
    const found = look(bytes);
    expect(names(found)).toBe(layers);
    expect([found.refused, found.unknown]).toEqual([undefined, undefined]);
    expect(reencode(bytes, found)).toEqual([]);
  });

  it('reads of the start of a TCP header what there is', () => {
    const { quoted } = look(errorAbout(segment.subarray(0, 30)));
    const header = { source: 80, dest: 1024, seq: 0x8000_0005, rest: Uint8Array.of(0, 0) };
    expect(quoted!.layers.at(-1)).toEqual({ name: 'tcp-start', offset: 48, length: 10, header });
    expect(quoted!.refused).toBeUndefined();
  });

  it('says where a quote ends', () => {
    const extensions = icmp.extensionsOf([]);
    const bytes = errorAbout(padded(datagram(new Uint8Array(200)).subarray(0, 128), 128), {
      length: 32,
      extensions,
    });
    expect(look(bytes).quoted!.payload).toEqual({ offset: 56, end: 156 });
  });

  it('reports a quoted header that comes out differently', () => {
    const bytes = errorAbout(hello);
    const found = look(bytes);
    (found.quoted!.layers[0]!.header as ipv4.Header).ttl = 1;
    expect(reencode(bytes, found)).toMatchObject([{ layer: 'ipv4', offset: 28 }]);
  });
});

describe('verify', () => {
  it('sums a datagram to its own end, whatever follows', () => {
    const longer = hello.slice();
    const trailer = packetWith(Uint8Array.from([...longer.subarray(20), 9, 9, 9]), ipv4.IPPROTO_UDP);
    expect(verify(trailer, look(trailer)).udp).toBe(true);
  });

  it.each([
    ['a datagram without checksum', withWord(hello, 26, 0)],
    ['a datagram that is longer than its packet', withWord(hello, 24, 14)],
    ['a cut datagram', hello.subarray(0, -1)],
    ['the first fragment of a datagram', withWord(hello, 6, 0x2000)],
    ['a cut message', message(echo).subarray(0, -1)],
    ['the first fragment of a message', withWord(message(echo), 6, 0x2000)],
  ])('says nothing of %s', (_, bytes) => {
    expect(verify(bytes, look(bytes))).toMatchObject({ icmp: undefined, udp: undefined });
  });

  it('judges quoted headers by themselves', () => {
    const bytes = errorAbout(withWord(hello, 26, 1));
    const found = look(bytes);
    expect(verify(bytes, found)).toMatchObject({ ipv4: true, icmp: true, udp: undefined });
    expect(verify(bytes, found.quoted!)).toMatchObject({ ipv4: true, icmp: undefined, udp: false });
  });
});

function withWord(bytes: Uint8Array, at: number, word: number): Uint8Array {
  const changed = bytes.slice();
  new DataView(changed.buffer).setUint16(at, word);
  return changed;
}
