import { POLLERR, SO_EE_ORIGIN_ZEROCOPY } from '@stack/skbuff/sock';
import { describe, expect, it } from 'vitest';
import { Host } from './fixture.ts';
import { Message, MSG_ERRQUEUE, MSG_MORE, MSG_ZEROCOPY } from './index.ts';
import type { UdpSock } from './udp-sock.ts';

function open(host: Host): { sk: UdpSock; send: (bytes: Uint8Array, flags?: number) => number | string } {
  const sk = host.socket(8080);
  sk.zerocopy = true;
  const message = Object.assign(new Message(), { address: host.at(5), port: 53 });
  return {
    sk,
    send: (bytes, flags = 0) =>
      host.udp.sendmsg(0, sk, bytes, 0, bytes.length, flags | MSG_ZEROCOPY, message),
  };
}

describe('MSG_ZEROCOPY', () => {
  it('sends the caller’s own bytes, and says when they are free again', () => {
    const host = new Host();
    const { sk, send } = open(host);
    host.hold = true;
    const bytes = new Uint8Array(100).fill(1);
    expect(send(bytes)).toBe(100);
    bytes.fill(2);
    expect(host.held[0]?.toBytes()[28]).toBe(2);
    expect(host.udp.poll(sk) & POLLERR).toBe(0);
    host.release();
    expect(host.udp.poll(sk) & POLLERR).toBe(POLLERR);
    const message = new Message();
    expect(host.udp.recvmsg(0, sk, new Uint8Array(1), 0, 1, MSG_ERRQUEUE, message)).toBe(0);
    expect(message.error).toMatchObject({ origin: SO_EE_ORIGIN_ZEROCOPY, code: 0, info: 0, data: 0 });
    expect(host.udp.recvmsg(0, sk, new Uint8Array(1), 0, 1, MSG_ERRQUEUE, message)).toBe('EAGAIN');
    host.end(sk);
  });

  it('merges completions that follow one another, and no others', () => {
    const host = new Host();
    const { sk, send } = open(host);
    host.hold = true;
    for (let i = 0; i < 5; i++) send(new Uint8Array(10));
    for (const i of [0, 1, 3, 4, 2]) host.held[i]?.free();
    host.held.length = 0;
    expect(sk.errorQueue?.map(({ info, data }) => [info, data])).toEqual([
      [0, 1],
      [3, 4],
      [2, 2],
    ]);
    host.end(sk);
  });

  it('counts each send of a corked datagram', () => {
    const host = new Host();
    const { sk, send } = open(host);
    send(new Uint8Array(10), MSG_MORE);
    send(new Uint8Array(10));
    expect(sk.errorQueue?.map(({ info, data }) => [info, data])).toEqual([[0, 1]]);
    host.end(sk);
  });

  it('tells nobody when the socket was closed meanwhile', () => {
    const host = new Host();
    const { sk, send } = open(host);
    host.hold = true;
    send(new Uint8Array(10));
    host.udp.close(0, sk);
    host.end(sk); // throws if an entry were left
    expect(sk.errorQueue).toBeUndefined();
  });

  it('without SO_ZEROCOPY copies and says nothing', () => {
    const host = new Host();
    const { sk, send } = open(host);
    sk.zerocopy = false;
    send(new Uint8Array(10));
    expect(sk.errorQueue).toBeUndefined();
    host.end(sk);
  });
});
