/**
 * Urgent data: RFC 9293 §3.8.5, RFC 6093, and sockets' one byte out of line.
 */
import { POLLPRI } from '@stack/skbuff/sock';
import { describe, expect, it } from 'vitest';
import { type Message, MSG_OOB, MSG_PEEK } from './messages.ts';
import { Script } from './script.fixture.ts';

const established = (): Script => new Script().accepted({ mss: 1000, win: 60_000 });
const bytes = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

function text(s: Script, length: number, flags = 0): string {
  const into = new Uint8Array(length);
  const n = s.host.tcp.recvmsg(s.now, s.sk, into, 0, length, flags);
  return typeof n === 'string' ? n : String.fromCharCode(...into.subarray(0, n));
}

describe('sending (MUST-30)', () => {
  it('points behind the last byte of the write, at once in spite of Nagle', () => {
    const s = established();
    s.send(bytes('a')).out('P. 1:2(1) ack 1');
    s.send(bytes('xyz'), MSG_OOB).out('P.U 2:5(3) ack 1 urg 3');
    s.in('. 1:1(0) ack 5 win 60000').send(bytes('b')).out('P. 5:6(1) ack 1');
  });

  it('tells with every segment in front of the urgent byte how far it is (MUST-31: any length)', () => {
    const s = established();
    s.send(2500, MSG_OOB);
    s.out('.U 1:1001(1000) ack 1 urg 2500').ignore();
    s.after(0.2).out('.U 1:1001(1000) ack 1 urg 2500');
  });
});

describe('receiving (MUST-32, MUST-33, MUST-62)', () => {
  it('keeps the urgent byte out of the stream, to be read with MSG_OOB', () => {
    const s = established();
    const events: number[] = [];
    s.sk.wake = (_sk, bits) => events.push(bits);
    s.in('PU. 1:7(6) ack 1 win 60000 urg 4', bytes('abcdef')).take();
    expect(events).toContain(POLLPRI);
    expect(s.host.tcp.poll(s.sk) & POLLPRI).toBe(POLLPRI);
    expect(s.host.tcp.atMark(s.sk)).toBe(false);
    expect(text(s, 10)).toBe('abc'); // a read stops in front of it
    expect(s.host.tcp.atMark(s.sk)).toBe(true);
    const message: Message = { flags: 0, tstamp: 0, inq: 0 };
    const into = new Uint8Array(1);
    expect(s.host.tcp.recvmsg(s.now, s.sk, into, 0, 1, MSG_OOB | MSG_PEEK, message)).toBe(1);
    expect(message.flags).toBe(MSG_OOB);
    expect(text(s, 1, MSG_OOB)).toBe('d');
    expect(text(s, 1, MSG_OOB)).toBe('EINVAL');
    expect(text(s, 10)).toBe('ef');
    expect(text(s, 1, MSG_OOB)).toBe('EINVAL');
  });

  it('leaves it in the stream with SO_OOBINLINE', () => {
    const s = established();
    s.sk.oobInline = true;
    s.in('PU. 1:7(6) ack 1 win 60000 urg 4', bytes('abcdef')).take();
    expect(text(s, 10)).toBe('abc');
    expect(s.host.tcp.atMark(s.sk)).toBe(true);
    expect(text(s, 10)).toBe('def');
    expect(text(s, 1, MSG_OOB)).toBe('EINVAL');
  });

  it('knows of urgent data before it arrives (MUST-32)', () => {
    const s = established();
    s.in('PU. 1:4(3) ack 1 win 60000 urg 6', bytes('abc')).take();
    expect(text(s, 1, MSG_OOB)).toBe('EAGAIN');
    expect(text(s, 10)).toBe('abc');
    s.in('P. 4:7(3) ack 1 win 60000', bytes('def')).take();
    expect(text(s, 10)).toBe('de');
    expect(text(s, 1, MSG_OOB)).toBe('f');
  });

  it('is not to be had from a connection that was reset', () => {
    const s = established();
    s.in('PU. 1:4(3) ack 1 win 60000 urg 3', bytes('abc')).in('R 4:4(0) win 0');
    expect(text(s, 1, MSG_OOB)).toBe('ENOTCONN');
    expect(text(s, 10)).toBe('ab');
  });

  it('takes the pointer for the urgent byte itself with tcp_stdurg', () => {
    const s = new Script({ sysctl: { tcp_stdurg: 1 } }).accepted({ mss: 1000, win: 60_000 });
    s.in('PU. 1:7(6) ack 1 win 60000 urg 4', bytes('abcdef')).take();
    expect(text(s, 10)).toBe('abcd');
    expect(text(s, 1, MSG_OOB)).toBe('e');
  });

  it('lets a newer pointer replace one that nobody took', () => {
    const s = established();
    s.in('PU. 1:4(3) ack 1 win 60000 urg 3', bytes('abc')).take();
    s.in('PU. 4:7(3) ack 1 win 60000 urg 3', bytes('def')).take();
    expect(text(s, 1, MSG_OOB)).toBe('f');
    expect(text(s, 10)).toBe('abcde');
  });

  it('ends SIOCINQ, unless it is in line', () => {
    for (const inline of [false, true]) {
      const s = established();
      const inq = () => s.host.tcp.inq(s.sk);
      s.sk.oobInline = inline;
      s.in('PU. 1:101(100) ack 1 win 60000 urg 50');
      expect(inq()).toBe(inline ? 100 : 49);
      s.recv(1000, 49);
      expect(inq()).toBe(inline ? 51 : 0);
      s.recv(1000, inline ? 51 : 50);
      expect(inq()).toBe(0);
    }
  });
});
