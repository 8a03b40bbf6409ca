/**
 * Runs inside a project that has nothing but an installed package: loads each module named on the command line, the first
 * being the package itself; undoes what it does, over random values of its ./testing; then runs its README's example.
 */
import { deepStrictEqual, ok } from 'node:assert/strict';

const [main, ...others] = process.argv.slice(2);
const codec = await import(main);
ok(Object.keys(codec).length > 0, `${main} exports nothing`);
for (const module of others) ok(Object.keys(await import(module)).length > 0, `${module} exports nothing`);

const { header } = others.includes(`${main}/testing`) ? await import(`${main}/testing`) : {};
if (header && codec.decode) {
  const { default: fc } = await import('fast-check');
  for (const value of fc.sample(header(), 200)) {
    deepStrictEqual(codec.decode(codec.encode(value)), value);
    const { alloc } = await import('@stack/skbuff');
    const skb = alloc(0, codec.size(value));
    skb.push(codec.size(value));
    codec.encode(value, skb.bytes, skb.data);
    deepStrictEqual([...skb.toBytes()], [...codec.encode(value)]);
    skb.free();
  }
}
if (main === '@stack/skbuff') {
  const bytes = Uint8Array.from({ length: 97 }, (_, index) => index);
  deepStrictEqual(codec.encode(codec.decode(bytes)), bytes);
}
await import('./example.mjs');
