import { viewOf } from '@stack/skbuff';
import { POLLERR, SO_EE_ORIGIN_ICMP, SO_EE_ORIGIN_ICMP6 } from '@stack/skbuff/sock';
import { hex } from '@stack/testkit';
import { describe, expect, it } from 'vitest';
import { Host, NARROW, WIDE } from './fixture.ts';
import { Message, MSG_ERRQUEUE, MSG_TRUNC, type Quote } from './index.ts';

/** An error about what went from address 1, port `sport`, to 5, port 53. */
function quote(host: Host, sport: number, part: Partial<Quote<unknown>> = {}): Quote<unknown> {
  const bytes = new Uint8Array(12);
  viewOf(bytes).setUint16(2, sport);
  viewOf(bytes).setUint16(4, 53);
  return {
    view: viewOf(bytes),
    at: 2,
    length: 10,
    saddr: host.at(1),
    daddr: host.at(5),
    protocol: 17,
    type: 3,
    code: 3,
    info: 0,
    errno: 'ECONNREFUSED',
    fatal: true,
    offender: host.at(7),
    ifindex: 1,
    payload: () => hex('cafe'),
    ...part,
  };
}

const HARD = {};
const SOFT = { code: 1, errno: 'EHOSTUNREACH', fatal: false };
const TOO_BIG = { code: 4, errno: 'EMSGSIZE', fatal: false, info: 1400 };
const QUENCH = { type: 4, code: 0, errno: '', fatal: false };

describe.each([NARROW, WIDE])('$name: errors', (kind) => {
  // As Linux 6.18.44 answers ICMP messages from a TUN device.
  it.each([
    ['connected, hard', true, false, 1, HARD, 'ECONNREFUSED'],
    ['connected, soft', true, false, 1, SOFT, ''],
    ['connected, soft, IP_RECVERR', true, true, 1, SOFT, 'EHOSTUNREACH'],
    ['not connected, hard', false, false, 1, HARD, ''],
    ['not connected, hard, IP_RECVERR', false, true, 1, HARD, 'ECONNREFUSED'],
    ['connected, too big', true, false, 1, TOO_BIG, 'EMSGSIZE'],
    ['connected, too big, IP_PMTUDISC_DONT', true, true, 0, TOO_BIG, ''],
    ['not connected, too big', false, false, 1, TOO_BIG, ''],
    ['source quench', true, true, 1, QUENCH, ''],
  ])('%s', (_name, connected, recverr, pmtudisc, part, expected) => {
    const host = new Host(kind);
    const sk = host.socket(8080);
    let woken = 0;
    sk.wake = (_sk, events) => {
      woken |= events;
    };
    sk.inet.recverr = recverr;
    sk.inet.pmtudisc = pmtudisc;
    if (connected) host.udp.connect(0, sk, host.at(5), 53);
    host.udp.error(0, host.family, quote(host, 8080, part));
    expect(sk.err).toBe(expected);
    expect(woken & POLLERR).toBe(expected === '' ? 0 : POLLERR);
    expect(sk.errorQueue?.length ?? 0).toBe(recverr && expected !== '' ? 1 : 0);
    host.end(sk);
  });

  it('about somebody else’s packet is nobody’s', () => {
    const host = new Host(kind);
    const sk = host.udp.socket(host.family);
    host.udp.connect(0, sk, host.at(5), 53);
    for (const part of [{ daddr: host.at(6) }, { saddr: host.at(2) }, { length: 7 }]) {
      host.udp.error(0, host.family, quote(host, sk.num, part));
    }
    host.udp.error(0, host.family, quote(host, sk.num + 1));
    expect(sk.err).toBe('');
    host.udp.error(0, host.family, quote(host, sk.num));
    expect(host.send(sk, 'x')).toBe('ECONNREFUSED');
    expect(host.send(sk, 'x')).toBe(1);
    host.end(sk);
  });

  it('IP_RECVERR keeps what there is to know', () => {
    const host = new Host(kind);
    const sk = host.socket(8080);
    sk.inet.recverr = true;
    host.udp.error(0, host.family, quote(host, 8080, TOO_BIG));
    host.udp.error(0, host.family, quote(host, 8080));
    const message = new Message();
    const into = new Uint8Array(1);
    expect(host.udp.recvmsg(0, sk, into, 0, 1, MSG_ERRQUEUE, message)).toBe(1);
    expect(into[0]).toBe(0xca);
    expect(message.flags).toBe(MSG_ERRQUEUE | MSG_TRUNC);
    expect([kind.number(message.address), message.port]).toEqual([5, 53]);
    expect(message.error).toMatchObject({
      errno: 'EMSGSIZE',
      origin: kind === NARROW ? SO_EE_ORIGIN_ICMP : SO_EE_ORIGIN_ICMP6,
      type: 3,
      code: 4,
      info: 1400,
      payload: hex('cafe'),
    });
    expect(kind.number(message.error?.offender)).toBe(7);
    // The pending error is now that of the next in the queue, and none behind the last.
    expect(sk.err).toBe('ECONNREFUSED');
    expect(host.udp.poll(sk) & POLLERR).toBe(POLLERR);
    host.udp.recvmsg(0, sk, into, 0, 1, MSG_ERRQUEUE, message);
    expect([sk.err, host.udp.poll(sk) & POLLERR]).toEqual(['', 0]);
    expect(host.udp.recvmsg(0, sk, into, 0, 1, MSG_ERRQUEUE, message)).toBe('EAGAIN');
    host.end(sk);
  });

  it('the error queue is part of the receive buffer', () => {
    const host = new Host(kind);
    const sk = host.socket(8080);
    sk.inet.recverr = true;
    for (let i = 0; i < 1000; i++) host.udp.error(0, host.family, quote(host, 8080));
    expect(sk.rmemAlloc).toBeLessThanOrEqual(sk.rcvbuf);
    expect(sk.errorQueue?.length).toBeLessThan(1000);
    host.end(sk);
  });
});
