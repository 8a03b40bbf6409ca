/** Signed segments as no honest peer sends them, and what this host signs that no honest peer sees. */
import { AF_INET, SOCK_STREAM, SOL_TCP, TCP_AO_DEL_KEY, TCP_MD5SIG } from '@stack/socket';
import { ACK, FIN, RST, SYN } from '@stack/tcp';
import { beforeEach, describe, expect, it } from 'vitest';
import { mac } from '../mac.ts';
import { dropsOf } from '../signed.fixture.ts';
import { icmp, packet } from './craft.fixture.ts';
import { Outside, type Seen, THEM, US } from './peer.fixture.ts';
import { addKey, dial, KEY, Signer } from './signer.fixture.ts';

const PEER = 4000;
const DATA = new Uint8Array(10);
const MD5 = [19, 18, ...new Uint8Array(16)];
const AO = [29, 16, 1, 1, ...new Uint8Array(12)];

let outside: Outside;
let peer: Signer;

beforeEach(() => {
  outside = new Outside({}, { mac });
  peer = new Signer(outside, PEER);
});

const drops = () => dropsOf(outside.host);
const last = () => peer.seen.at(-1) as Seen;
const setMd5 = (socket = outside.listener) =>
  socket.setsockopt(SOL_TCP, TCP_MD5SIG, { addr: '10.0.0.2', key: KEY });

describe('options', () => {
  it.each([
    ['both signatures', [...MD5, ...AO]],
    ['two of a kind', [...AO, ...AO]],
    ['one and no end of an option', [30, 60, ...AO]],
    ['one behind an option of one byte', [30, 1, ...AO]],
    ['a digest of eight bytes', [19, 10, ...new Uint8Array(8)]],
  ])('%s: the segment is dropped', async (_, options) => {
    peer.send({ flags: SYN, seq: 1 }, Uint8Array.from(options));
    await peer.wait();
    expect(drops()).toEqual({ TCP_AUTH_HDR: 1 });
    expect(peer.seen).toEqual([]);
  });

  it('nothing is looked for behind the end of the list', async () => {
    peer.send({ flags: SYN, seq: 1 }, Uint8Array.of(1, 0, ...AO));
    await peer.wait();
    expect([last().flags, drops()]).toEqual([SYN | ACK, {}]);
  });
});

describe('MD5', () => {
  it('all of a digest counts', async () => {
    setMd5();
    peer.md5({ flags: SYN, seq: 1 }, 1);
    await peer.wait();
    expect([peer.seen, drops()]).toEqual([[], { TCP_MD5FAILURE: 1 }]);
    peer.md5({ flags: SYN, seq: 1 });
    await peer.wait();
    expect(last().flags).toBe(SYN | ACK);
  });

  it.each([
    [0, 1],
    [1, 0],
  ])(
    'a connection that is gone is reset with the key of a listener at its port: flaw %i',
    async (flaw, resets) => {
      await outside.listener.close();
      const listener = outside.host.socket(AF_INET, SOCK_STREAM);
      setMd5(listener);
      listener.bind({ port: PEER });
      listener.listen(1);
      peer.md5({}, flaw);
      await peer.wait();
      expect(peer.seen.length).toBe(resets);
      for (const { flags, segment } of peer.seen) {
        expect(flags).toBe(RST);
        expect([...segment.subarray(20, 24)]).toEqual([1, 1, 19, 18]);
      }
    },
  );

  it('a listener signs what it refuses', async () => {
    setMd5();
    peer.md5({ ack: 5 });
    await peer.wait();
    expect([last().flags, ...last().segment.subarray(20, 24)]).toEqual([RST, 1, 1, 19, 18]);
  });
});

describe('TCP-AO', () => {
  it('a connection by hand', async () => {
    addKey(outside.listener);
    await peer.connect();
    expect([last().flags, peer.isSigned()]).toEqual([SYN | ACK, true]);
    peer.ao({}, {}, DATA);
    await peer.wait(100);
    expect([last().flags, last().ack, peer.isSigned()]).toEqual([ACK, 1011, true]);
    expect(drops()).toEqual({});
  });

  it('a request that was signed has no ACK without', async () => {
    addKey(outside.listener);
    peer.ao({ flags: SYN, seq: peer.isn, ack: 0 }, { disn: 0 });
    peer.sndNxt++;
    await peer.wait();
    peer.send({ flags: ACK });
    await peer.wait();
    expect(drops()).toEqual({ TCP_AOFAILURE: 1 });
    expect(outside.host.nstat().TcpExtTCPAOBad).toBe(1);
  });

  it('and nothing is sent for it once the listener has no key', async () => {
    addKey(outside.listener);
    peer.ao({ flags: SYN, seq: peer.isn, ack: 0 }, { disn: 0 });
    await peer.wait();
    const key = { addr: '10.0.0.2', prefix: 32, sndid: 1, rcvid: 1 };
    outside.listener.setsockopt(SOL_TCP, TCP_AO_DEL_KEY, key);
    await peer.wait(10_000);
    expect(peer.seen.length).toBe(1);
  });

  it('a SYN that comes again, late, is verified as a SYN', async () => {
    addKey(outside.listener);
    await peer.connect();
    peer.ao({ flags: SYN, seq: peer.isn, ack: 0 }, { disn: 0 });
    await peer.wait();
    // RFC 5961's challenge.
    expect([last().flags, last().ack, peer.isSigned()]).toEqual([ACK, 1001, true]);
    expect(drops()).not.toHaveProperty('TCP_AOFAILURE');
  });

  it('a listener refuses what is signed well, with the numbers it takes for the first', async () => {
    addKey(outside.listener);
    peer.ao({ seq: 501, ack: 901 }, { sisn: 500, disn: 900 });
    await peer.wait();
    expect([last().flags, last().seq, peer.isSigned(900, 500)]).toEqual([RST, 901, true]);
    peer.ao({ seq: 501, flags: RST }, { sisn: 500, disn: 900 });
    await peer.wait();
    expect(drops()).toEqual({ TCP_FLAGS: 2 });
    expect(outside.host.nstat().TcpExtTCPAOBad).toBe(0);
  });

  it('a SYN that the application refuses is refused with a signature', async () => {
    addKey(outside.listener);
    const sk = outside.listener.core.proto.sk as { synFilter?: () => string };
    sk.synFilter = () => 'reset';
    peer.ao({ flags: SYN, seq: peer.isn, ack: 0 }, { disn: 0 });
    await peer.wait();
    expect([last().flags, last().ack, peer.isSigned(0, peer.isn)]).toEqual([RST | ACK, 1001, true]);
  });

  it('nobody refuses what is signed for nobody', async () => {
    await outside.listener.close();
    peer.ao({});
    await peer.wait();
    expect([peer.seen, drops()]).toEqual([[], { NO_SOCKET: 1 }]);
  });

  it('SYNs that cross make a connection', async () => {
    const { failed } = await dial(outside, PEER);
    await peer.wait();
    expect([last().flags & SYN, peer.isSigned(peer.hostIsn, 0)]).toEqual([SYN, true]);
    peer.ao({ flags: SYN, seq: peer.isn, ack: 0 }, { disn: 0 });
    await peer.wait();
    expect([last().flags & (SYN | ACK), peer.isSigned()]).toEqual([SYN | ACK, true]);
    peer.sndNxt++;
    peer.ao({ flags: SYN | ACK, seq: peer.isn });
    await peer.wait();
    await expect(outside.clock.run(failed)).resolves.toBe('connected');
    expect(outside.host.nstat().TcpExtTCPAOBad).toBe(0);
  });

  it('a RST that refuses our SYN is believed, its number taken for the first', async () => {
    const { failed } = await dial(outside, PEER);
    await peer.wait();
    peer.ao({ flags: RST | ACK, seq: 77 }, { sisn: 77 });
    await expect(outside.clock.run(failed)).resolves.toBe('ECONNREFUSED');
  });

  it('what acknowledges no SYN of ours is refused', async () => {
    await dial(outside, PEER);
    await peer.wait();
    const isn = peer.hostIsn;
    peer.ao({ seq: 77, ack: isn + 500 }, { sisn: 77 });
    await peer.wait(6); // before the SYN comes again
    expect([last().flags, peer.isSigned(isn, 77)]).toEqual([RST, true]);
  });

  it('TIME-WAIT signs with the key of its own connection', async () => {
    addKey(outside.listener);
    await peer.connect();
    const socket = await outside.clock.run(outside.listener.accept());
    await outside.clock.run(socket.close());
    await peer.wait();
    peer.ao({ flags: FIN | ACK });
    await peer.wait();
    const count = peer.seen.length;
    const other = new Signer(outside, PEER + 1);
    await other.connect();
    peer.ao({ flags: FIN | ACK });
    await peer.wait(1000);
    expect(peer.seen.length).toBe(count + 1);
    expect([last().flags, peer.isSigned()]).toEqual([ACK, true]);
    // And believes no ICMP error of it.
    const quote = packet({ saddr: US, daddr: THEM, protocol: 6 }, last().segment);
    outside.packet(1, icmp(3, 3, 0, quote));
    await peer.wait();
    expect(outside.host.nstat().TcpExtTCPAODroppedIcmps).toBe(1);
  });
});
