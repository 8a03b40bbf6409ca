/**
 * Tells the three segments that open the connection: who sends which, with which numbers and options.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import * as tcp from '@stack/tcp';
import { fieldsOf } from '../fields.ts';
import { portsAndNumbers } from '../inspect.ts';
import type { HostName } from '../network.ts';
import type { Ears, Scene } from '../scene.ts';
import { bytesOf, regionsOf } from '../skb-layers.ts';
import type { Step } from '../story.ts';

type Part = 'SYN' | 'SYN,ACK' | 'ACK';

const STEPS: Record<Part, Pick<Step, 'call' | 'file'> & { text: (seq: number, ackSeq: number) => string }> = {
  SYN: {
    call: 'tcp_connect → __tcp_transmit_skb',
    file: 'net/ipv4/tcp_output.c',
    text: (seq) =>
      `The first segment of three. It has no data and takes one sequence number, ${seq}: the client's ISN. The options say what this end can do; what is not offered here is off for good.`,
  },
  'SYN,ACK': {
    call: 'tcp_conn_request → tcp_make_synack',
    file: 'net/ipv4/tcp_input.c',
    text: (seq, ackSeq) =>
      `The SYN finds the listener. There is no socket for it yet, only a request_sock of a few bytes: ISN ${seq}, and the client's options. The answer acknowledges ${ackSeq}, one more than the client's ISN.`,
  },
  ACK: {
    call: 'tcp_rcv_synsent_state_process → tcp_send_ack',
    file: 'net/ipv4/tcp_input.c',
    text: (_, ackSeq) =>
      `The third segment, ackSeq ${ackSeq}: the client is connected, and connect() returns while it is still on its way. Windows are scaled from now on, and every segment carries timestamps.`,
  },
};

/** Three steps, and one for the socket that comes of them at the server. */
export function tellHandshake({ network, tell, lines, sockets }: Scene, ears: Ears): void {
  const { client, server } = network;
  const told = new Set<Part>();
  const sent = (side: HostName, skb: SkBuff, time: number): void => {
    const { view, data } = skb;
    const numbers = portsAndNumbers(view, data);
    const part = partOf(numbers.flags, side);
    if (part === undefined || told.has(part)) return;
    told.add(part);
    lines.note({ ...numbers, saddr: sockets.connection('client')?.saddr as number });
    const { text, ...where } = STEPS[part];
    const [header] = regionsOf(skb, 'tcp');
    tell({
      kind: 'step',
      time,
      side,
      ...where,
      text: text(numbers.seq, numbers.ackSeq),
      fields: header === undefined ? [] : fieldsOf('tcp', bytesOf(skb, header)),
      change: 'added',
    });
  };
  for (const { name, host } of [client, server]) {
    ears.on(host, 'kprobe', ({ function: entered, skb }, time) => {
      if (entered === 'ip_queue_xmit' && told.size < 3) sent(name, skb, time);
    });
  }
  ears.on(server.host, 'sock:inet_sock_set_state', ({ newstate, oldstate }, time) => {
    if (oldstate !== 'TCP_SYN_RECV' || newstate !== 'TCP_ESTABLISHED') return;
    tell({
      kind: 'step',
      time,
      side: 'server',
      call: 'tcp_check_req → tcp_v4_syn_recv_sock',
      file: 'net/ipv4/tcp_minisocks.c',
      text: 'The third segment fits the request: now there is a socket. It waits in the accept queue of the listener, and accept() wakes.',
    });
  });
}

function partOf(flags: number, side: HostName): Part | undefined {
  const both = flags & (tcp.SYN | tcp.ACK);
  if (side === 'server') return both === (tcp.SYN | tcp.ACK) ? 'SYN,ACK' : undefined;
  return both === tcp.SYN ? 'SYN' : both === tcp.ACK ? 'ACK' : undefined;
}
