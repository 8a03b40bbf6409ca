/** ECN from end to end: a wire that marks instead of losing, and what both hosts make of it. */
import { ECN_CE } from '@stack/ipv4';
import { AF_INET, IP_TOS, SOCK_STREAM, SOL_IP, SOL_TCP, TCP_INFO } from '@stack/socket';
import { expect, it } from 'vitest';
import { lan, pattern } from './fixture.ts';
import { marking } from './marking.fixture.ts';

/** DSCP "expedited forwarding". */
const EF = 0xb8;

it.each([
  [1, true],
  [2, false],
  [3, true],
  [5, false],
])(
  'marks slow a sender down that asked for them, and nothing is sent twice: tcp_ecn %d',
  async (tcp_ecn, agreed) => {
    const { loss, seen } = marking(30);
    const { clock, a, b } = lan({ delay: 5000, loss, sysctl: { 'net.ipv4.tcp_ecn': tcp_ecn } });
    const listener = b.socket(AF_INET, SOCK_STREAM);
    listener.bind({ port: 7 });
    listener.listen(1);
    const socket = a.socket(AF_INET, SOCK_STREAM);
    socket.setsockopt(SOL_IP, IP_TOS, EF | ECN_CE);
    const bytes = pattern(1_000_000, 1);
    const parts: Uint8Array[] = [];
    const serve = async (): Promise<void> => {
      const connection = await listener.accept();
      for (let part = await connection.recv(65_536); part.length > 0; part = await connection.recv(65_536))
        parts.push(part);
      await connection.close();
    };
    const ask = async (): Promise<void> => {
      await socket.connect({ address: '192.168.1.100', port: 7 });
      await socket.sendall(bytes);
    };
    await clock.run(
      Promise.all([
        serve(),
        ask().then(() => {
          const { options = 0, totalRetrans, deliveredCe = 0 } = socket.getsockopt(SOL_TCP, TCP_INFO);
          expect((options & 8) !== 0).toBe(agreed);
          expect(totalRetrans).toBe(0);
          expect(deliveredCe > 10).toBe(agreed);
          return socket.close();
        }),
      ]),
    );
    expect(parts.flatMap((part) => [...part])).toEqual([...bytes]);
    expect(seen).toContain(EF);
    expect(b.ipv4.mib.IpExt.InCEPkts > 10).toBe(agreed);
    expect(b.ipv4.mib.IpExt.InECT0Pkts > 100).toBe(agreed);
  },
);
