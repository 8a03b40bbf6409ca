import * as ipv4 from '@stack/ipv4';
import { LINKTYPE, type Packet } from '@stack/pcap';
import { alloc, checksumHelp, encode } from '@stack/skbuff';
import * as tcp from '@stack/tcp';
import { describe, expect, it } from 'vitest';
import { comparePacket } from '../src/oracle.ts';
import { canonical } from '../src/oracle-expectation.ts';
import { down } from '../src/pipeline.ts';

function packetOf(): Packet {
  const skb = alloc(64, 128);
  skb.putData(Uint8Array.of(1, 2, 3));
  down(skb, {
    tcp: {
      source: 80,
      dest: 1024,
      seq: 5,
      ackSeq: 6,
      flags: tcp.ACK,
      window: 7,
      options: [{ kind: tcp.TCPOPT_MSS, mss: 1460 }],
    },
    ipv4: { protocol: ipv4.IPPROTO_TCP, saddr: 0x0a00_0001, daddr: 0x0a00_0002, id: 9 },
    ethernet: { dest: 2, source: 1, tags: [{ tpid: 0x8100, tci: 0x6005 }], proto: 0x0800 },
  });
  checksumHelp(skb);
  return {
    type: 'packet',
    interface: 0,
    linkType: LINKTYPE.ETHERNET,
    timestamp: { seconds: 1, nanoseconds: 500 },
    originalLength: skb.len,
    data: encode(skb),
    comments: [],
    flags: undefined,
    options: [],
  };
}

/** What tshark prints for {@link packetOf}. */
function rowOf({ data }: Packet): Map<string, readonly string[]> {
  const word = (at: number): string =>
    `0x${Buffer.from(data).readUInt16BE(at).toString(16).padStart(4, '0')}`;
  const fields: Record<string, string> = {
    'frame.len': '65',
    'frame.cap_len': '65',
    'frame.time_epoch': '1.000000500',
    'frame.encap_type': '1',
    'frame.protocols': 'eth:ethertype:vlan:ethertype:ip:tcp:data',
    'eth.dst': '00:00:00:00:00:02',
    'eth.src': '00:00:00:00:00:01',
    'eth.type': '0x8100',
    'vlan.id': '5',
    'vlan.priority': '3',
    'vlan.dei': '0',
    'vlan.etype': '0x0800',
    'ip.version': '4',
    'ip.hdr_len': '20',
    'ip.dsfield': '0x00',
    'ip.dsfield.dscp': '0',
    'ip.dsfield.ecn': '0',
    'ip.len': '47',
    'ip.id': '0x0009',
    'ip.flags': '0x00',
    'ip.flags.rb': '0',
    'ip.flags.df': '0',
    'ip.flags.mf': '0',
    'ip.frag_offset': '0',
    'ip.ttl': '64',
    'ip.proto': '6',
    'ip.checksum': word(28),
    'ip.checksum.status': '1',
    'ip.src': '10.0.0.1',
    'ip.dst': '10.0.0.2',
    'tcp.srcport': '80',
    'tcp.dstport': '1024',
    'tcp.seq': '5',
    'tcp.seq_raw': '5',
    'tcp.ack_raw': '6',
    'tcp.hdr_len': '24',
    'tcp.flags': '0x0010',
    'tcp.window_size_value': '7',
    'tcp.checksum': word(54),
    'tcp.checksum.status': '1',
    'tcp.urgent_pointer': '0',
    'tcp.len': '3',
    'tcp.option_kind': '2',
    'tcp.option_len': '4',
    'tcp.options.mss_val': '1460',
  };
  return new Map(Object.entries(fields).map(([field, value]) => [field, [value]]));
}

describe('the oracle', () => {
  const packet = packetOf();
  it('agrees with the same values', () => {
    const { disagreements, fields, wellFormed, different } = comparePacket(packet, rowOf(packet));
    expect(disagreements).toEqual([]);
    expect(fields).toBeGreaterThan(rowOf(packet).size - 3);
    expect([wellFormed, different]).toEqual([true, false]);
  });

  const compared = [...rowOf(packet).keys()].filter((field) => field !== 'frame.encap_type');
  it.each(compared)('notices another %s', (field) => {
    const row = rowOf(packet).set(field, ['99']);
    expect(comparePacket(packet, row).disagreements.map((one) => one.field)).toContain(field);
  });

  it.each(compared)('notices a missing %s', (field) => {
    const row = rowOf(packet);
    row.delete(field);
    expect(comparePacket(packet, row).disagreements.map((one) => one.field)).toContain(field);
  });

  it.each(['vlan.len', 'ieee8021ad.id', 'ip.opt.type', 'tcp.options.sack_le', 'tcp.options.timestamp.tsval'])(
    'notices a %s that the packet has not',
    (field) => {
      const row = rowOf(packet).set(field, ['1']);
      expect(comparePacket(packet, row).disagreements).toEqual([{ field, ours: '', theirs: '1' }]);
    },
  );

  it('takes the values of further headers, behind those we decode, for what they are', () => {
    const row = rowOf(packet);
    row.set('frame.protocols', ['eth:ethertype:vlan:ethertype:ip:tcp:gre:ip:tcp']);
    for (const field of ['ip.src', 'ip.len', 'tcp.option_kind']) row.set(field, [...row.get(field)!, '99']);
    expect(comparePacket(packet, row).disagreements).toEqual([]);
  });

  it('notices a header we do not find, and one we should not', () => {
    const row = rowOf(packet).set('frame.protocols', ['eth:ethertype:vlan:ethertype:ip:sctp']);
    const route = { field: 'frame.protocols', ours: 'ethernet:ipv4:tcp', theirs: 'ethernet:ipv4' };
    expect(comparePacket(packet, row).disagreements).toContainEqual(route);
    const other = { ...packet, linkType: LINKTYPE.PPP };
    expect(comparePacket(other, rowOf(packet)).disagreements).toContainEqual({
      field: 'frame.protocols',
      ours: '',
      theirs: 'ethernet:ipv4:tcp',
    });
  });

  it('wants a refusal confirmed', () => {
    const cut = { ...packet, data: packet.data.slice(0, 50) };
    const row = rowOf(packet).set('frame.cap_len', ['50']);
    const refusal = { field: 'refused tcp', ours: 'TCP_TRUNCATED', theirs: 'nothing wrong' };
    expect(comparePacket(cut, row).disagreements).toContainEqual(refusal);
    row.set('_ws.short', ['[Packet size limited during capture: TCP truncated]']);
    expect(comparePacket(cut, row).disagreements).toEqual([]);
  });

  it('knows a second of fractions that tshark does not carry', () => {
    const late = { ...packet, timestamp: { seconds: 7, nanoseconds: 0 } };
    const row = (text: string): Map<string, readonly string[]> =>
      rowOf(packet).set('frame.time_epoch', [text]);
    // 6 s in 32 bits of nanoseconds: 6,000,000,000 - 2^32.
    expect(comparePacket(late, row('1.1705032704')).disagreements).toEqual([]);
    expect(comparePacket(late, row('1.1705032705')).disagreements).toHaveLength(1);
    expect(comparePacket(late, row('8.000000000')).disagreements).toHaveLength(1);
  });

  it('reads the ways tshark writes a value', () => {
    expect(canonical('0x0800')).toBe('2048');
    expect(canonical('True')).toBe('1');
    expect(canonical('00:aB:12')).toBe('00ab12');
  });
});
