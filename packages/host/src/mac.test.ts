import * as ipv4 from '@stack/ipv4';
import { Pool, type SkBuff } from '@stack/skbuff';
import { AF_INET, SOCK_STREAM, SOL_TCP, TCP_AO_ADD_KEY } from '@stack/socket';
import * as tcp from '@stack/tcp';
import type { AuthAddresses, Family, KeyedMac, MacAlgorithm, TcpSock } from '@stack/tcp/engine';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from './clock/virtual-clock.ts';
import { createHost } from './host.ts';
import { mac } from './mac.ts';
import { MASTER_KEY, VECTORS, type Vector } from './rfc9235.fixture.ts';
import { ADDRESSES } from './wire-up/tcp-to-ipv4.ts';

const bytesOf = (hex: string): Uint8Array =>
  Uint8Array.from(hex.match(/[0-9a-f]{2}/g) ?? [], (byte) => Number.parseInt(byte, 16));
const hexOf = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
const text = (string: string): Uint8Array => Uint8Array.from(string, (char) => char.charCodeAt(0));
const algorithm = (name: string): MacAlgorithm => mac.algorithm(name) as MacAlgorithm;

describe('the algorithms', () => {
  it.each([
    ['', 'd41d8cd98f00b204e9800998ecf8427e'],
    ['abc', '900150983cd24fb0d6963f7d28e17f72'],
    ['message digest', 'f96b697d7cb7938d525a2f31aaf161d0'],
  ])('MD5 of %j (RFC 1321 appendix A.5)', (message, digest) => {
    expect(hexOf(mac.md5(text(message)))).toBe(digest);
  });

  it.each([
    // RFC 2202, test cases 2; RFC 4231, test case 2.
    ['hmac(md5)', '750c783e6ab0b503eaa86e310a5db738'],
    ['hmac(sha1)', 'effcdf6ae5eb2fa2d27416d5f184df9c259a7c79'],
    ['hmac(sha224)', 'a30e01098bc6dbbf45690f3a7e9e6d0f8bbea2a39e6148008fd05e44'],
    ['hmac(sha256)', '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'],
  ])('%s', (name, code) => {
    const { digestSize, keyed } = algorithm(name);
    const compute = keyed(text('Jefe'));
    expect(hexOf(compute(text('what do ya want for nothing?')))).toBe(code);
    expect(hexOf(compute(text('what do ya want for nothing?')))).toBe(code); // a key is good for more than one
    expect(digestSize * 2).toBe(code.length);
  });

  it.each([
    // RFC 4493 §4.
    ['', 'bb1d6929e95937287fa37d129b756746'],
    ['6bc1bee22e409f96e93d7e117393172a', '070a16b46b4d4144f79bdd9dd04a287c'],
    [
      '6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411',
      'dfa66747de9ae63030ca32611497c827',
    ],
  ])('cmac(aes128) of %s', (message, code) => {
    const compute = algorithm('cmac(aes128)').keyed(bytesOf('2b7e151628aed2a6abf7158809cf4f3c'));
    expect(hexOf(compute(bytesOf(message)))).toBe(code);
  });

  it('has no others', () => {
    expect(mac.algorithm('hmac(sha3-256)')).toBeUndefined();
  });
});

/** IPv6, with addresses of sixteen bytes. */
const IPV6: AuthAddresses<Uint8Array> = {
  bits: 128,
  write: (view, at, address) => {
    new Uint8Array(view.buffer, view.byteOffset).set(address, at);
    return at + 16;
  },
  writePseudo: (view, at, saddr, daddr, protocol, length) => {
    IPV6.write(view, at, saddr);
    IPV6.write(view, at + 16, daddr);
    view.setUint32(at + 32, length);
    view.setUint32(at + 36, protocol);
    return at + 40;
  },
  sharePrefix: () => true,
  isPrefix: () => true,
};

describe('RFC 9235', () => {
  const host = createHost({ clock: new VirtualClock(), mac });
  const auth = host.tcp.auth as NonNullable<typeof host.tcp.auth>;

  /** The packet as an skb at its TCP header, and its addresses. */
  const open = ({ packet }: Vector): { skb: SkBuff; saddr: unknown; daddr: unknown } => {
    const bytes = bytesOf(packet);
    const skb = new Pool().alloc(bytes.length) as SkBuff;
    skb.bytes.set(bytes, skb.put(bytes.length));
    if (bytes[0] === 0x45) {
      const { daddr, saddr } = ipv4.pull(skb);
      return { skb, saddr, daddr };
    }
    skb.pull(40);
    return { skb, saddr: bytes.slice(8, 24), daddr: bytes.slice(24, 40) };
  };

  /** The master key as a socket keeps it. */
  const masterOf = (algName: string): KeyedMac => {
    const socket = host.socket(AF_INET, SOCK_STREAM);
    const key = { addr: '0.0.0.0', prefix: 0, sndid: 61, rcvid: 84, algName, key: text(MASTER_KEY) };
    socket.setsockopt(SOL_TCP, TCP_AO_ADD_KEY, key);
    const [first] = (socket.core.proto.sk as TcpSock).auth?.ao?.keys ?? [];
    return first?.master as KeyedMac;
  };

  const addressesOf = ({ section }: Vector) => (section < '6' ? ADDRESSES : IPV6) as AuthAddresses<unknown>;
  const familyOf = (vector: Vector) => ({ auth: addressesOf(vector) }) as Family<unknown>;
  const algorithmOf = ({ section }: Vector) =>
    algorithm(section[0] === '4' || section[0] === '6' ? 'hmac(sha1)' : 'cmac(aes128)');
  const aoAt = (skb: SkBuff) => {
    const scan = tcp.optionScan();
    tcp.readOptions(skb.view, skb.data, scan);
    expect(scan.saw & tcp.SAW_AO).not.toBe(0);
    return scan.aoAt;
  };

  it.each(VECTORS)('§$section: the traffic key', (vector) => {
    const { skb, saddr, daddr } = open(vector);
    const header = tcp.decode(skb.bytes, skb.data);
    const isSyn = (header.flags & (tcp.SYN | tcp.ACK)) === tcp.SYN;
    const { clientIsn, sender, serverIsn } = vector;
    const [sisn, disn] = sender === 'Client' ? [clientIsn, serverIsn] : [serverIsn, clientIsn];
    const { dest: dport, source: sport } = header;
    const chosen = algorithmOf(vector);
    let made = new Uint8Array();
    const spied: MacAlgorithm = {
      ...chosen,
      keyed: (key) => {
        made = key.slice();
        return chosen.keyed(key);
      },
    };
    const key = { algorithm: spied, master: masterOf(chosen.name) };
    auth.trafficKey(familyOf(vector), key, saddr, daddr, sport, dport, sisn | 0, isSyn ? 0 : disn | 0);
    expect(hexOf(made)).toBe(hexOf(bytesOf(vector.trafficKey)));
  });

  it.each(VECTORS)('§$section: the code', (vector) => {
    const { skb, saddr, daddr } = open(vector);
    const [, part] = vector.section.split('.');
    const traffic = algorithmOf(vector).keyed(bytesOf(vector.trafficKey));
    const at = aoAt(skb);
    const code = auth.ao(addressesOf(vector), skb, saddr, daddr, at, 0, part === '1', traffic);
    expect(hexOf(code.subarray(0, 12))).toBe(hexOf(bytesOf(vector.code)));
    const ao = tcp.decode(skb.bytes, skb.data).options.find(({ kind }) => kind === tcp.TCPOPT_AO) as tcp.Ao;
    expect(hexOf(ao.mac)).toBe(hexOf(bytesOf(vector.code)));
    expect([ao.keyId, ao.rNextKeyId]).toEqual(vector.sender === 'Client' ? [61, 84] : [84, 61]);
  });
});
