/**
 * Tells each change of state of the TCP sockets: `sock:inet_sock_set_state`.
 * @module
 */
import type { Ears, Scene } from '../scene.ts';

/** A line for each change. */
export function tellStates({ network, tell }: Scene, ears: Ears): void {
  for (const { name, host } of network.stations) {
    ears.on(host, 'sock:inet_sock_set_state', ({ saddr, sport, oldstate, newstate }, time) => {
      const port = sport === 0 ? '*' : sport;
      const text = `sock:inet_sock_set_state ${saddr}:${port} ${oldstate} → ${newstate}`;
      tell({ kind: 'line', time, side: name, about: 'state', text });
    });
  }
}
