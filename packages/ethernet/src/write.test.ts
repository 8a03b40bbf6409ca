import fc from 'fast-check';
import { expect, it } from 'vitest';
import * as ethernet from './index.ts';
import { etherType, mac } from './testing.ts';

it('writes what encode writes, and nothing around it', () => {
  fc.assert(
    fc.property(mac(), mac(), etherType(), fc.nat(9), fc.nat(255), (dest, source, proto, at, dirt) => {
      const expected = new Uint8Array(at + 20).fill(dirt);
      ethernet.encode({ dest, source, tags: [], proto, llc: null }, expected, at);
      const bytes = new Uint8Array(at + 20).fill(dirt);
      ethernet.writeHeader(new DataView(bytes.buffer), at, dest, source, proto);
      expect(bytes).toEqual(expected);
    }),
  );
});
