import * as icmp from '@stack/icmp';
import * as ipv4 from '@stack/ipv4';
import type { Packet } from '@stack/pcap';
import { viewOf } from '@stack/skbuff';
import { csumFold, csumPartial } from '@stack/skbuff/checksum';
import * as tcp from '@stack/tcp';
import { describe, expect, it } from 'vitest';
import { comparePacket, type PacketComparison } from '../src/oracle.ts';
import { captured, datagram, errorAbout, message, packetWith } from './packets.ts';

type Fields = Record<string, string | readonly string[]>;

const hello = datagram(Uint8Array.from('hello', (letter) => letter.charCodeAt(0)));
const segment = packetWith(
  tcp.encode({
    ...{ source: 80, dest: 1024, seq: 5, ackSeq: 6, doff: 5, res1: 0, flags: tcp.ACK, window: 7 },
    ...{ check: 0, urgPtr: 0, options: [] },
  }),
  ipv4.IPPROTO_TCP,
);

function word(bytes: Uint8Array, at: number): string {
  return `0x${Buffer.from(bytes).readUInt16BE(at).toString(16).padStart(4, '0')}`;
}

/** What tshark prints for the IPv4 header at `at`. */
function ipFields(bytes: Uint8Array, at: number): Fields {
  const { totLen, protocol, check } = ipv4.decode(bytes, at);
  return {
    ...{ 'ip.version': '4', 'ip.hdr_len': '20', 'ip.dsfield': '0x00', 'ip.dsfield.dscp': '0' },
    ...{ 'ip.dsfield.ecn': '0', 'ip.len': `${totLen}`, 'ip.id': '0x0007', 'ip.flags': '0x00' },
    ...{ 'ip.flags.rb': '0', 'ip.flags.df': '0', 'ip.flags.mf': '0', 'ip.frag_offset': '0', 'ip.ttl': '64' },
    ...{ 'ip.proto': `${protocol}`, 'ip.checksum': `${check}`, 'ip.checksum.status': '1' },
    ...{ 'ip.src': '10.0.0.1', 'ip.dst': '10.0.0.2' },
  };
}

/** What tshark prints for a datagram of {@link hello}'s kind at `at`. */
function udpFields(bytes: Uint8Array, at: number): Fields {
  return {
    ...{ 'udp.srcport': '40000', 'udp.dstport': '7', 'udp.length': `${Number(word(bytes, at + 4))}` },
    ...{ 'udp.checksum': word(bytes, at + 6), 'udp.checksum.status': '1' },
  };
}

function icmpFields(bytes: Uint8Array, at: number): Fields {
  return {
    ...{ 'icmp.type': `${bytes[at]}`, 'icmp.code': `${bytes[at + 1]}` },
    ...{ 'icmp.checksum': word(bytes, at + 2), 'icmp.checksum.status': '1' },
  };
}

/** A row of tshark's; values of a field that comes again follow those it has. */
function rowOf(
  { data, originalLength }: Packet,
  protocols: string,
  ...parts: Fields[]
): Map<string, string[]> {
  const row = new Map<string, string[]>([
    ['frame.len', [`${originalLength}`]],
    ['frame.cap_len', [`${data.length}`]],
    ['frame.time_epoch', ['1.000000000']],
    ['frame.protocols', [protocols]],
  ]);
  for (const part of parts) {
    for (const [field, value] of Object.entries(part))
      row.set(field, [...(row.get(field) ?? []), value].flat());
  }
  return row;
}

function disagreements(packet: Packet, row: Map<string, string[]>): PacketComparison['disagreements'] {
  return comparePacket(packet, row).disagreements;
}

/** A packet, and the row in which tshark agrees with us. */
type Case = readonly [
  name: string,
  packet: Packet,
  row: () => Map<string, string[]>,
  fields: readonly string[],
];

function caseOf(name: string, bytes: Uint8Array, protocols: string, ...parts: Fields[]): Case {
  const packet = captured(bytes);
  const fields = parts.slice(1).flatMap((part) => Object.keys(part));
  return [name, packet, () => rowOf(packet, protocols, ...parts), [...new Set(fields)]];
}

const echo = message({ ...{ kind: 'echo', type: 8, code: 0, check: 0 }, id: 7, sequence: 3, data: hello });
const stamp = message({
  ...{
    kind: 'timestamp',
    type: 14,
    code: 0,
    check: 0,
    id: 1,
    sequence: 2,
    originate: 3,
    receive: 4,
    transmit: 5,
  },
  data: new Uint8Array(0),
});
const mask = message({
  ...{ kind: 'mask', type: 18, code: 0, check: 0, id: 1, sequence: 2, mask: 0xffff_ff00 },
  data: new Uint8Array(0),
});
const routers = message({
  ...{ kind: 'advertisement', type: 9, code: 0, check: 0, lifetime: 1800 },
  routers: [{ address: 0x0a00_00fe, preference: -1 }],
  data: new Uint8Array(0),
});
const probe = message({
  ...{ kind: 'extended-echo', type: 42, code: 0, check: 0, id: 9, sequence: 8, reserved: 0, local: 1 },
  extensions: icmp.extensionsOf([{ classNum: 3, cType: 2, data: Uint8Array.of(0, 0, 0, 1) }]),
});
const answer = message({
  ...{ kind: 'extended-echo-reply', type: 43, code: 0, check: 0, id: 9, sequence: 8, state: 2, reserved: 0 },
  ...{ active: 1, ipv4: 1, ipv6: 0, data: new Uint8Array(0) },
});
const unreachable = errorAbout(hello);
const tooBig = errorAbout(hello, { code: icmp.ICMP_FRAG_NEEDED, mtu: 1400 });
const problem = errorAbout(echo, { type: icmp.ICMP_PARAMETERPROB, code: 0, pointer: 9 });
const redirect = message({
  kind: 'redirect',
  type: 5,
  code: 1,
  check: 0,
  gateway: 0x0a00_00fe,
  quote: hello,
});
const labelled = errorAbout(padded(hello, 128), {
  ...{ type: icmp.ICMP_TIME_EXCEEDED, code: 0, length: 32 },
  extensions: icmp.extensionsOf([icmp.labelStack([{ label: 100_704, tc: 3, bottom: 1, ttl: 2 }])]),
});

function padded(bytes: Uint8Array, length: number): Uint8Array {
  const whole = new Uint8Array(length);
  whole.set(bytes);
  return whole;
}

const CASES: readonly Case[] = [
  caseOf('a datagram', hello, 'ip:udp:echo', ipFields(hello, 0), udpFields(hello, 20)),
  caseOf('an echo', echo, 'ip:icmp:data', ipFields(echo, 0), icmpFields(echo, 20), {
    ...{ 'icmp.ident': '7', 'icmp.seq': '3' },
  }),
  caseOf('a timestamp', stamp, 'ip:icmp', ipFields(stamp, 0), icmpFields(stamp, 20), {
    ...{ 'icmp.ident': '1', 'icmp.seq': '2', 'icmp.originate_timestamp': '3' },
    ...{ 'icmp.receive_timestamp': '4', 'icmp.transmit_timestamp': '5' },
  }),
  caseOf('an address mask', mask, 'ip:icmp', ipFields(mask, 0), icmpFields(mask, 20), {
    ...{ 'icmp.ident': '1', 'icmp.seq': '2', 'icmp.address_mask': '255.255.255.0' },
  }),
  caseOf('an advertisement', routers, 'ip:icmp', ipFields(routers, 0), icmpFields(routers, 20), {
    ...{ 'icmp.num_addrs': '1', 'icmp.addr_entry_size': '2', 'icmp.lifetime': '1800' },
    ...{ 'icmp.router_address': '10.0.0.254', 'icmp.pref_level': '-1' },
  }),
  caseOf('a probe', probe, 'ip:icmp', ipFields(probe, 0), icmpFields(probe, 20), {
    ...{
      'icmp.ident': '9',
      'icmp.ext.echo.seq': '8',
      'icmp.ext.echo.req.res': '0',
      'icmp.ext.echo.req.local': '1',
    },
    ...{ 'icmp.ext.version': '2', 'icmp.ext.res': '0x0000', 'icmp.ext.checksum': word(probe, 30) },
    ...{ 'icmp.ext.length': '8', 'icmp.ext.class': '3', 'icmp.ext.ctype': '2' },
  }),
  caseOf('its answer', answer, 'ip:icmp', ipFields(answer, 0), icmpFields(answer, 20), {
    ...{
      'icmp.ident': '9',
      'icmp.ext.echo.seq': '8',
      'icmp.ext.echo.rsp.state': '2',
      'icmp.ext.echo.rsp.res': '0',
    },
    ...{ 'icmp.ext.echo.rsp.active': '1', 'icmp.ext.echo.rsp.ipv4': '1', 'icmp.ext.echo.rsp.ipv6': '0' },
  }),
  caseOf(
    ...(['an unreachable port', unreachable, 'ip:icmp:ip:udp:echo', ipFields(unreachable, 0)] as const),
    ...[icmpFields(unreachable, 20), ipFields(unreachable, 28), udpFields(unreachable, 48)],
  ),
  caseOf(
    ...(['a packet too big', tooBig, 'ip:icmp:ip:udp:echo', ipFields(tooBig, 0)] as const),
    ...[icmpFields(tooBig, 20), { 'icmp.mtu': '1400' }, ipFields(tooBig, 28), udpFields(tooBig, 48)],
  ),
  caseOf(
    ...(['a parameter problem', problem, 'ip:icmp:ip:icmp:data', ipFields(problem, 0)] as const),
    ...[icmpFields(problem, 20), { 'icmp.pointer': '9' }, ipFields(problem, 28)],
    // tshark verifies no ICMP checksum in a quote.
    ...[{ ...icmpFields(problem, 48), 'icmp.checksum.status': '2', 'icmp.ident': '7', 'icmp.seq': '3' }],
  ),
  caseOf(
    ...(['a redirect', redirect, 'ip:icmp:ip:udp', ipFields(redirect, 0)] as const),
    ...[icmpFields(redirect, 20), { 'icmp.redir_gw': '10.0.0.254' }, ipFields(redirect, 28)],
    // Of what a redirect quotes tshark reads eight bytes behind the IP header.
    ...[{ ...udpFields(redirect, 48), 'udp.checksum.status': '2' }],
  ),
  caseOf(
    ...(['an error with extensions', labelled, 'ip:icmp:ip:udp:echo', ipFields(labelled, 0)] as const),
    ...[icmpFields(labelled, 20), { 'icmp.length': '32' }, ipFields(labelled, 28), udpFields(labelled, 48)],
    {
      ...{ 'icmp.ext.version': '2', 'icmp.ext.res': '0x0000', 'icmp.ext.checksum': word(labelled, 158) },
      ...{
        'icmp.ext.length': '8',
        'icmp.ext.class': '1',
        'icmp.ext.ctype': '1',
        'icmp.mpls.label': '100704',
      },
      ...{ 'icmp.mpls.exp': '3', 'icmp.mpls.s': 'True', 'icmp.mpls.ttl': '2' },
    },
  ),
];

describe.each(CASES)('%s', (_, packet, row, fields) => {
  it('agrees with the same values', () => {
    expect(disagreements(packet, row())).toEqual([]);
    expect(comparePacket(packet, row()).fields).toBeGreaterThan(fields.length);
  });

  it.each(fields)('notices another %s, first or last, and a missing one', (field) => {
    const values = row().get(field)!;
    const changed: string[][] = [['99', ...values.slice(1)], [...values.slice(0, -1), '99'], values.slice(1)];
    for (const list of changed) {
      expect(disagreements(packet, row().set(field, list)).map((one) => one.field)).toContain(field);
    }
  });
});

describe('the route', () => {
  const [, packet, row] = CASES.find(([name]) => name === 'an unreachable port')!;
  it.each(['ip:icmp', 'ip:icmp:ip', 'ip:icmp:ip:tcp', 'ip:udp'])('is not %s', (protocols) => {
    const found = disagreements(packet, row().set('frame.protocols', [protocols]));
    expect(found.map(({ field }) => field)).toContain('frame.protocols');
  });

  it('leads to an error that is quoted, or not', () => {
    const bytes = errorAbout(errorAbout(hello));
    const start = [ipFields(bytes, 0), icmpFields(bytes, 20), ipFields(bytes, 28)];
    const inner: Fields = { ...icmpFields(bytes, 48), 'icmp.checksum.status': '2' };
    const short = rowOf(captured(bytes), 'ip:icmp:ip:icmp', ...start, inner);
    expect(disagreements(captured(bytes), short)).toEqual([]);
    const rest = [ipFields(bytes, 56), udpFields(bytes, 76)];
    const long = rowOf(captured(bytes), 'ip:icmp:ip:icmp:ip:udp:echo', ...start, inner, ...rest);
    expect(disagreements(captured(bytes), long)).toEqual([]);
    expect(disagreements(captured(bytes), long.set('udp.dstport', ['8']))).toHaveLength(1);
    const shorter = rowOf(captured(bytes), 'ip:icmp:ip', ...start);
    expect(disagreements(captured(bytes), shorter).map(({ field }) => field)).toContain('frame.protocols');
  });
});

describe('a refusal', () => {
  const refusals = (bytes: Uint8Array, row: Map<string, string[]>): string[] =>
    disagreements(captured(bytes), row).flatMap(({ field, theirs }) =>
      field.startsWith('refused') ? [`${field}: ${theirs}`] : [],
    );

  it('of a datagram too short for its header is one when tshark reads that length', () => {
    const bytes = hello.slice();
    bytes[25] = 7;
    const row = (length: string): Map<string, string[]> =>
      rowOf(captured(bytes), 'ip:udp', ipFields(bytes, 0), { 'udp.length': length });
    expect(refusals(bytes, row('7'))).toEqual([]);
    expect(refusals(bytes, row('8'))).toEqual(['refused udp: nothing wrong']);
  });

  it('of a quoted header that ends too early is one when tshark came to no end of it', () => {
    const bytes = errorAbout(hello.subarray(0, 26));
    const parts = [ipFields(bytes, 0), icmpFields(bytes, 20), ipFields(bytes, 28)];
    const begun = rowOf(captured(bytes), 'ip:icmp:ip:udp', ...parts, { 'udp.srcport': '40000' });
    expect(disagreements(captured(bytes), begun)).toEqual([]);
    expect(refusals(bytes, begun.set('udp.checksum', ['5']))).toEqual(['refused udp: nothing wrong']);
  });

  it('of a TCP header that a redirect quotes is one, for tshark does not look at it', () => {
    const quote = segment.slice();
    quote[32] = 0x40;
    const bytes = message({ kind: 'redirect', type: 5, code: 1, check: 0, gateway: 1, quote });
    const parts = [ipFields(bytes, 0), icmpFields(bytes, 20), { 'icmp.redir_gw': '0.0.0.1' }];
    const row = rowOf(captured(bytes), 'ip:icmp:ip:tcp', ...parts, ipFields(bytes, 28), {
      'tcp.srcport': '80',
    });
    expect(disagreements(captured(bytes), row)).toEqual([]);
    expect(refusals(bytes, row.set('tcp.hdr_len', ['20']))).toEqual(['refused tcp: nothing wrong']);
  });

  it('of a fragment that holds less than a header is one when tshark misses the rest', () => {
    const bytes = packetWith(Uint8Array.of(0), ipv4.IPPROTO_UDP);
    const row = rowOf(captured(bytes), 'ip:udp', ipFields(bytes, 0));
    expect(refusals(bytes, row)).toEqual(['refused udp: nothing wrong']);
    expect(refusals(bytes, row.set('_ws.unreassembled', ['Unreassembled']))).toEqual([]);
  });

  it('of no bytes at all is one when tshark does not speak of the protocol', () => {
    const bytes = packetWith(new Uint8Array(0), ipv4.IPPROTO_UDP);
    const row = rowOf(captured(bytes), 'ip', ipFields(bytes, 0));
    expect(disagreements(captured(bytes), row)).toEqual([]);
    expect(refusals(bytes, row.set('udp.checksum', ['0']))).toEqual(['refused udp: nothing wrong']);
  });

  it('of a message of less than eight bytes is one when tshark reads no field of the second word', () => {
    const bytes = packetWith(Uint8Array.of(10, 0, 0, 0, 0), ipv4.IPPROTO_ICMP);
    const row = rowOf(captured(bytes), 'ip:icmp', ipFields(bytes, 0), icmpFields(bytes, 20));
    expect(disagreements(captured(bytes), row)).toEqual([]);
    expect(refusals(bytes, row.set('icmp.seq', ['0']))).toEqual(['refused icmp: nothing wrong']);
  });
});

describe('a checksum', () => {
  const status = (packet: Packet, value: string): number =>
    disagreements(
      packet,
      rowOf(packet, 'ip:udp', ipFields(packet.data, 0), udpFields(packet.data, 20)).set(
        'udp.checksum.status',
        [value],
      ),
    ).length;

  it('is none where there is none', () => {
    const bytes = hello.slice();
    bytes.fill(0, 26, 28);
    expect([status(captured(bytes), '3'), status(captured(bytes), '1')]).toEqual([0, 1]);
  });

  it('is not verified by tshark where the packet was cut behind the datagram', () => {
    const longer = packetWith(Uint8Array.from([...hello.subarray(20), 9, 9]), ipv4.IPPROTO_UDP);
    const cut = captured(longer.subarray(0, -1), longer.length);
    expect([status(cut, '2'), status(cut, '1')]).toEqual([0, 1]);
  });
});

describe('the checksum of a segment', () => {
  const header = {
    ...{ source: 80, dest: 1024, seq: 5, ackSeq: 6, doff: 5, res1: 0, flags: tcp.ACK, urgPtr: 0 },
    options: [],
  };
  /** What is wrong with tshark's `status` of a segment of this checksum, the window of which makes that right. */
  const status = (check: number, value: string): number => {
    const sum = (window: number): number => {
      const bytes = packetWith(tcp.encode({ ...header, check: 0, window }), ipv4.IPPROTO_TCP);
      const pseudo = ipv4.pseudoSum({ ...ipv4.decode(bytes), protocol: ipv4.IPPROTO_TCP }, 20);
      return csumFold(csumPartial(viewOf(bytes), 20, 20, pseudo));
    };
    const window = sum(0);
    expect(sum(window)).toBe(0);
    const bytes = packetWith(tcp.encode({ ...header, check, window }), ipv4.IPPROTO_TCP);
    const fields = { 'tcp.checksum': word(bytes, 36), 'tcp.checksum.status': value };
    const row = rowOf(captured(bytes), 'ip:tcp', ipFields(bytes, 0), fields);
    return disagreements(captured(bytes), row).filter(({ field }) => field.startsWith('tcp.checksum')).length;
  };

  it('is right at 0, and wrong to tshark at 0xffff, which sums to the same', () => {
    expect([status(0, '1'), status(0, '0')]).toEqual([0, 1]);
    expect([status(0xffff, '1'), status(0xffff, '0')]).toEqual([1, 0]);
  });
});

describe('a quoted datagram', () => {
  it('is not verified by tshark where the packet was cut behind it', () => {
    const longer = packetWith(Uint8Array.from([...hello.subarray(20), 9, 9, 9]), ipv4.IPPROTO_UDP);
    const bytes = errorAbout(longer);
    const cut = captured(bytes.subarray(0, -1), bytes.length);
    const parts = [ipFields(bytes, 0), { ...icmpFields(bytes, 20), 'icmp.checksum.status': '2' }];
    const row = rowOf(cut, 'ip:icmp:ip:udp:echo', ...parts, ipFields(bytes, 28), udpFields(bytes, 48));
    expect(disagreements(cut, row).map(({ field }) => field)).toEqual(['udp.checksum.status']);
    expect(disagreements(cut, row.set('udp.checksum.status', ['2']))).toEqual([]);
  });
});

describe('a quoted segment', () => {
  const ports = { 'tcp.srcport': '80', 'tcp.dstport': '1024', 'tcp.seq': '5' };

  it('has no length and no raw sequence number', () => {
    const bytes = errorAbout(segment);
    const whole: Fields = {
      ...{
        ...ports,
        'tcp.ack_raw': '6',
        'tcp.hdr_len': '20',
        'tcp.flags': '0x0010',
        'tcp.window_size_value': '7',
      },
      ...{ 'tcp.checksum': '0x0000', 'tcp.checksum.status': '0', 'tcp.urgent_pointer': '0' },
    };
    const parts = [ipFields(bytes, 0), icmpFields(bytes, 20), ipFields(bytes, 28)];
    expect(disagreements(captured(bytes), rowOf(captured(bytes), 'ip:icmp:ip:tcp', ...parts, whole))).toEqual(
      [],
    );
  });

  it('may be cut: tshark reads on in it', () => {
    const bytes = errorAbout(segment.subarray(0, 34));
    const parts = [ipFields(bytes, 0), icmpFields(bytes, 20), ipFields(bytes, 28)];
    const start = { ...ports, 'tcp.ack_raw': '6', 'tcp.hdr_len': '20' };
    const row = rowOf(captured(bytes), 'ip:icmp:ip:tcp', ...parts, start);
    expect(disagreements(captured(bytes), row)).toEqual([]);
    expect(disagreements(captured(bytes), row.set('tcp.dstport', ['1025']))).toHaveLength(1);
  });
});

describe('extensions of before RFC 4884', () => {
  it('are what tshark takes for some, and we do not, for their checksum is wrong', () => {
    const quote = padded(hello, 140);
    quote.set([0x20, 0, 0x12, 0x34, 0, 8, 1, 1, 0, 0, 0x11, 2], 128);
    const bytes = errorAbout(quote);
    const row = (label: string): Map<string, string[]> =>
      rowOf(
        captured(bytes),
        'ip:icmp:ip:udp:echo',
        ...[ipFields(bytes, 0), icmpFields(bytes, 20), ipFields(bytes, 28), udpFields(bytes, 48)],
        {
          ...{ 'icmp.ext.version': '2', 'icmp.ext.res': '0', 'icmp.ext.checksum': '0x1234' },
          ...{ 'icmp.ext.length': '8', 'icmp.ext.class': '1', 'icmp.ext.ctype': '1' },
          ...{ 'icmp.mpls.label': label, 'icmp.mpls.exp': '0', 'icmp.mpls.s': '1', 'icmp.mpls.ttl': '2' },
        },
      );
    expect(disagreements(captured(bytes), row('1'))).toEqual([]);
    expect(disagreements(captured(bytes), row('2'))).toHaveLength(1);
  });

  it('end the datagram before them for tshark, so that it cannot verify it', () => {
    const long = new Uint8Array(150);
    long[128 - 28] = 0x20;
    const bytes = errorAbout(datagram(long));
    const row = rowOf(
      captured(bytes),
      'ip:icmp:ip:udp:echo',
      ...[ipFields(bytes, 0), icmpFields(bytes, 20), ipFields(bytes, 28)],
      { ...udpFields(bytes, 48), 'udp.checksum.status': '2' },
      { 'icmp.ext.version': '2', 'icmp.ext.res': '0', 'icmp.ext.checksum': '0', 'icmp.ext.length': '0' },
      { 'icmp.ext.class': '0' },
    );
    expect(disagreements(captured(bytes), row)).toEqual([]);
  });
});
