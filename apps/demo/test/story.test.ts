import { beforeAll, describe, expect, it } from 'vitest';
import { createCommand } from '../src/command.ts';
import { REQUEST } from '../src/http.ts';
import { type Document, demo, json, linesOf, type Run, stepAt, stepsOf } from './support.ts';

describe('the classic request', () => {
  let text: Run;
  let told: Document;
  beforeAll(async () => {
    text = await demo();
    told = await json();
  });

  it('is 37 bytes, and arrives, and its answer does', () => {
    expect(REQUEST).toHaveLength(37);
    expect(text.lines.slice(-2)).toEqual([
      'identical: 37 bytes, client to server',
      'identical: 56 bytes, server to client',
    ]);
    expect(text.code).toBe(0);
    expect(text.errors).toBe('');
  });

  it('tells ARP, the handshake, the way down, the wire, the way up, the reply and the close, in this order', () => {
    expect(stepsOf(told).map(({ side, call }) => `${side} ${call}`)).toEqual([
      'server listen → inet_csk_listen_start',
      'client connect → tcp_v4_connect',
      'client tcp_connect → __tcp_transmit_skb',
      'client neigh_resolve_output → arp_solicit',
      'server arp_rcv → arp_process → arp_send',
      'client arp_process → neigh_update',
      'server tcp_conn_request → tcp_make_synack',
      'client tcp_rcv_synsent_state_process → tcp_send_ack',
      'client sendto → tcp_sendmsg_locked',
      'client tcp_push → tcp_write_xmit',
      'client __tcp_transmit_skb',
      'client __ip_queue_xmit',
      'client ip_finish_output2 → neigh_output',
      'client eth_header, dev_queue_xmit',
      'client dev_hard_start_xmit → e1000_xmit_frame',
      'client DMA read',
      'wire the wire',
      'server tcp_check_req → tcp_v4_syn_recv_sock',
      'server DMA write',
      'server e1000_intr → napi_schedule',
      'server e1000_clean → napi_gro_receive → netif_receive_skb',
      'server __netif_receive_skb → ip_rcv',
      'server ip_local_deliver → tcp_v4_rcv',
      'server tcp_rcv_established → tcp_queue_rcv → sk_data_ready',
      'server recvfrom → tcp_recvmsg → skb_copy_datagram_iter',
      'server sendto → tcp_sendmsg_locked',
      'client close → tcp_close → tcp_send_fin',
      'server close → tcp_close → tcp_send_fin',
      'client tcp_fin → tcp_time_wait',
    ]);
  });

  it('is told in the order of time', () => {
    const times = told.steps.map(({ time }) => time);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  it('puts headers into the headroom on the way down, and leaves the data where it is', () => {
    const down = ['tcp_sendmsg', '__tcp_transmit_skb', '__ip_queue_xmit', 'eth_header'].map((call) => {
      const found = stepsOf(told).findLast((step) => step.side === 'client' && step.call.includes(call));
      return found?.geometry;
    });
    expect(down.map((g) => [g?.data, g?.tail, g?.end, g?.len, g?.dataLen])).toEqual([
      [0, 0, 256, 37, 37],
      [34, 66, 256, 69, 37],
      [14, 66, 256, 89, 37],
      [0, 66, 256, 103, 37],
    ]);
    const page = { offset: 0, length: 37, page: 65_536, owner: 'host' };
    expect(down.map((g) => g?.frags)).toEqual([
      [{ ...page, refs: 1 }],
      [{ ...page, refs: 2 }],
      [{ ...page, refs: 2 }],
      [{ ...page, refs: 2 }],
    ]);
  });

  it('takes them off on the way up by moving data, and nothing else', () => {
    const up = stepsOf(told).filter(({ side, geometry }) => side === 'server' && geometry);
    expect(up.map(({ geometry: g }) => [g?.data, g?.tail, g?.end, g?.len, g?.frags.length])).toEqual([
      [66, 169, 2048, 103, 0],
      [80, 169, 2048, 89, 0],
      [100, 169, 2048, 69, 0],
      [132, 169, 2048, 37, 0],
      [132, 169, 2048, 37, 0],
    ]);
    const regions = up.map(({ geometry }) => geometry?.regions);
    for (const each of regions) expect(each).toEqual(regions[0]);
  });

  it('shows the three segments with their options and numbers', () => {
    const options = (call: string): string[] =>
      (stepsOf(told).find((step) => step.call === call)?.fields ?? [])
        .filter(({ name }) => name === 'option')
        .map(({ value }) => value.replace(/\d{4,}/g, 'N'));
    expect(options('tcp_connect → __tcp_transmit_skb')).toEqual(
      expect.arrayContaining(['mss N', 'TS val N ecr 0', 'wscale 10']),
    );
    expect(options('tcp_conn_request → tcp_make_synack')).toEqual(
      expect.arrayContaining(['mss N', 'TS val N ecr N', 'wscale 10']),
    );
    const value = (side: string, call: string, name: string): number =>
      Number(stepAt(told, side, call).fields?.find((field) => field.name === name)?.value);
    const isn = value('client', 'tcp_connect', 'seq');
    const peer = value('server', 'tcp_make_synack', 'seq');
    expect(value('server', 'tcp_make_synack', 'ackSeq')).toBe(isn + 1);
    expect(value('client', 'tcp_send_ack', 'seq')).toBe(isn + 1);
    expect(value('client', 'tcp_send_ack', 'ackSeq')).toBe(peer + 1);
  });

  it('shows descriptors for the head and for the page, and the frame as it is on the wire', () => {
    const { details = [] } = stepAt(told, 'client', 'e1000_xmit_frame');
    expect(details.map((line) => line.replace(/^\[\d+] (\S+).* len (\d+).*/, '$1 $2'))).toEqual([
      expect.stringContaining('tx-context'),
      'tx-data 66',
      'tx-data 37',
    ]);
    const wire = stepAt(told, 'wire', 'the wire').details?.join(' ').split(' ') ?? [];
    expect(wire).toHaveLength(107);
    expect(Buffer.from(wire.join(''), 'hex').subarray(66, 103).toString()).toBe(REQUEST);
  });

  it('tells each change of state of both sockets', () => {
    const states = (side: string): string[] =>
      linesOf(told)
        .filter((line) => line.about === 'state' && line.side === side)
        .map(({ text: line }) => line.replace(/^\S+ \S+ /, '').replaceAll('TCP_', ''));
    expect(states('client')).toEqual([
      'CLOSE → SYN_SENT',
      'SYN_SENT → ESTABLISHED',
      'ESTABLISHED → FIN_WAIT1',
      'FIN_WAIT1 → FIN_WAIT2',
      'FIN_WAIT2 → CLOSE',
    ]);
    expect(states('server')).toEqual([
      'CLOSE → LISTEN',
      'SYN_RECV → ESTABLISHED',
      'ESTABLISHED → CLOSE_WAIT',
      'CLOSE_WAIT → LAST_ACK',
      'LISTEN → CLOSE',
      'LAST_ACK → CLOSE',
    ]);
    expect(stepAt(told, 'client', 'tcp_time_wait').details?.[0]).toMatch(/^TIME-WAIT 192\.168\.1\.10:\d+ /);
  });

  it('prints every frame as tcpdump does, numbers counted from the first', () => {
    const frames = linesOf(told)
      .filter(({ about }) => about === 'segment')
      .map(({ text: line }) => line.replace(/^.*Flags /, '').replace(/, win.*length/, ', length'));
    expect(frames.slice(0, 2).join()).toMatch(/who-has 192\.168\.1\.100.*is-at 02:00:00:00:00:64/);
    expect(frames.slice(4)).toEqual([
      '[.], ack 1, length 0',
      '[P.], seq 1:38, ack 1, length 37',
      '[.], ack 38, length 0',
      '[P.], seq 1:57, ack 38, length 56',
      '[.], ack 57, length 0',
      '[F.], seq 38, ack 57, length 0',
      '[F.], seq 57, ack 39, length 0',
      '[.], ack 58, length 0',
    ]);
  });

  it('measures one copy of each byte in send() and one in recv(), none between, and leaves nothing', () => {
    const whole = (bytes: number) => ({ bytes, copied: bytes });
    expect(told.copies).toEqual({
      send: { client: whole(37), server: whole(56) },
      recv: { client: whole(56), server: whole(37) },
      inPlace: 2 * 93,
      moved: 0,
    });
    expect(told.dma.client).toMatchObject({ gathers: 7, scatters: 5 });
    expect(told.left).toEqual({ pages: 0, skbs: 0, timers: 0, connections: 0 });
  });

  it('counts what moved on both hosts', () => {
    expect(told.nstat.client).toMatchObject({
      TcpActiveOpens: 1,
      TcpPassiveOpens: 0,
      TcpOutSegs: 6,
      TcpExtTW: 1,
    });
    expect(told.nstat.server).toMatchObject({ TcpActiveOpens: 0, TcpPassiveOpens: 1, TcpInSegs: 6 });
    expect(told.nstat.client?.TcpRetransSegs).toBeUndefined();
    expect(told.drops).toEqual({ client: {}, server: {} });
  });

  it('is colourless unless asked', async () => {
    expect(text.lines.join('')).not.toContain('\u001b');
    const lines: string[] = [];
    await createCommand(
      (line) => void lines.push(line),
      () => undefined,
      true,
    ).parseAsync([], { from: 'user' });
    expect(lines.join('')).toContain('\u001b');
  });
});

describe('lent bytes', () => {
  it('are not copied, and the error queue says when they are free', async () => {
    const told = await json('--zerocopy');
    expect(told.copies.send.client).toEqual({ bytes: 37, copied: 0 });
    expect(told.copies.recv.server).toEqual({ bytes: 37, copied: 37 });
    const { geometry } = stepAt(told, 'client', '__ip_queue_xmit');
    expect(geometry?.frags).toEqual([{ offset: 0, length: 37, page: 37, refs: 2, owner: 'application' }]);
    expect(stepAt(told, 'client', 'ip_recv_error').text).toMatch(/send number 0 is acknowledged/);
    expect(told.calls.join('\n')).toMatch(/sendto\(3, "GET .*, 37, MSG_ZEROCOPY, NULL, 0\) = 37/);
    expect(told.calls.join('\n')).toMatch(/recvmsg\(3, .*ee_origin=5.*, MSG_ERRQUEUE\) = 0/);
  });
});
