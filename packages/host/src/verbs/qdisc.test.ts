import { expect, it } from 'vitest';
import { VirtualClock } from '../clock/virtual-clock.ts';
import { vethPair } from '../devices/veth.ts';
import { createHost } from '../host.ts';

function hostWithDevice() {
  const host = createHost({ clock: new VirtualClock() });
  const [a] = vethPair();
  host.link.add(a, { up: true });
  return { host, dev: a.name };
}

it.each([
  [{ kind: 'pfifo' } as const, 'qdisc pfifo'],
  [{ kind: 'pfifo', limit: 5 } as const, 'limit 5p'],
  [{ kind: 'bfifo', limit: 9000 } as const, 'limit 9000b'],
  [{ kind: 'fq' } as const, 'qdisc fq'],
  [{ kind: 'netem', delay: 1000 } as const, 'qdisc netem'],
  [{ kind: 'noqueue' } as const, 'qdisc noqueue'],
])('tc qdisc replace: %o', (spec, text) => {
  const { host, dev } = hostWithDevice();
  host.qdisc.replace(dev, spec);
  expect(host.qdisc.format(dev)).toContain(text);
});

it('a limit that is none is EINVAL', () => {
  const { host, dev } = hostWithDevice();
  expect(() => host.qdisc.replace(dev, { kind: 'pfifo', limit: -1 })).toThrowError(/Invalid argument/);
});
