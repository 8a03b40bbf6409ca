/**
 * Tells what the system calls set going that open, answer and close: a step as the call begins.
 * @module
 */
import { MSG_ERRQUEUE, type Syscall } from '@stack/socket';
import { CLOSE, CLOSE_WAIT, ESTABLISHED } from '@stack/tcp/engine';
import type { Station } from '../network.ts';
import type { Ears, Scene } from '../scene.ts';
import { formatSocket } from '../ss.ts';
import type { Step } from '../story.ts';

type Rest = Omit<Step, 'kind' | 'time' | 'side'>;

/** Steps of both programs, each once. */
export function tellCallSteps(scene: Scene, ears: Ears): void {
  for (const station of scene.network.stations) {
    if (station === scene.network.router) continue;
    const told = new Set<string>();
    const tell = (name: string, time: number, step: Rest | undefined): void => {
      if (step === undefined || told.has(name)) return;
      told.add(name);
      scene.tell({ kind: 'step', time, side: station.name, ...step });
    };
    ears.join(station.callListeners, {
      enter: (call) => tell(call.name, call.start, stepOf(scene, station, call)),
      exit: (call) => tell(call.name, call.end, endOf(call)),
    });
  }
}

function stepOf(scene: Scene, station: Station, call: Syscall): Rest | undefined {
  const { network, sockets } = scene;
  switch (call.name) {
    case 'listen':
      return {
        call: 'listen → inet_csk_listen_start',
        file: 'net/ipv4/inet_connection_sock.c',
        text: `A socket that has port ${network.target.port} begins to listen: SYNs to it will be answered from now on. Up to ${call.backlog} connections wait for accept(), which sleeps until there is one.`,
      };
    case 'connect':
      return {
        call: 'connect → tcp_v4_connect',
        file: 'net/ipv4/tcp_ipv4.c',
        text: `Where is ${network.target.address}? The routing table knows the device, the next hop and the address to come from. A free local port is taken, and the initial sequence number is a keyed hash of both ends, plus the time (RFC 6528).`,
        details: station.host.route.get(network.target.address).text.split('\n'),
      };
    case 'sendto':
      return station === network.server && network.client !== undefined ? REPLY : undefined;
    case 'shutdown':
      return {
        call: 'shutdown → tcp_shutdown → tcp_send_fin',
        file: 'net/ipv4/tcp.c',
        text: 'Half a close: a FIN behind the last byte says that no more will come from here. What comes from there is still read.',
      };
    case 'close': {
      const sk = sockets.connection(station.name);
      if (sk === undefined) return undefined;
      const sendsFin = sk.state === ESTABLISHED || sk.state === CLOSE_WAIT;
      const how = sendsFin
        ? 'The FIN takes a sequence number like a byte, so it arrives behind all data, and is acknowledged and repeated like data.'
        : sk.state === CLOSE
          ? 'The connection is over; what is given back is the descriptor.'
          : 'Its FIN was sent before; what is left of the connection ends by itself.';
      return {
        call: sendsFin ? 'close → tcp_close → tcp_send_fin' : 'close → tcp_close',
        file: 'net/ipv4/tcp.c',
        text: `The program is done. ${how} What the connection came to, as ss -tni shows it:`,
        details: formatSocket(station.host, sk),
      };
    }
    default:
      return undefined;
  }
}

const REPLY: Rest = {
  call: 'sendto → tcp_sendmsg_locked',
  file: 'net/ipv4/tcp.c',
  text: 'The reply takes the same way in the other direction: copied into a page, a clone with headers down through IP and the neighbour, descriptors, DMA; at the client an interrupt, a poll, and up again. Each of its segments acknowledges what came.',
};

/** The kernel is done with bytes that it was lent. */
function endOf(call: Syscall): Rest | undefined {
  if (call.name !== 'recvmsg' || (call.flags & MSG_ERRQUEUE) === 0 || call.result < 0) return undefined;
  const { info, data } = (call.control[0]?.value ?? {}) as { info?: number; data?: number };
  const numbers = info === data ? `send number ${info} is` : `sends number ${info} to ${data} are`;
  return {
    call: 'recvmsg → ip_recv_error',
    file: 'net/ipv4/ip_sockglue.c',
    text: `The error queue says that the kernel is done with what it was lent: ${numbers} acknowledged, no frag refers to the memory any more, and the application may change it (SO_EE_ORIGIN_ZEROCOPY).`,
  };
}
