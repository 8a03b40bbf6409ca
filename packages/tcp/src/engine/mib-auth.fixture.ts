/**
 * For tests: signed connections, and what is counted of signatures.
 * @module
 */
import { connected, type Host, pair } from './fixture.ts';
import type { Mac } from './mac.ts';
import { type Scenario, unreachable } from './mib.fixture.ts';
import type { TcpSock } from './tcb.ts';

/** No cryptography: sixteen bytes that are others for other bytes. */
function digest(bytes: Uint8Array, seed = 0): Uint8Array {
  let sum = seed;
  for (const byte of bytes) sum = (Math.imul(sum, 31) + byte) | 0;
  return new Uint8Array(new Int32Array([sum, ~sum, sum ^ 0x55, sum + 1]).buffer);
}

const mac: Mac = {
  md5: (bytes) => digest(bytes),
  algorithm: (name) => ({
    name,
    digestSize: 16,
    keySize: 0,
    keyed: (key) => {
      const seed = new DataView(digest(key).buffer).getInt32(0);
      return (bytes) => digest(bytes, seed);
    },
  }),
};

function keyBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

const md5 =
  (text: string) =>
  (sk: TcpSock, addr: number): void => {
    const key = keyBytes(text);
    sk.tcp.setsockopt(0, sk, 'TCP_MD5SIG', { addr, key });
  };

const ao =
  (text: string, id = 100) =>
  (sk: TcpSock, addr: number): void => {
    const key = keyBytes(text);
    const value = { addr, prefix: 32, sndid: id, rcvid: id, algName: 'hmac(sha1)', key };
    sk.tcp.setsockopt(0, sk, 'TCP_AO_ADD_KEY', value);
  };

type Keys = ((sk: TcpSock, addr: number) => void) | undefined;

/** A SYN from one with `ours` to a listener with `theirs`, which does not take it. The listener. */
function refused(ours: Keys, theirs: Keys): Host {
  const { world, a, b } = pair({}, 1, mac);
  const listener = b.socket();
  theirs?.(listener, a.address);
  b.tcp.bind(world.now, listener, 0, 80);
  b.tcp.listen(world.now, listener, 1);
  const client = a.socket();
  ours?.(client, b.address);
  a.tcp.connect(world.now, client, b.address, 80);
  world.advance(10_000);
  return b;
}

/** A connection whose both ends have the key. */
function signed(keys: NonNullable<Keys>): ReturnType<typeof pair> & { client: TcpSock; server: TcpSock } {
  const hosts = pair({}, 1, mac);
  const { a, b, world } = hosts;
  const { client, server } = connected(world, a, b, (sk, listener) => {
    keys(sk, b.address);
    keys(listener, a.address);
  });
  return { ...hosts, client, server };
}

export const signing: readonly Scenario[] = [
  {
    name: 'MD5: both have the key',
    moves: { PassiveOpens: 1, TCPMD5Failure: 0, TCPMD5NotFound: 0, TCPMD5Unexpected: 0 },
    run: () => signed(md5('secret')).b,
  },
  { name: 'MD5: another key', moves: { TCPMD5Failure: 1 }, run: () => refused(md5('a'), md5('b')) },
  { name: 'MD5: no signature', moves: { TCPMD5NotFound: 1 }, run: () => refused(undefined, md5('b')) },
  { name: 'MD5: no key here', moves: { TCPMD5Unexpected: 1 }, run: () => refused(md5('a'), undefined) },
  {
    name: 'TCP-AO: both have the key',
    moves: { TCPAOGood: 2, TCPAOBad: 0, TCPAORequired: 0, TCPAOKeyNotFound: 0 },
    run: () => signed(ao('secret')).b,
  },
  { name: 'TCP-AO: another key', moves: { TCPAOBad: 1, TCPAOGood: 0 }, run: () => refused(ao('a'), ao('b')) },
  { name: 'TCP-AO: no signature', moves: { TCPAORequired: 1 }, run: () => refused(undefined, ao('b')) },
  { name: 'TCP-AO: no key here', moves: { TCPAOKeyNotFound: 1 }, run: () => refused(ao('a'), undefined) },
  {
    name: 'TCP-AO: a KeyID that is not known',
    moves: { TCPAOKeyNotFound: 1, TCPAOBad: 0 },
    run: () => refused(ao('a', 7), ao('a')),
  },
  {
    name: 'TCP-AO: an ICMP error, which nobody signed',
    moves: { TCPAODroppedIcmps: 1, OutOfWindowIcmps: 0 },
    run: () => {
      const { a, b, client } = signed(ao('secret'));
      unreachable(a, b.address, client.sport, 80, client.sndNxt, 3);
      return a;
    },
  },
  {
    name: 'TCP-AO: an ICMP error, in TIME-WAIT',
    moves: { TCPAODroppedIcmps: 1 },
    run: () => {
      const { a, b, client, server, world } = signed(ao('secret'));
      const { sndNxt, sport } = client;
      a.tcp.close(world.now, client);
      world.advance(10_000);
      b.tcp.close(world.now, server);
      world.advance(10_000);
      unreachable(a, b.address, sport, 80, sndNxt, 3);
      return a;
    },
  },
];
