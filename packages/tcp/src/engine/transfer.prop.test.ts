/**
 * Over links that lose, reorder and duplicate, both streams arrive whole or the connection ends in an error; and nothing is left behind.
 */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { leftovers, pair, pattern, read, seeded, write } from './fixture.ts';
import { CLOSE } from './state.ts';

const patient = { tcp_syn_retries: 60, tcp_synack_retries: 60, tcp_retries2: 60, tcp_orphan_retries: 60 };

describe('a bad link', () => {
  it('delivers both streams whole', () => {
    fc.assert(
      fc.property(
        fc.record(
          {
            seed: fc.integer({ min: 1, max: 1 << 30 }),
            loss: fc.constantFrom(0, 1, 5, 10, 30),
            reorder: fc.constantFrom(0, 25),
            duplicate: fc.constantFrom(0, 5),
            delay: fc.constantFrom(0, 100, 20_000),
            mtu: fc.constantFrom(576, 1500, 9000),
            up: fc.integer({ min: 0, max: 120_000 }),
            down: fc.integer({ min: 0, max: 120_000 }),
            timestamps: fc.constantFrom(0, 1),
            scaling: fc.constantFrom(0, 1),
            gso: fc.boolean(),
          },
          { noNullPrototype: true },
        ),
        (how) => {
          const random = seeded(how.seed);
          const chance = (percent: number) => random() % 100 < percent;
          const { world, a, b } = pair(
            {
              delay: how.delay,
              mtu: how.mtu,
              gso: how.gso,
              usPerByte: 0.001,
              lose: () => chance(how.loss),
              duplicate: () => chance(how.duplicate),
              jitter: () => (chance(how.reorder) ? random() % 5000 : 0),
            },
            how.seed,
          );
          for (const host of [a, b]) {
            Object.assign(host.sysctl, patient);
            host.sysctl.tcp_timestamps = how.timestamps;
            host.sysctl.tcp_window_scaling = how.scaling;
          }
          const listener = b.socket();
          b.tcp.bind(world.now, listener, 0, 80);
          b.tcp.listen(world.now, listener, 8);
          const client = a.socket();
          const up = pattern(how.up, 1);
          const down = pattern(how.down, 2);
          let atServer: Uint8Array | undefined;
          let atClient: Uint8Array | undefined;
          let server = client;
          listener.wake = () =>
            world.at(world.now, () => {
              const child = b.tcp.accept(world.now, listener);
              if (typeof child === 'string') return;
              server = child;
              read(b, child, (bytes) => {
                atServer = bytes;
                write(b, child, down, () => b.tcp.close(world.now, child));
              });
            });
          a.tcp.connect(world.now, client, b.address, 80);
          client.wake = () =>
            world.at(world.now, () => {
              write(a, client, up, () => {
                a.tcp.shutdown(world.now, client, 2);
                read(a, client, (bytes) => {
                  atClient = bytes;
                  a.tcp.close(world.now, client);
                });
              });
            });
          world.advance(40_000_000_000);
          expect(atServer).toStrictEqual(up);
          expect(atClient).toStrictEqual(down);
          expect(client.state).toBe(CLOSE);
          expect(server.state).toBe(CLOSE);
          b.tcp.close(world.now, listener);
          world.run();
          expect(leftovers(world)).toStrictEqual([]);
        },
      ),
    );
  });
});
