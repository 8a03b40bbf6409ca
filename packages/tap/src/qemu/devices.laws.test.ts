/** Devices over sockets of the machine keep the laws that all devices keep. */
import { deviceLaws } from '@stack/testkit';
import { afterAll, describe, it } from 'vitest';
import { bench, dgramPair, removeFolder, streamPair } from './fixture.ts';

const api = { describe, it };
const options = { runs: 25 };

afterAll(removeFolder);

deviceLaws(api, 'stream over a unix socket', async () => bench(await streamPair('unix')), options);
deviceLaws(api, 'stream over TCP', async () => bench(await streamPair('tcp')), options);
deviceLaws(api, 'datagrams over UDP', async () => bench(await dgramPair()), options);
deviceLaws(
  api,
  'stream over TCP, from server to client',
  async () => {
    const { a, b, pool } = await streamPair('tcp');
    return bench({ a: b, b: a, pool });
  },
  options,
);
