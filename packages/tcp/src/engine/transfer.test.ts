/**
 * Whole connections between two engines: handshake, data both ways, close; and nothing left behind.
 */
import { describe, expect, it } from 'vitest';
import { connected, leftovers, pair, pattern, read, write } from './fixture.ts';

describe('a connection', () => {
  it('opens, carries bytes both ways, closes and leaves nothing behind', () => {
    const { world, a, b } = pair();
    const { client, listener, server } = connected(world, a, b);
    const up = pattern(300_000, 1);
    const down = pattern(200_000, 2);
    let atServer: Uint8Array | undefined;
    let atClient: Uint8Array | undefined;
    write(a, client, up, () => {
      a.tcp.shutdown(world.now, client, 2);
      read(a, client, (bytes) => {
        atClient = bytes;
        a.tcp.close(world.now, client);
      });
    });
    read(b, server, (bytes) => {
      atServer = bytes;
      write(b, server, down, () => b.tcp.close(world.now, server));
    });
    world.advance(10_000_000);
    expect(atServer).toStrictEqual(up);
    expect(atClient).toStrictEqual(down);
    b.tcp.close(world.now, listener);
    world.run();
    expect(leftovers(world)).toStrictEqual([]);
    expect(a.drops).toStrictEqual({});
    expect(b.drops).toStrictEqual({});
  });
});
