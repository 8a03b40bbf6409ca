import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as arp from '@stack/arp';
import * as ethernet from '@stack/ethernet';
import * as ipv4 from '@stack/ipv4';
import { LINKTYPE, PcapngWriter, PcapWriter } from '@stack/pcap';
import { alloc, checksumHelp, encode } from '@stack/skbuff';
import * as tcp from '@stack/tcp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeCommand } from '../src/decode.ts';
import { count, emptyTally, reencode } from '../src/decode-check.ts';
import { dissect } from '../src/dissect.ts';
import { destinationOf, verify } from '../src/dissect-checksums.ts';
import { down } from '../src/pipeline.ts';
import { errorAbout } from './packets.ts';

const folder = mkdtempSync(join(tmpdir(), 'decode-'));
afterAll(() => rmSync(folder, { recursive: true }));

const client = ethernet.parseMac('02:00:00:00:00:01');
const server = ethernet.parseMac('02:00:00:00:00:02');
const saddr = ipv4.parseAddress('192.168.1.10');
const daddr = ipv4.parseAddress('192.168.1.100');

/** A frame with a TCP segment that carries `payload`. */
function segment(payload: Uint8Array, tags: readonly ethernet.Tag[] = []): Uint8Array {
  const skb = alloc(payload.length, 128);
  skb.putData(payload);
  down(skb, {
    tcp: { source: 54_321, dest: 8080, seq: 1, ackSeq: 7, flags: tcp.PSH | tcp.ACK, window: 502 },
    ipv4: { protocol: ipv4.IPPROTO_TCP, saddr, daddr, id: 1, flags: ipv4.FLAG_DF },
    ethernet: { dest: server, source: client, tags, proto: ethernet.ETH_P_IP },
  });
  checksumHelp(skb);
  const bytes = encode(skb);
  skb.free();
  return bytes;
}
const request = segment(Uint8Array.of(71, 69, 84));
const whoHas = (): Uint8Array => {
  const frame = new Uint8Array(60);
  ethernet.encode(
    { dest: ethernet.BROADCAST, source: client, tags: [], proto: ethernet.ETH_P_ARP, llc: null },
    frame,
  );
  arp.encode(arp.request(client, saddr, daddr), frame, 14);
  return frame;
};

function capture(name: string, packets: readonly Uint8Array[], linkType: number = LINKTYPE.ETHERNET): string {
  const writer = new PcapWriter({ linkType });
  const timed = packets.map((data, i) =>
    writer.write({ data, timestamp: { seconds: 86_399, nanoseconds: i * 1000 } }),
  );
  const path = join(folder, name);
  writeFileSync(path, Buffer.concat([writer.header(), ...timed]));
  return path;
}

async function decode(
  args: Parameters<typeof decodeCommand>[0],
): Promise<{ out: string[]; err: string[]; code: number }> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await decodeCommand(
    args,
    (line) => void out.push(line),
    (line) => void err.push(line),
  );
  return { out, err, code };
}

describe('decode', () => {
  let two: string;
  beforeAll(() => {
    two = capture('two.pcap', [whoHas(), request]);
  });

  it('prints a line per packet, as tcpdump does', async () => {
    const { out, code } = await decode({ captures: [two] });
    expect(out).toEqual([
      '23:59:59.000000 ARP, Request who-has 192.168.1.100 tell 192.168.1.10, length 28',
      '23:59:59.000001 IP 192.168.1.10.54321 > 192.168.1.100.8080: Flags [P.], seq 1:4, ack 7, win 502, length 3',
    ]);
    expect(code).toBe(0);
  });

  it('prints every field with verbose', async () => {
    const { out } = await decode({ captures: [two], verbose: true });
    const fields = out.filter((line) => line.startsWith('    ')).join('\n');
    for (const header of [ethernet.decode(request), ipv4.decode(request, 14), tcp.decode(request, 34)]) {
      for (const name of Object.keys(header)) expect(fields).toContain(`${name} `);
    }
    expect(fields).toContain('tcp at 34, 20 bytes: source 54321, dest 8080');
    expect(fields).toContain('3 bytes at 54');
    expect(fields.match(/checksum right/g)).toHaveLength(2);
  });

  it('prints one JSON object per packet', async () => {
    const { out } = await decode({ captures: [two], json: true });
    const objects = out.map((line) => JSON.parse(line));
    expect(objects).toHaveLength(2);
    expect(objects[0].layers[1]).toMatchObject({
      name: 'arp',
      offset: 14,
      header: { op: 1, sha: '020000000001' },
    });
    expect(objects[1]).toMatchObject({
      file: two,
      packet: 2,
      linkType: 'ETHERNET',
      length: 57,
      captured: 57,
      checksums: { ipv4: true, tcp: true },
      payload: '474554',
    });
  });

  it('prints what an ICMP error quotes as JSON too', async () => {
    const path = capture('error.pcap', [errorAbout(request.subarray(14))], LINKTYPE.IPV4);
    const { out } = await decode({ captures: [path], json: true });
    expect(JSON.parse(out[0]!)).toMatchObject({
      layers: [{ name: 'ipv4' }, { name: 'icmp', header: { kind: 'error', code: 3 } }],
      quoted: {
        layers: [
          { name: 'ipv4', offset: 28 },
          { name: 'tcp', header: { dest: 8080 } },
        ],
      },
      checksums: { icmp: true },
    });
  });

  it('checks several captures and sums up', async () => {
    const other = capture('other.pcap', [Uint8Array.of(1, 2, 3)], LINKTYPE.IEEE802_11);
    const { out, code } = await decode({ captures: [two, other], check: true });
    expect(out).toEqual([
      '3 packets: 2 with headers understood, 2 of them byte-identical, 0 not',
      'refused headers: none',
      'not understood: link type IEEE802_11 1',
    ]);
    expect(code).toBe(0);
  });

  it('says what is wrong with a packet', async () => {
    const bad = request.slice();
    bad[24]! ^= 1;
    bad[50]! ^= 1;
    const shortIhl = request.slice();
    shortIhl[14] = 0x44;
    const { out } = await decode({ captures: [capture('bad.pcap', [bad, shortIhl])] });
    expect(out[0]).toMatch(/, bad ip checksum, bad tcp checksum$/);
    expect(out[1]).toMatch(/, \[ipv4 refused: IPV4_BAD_IHL]$/);
  });

  it('names VLANs, fragments, other protocols and other ethertypes', async () => {
    const tagged = segment(Uint8Array.of(1), [{ tpid: ethernet.ETH_P_8021Q, tci: ethernet.tci(5, 3) }]);
    const fragment = request.slice();
    fragment[21] = 2;
    const gre = request.slice();
    gre[23] = 47;
    const ipv6 = request.slice();
    ipv6.set([0x86, 0xdd], 12);
    const { out } = await decode({ captures: [capture('kinds.pcap', [tagged, fragment, gre, ipv6])] });
    const texts = out.map((line) => line.slice('23:59:59.000000 '.length));
    expect(texts[0]).toMatch(/^vlan 5, p 3, IP 192/);
    expect(texts[1]).toMatch(/^IP 192.168.1.10 > 192.168.1.100: TCP, fragment at 16, length 23/);
    expect(texts[2]).toMatch(/^IP 192.168.1.10 > 192.168.1.100: GRE, length 23/);
    expect(texts[3]).toMatch(/ethertype IPV6 \(0x86dd\), length 57$/);
  });

  it('needs no time, and says when a packet was cut', async () => {
    const writer = new PcapngWriter({ interfaces: [{ linkType: LINKTYPE.ETHERNET, snapLength: 40 }] });
    const path = join(folder, 'cut.pcapng');
    const cut = writer.header();
    writeFileSync(
      path,
      Buffer.concat([cut, writer.write({ data: request.subarray(0, 40), originalLength: 57 })]),
    );
    const { out } = await decode({ captures: [path] });
    expect(out).toEqual([
      '- IP 192.168.1.10 > 192.168.1.100: TCP, length 23, [tcp refused: TCP_TRUNCATED], [40 bytes captured]',
    ]);
  });

  it.each([
    ['a missing file', () => join(folder, 'none.pcap'), 'no such file'],
    ['a folder', () => folder, 'is a directory'],
    [
      'no capture',
      () => {
        writeFileSync(join(folder, 'text'), 'some text');
        return join(folder, 'text');
      },
      'not a capture',
    ],
  ])('says one line about %s', async (_, path, reason) => {
    const { out, err, code } = await decode({ captures: [path(), two] });
    expect(err).toEqual([`${path()}: ${reason}`]);
    expect(out).toHaveLength(2);
    expect(code).toBe(1);
  });

  it('prints the packets before the place where a capture is cut', async () => {
    const path = capture('cut.pcap', [request, request]);
    const whole = 24 + 2 * (16 + request.length);
    writeFileSync(path, readFileSync(path).subarray(0, whole - 1));
    const { out, err, code } = await decode({ captures: [path] });
    expect(out).toHaveLength(1);
    expect(err).toEqual([`${path}: truncated capture: PCAP_TRUNCATED at byte ${whole - 1}`]);
    expect(code).toBe(1);
  });
});

describe('dissect', () => {
  const ip = request.subarray(14);
  const family = (bytes: number[]): Uint8Array => Uint8Array.from([...bytes, ...ip]);
  it.each([
    ['raw', LINKTYPE.RAW, ip, 'ipv4,tcp'],
    ['IPv4', LINKTYPE.IPV4, ip, 'ipv4,tcp'],
    ['loopback, little-endian', LINKTYPE.NULL, family([2, 0, 0, 0]), 'ipv4,tcp'],
    ['loopback, big-endian', LINKTYPE.NULL, family([0, 0, 0, 2]), 'ipv4,tcp'],
    ['loopback, network order', LINKTYPE.LOOP, family([0, 0, 0, 2]), 'ipv4,tcp'],
    ['cooked', LINKTYPE.LINUX_SLL, Uint8Array.from([...new Array(14).fill(0), 8, 0, ...ip]), 'ipv4,tcp'],
  ])('%s', (_, linkType, bytes, layers) => {
    const found = dissect(bytes, linkType);
    expect(found.layers.map(({ name }) => name).join()).toBe(layers);
    expect([found.refused, found.unknown]).toEqual([undefined, undefined]);
    expect(verify(bytes, found)).toEqual({ ipv4: true, tcp: true });
  });

  it.each([
    ['another link type', LINKTYPE.PPP, ip, 'link type PPP'],
    ['another address family', LINKTYPE.NULL, family([30, 0, 0, 0]), 'address family 30'],
    ['a cut family', LINKTYPE.NULL, ip.subarray(0, 3), 'a cut loopback header'],
    ['a cut cooked header', LINKTYPE.LINUX_SLL, ip.subarray(0, 15), 'a cut cooked header'],
    ['IPv6 without link layer', LINKTYPE.RAW, Uint8Array.of(0x60, 0, 0, 0), 'IP version 6'],
  ])('does not understand %s', (_, linkType, bytes, unknown) => {
    expect(dissect(bytes, linkType)).toMatchObject({ layers: [], unknown });
  });

  it('does not take ISL and ATMARP for what they look like', () => {
    const llc = { dsap: 0xaa, ssap: 0xaa, control: 3, snap: { oui: 0xc, pid: 3 } };
    const isl = ethernet.encode({ dest: 0x01_000c_0000_00, source: client, tags: [], proto: 40, llc });
    expect(dissect(isl, LINKTYPE.ETHERNET)).toMatchObject({ layers: [], unknown: 'ISL' });
    const atm = whoHas();
    atm[15] = 19;
    expect(dissect(atm, LINKTYPE.ETHERNET)).toMatchObject({ unknown: 'ATMARP' });
  });

  it('leaves the checksum of a segment that is not whole alone', () => {
    const cut = request.subarray(0, -1);
    expect(verify(cut, dissect(cut, LINKTYPE.ETHERNET))).toEqual({ ipv4: true, tcp: undefined });
    const first = request.slice();
    first[20] = 0x20;
    expect(verify(first, dissect(first, LINKTYPE.ETHERNET)).tcp).toBeUndefined();
  });
});

describe('check', () => {
  it('reports a header that comes out differently, and one that does not come out at all', () => {
    const found = dissect(request, LINKTYPE.ETHERNET);
    expect(reencode(request, found)).toEqual([]);
    (found.layers[1]!.header as ipv4.Header).ttl = 1;
    (found.layers[2]!.header as tcp.Header).window = 0x1_0000;
    const differences = reencode(request, found);
    expect(differences).toMatchObject([
      { layer: 'ipv4', offset: 14, reason: 'byte 8 is 0x01, was 0x40' },
      { layer: 'tcp', offset: 34 },
    ]);
    expect(differences[1]!.reason).toContain('window');
    const tally = emptyTally();
    count(tally, found, differences);
    count(tally, found, []);
    expect(tally).toMatchObject({ packets: 2, understood: 2, identical: 1, different: 1 });
  });
});

describe('destinationOf', () => {
  const route = [0x0a00_0001, 0x0a00_0002];
  it.each([
    ['the last stop of a source route', ipv4.IPOPT_SSRR, 4, route, 0x0a00_0002],
    ['the same from its last stop but one', ipv4.IPOPT_LSRR, 8, route, 0x0a00_0002],
    ['daddr when the route is used up', ipv4.IPOPT_LSRR, 12, route, daddr],
    ['daddr when the pointer is at no address', ipv4.IPOPT_LSRR, 6, route, daddr],
    ['daddr when there is no address', ipv4.IPOPT_LSRR, 4, [], daddr],
    ['daddr with a recorded route', ipv4.IPOPT_RR, 4, route, daddr],
  ] as const)('is %s', (_, kind, pointer, addresses, want) => {
    const header = { ...ipv4.decode(request, 14), options: [{ kind, pointer, route: [...addresses] }] };
    expect(destinationOf(header)).toBe(want);
  });
});
