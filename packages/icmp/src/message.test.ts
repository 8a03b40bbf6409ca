import { isWireError, viewOf, wrap } from '@stack/skbuff';
import { hex } from '@stack/testkit';
import { describe, expect, it } from 'vitest';
import * as icmp from './index.ts';

const NONE = new Uint8Array(0);

/** tcpdump tests/mpls-traceroute.pcap, frame 2: a message of before RFC 4884, its labels behind 128 bytes of quote. */
const TRACEROUTE = hex`0b00 cd04 0000 0000
  45000028a54c00000111f76f0c0404040c010101 a54b829b00140000 ${new Uint8Array(100)}
  2000c55f 00080101 18960101`;

const rows: [name: string, bytes: string | Uint8Array, message: icmp.Message, line: string][] = [
  [
    'tcpdump tests/mpls-traceroute.pcap, frame 2',
    TRACEROUTE,
    {
      kind: 'error',
      ...{ type: 11, code: 0, check: 0xcd04, pointer: 0, length: 0, mtu: 0 },
      quote: TRACEROUTE.slice(8, 136),
      extensions: {
        ...{ version: 2, reserved: 0, check: 0xc55f },
        objects: [{ classNum: 1, cType: 1, data: hex('18960101') }],
        malformed: NONE,
      },
    },
    'ICMP time exceeded in-transit, length 148',
  ],
  [
    'tcpdump tests/mpls-traceroute.pcap, frame 14',
    '0303d4fb00000000 45000028a55200000111f7690c0404040c010101 a54b82a100140000',
    {
      kind: 'error',
      ...{ type: 3, code: 3, check: 0xd4fb, pointer: 0, length: 0, mtu: 0 },
      quote: hex('45000028a55200000111f7690c0404040c010101 a54b82a100140000'),
      extensions: undefined,
    },
    'ICMP 12.1.1.1 udp port 33441 unreachable, length 36',
  ],
  [
    'tcpdump tests/dhcp-rfc4388.pcap, frame 6',
    '0301fcfe00000000 4500003061b440003f01bfcc0a2802030a1e0404 0800b7db40240000 0000000000000000000000000000000000000000',
    {
      kind: 'error',
      ...{ type: 3, code: 1, check: 0xfcfe, pointer: 0, length: 0, mtu: 0 },
      quote: hex(
        '4500003061b440003f01bfcc0a2802030a1e0404 0800b7db40240000 0000000000000000000000000000000000000000',
      ),
      extensions: undefined,
    },
    'ICMP host 10.30.4.4 unreachable, length 56',
  ],
  [
    'libpcap tests/gateway_or_not.pcap, frame 2, cut',
    '0000 47ac 0007 013d fcf6f468',
    { kind: 'echo', type: 0, code: 0, check: 0x47ac, id: 7, sequence: 317, data: hex('fcf6f468') },
    'ICMP echo reply, id 7, seq 317, length 12',
  ],
  [
    'tcpdump tests/icmp-rfc8335.pcap, frame 2: an interface by its name, and four bytes behind it',
    '2a000cadf7070001 20009424 000a0301 656e70317330 65933a480006 3268',
    {
      kind: 'extended-echo',
      ...{ type: 42, code: 0, check: 0x0cad, id: 0xf707, sequence: 0, reserved: 0, local: 1 },
      extensions: {
        ...{ version: 2, reserved: 0, check: 0x9424 },
        objects: [{ classNum: 3, cType: 1, data: hex('656e70317330') }],
        malformed: hex('65933a480006 3268'),
      },
    },
    'ICMP extended echo request, id 63239, seq 0, local, length 30',
  ],
  [
    'tcpdump tests/icmp-rfc8335.pcap, frame 6',
    '2b00b4ce002a2a07 2000d819 000c0301 667870302e300000 6583629700022de3',
    {
      kind: 'extended-echo-reply',
      ...{ type: 43, code: 0, check: 0xb4ce, id: 42, sequence: 42 },
      ...{ state: 0, reserved: 0, active: 1, ipv4: 1, ipv6: 1 },
      data: hex('2000d819 000c0301 667870302e300000 6583629700022de3'),
    },
    'ICMP extended echo reply, id 42, seq 42, state 0, length 32',
  ],
  [
    'RFC 1191: too big, the next hop takes 1400 bytes',
    '0304 0000 0000 0578 45',
    {
      kind: 'error',
      ...{ type: 3, code: 4, check: 0, pointer: 0, length: 0, mtu: 1400 },
      quote: hex('45'),
      extensions: undefined,
    },
    'ICMP unreachable - need to frag (mtu 1400), length 9',
  ],
  [
    'RFC 792: parameter problem at octet 20',
    '0c00 0000 1400 0000',
    {
      kind: 'error',
      ...{ type: 12, code: 0, check: 0, pointer: 20, length: 0, mtu: 0 },
      quote: NONE,
      extensions: undefined,
    },
    'ICMP parameter problem - octet 20, length 8',
  ],
  [
    'RFC 792: redirect',
    `0501 0000 c0a80101 45000028a55200000111f7690c0404040c010101 a54b82a100140000`,
    {
      kind: 'redirect',
      ...{ type: 5, code: 1, check: 0, gateway: 0xc0a8_0101 },
      quote: hex('45000028a55200000111f7690c0404040c010101 a54b82a100140000'),
    },
    'ICMP redirect 12.1.1.1 to host 192.168.1.1, length 36',
  ],
  [
    'RFC 792: timestamp reply',
    '0e00 0000 0001 0002 00000000 0001 51 80 05265bff',
    {
      kind: 'timestamp',
      ...{ type: 14, code: 0, check: 0, id: 1, sequence: 2 },
      ...{ originate: 0, receive: 86_400, transmit: 86_399_999, data: NONE },
    },
    'ICMP time stamp reply id 1 seq 2: org 00:00:00.000, recv 00:01:26.400, xmit 23:59:59.999, length 20',
  ],
  [
    'RFC 792: information request',
    '0f00 0000 0001 0002',
    { kind: 'information', type: 15, code: 0, check: 0, id: 1, sequence: 2, data: NONE },
    'ICMP information request, length 8',
  ],
  [
    'RFC 950: address mask reply',
    '1200 0000 0001 0002 ffffff00',
    { kind: 'mask', type: 18, code: 0, check: 0, id: 1, sequence: 2, mask: 0xffff_ff00, data: NONE },
    'ICMP address mask is 0xffffff00, length 12',
  ],
  [
    'RFC 1256: router advertisement',
    '0900 0000 02 02 0708 0a000001 00000000 0a000002 80000000',
    {
      kind: 'advertisement',
      ...{ type: 9, code: 0, check: 0, lifetime: 1800 },
      routers: [
        { address: 0x0a00_0001, preference: 0 },
        { address: 0x0a00_0002, preference: -0x8000_0000 },
      ],
      data: NONE,
    },
    'ICMP router advertisement lifetime 30:00 2: {10.0.0.1 0} {10.0.0.2 -2147483648}, length 24',
  ],
  [
    'RFC 1256: router solicitation',
    '0a00 0000 0000 0000',
    { kind: 'solicitation', type: 10, code: 0, check: 0, reserved: 0, data: NONE },
    'ICMP router solicitation, length 8',
  ],
  [
    'a type nobody has assigned',
    'c800 0000 0102 0304 05',
    { kind: 'raw', type: 200, code: 0, check: 0, rest: 0x0102_0304, data: hex('05') },
    'ICMP type-#200, length 9',
  ],
  [
    'a timestamp without times',
    '0d00 0000 0001 0002 00000000',
    { kind: 'raw', type: 13, code: 0, check: 0, rest: 0x0001_0002, data: hex('00000000') },
    'ICMP time stamp query id 1 seq 2, length 12',
  ],
  [
    'an advertisement of more routers than there are',
    '0900 0000 02 02 0708 0a000001 00000000',
    { kind: 'raw', type: 9, code: 0, check: 0, rest: 0x0202_0708, data: hex('0a000001 00000000') },
    'ICMP router advertisement lifetime 30:00 2:, length 16',
  ],
  [
    'a mask request without room for a mask',
    '1100 0000 0001 0002 ffff',
    { kind: 'raw', type: 17, code: 0, check: 0, rest: 0x0001_0002, data: hex('ffff') },
    'ICMP address mask request, length 10',
  ],
];

describe('messages', () => {
  it.each(rows)('%s', (_name, text, message, line) => {
    const bytes = typeof text === 'string' ? hex(text) : text;
    expect(icmp.decodeMessage(bytes)).toStrictEqual(message);
    expect(icmp.decodeMessage(hex`ffff ${bytes}`, 2)).toStrictEqual(message);
    expect(icmp.encodeMessage(message)).toEqual(bytes);
    expect(icmp.messageSize(message)).toBe(bytes.length);
    expect(icmp.formatMessage(message, bytes.length)).toBe(line);
  });

  it('seal computes the checksum and leaves the message alone', () => {
    const bytes = TRACEROUTE.slice();
    bytes.fill(0, 2, 4);
    const message = icmp.decodeMessage(bytes);
    expect(icmp.seal(message).check).toBe(0xcd04);
    expect(message.check).toBe(0);
    expect(icmp.verify(wrap(icmp.encodeMessage(icmp.seal(message))))).toBe(true);
  });

  it('fewer than eight bytes are refused', () => {
    const refusal = ((): unknown => {
      try {
        return icmp.decodeMessage(hex('0800 f7ff 0000 00'));
      } catch (error) {
        return error;
      }
    })();
    expect(isWireError(refusal, 'ICMP_TRUNCATED') && refusal.offset).toBe(7);
    expect(() => icmp.decodeMessage(new Uint8Array(8), 9)).toThrow(RangeError);
  });

  it.each([
    [{ kind: 'echo', type: 8, code: 0, check: 0, id: 65_536, sequence: 0, data: NONE }, 'id'],
    [{ kind: 'echo', type: 8, code: 0, check: 0, id: 0, sequence: -1, data: NONE }, 'sequence'],
    [{ kind: 'echo', type: 256, code: 0, check: 0, id: 0, sequence: 0, data: NONE }, 'type'],
    [{ kind: 'redirect', type: 5, code: 0, check: 0, gateway: -1, quote: NONE }, 'gateway'],
    [{ kind: 'mask', type: 17, code: 0, check: 0, id: 0, sequence: 0, mask: -1, data: NONE }, 'mask'],
    [
      {
        kind: 'error',
        ...{
          type: 3,
          code: 0,
          check: 0,
          pointer: 0,
          length: 256,
          mtu: 0,
          quote: NONE,
          extensions: undefined,
        },
      },
      'length',
    ],
    [
      {
        kind: 'advertisement',
        ...{ type: 9, code: 0, check: 0, lifetime: 0, data: NONE },
        routers: [{ address: 0, preference: 0x8000_0000 }],
      },
      'preference',
    ],
    [
      {
        kind: 'extended-echo-reply',
        ...{ type: 43, code: 0, check: 0, id: 0, sequence: 0, state: 8, reserved: 0 },
        ...{ active: 0, ipv4: 0, ipv6: 0, data: NONE },
      },
      'state',
    ],
    [
      {
        kind: 'extended-echo-reply',
        ...{ type: 43, code: 0, check: 0, id: 0, sequence: 0, state: 0, reserved: 4 },
        ...{ active: 0, ipv4: 0, ipv6: 0, data: NONE },
      },
      'reserved',
    ],
  ] as [icmp.Message, string][])('refuses %j', (message, field) => {
    expect(() => icmp.encodeMessage(message)).toThrow(field);
  });
});

describe('format', () => {
  it.each([
    ['0800 0000 0001 0002', 'ICMP echo request, id 1, seq 2'],
    ['0300 0000 0000 0000', 'ICMP net unreachable'],
    ['0302 0000 0000 0000', 'ICMP protocol unreachable'],
    ['0303 0000 0000 0000', 'ICMP port unreachable'],
    ['0304 0000 0000 0000', 'ICMP unreachable - need to frag'],
    ['0305 0000 0000 0000', 'ICMP unreachable - source route failed'],
    ['030d 0000 0000 0000', 'ICMP host unreachable - admin prohibited filter'],
    ['0310 0000 0000 0000', 'ICMP unreachable - #16'],
    ['0400 0000 0000 0000', 'ICMP source quench'],
    ['0b01 0000 0000 0000', 'ICMP ip reassembly time exceeded'],
    ['0b02 0000 0000 0000', 'ICMP time exceeded-#2'],
    ['0c01 0000 0100 0000', 'ICMP parameter problem - code 1 octet 1'],
    ['2a00 0000 0001 0201', 'ICMP extended echo request, id 1, seq 2'],
    ['ff00 0000 0000 0000', 'ICMP type-#255'],
  ])('%s', (bytes, text) => {
    expect(icmp.format(icmp.decode(hex(bytes)))).toBe(text);
    expect(icmp.format(icmp.decode(hex(bytes)), 64)).toBe(`${text}, length 64`);
  });

  it.each([
    [
      '0302 0000 0000 0000 45000028a552000001 84 f7690c0404040c010101',
      'ICMP 12.1.1.1 protocol 132 unreachable',
    ],
    [
      '0303 0000 0000 0000 45000028a552000001 06 f7690c0404040c010101 00000050',
      'ICMP 12.1.1.1 tcp port 80 unreachable',
    ],
    [
      '0303 0000 0000 0000 4f000028a552000001 11 f7690c0404040c010101 00000050',
      'ICMP 12.1.1.1 port unreachable',
    ],
    [
      '0304 0000 0000 05dc 45000028a552000001 11 f7690c0404040c010101',
      'ICMP 12.1.1.1 unreachable - need to frag (mtu 1500)',
    ],
  ])('%s', (bytes, text) => {
    expect(icmp.formatMessage(icmp.decodeMessage(hex(bytes)))).toBe(text);
  });
});

describe('extensions', () => {
  const end = TRACEROUTE.length;
  const view = viewOf(TRACEROUTE);

  it('stand where the length says, or behind 128 bytes where nothing does', () => {
    expect(icmp.extensionsOffset(view, 0, end)).toBe(136);
    expect([icmp.quoteOffset(0), icmp.quoteLength(view, 0, end)]).toEqual([8, 128]);
    const told = hex`0b00 0000 0007 0000 ${TRACEROUTE.slice(8, 36)} ${TRACEROUTE.slice(136)}`;
    expect(icmp.extensionsOffset(viewOf(told), 0, told.length)).toBe(36);
    expect(icmp.quoteLength(viewOf(told), 0, told.length)).toBe(28);
  });

  it.each([
    ['another type', (bytes: Uint8Array) => bytes.set([4], 0)],
    ['another version', (bytes: Uint8Array) => bytes.set([0x10], 136)],
    ['a checksum that is wrong', (bytes: Uint8Array) => bytes.set([2], 147)],
    ['no checksum', (bytes: Uint8Array) => bytes.set([0, 0], 138)],
  ])('%s: what nobody announced is quote', (_name, change) => {
    const bytes = TRACEROUTE.slice();
    change(bytes);
    expect(icmp.extensionsOffset(viewOf(bytes), 0, end)).toBe(-1);
    expect(icmp.quoteLength(viewOf(bytes), 0, end)).toBe(end - 8);
  });

  it('a length beyond the message says nothing', () => {
    const bytes = hex`0b00 0000 00ff 0000 ${TRACEROUTE.slice(8)}`;
    expect(icmp.extensionsOffset(viewOf(bytes), 0, bytes.length)).toBe(-1);
  });

  it('labels of an MPLS stack, both ways: what tcpdump prints of the capture', () => {
    const message = icmp.decodeMessage(TRACEROUTE) as icmp.ErrorMessage;
    const [object] = (message.extensions as icmp.Extensions).objects;
    const labels = icmp.readLabelStack(object as icmp.ExtensionObject);
    expect(labels).toEqual([{ label: 100_704, tc: 0, bottom: 1, ttl: 1 }]);
    expect(icmp.labelStack(labels as icmp.MplsLabel[])).toEqual(object);
    expect(icmp.extensionsOf([object as icmp.ExtensionObject])).toEqual(message.extensions);
    expect(icmp.verifyExtensions(view, 136, end)).toBe(true);
    expect(icmp.verifyExtensions(view, 136, end - 1)).toBe(false);
  });

  it('what is no label stack is none', () => {
    const data = hex('18960101');
    expect(icmp.readLabelStack({ classNum: 2, cType: 1, data })).toBeUndefined();
    expect(icmp.readLabelStack({ classNum: 1, cType: 2, data })).toBeUndefined();
    expect(icmp.readLabelStack({ classNum: 1, cType: 1, data: data.slice(1) })).toBeUndefined();
    expect(() => icmp.labelStack([{ label: 0x10_0000, tc: 0, bottom: 0, ttl: 0 }])).toThrow('label');
  });

  it.each([
    ['a length of 3', '2000 0000 0003 0101 ff', 0, 5],
    ['a length beyond the end', '2000 0000 0004 0101 0009 0101 ff', 1, 5],
    ['no room for a header', '2000 0000 0004 0101 0004', 1, 2],
    ['nothing', '2000 0000', 0, 0],
  ])('an object with %s ends the list; all behind it is kept', (_name, text, count, rest) => {
    const bytes = hex(text);
    const structure = icmp.readExtensions(viewOf(bytes), 0, bytes.length);
    expect([structure.objects.length, structure.malformed.length]).toEqual([count, rest]);
  });
});

describe('the quoted packet', () => {
  const PORT = hex`0303 d4fb 0000 0000 45000028a55200000111f7690c0404040c010101 a54b82a100140000`;

  it('whose it was, and where its transport header is', () => {
    const view = viewOf(hex`ff ${PORT}`);
    expect(icmp.quotedTransport(view, 1, PORT.length + 1)).toBe(29);
    expect(icmp.quotedProtocol(view, 1)).toBe(17);
    expect([icmp.quotedSaddr(view, 1), icmp.quotedDaddr(view, 1)]).toEqual([0x0c04_0404, 0x0c01_0101]);
  });

  it.each([
    ['one byte of it missing', PORT.slice(0, -1)],
    ['an IP header that is cut', PORT.slice(0, 27)],
    ['IHL 4', hex`${PORT.slice(0, 8)} 44 ${PORT.slice(9)}`],
    ['IHL 6 and no bytes for it', hex`${PORT.slice(0, 8)} 46 ${PORT.slice(9)}`],
    ['nothing', PORT.slice(0, 8)],
  ])('%s: there is none', (_name, bytes) => {
    expect(icmp.quotedTransport(viewOf(bytes), 0, bytes.length)).toBe(-1);
  });

  it('is an error’s alone', () => {
    const errors = Array.from({ length: 256 }, (_, type) => type).filter(icmp.isError);
    expect(errors).toEqual([3, 4, 5, 11, 12]);
    expect([3, 4, 5, 11, 12].filter(icmp.mayExtend)).toEqual([3, 11, 12]);
  });
});
