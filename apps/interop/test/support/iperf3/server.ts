/**
 * A server that `iperf3 -c` and `iperf3 -c -R` talk to.
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '@stack/host';
import { AF_INET, SO_REUSEADDR, SOCK_STREAM, SOL_SOCKET, type Socket } from '@stack/socket';
import { receive } from '../bytes.ts';
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
import { Stream } from './stream.ts';

/** What came of a test. */
export interface Outcome {
  params: Params;
  /** Bytes that crossed, by our count and by the client's. */
  ours: number;
  theirs: number;
}

/** Serves one test, and is over. */
export async function serveOnce(host: Host): Promise<Outcome> {
  const listener = host.socket(AF_INET, SOCK_STREAM);
  listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, true);
  listener.bind({ port: PORT });
  listener.listen(16);
  const control = await listener.accept();
  const streams: Stream[] = [];
  try {
    const cookie = await receive(control, COOKIE_SIZE);
    await sendState(control, PARAM_EXCHANGE);
    const params = (await receiveJson(control)) as Params;
    await sendState(control, CREATE_STREAMS);
    while (streams.length < params.parallel) streams.push(new Stream(await acceptStream(listener, cookie)));
    await sendState(control, TEST_START);
    await sendState(control, TEST_RUNNING);
    return await measure(control, streams, params);
  } finally {
    for (const stream of streams) await stream.close();
    await control.close();
    await listener.close();
  }
}

async function acceptStream(listener: Socket, cookie: Buffer): Promise<Socket> {
  const socket = await listener.accept();
  const own = await receive(socket, COOKIE_SIZE);
  if (!own.equals(cookie)) throw new Error('iperf3: a connection of another test');
  return socket;
}

async function measure(control: Socket, streams: Stream[], params: Params): Promise<Outcome> {
  const begun = performance.now();
  for (const stream of streams) {
    if (params.reverse) stream.send(params.len, params.num || Number.POSITIVE_INFINITY);
    else stream.receive(params.len);
  }
  await expectState(control, TEST_END);
  const seconds = (performance.now() - begun) / 1000;
  // A client that waits for the rest of a block sees the end of the stream.
  if (params.reverse) for (const stream of streams) await stream.close();
  await sendState(control, EXCHANGE_RESULTS);
  const theirs = total(((await receiveJson(control)) as Results).streams);
  // What the client had sent when it said so may still be on its way.
  for (let i = 0; i < 2000 && !params.reverse && total(streams) < theirs; i++) await sleep(5);
  await sendJson(control, results(streams, seconds));
  await sendState(control, DISPLAY_RESULTS);
  await expectState(control, IPERF_DONE);
  return { params, ours: total(streams), theirs };
}

/** Bytes of all streams. */
export function total(streams: readonly { bytes: number }[]): number {
  return streams.reduce((sum, { bytes }) => sum + bytes, 0);
}
