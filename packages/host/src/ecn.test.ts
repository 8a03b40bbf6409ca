/** ECN from end to end: a wire that marks instead of losing, and what both hosts make of it. */
import { checksum, ECN_CE, ECN_NOT_ECT, ecn } from '@stack/ipv4';
import type { Frame } from '@stack/nic-sim';
import { AF_INET, IP_TOS, SOCK_STREAM, SOL_IP, SOL_TCP, TCP_INFO } from '@stack/socket';
import { expect, it } from 'vitest';
import { lan, pattern } from './fixture.ts';

/** DSCP "expedited forwarding". */
const EF = 0xb8;

/** A wire that marks every `every`th frame that may be, and the DSCPs of all it saw. */
function marking(every: number): { loss: (index: number, frame: Frame) => boolean; seen: Set<number> } {
  const seen = new Set<number>();
  const loss = (index: number, frame: Frame): boolean => {
    const { view } = frame.page.arena;
    const at = frame.start + 14;
    if (view.getUint16(at - 2) !== 0x0800) return false;
    const tos = view.getUint8(at + 1);
    seen.add(tos & 0xfc);
    if (ecn(tos) === ECN_NOT_ECT || index % every !== 0) return false;
    frame.unshare();
    const own = frame.page.arena.view;
    own.setUint8(frame.start + 15, tos | ECN_CE);
    // RFC 1624: the header's checksum goes down by what the mark adds.
    const check = checksum(own, frame.start + 14) - (ECN_CE - ecn(tos));
    own.setUint16(frame.start + 24, check < 0 ? check + 0xffff : check);
    return false;
  };
  return { loss, seen };
}

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
