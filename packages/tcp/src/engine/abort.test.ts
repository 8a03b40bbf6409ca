/**
 * The end of a host: nothing is left, whatever its connections were doing.
 */
import { POLLERR, POLLHUP } from '@stack/skbuff/sock';
import { describe, expect, it } from 'vitest';
import { abortAll } from './abort.ts';
import { connected, type Host, leftovers, pair } from './fixture.ts';
import { CLOSE, ESTABLISHED, FIN_WAIT1, LISTEN, NEW_SYN_RECV, SYN_SENT, TIME_WAIT } from './state.ts';
import type { TcpSock } from './tcb.ts';

const states = (host: Host): number[] => [...host.tcp.entries()].map(({ state }) => state).sort();

/** One more connection from `a` to the listener, not accepted. */
function join(a: Host, b: Host): TcpSock {
  const sk = a.socket();
  a.tcp.connect(a.world.now, sk, b.address, 80);
  return sk;
}

describe('abortAll', () => {
  it('leaves nothing of listeners, requests, orphans, TIME-WAIT and what nobody accepted', () => {
    const { world, a, b } = pair();
    const { client, server, listener } = connected(world, a, b);
    const others = [join(a, b), join(a, b)];
    world.advance(10_000);
    const third = b.tcp.accept(world.now, listener) as TcpSock;
    b.tcp.close(world.now, third); // closes first
    world.advance(10_000);
    for (const sk of others) a.tcp.close(world.now, sk);
    world.advance(10_000);
    a.tcp.sendmsg(world.now, client, new Uint8Array(100_000), 0, 100_000, 0);
    a.tcp.close(world.now, client); // its FIN waits behind data
    b.peer = undefined; // from now on SYN-ACKs get lost
    const late = join(a, b);
    world.advance(1500);
    expect(states(a)).toEqual([SYN_SENT, FIN_WAIT1, expect.any(Number)].sort());
    expect(states(b)).toContain(LISTEN);
    expect(states(b)).toContain(NEW_SYN_RECV);
    expect(states(b)).toContain(TIME_WAIT);
    expect(states(b).length).toBe(5);

    abortAll(world.now, a.tcp);
    abortAll(world.now, b.tcp);
    expect([states(a), states(b)]).toEqual([[], []]);
    expect(world.timersPending).toBe(0);
    a.tcp.close(world.now, late);
    b.tcp.close(world.now, listener);
    b.tcp.close(world.now, server);
    world.advance(10_000); // frames that were under way
    expect(leftovers(world)).toEqual([]);
  });

  it('resets the peer, and tells those who hold sockets with ECONNABORTED', () => {
    const { world, a, b } = pair();
    const { client, server } = connected(world, a, b);
    b.tcp.sendmsg(world.now, server, new Uint8Array(10), 0, 10, 0);
    world.advance(10_000);
    let events = 0;
    client.wake = (_, what) => {
      events |= what;
    };
    abortAll(world.now, a.tcp);
    expect([client.state, client.err, events & (POLLERR | POLLHUP)]).toEqual([
      CLOSE,
      'ECONNABORTED',
      POLLERR | POLLHUP,
    ]);
    expect(a.tcp.recvmsg(world.now, client, new Uint8Array(10), 0, 10, 0)).toBe('ECONNABORTED');
    expect(a.tcp.recvmsg(world.now, client, new Uint8Array(10), 0, 10, 0)).toBe(0);
    expect(server.state).toBe(ESTABLISHED);
    world.advance(10_000);
    expect([server.state, server.err]).toEqual([CLOSE, 'ECONNRESET']);
  });
});
