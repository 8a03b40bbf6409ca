import { viewOf } from '@stack/skbuff';
import { hex } from '@stack/testkit';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { formatAddress } from '../address.ts';
import { HLEN, headerLength } from '../fields.ts';
import { decode, sendCheck, verify } from '../header.ts';
import { ip4, type Toy, type ToyDevice, World } from './fixture.ts';

let world: World;
let host: Toy;
let tun0: ToyDevice;
beforeEach(() => {
  world = new World();
  host = world.host('a');
  tun0 = host.device('tun0', {}, { local: ip4('10.0.0.1'), prefixLength: 24 });
  host.device('tun1', {}, { local: ip4('10.1.0.1'), prefixLength: 24 });
  for (const name of ['tun0', 'tun1'])
    Object.assign(host.conf(name), { forwarding: 1, accept_source_route: 1 });
  host.fib.route(ip4('78.0.0.0'), 8, 3, { via: ip4('10.1.0.77') });
  world.run(1_234_000);
});
afterEach(() => world.finish());

/** 1,234 ms after the start, told as not standard. */
const TIME = hex`800004d2`;

/** A packet with these option bytes, padded, right checksum. */
function withOptions(daddr: string, options: Uint8Array): Uint8Array {
  const hlen = HLEN + ((options.length + 3) & ~3);
  const bytes = new Uint8Array(hlen + 4);
  const view = viewOf(bytes);
  bytes[0] = 0x40 | (hlen / 4);
  view.setUint16(2, bytes.length);
  bytes[8] = 64;
  bytes[9] = 17;
  view.setUint32(12, ip4('10.0.0.9'));
  view.setUint32(16, ip4(daddr));
  bytes.set(options, HLEN);
  sendCheck(view, 0);
  return bytes;
}

/** What came out of it: its options and destination, delivered or forwarded; or what was answered and why it was dropped. */
function fate(daddr: string, options: Uint8Array): string {
  host.inject(withOptions(daddr, options), tun0.ifindex);
  const [icmp] = host.icmp;
  if (icmp !== undefined) return `icmp ${icmp.type}/${icmp.code} ${icmp.info >>> 24} ${host.drops.join()}`;
  if (host.drops.length > 0) return host.drops.join();
  return host.delivered.length > 0 ? 'delivered' : `to ${formatAddress(host.output[0]!.nexthop)}`;
}

function optionsOf(bytes: Uint8Array): Uint8Array {
  expect(verify(viewOf(bytes), 0)).toBe(true);
  return bytes.slice(HLEN, headerLength(viewOf(bytes), 0));
}

describe('forwarding, as Linux 6.18 did with these addresses (RFC 9293 MAY-10)', () => {
  it.each([
    ['record route', '10.1.0.9', hex`070b04 00000000 00000000`, hex`070b08 0a010001 00000000 00`],
    [
      'timestamp with address, which is not that of the way out',
      '10.1.0.9',
      hex`440c0501 00000000 00000000`,
      hex`440c0d01 0a000001 ${TIME}`,
    ],
    ['timestamp', '10.1.0.9', hex`44080500 00000000`, hex`44080900 ${TIME}`],
    [
      'prespecified: our turn, and once only',
      '10.1.0.9',
      hex`44140503 0a000001 00000000 0a010001 00000000`,
      hex`44140d03 0a000001 ${TIME} 0a010001 00000000`,
    ],
    [
      'prespecified: not our turn',
      '10.1.0.9',
      hex`440c0503 0a000063 00000000`,
      hex`440c0503 0a000063 00000000`,
    ],
    ['a full timestamp counts who found no room', '10.1.0.9', hex`44080900 01010101`, hex`44080910 01010101`],
    ['a full record route stays', '10.1.0.9', hex`070708 01010101 01`, hex`070708 01010101 01`],
    ['unknown options stay', '10.1.0.9', hex`5e06 01020304 0101`, hex`5e06 01020304 0101`],
    [
      'both',
      '10.1.0.9',
      hex`440c0501 00000000 00000000 070b04 00000000 00000000`,
      hex`440c0d01 0a000001 ${TIME} 070b08 0a010001 00000000 00`,
    ],
  ])('%s', (_, daddr, options, expected) => {
    expect(fate(daddr, options)).toBe(`to ${daddr}`);
    expect(optionsOf(host.output[0]!.bytes)).toEqual(expected);
  });
});

describe('source routes, as Linux 6.18 followed them', () => {
  it.each<[string, string, Uint8Array, string, Uint8Array | undefined, string]>([
    [
      'the next hop is the destination, our address takes its place',
      '10.0.0.1',
      hex`830b04 0a010009 0a01004d`,
      'to 10.1.0.9',
      hex`830b08 0a010001 0a01004d 00`,
      '10.1.0.9',
    ],
    [
      'hops that are ourselves are passed',
      '10.0.0.1',
      hex`830f04 0a010001 0a01004d 0a01004e`,
      'to 10.1.0.77',
      hex`830f0c 0a010001 0a010001 0a01004e 00`,
      '10.1.0.77',
    ],
    [
      'an address that does not fit is no slot',
      '10.0.0.1',
      hex`830904 0a010009 0102`,
      'to 10.1.0.9',
      hex`830908 0a010001 0102 000000`,
      '10.1.0.9',
    ],
    [
      'loose, and not to us: sent on as it is',
      '10.1.0.8',
      hex`830b04 4e010009 0a01004d`,
      'to 10.1.0.8',
      hex`830b04 4e010009 0a01004d 00`,
      '10.1.0.8',
    ],
    [
      'strict, and not to us',
      '10.1.0.8',
      hex`890b04 4e010009 0a01004d`,
      'icmp 12/0 16 NOT_SPECIFIED',
      undefined,
      '',
    ],
    [
      'strict, over a gateway',
      '10.0.0.1',
      hex`890b04 4e010009 0a01004d`,
      'icmp 3/5 0 NOT_SPECIFIED',
      undefined,
      '',
    ],
    [
      'strict, over the link',
      '10.0.0.1',
      hex`890b04 0a010009 0a01004d`,
      'to 10.1.0.9',
      hex`890b08 0a010001 0a01004d 00`,
      '10.1.0.9',
    ],
    ['at its end', '10.0.0.1', hex`830708 0a010009`, 'delivered', undefined, ''],
    ['ending at ourselves', '10.0.0.1', hex`830704 0a010001`, 'delivered', undefined, ''],
    ['to nowhere', '10.0.0.1', hex`830704 63010001`, 'NOT_SPECIFIED', undefined, ''],
    ['to a martian', '10.0.0.1', hex`830704 7f000001`, 'IP_LOCALNET', undefined, ''],
    [
      'that ends in the middle of a slot',
      '10.0.0.1',
      hex`830504 0a01`,
      'icmp 12/0 22 NOT_SPECIFIED',
      undefined,
      '',
    ],
    ['to a broadcast address of ours', '10.0.0.255', hex`830704 0a010009`, 'NOT_SPECIFIED', undefined, ''],
  ])('%s', (_, daddr, options, expected, bytes, finalDaddr) => {
    expect(fate(daddr, options)).toBe(expected);
    if (bytes === undefined) return;
    expect(optionsOf(host.output[0]!.bytes)).toEqual(bytes);
    expect(formatAddress(decode(host.output[0]!.bytes).daddr)).toBe(finalDaddr);
  });

  it('are not accepted unless the sysctl says so', () => {
    host.conf('tun0').accept_source_route = 0;
    expect(fate('10.0.0.1', hex`830b04 0a010009 0a01004d`)).toBe('NOT_SPECIFIED');
  });

  it('in a broadcast frame go nowhere', () => {
    host.inject(withOptions('10.0.0.1', hex`830704 0a010009`), tun0.ifindex, 1);
    expect(host.drops).toEqual(['NOT_SPECIFIED']);
  });

  it('do not bring a redirect', () => {
    expect(fate('10.0.0.1', hex`830b04 0a000007 0a01004d`)).toBe('to 10.0.0.7');
  });
});

describe('for us', () => {
  it.each([
    ['a fault is answered with its place', '10.0.0.1', hex`070004 00`, 'icmp 12/0 20 IP_INHDR'],
    ['and another', '10.0.0.1', hex`01010101 0707 03 00000000`, 'icmp 12/0 26 IP_INHDR'],
  ])('%s', (_, daddr, options, expected) => {
    expect(fate(daddr, options)).toBe(expected);
    expect(host.ip.mib.Ip.InHdrErrors).toBe(1);
  });

  it('unknown options do no harm (RFC 9293 MUST-50)', () => {
    expect(fate('10.0.0.1', hex`5e06 01020304 0101`)).toBe('delivered');
  });

  it('the options are filled in (RFC 9293 MAY-11)', () => {
    expect(fate('10.0.0.1', hex`070b04 00000000 00000000`)).toBe('delivered');
    expect(host.delivered[0]?.header.options[0]).toMatchObject({ pointer: 8, route: [ip4('10.0.0.1'), 0] });
  });

  it('in a broadcast, with our address on the way back', () => {
    expect(fate('10.0.0.255', hex`070704 00000000`)).toBe('delivered');
    expect(host.delivered[0]?.header.options[0]).toMatchObject({ route: [ip4('10.0.0.1')] });
  });

  it('whose head is shared are changed in a copy', () => {
    const skb = host.pool.alloc(64, 0)!;
    skb.putData(withOptions('10.0.0.1', hex`070704 00000000`));
    skb.ifindex = tun0.ifindex;
    const twin = skb.clone();
    host.ip.receive(world.now, skb);
    expect(host.delivered[0]?.header.options[0]).toMatchObject({ pointer: 8 });
    expect(decode(twin.toBytes()).options[0]).toMatchObject({ pointer: 4 });
    twin.free();
  });
});

describe('what a reply carries (RFC 1122 §3.2.2.6)', () => {
  const echo = (options: Uint8Array): Uint8Array | undefined => {
    const skb = host.pool.alloc(64)!;
    skb.putData(withOptions('10.0.0.1', options));
    skb.networkHeader = skb.data;
    const bytes = host.ip.echoOptions(skb);
    skb.free();
    return bytes;
  };

  it.each([
    ['nothing', hex``, undefined],
    ['nothing of a route that was not used', hex`830704 0a00004d`, undefined],
    ['the route reversed', hex`830f10 0a00004d 0a00004e 0a00004f`, hex`830f04 0a00004f 0a00004e 0a00004d`],
    ['what was used of it', hex`890f0c 0a00004d 0a00004e 0a00004f`, hex`890b04 0a00004e 0a00004d`],
    ['of a route that points far behind its end, all', hex`8307c8 0a00004d`, hex`830704 0a00004d`],
    [
      'of one that ends in the middle of a slot, what is whole',
      hex`8309ff 0a00004d 0102`,
      hex`830704 0a00004d`,
    ],
    ['nothing behind a fault', hex`0702 8308`, hex`0702`],
    ['record route as it is', hex`070f0c 0a00004d 0a000001 00000000`, hex`070f0c 0a00004d 0a000001 00000000`],
    ['timestamps as they are', hex`44080900 01020304`, hex`44080900 01020304`],
    ['no others', hex`94040000`, undefined],
  ])('%s', (_, options, expected) => {
    expect(echo(options)).toEqual(expected);
  });

  it('and it is written as Linux 6.18 wrote it', () => {
    const inet = host.ip.inet();
    const options = host.ip.compileOptions(echo(hex`830f10 0a00004d 0a00004e 0a00004f`)!);
    if (typeof options === 'string') throw new Error(options);
    inet.options = options;
    expect(host.send(ip4('10.0.0.18'), hex`00`, inet)).toBe(0);
    const [{ bytes }] = host.output as [(typeof host.output)[0]];
    expect(formatAddress(decode(bytes).daddr)).toBe('10.0.0.79');
    expect(optionsOf(bytes)).toEqual(hex`830f04 0a00004e 0a00004d 0a000012 00`);
  });
});

it('any bytes have an answer to them, or none', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 40, maxLength: 40 }),
      fc.integer({ min: 5, max: 15 }),
      (options, ihl) => {
        const bytes = withOptions('10.0.0.1', options);
        bytes[0] = 0x40 | ihl;
        // At the very end of its memory: a step too far would throw.
        const skb = host.pool.wrap(bytes.slice(0, ihl * 4));
        skb.networkHeader = skb.data;
        const echo = host.ip.echoOptions(skb);
        if (echo !== undefined) {
          expect(echo.length).toBeLessThanOrEqual(40);
          host.ip.compileOptions(echo);
        }
      },
    ),
    {
      examples: [
        [hex`83ffff ${new Uint8Array(37).fill(0xff)}`, 6],
        [new Uint8Array(40).fill(0x83), 5],
      ],
    },
  );
});

it('any options leave a packet that is sound, or none', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.uint8Array({ minLength: 1, maxLength: 12 }),
          fc.constant(hex`0707`),
          fc.constant(hex`4408`),
        ),
        { maxLength: 5 },
      ),
      fc.constantFrom('10.0.0.1', '10.1.0.9', '10.0.0.255'),
      (parts, daddr) => {
        host.output.length = 0;
        host.inject(
          withOptions(daddr, hex`${hex``}${parts.reduce((a, b) => hex`${a}${b}`, hex``).slice(0, 40)}`),
          tun0.ifindex,
        );
        for (const { bytes } of host.output) expect(verify(viewOf(bytes), 0)).toBe(true);
      },
    ),
  );
});
