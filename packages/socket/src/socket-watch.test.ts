import { expect, it } from 'vitest';
import { connected } from './fixture.ts';
import { POLLERR, POLLIN, POLLOUT } from './index.ts';

it('who watches is told of each event, until it ends that', () => {
  const { socket } = connected();
  const seen: number[] = [];
  const end = socket.watch((events) => seen.push(events));
  socket.core.wake(POLLIN);
  socket.core.wake(POLLOUT | POLLERR);
  expect(seen).toEqual([POLLIN, POLLOUT | POLLERR]);
  end();
  socket.core.wake(POLLIN);
  expect(seen).toHaveLength(2);
});

it('two that watch with one function are told twice, and end apart', () => {
  const { socket } = connected();
  let count = 0;
  const listener = (): void => {
    count++;
  };
  const end = socket.watch(listener);
  socket.watch(listener);
  socket.core.wake(POLLIN);
  expect(count).toBe(2);
  end();
  socket.core.wake(POLLIN);
  expect(count).toBe(3);
});
