/**
 * Tells the three segments that open the connection: who sends which, with which numbers and options.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import * as tcp from '@stack/tcp';
import { fieldsOf } from '../fields.ts';
import { portsAndNumbers } from '../inspect.ts';
import type { Ears, Scene } from '../scene.ts';
import type { Side, Step } from '../story.ts';

type Part = 'SYN' | 'SYN,ACK' | 'ACK';
type End = 'client' | 'server';

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
  const { server, router, stations } = network;
  const told = new Set<Part>();
  /** A segment whose header is at `at`, of the one end; told of by `side`. */
  const seen = (from: End, side: Side, skb: SkBuff, at: number, time: number): void => {
    const numbers = portsAndNumbers(skb.view, at);
    const part = partOf(numbers.flags, from);
    if (part === undefined || told.has(part)) return;
    told.add(part);
    if (side !== 'kernel') lines.note({ ...numbers, saddr: sockets.connection('client')?.saddr as number });
    const { text, ...where } = STEPS[part];
    tell({
      kind: 'step',
      time,
      side,
      ...where,
      text: text(numbers.seq, numbers.ackSeq),
      fields: fieldsOf('tcp', skb.bytes.subarray(at, at + tcp.headerLength(skb.view, at))),
      change: 'added',
    });
  };
  for (const station of stations) {
    if (station === router) continue;
    const own = station === server ? 'server' : 'client';
    const peer = station === server ? 'client' : 'server';
    ears.on(station.host, 'kprobe', ({ function: entered, skb }, time) => {
      if (told.size === 3) return;
      if (entered === 'ip_queue_xmit') seen(own, own, skb, skb.data, time);
      // What an end that is not ours sends is seen as it comes.
      else if (entered === 'tcp_v4_rcv' && network[peer] === undefined && isWhole(skb))
        seen(peer, 'kernel', skb, skb.transportHeader, time);
    });
  }
  if (server === undefined) return;
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

function partOf(flags: number, side: End): Part | undefined {
  const both = flags & (tcp.SYN | tcp.ACK);
  if (side === 'server') return both === (tcp.SYN | tcp.ACK) ? 'SYN,ACK' : undefined;
  return both === tcp.SYN ? 'SYN' : both === tcp.ACK ? 'ACK' : undefined;
}

/** Whether the header is all there, which nobody has looked at yet. */
function isWhole({ headlen, view, transportHeader }: SkBuff): boolean {
  return headlen >= tcp.HLEN && headlen >= tcp.headerLength(view, transportHeader);
}
