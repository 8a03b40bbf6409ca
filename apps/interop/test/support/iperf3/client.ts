/**
 * A client that talks to `iperf3 -s`.
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '@stack/host';
import { AF_INET, SOCK_STREAM, type Socket } from '@stack/socket';
import {
  COOKIE_SIZE,
  CREATE_STREAMS,
  DISPLAY_RESULTS,
  EXCHANGE_RESULTS,
  expectState,
  IPERF_DONE,
  PARAM_EXCHANGE,
  type Params,
  PORT,
  type Results,
  receiveJson,
  results,
  sendJson,
  sendState,
  TEST_END,
  TEST_RUNNING,
  TEST_START,
} from './protocol.ts';
import { type Outcome, total } from './server.ts';
import { Stream } from './stream.ts';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

/** Runs one test. */
export async function runClient(host: Host, address: string, options: Partial<Params>): Promise<Outcome> {
  const params: Params = {
    tcp: true,
    omit: 0,
    time: 1,
    num: 0,
    blockcount: 0,
    parallel: 1,
    len: 131_072,
    ...options,
  };
  const cookie = Buffer.from(
    `${Array.from({ length: COOKIE_SIZE - 1 }, (_, i) => ALPHABET[(i * 7) % 32]).join('')}\0`,
  );
  const connect = async (): Promise<Socket> => {
    const socket = host.socket(AF_INET, SOCK_STREAM);
    await socket.connect({ address, port: PORT });
    await socket.sendall(cookie);
    return socket;
  };
  const control = await connect();
  const streams: Stream[] = [];
  try {
    await expectState(control, PARAM_EXCHANGE);
    await sendJson(control, { ...params, client_version: '3.12' });
    await expectState(control, CREATE_STREAMS);
    while (streams.length < params.parallel) streams.push(new Stream(await connect()));
    await expectState(control, TEST_START);
    await expectState(control, TEST_RUNNING);
    return await measure(control, streams, params);
  } finally {
    for (const stream of streams) await stream.close();
    await control.close();
  }
}

async function measure(control: Socket, streams: Stream[], params: Params): Promise<Outcome> {
  const limit = params.num / params.parallel || Number.POSITIVE_INFINITY;
  for (const stream of streams) {
    if (params.reverse) stream.receive(params.len);
    else stream.send(params.len, limit);
  }
  if (params.num === 0) await sleep(params.time * 1000);
  else if (!params.reverse) await Promise.all(streams.map((stream) => stream.done));
  else while (total(streams) < params.num) await sleep(5);
  if (!params.reverse) for (const stream of streams) stream.stop();
  await sendState(control, TEST_END);
  await expectState(control, EXCHANGE_RESULTS);
  await sendJson(control, results(streams, params.time));
  const theirs = total(((await receiveJson(control)) as Results).streams);
  await expectState(control, DISPLAY_RESULTS);
  await sendState(control, IPERF_DONE);
  return { params, ours: total(streams), theirs };
}
